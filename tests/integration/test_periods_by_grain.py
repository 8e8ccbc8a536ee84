"""The table `periods` by day, week and year: what is counted, what is a gap, what is marked."""

from __future__ import annotations

import io
import json
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from cli.options import SeriesBy
from core.enums import Grain
from core.errors import UsageError
from models.database import Database
from models.tables import Document, JobStep, Mention, Run
from producers.submit import submit_run
from reports.build.report_folder import build
from reports.data import exports
from reports.data.run_data import load_run
from reports.figures.figure_store import FigureStore
from reports.pages import comparison
from tests import report_stories as stories
from tests.command_kit import typed_request
from tests.exports_kit import add, document, mention, months, step
from tests.figures_kit import pictures_in
from textapi.text.keywords import pattern

KEYS = ("period", "documents", "matched", "mentions")
STEPS = ("documents", "keywords", "polarity")


def rows_by(db: Database, run: int, grain: Grain | None, **wanted: Any) -> list[dict[str, Any]]:
    """Return the rows of all terms together, and those alone that have what is *wanted*."""
    out = io.BytesIO()
    exports.write(db, run, "periods", "jsonl", out, grain=grain)
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    together = [row for row in rows if row["term"] is None]
    return [row for row in together if all(row[name] == wanted[name] for name in wanted)]


def values(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def texts_of(first: str, days: int, *, skip: str = "") -> list[stories.Text]:
    """Return some documents of each day from *first* on, another number each; none on *skip*."""
    texts = []
    for number in range(days):
        day = (date.fromisoformat(first) + timedelta(days=number)).isoformat()
        for place in range(0 if day == skip else 1 + number % 4):
            word = "Fever" if (number + place) % 3 == 0 else "Nothing"
            texts.append(stories.Text(day, f"{word} of {day}, {place}."))

    return texts


def test_days_and_weeks_hold_what_a_count_of_their_own_finds(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    texts = texts_of("2020-03-01", 61, skip="2020-03-18")
    stories.store(db, texts)
    run = stories.months_run(db, "2020-03", "2020-04", ["fever"])

    for grain, form in ((Grain.DAY, "%Y-%m-%d"), (Grain.WEEK, "%G-W%V"), (Grain.YEAR, "%Y")):
        documents, matched = Counter[str](), Counter[str]()
        for text in texts:
            period = date.fromisoformat(text.at).strftime(form)
            documents[period] += 1
            matched[period] += pattern("fever").search(text.text) is not None

        expected = []
        for period in sorted({*documents, *(["2020-03-18"] if grain == Grain.DAY else [])}):
            count = matched[period] if documents[period] else None
            expected.append((period, documents[period], count, count))

        assert values(rows_by(db, run, grain), *KEYS) == expected


def test_a_day_without_a_document_is_no_data_and_a_day_without_a_mention_a_zero(
    tmp_path: Path,
) -> None:
    db = stories.database(tmp_path)
    stories.store(db, texts_of("2020-03-01", 31, skip="2020-03-18"))
    run = stories.months_run(db, "2020-03", "2020-03", ["fever"])
    (gap,) = rows_by(db, run, Grain.DAY, period="2020-03-18")
    assert (gap["state"], gap["documents"], gap["matched"]) == ("no-data", 0, None)
    assert (gap["share"], gap["polarity_mean"], gap["cut_off"]) == (None, None, False)
    (zero,) = rows_by(db, run, Grain.DAY, period="2020-03-03")
    assert (zero["state"], zero["matched"], zero["share"]) == ("complete", 1, pytest.approx(1 / 3))
    (zero,) = rows_by(db, run, Grain.DAY, period="2020-03-02")
    assert (zero["state"], zero["matched"], zero["share"]) == ("complete", 0, 0.0)


def test_weeks_and_years_that_are_partly_outside_are_marked_and_have_no_one_job(
    tmp_path: Path,
) -> None:
    db = stories.database(tmp_path)
    stories.store(db, texts_of("2020-03-01", 61))
    run = stories.months_run(db, "2020-03", "2020-04", ["fever"])
    weeks = values(rows_by(db, run, Grain.WEEK), "period", "job", "cut_off")
    assert weeks == [
        ("2020-W09", "2020-03", True), ("2020-W10", "2020-03", False),
        ("2020-W11", "2020-03", False), ("2020-W12", "2020-03", False),
        ("2020-W13", "2020-03", False), ("2020-W14", None, False),
        ("2020-W15", "2020-04", False), ("2020-W16", "2020-04", False),
        ("2020-W17", "2020-04", False), ("2020-W18", "2020-04", True),
    ]  # fmt: skip
    assert values(rows_by(db, run, Grain.YEAR), "period", "cut_off") == [("2020", True)]
    days = rows_by(db, run, Grain.DAY)
    assert {row["cut_off"] for row in days} == {False}
    assert {(row["period"][:7] == row["job"]) for row in days} == {True}


def test_a_month_that_was_collected_by_half_marks_the_week_in_which_it_ends(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    texts = []
    for text in texts_of("2020-03-01", 18):
        texts += [text] * 5

    stories.store(db, [*texts, *texts_of("2020-04-01", 30)])
    run = stories.months_run(db, "2020-03", "2020-04", ["fever"])
    weeks = values(rows_by(db, run, Grain.WEEK), "period", "state", "cut_off")
    assert weeks[2:6] == [
        ("2020-W11", "complete", False),
        ("2020-W12", "complete", True),
        ("2020-W13", "no-data", False),
        ("2020-W14", "complete", True),
    ]


def test_a_failed_month_takes_its_days_and_the_week_that_it_shares(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    stories.store(db, texts_of("2020-03-01", 92))
    run = stories.months_run(
        db, "2020-03", "2020-06", ["fever"], failed=["2020-04"], no_data=["2020-06"]
    )
    states = dict(values(rows_by(db, run, Grain.DAY), "period", "state"))
    assert states["2020-03-31"] == "complete"
    assert states["2020-04-01"] == "failed"
    assert states["2020-06-01"] == "no-data"
    weeks = {row["period"]: row for row in rows_by(db, run, Grain.WEEK)}
    shared = weeks["2020-W14"]  # 30 March to 5 April
    assert (shared["state"], shared["matched"], shared["documents"]) == ("failed", None, 19)
    assert weeks["2020-W13"]["state"] == "complete"
    assert weeks["2020-W23"]["state"] == "no-data"
    (year,) = rows_by(db, run, Grain.YEAR)
    assert (year["state"], year["mentions"], year["polarity_mean"]) == ("failed", None, None)


def test_a_month_without_data_leaves_its_week_to_the_days_that_have_some(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    stories.store(db, texts_of("2020-03-01", 31))
    run = stories.months_run(db, "2020-03", "2020-04", ["fever"], no_data=["2020-04"])
    (shared,) = rows_by(db, run, Grain.WEEK, period="2020-W14")
    assert (shared["state"], shared["documents"], shared["cut_off"]) == ("complete", 2 + 3, True)


def test_sums_of_days_are_those_of_months_at_every_grain(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    stories.store(db, texts_of("2019-11-01", 182))
    run = stories.months_run(db, "2019-11", "2020-04", ["fever", "nothing"])
    totals = []
    for grain in Grain:
        rows = rows_by(db, run, grain)
        totals.append([sum(row[name] for row in rows) for name in KEYS[1:]])

    assert totals == [totals[0]] * 4
    assert rows_by(db, run, None) == rows_by(db, run, Grain.MONTH)
    years = values(rows_by(db, run, Grain.YEAR, keyword="fever"), "period", "cut_off")
    assert years == [("2019", True), ("2020", True)]


def test_a_day_with_documents_of_another_material_alone_is_a_true_zero(db: Database) -> None:
    run, jobs = months(db, "2020-03", "2020-03", material="News", steps=("keywords", "polarity"))
    march = jobs["2020-03"]
    opinion = datetime(2020, 3, 2)  # noqa: DTZ001 - the column is naive UTC
    add(
        db,
        Document,
        document(1, "a", "2020-03"),
        document(2, "b", "2020-03", material="Op-Ed", published_at=opinion),
    )
    add(db, Mention, mention(march, 1, "covid", 1, 0.5), mention(march, 1, "covid", 2, -0.5))
    add(db, JobStep, *(step(march, name, documents=1) for name in STEPS))
    days = {row["period"]: row for row in rows_by(db, run, Grain.DAY)}
    found, other, gap = days["2020-03-14"], days["2020-03-02"], days["2020-03-01"]
    assert (found["matched"], found["mentions"], found["polarity_mean"]) == (1, 2, 0.0)
    assert (other["state"], other["documents"], other["matched"]) == ("complete", 0, 0)
    assert other["share"] is None
    assert (gap["state"], gap["matched"]) == ("no-data", None)


def test_posts_are_counted_by_day_week_and_year(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    posted = ("2019-12-29", "2019-12-30", "2020-01-02T23:59:59.9", "2020-01-02", "2020-01-19")
    texts = []
    for number, at in enumerate(posted):
        texts.append(stories.Text(at, f"Hello {number}.", handle="nasa", source="x"))

    stories.store(db, texts)
    run = stories.handles_run(db, ["nasa"])
    names = ("period", "mentions", "cut_off")
    assert values(rows_by(db, run, Grain.DAY), *names) == [
        ("2019-12-29", 1, False),
        ("2019-12-30", 1, False),
        ("2020-01-02", 2, False),
        ("2020-01-19", 1, False),
    ]
    assert values(rows_by(db, run, Grain.WEEK), *names) == [
        ("2019-W52", 1, True),  # its first day has no post
        ("2020-W01", 3, False),
        ("2020-W03", 1, False),  # its last day has one
    ]
    assert values(rows_by(db, run, Grain.YEAR), *names) == [("2019", 2, True), ("2020", 3, True)]
    assert {row["job"] for row in rows_by(db, run, Grain.WEEK)} == {"@nasa"}


def test_other_tables_and_trainings_take_no_grain(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    stories.store(db, texts_of("2020-03-01", 3))
    run = stories.months_run(db, "2020-03", "2020-03", ["fever"])
    with pytest.raises(UsageError, match="--by goes with periods and estimates: the table"):
        exports.write(db, run, "mentions", "jsonl", io.BytesIO(), grain=Grain.DAY)

    training = stories.trainings_run(db, "feedforward", [1.0])
    with pytest.raises(UsageError, match="is a training, which has no periods"):
        build(db, [training], tmp_path / "out", grain=Grain.DAY)


def test_the_grain_that_is_submitted_is_stored_and_months_are_the_default(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    for by, grain in ((SeriesBy(Grain.WEEK), Grain.WEEK), (None, Grain.MONTH)):
        request = typed_request("months", months="2020-03", keyword=["fever"], by=by)
        run = submit_run(db, request.parameters, request.names)
        assert load_run(db, run).grain == grain
        assert load_run(db, run, grain=Grain.DAY).grain == Grain.DAY
        assert [job.name for job in load_run(db, run).jobs] == ["2020-03"]


def test_a_runs_own_grain_is_that_of_its_exports_and_its_report(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    stories.store(db, texts_of("2020-03-01", 31))
    run = stories.months_run(db, "2020-03", "2020-03", ["fever"])
    assert load_run(db, run).grain == Grain.MONTH
    with db.write() as connection:
        stored = load_run(db, run).parameters.model_dump(mode="json") | {"by": "week"}
        connection.execute(update(Run).where(Run.id == run).values(parameters=stored))

    assert rows_by(db, run, None) == rows_by(db, run, Grain.WEEK)
    assert [row["period"] for row in rows_by(db, run, Grain.MONTH)] == ["2020-03"]

    page = build(db, [run], tmp_path / "report").read_text(encoding="utf-8")
    assert "Series are by week (ISO 8601, Monday to Sunday), UTC." in page
    methods = (tmp_path / "report" / "methods.html").read_text(encoding="utf-8")
    assert "--by week" in methods
    keyword = (tmp_path / "report" / "keyword-fever.html").read_text(encoding="utf-8")
    assert '<span class="w">2020-W10</span> <span class="w">(2 Mar)</span></a>' in keyword
    periods = (tmp_path / "report" / "periods.csv").read_text(encoding="utf-8-sig")
    assert periods.splitlines()[1].split(",")[1] == "2020-W09"


def test_a_report_is_made_again_for_another_grain(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    stories.store(db, texts_of("2020-03-01", 31, skip="2020-03-18"))
    run = stories.months_run(db, "2020-03", "2020-03", ["fever"])
    folder = tmp_path / "report"
    front = build(db, [run], folder)
    keyword = folder / "keyword-fever.html"
    by_month, front_by_month = (
        keyword.read_text(encoding="utf-8"),
        front.read_text(encoding="utf-8"),
    )
    assert "Series are by" not in by_month
    assert "Table of 1 month" in by_month

    build(db, [run], folder, grain=Grain.DAY)
    by_day = keyword.read_text(encoding="utf-8")
    assert "centred moving average of 7 days" in by_day
    picture = pictures_in(folder)["fever-shares"]
    assert "by day" in picture
    assert "no data (not zero)" in picture

    assert build(db, [run], folder).read_text(encoding="utf-8") == front_by_month
    assert keyword.read_text(encoding="utf-8") == by_month


def test_runs_side_by_side_are_by_month_unless_a_grain_is_given(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    stories.store(db, texts_of("2020-03-01", 31))
    runs = [stories.months_run(db, "2020-03", "2020-03", ["fever"]) for _ in range(2)]
    page = build(db, runs, tmp_path / "months").read_text(encoding="utf-8")
    assert '<th scope="col">month</th>' in page
    page = build(db, runs, tmp_path / "weeks", grain=Grain.WEEK).read_text(encoding="utf-8")
    assert '<th scope="col">week</th>' in page
    assert '<span class="w">2020-W13</span> <span class="w">(23 Mar)</span></th>' in page


def test_an_accounts_days_without_a_post_are_zeros_beside_another_run(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    texts = []
    for at in ("2020-03-01", "2020-03-04"):
        texts.append(stories.Text(at, f"Hello on {at}.", handle="nasa", source="x"))

    stories.store(db, texts)
    data = load_run(db, stories.handles_run(db, ["nasa"]), grain=Grain.DAY)
    page = comparison.make_page([data], FigureStore(tmp_path / "figures"))
    (subject,) = page.subjects
    assert [row.mentions for row in subject.rows] == [1, 0, 0, 1]
