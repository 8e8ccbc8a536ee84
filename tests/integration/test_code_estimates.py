"""Estimates from the codes of a sample, and the page that shows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.codebook_files import parse_codebook, read_shipped
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import CodeState, Grouping, SamplePeriod
from models.code_samples import store_look
from models.codes import ADJUDICATED, CodeValue, Coding, replace_codes
from models.database import Database
from producers.code_sample import SampledText, draw_code_sample
from reports.build import report_folder
from reports.data.coded_samples import PEOPLE, read_coded_samples
from reports.data.estimate_rows import EstimateRow
from reports.data.estimate_strata import Method
from reports.data.machine_accuracy import measure_machine
from reports.data.run_data import load_run
from reports.data.tables.estimates import read_estimates
from reports.findings.code_estimates import list_statements, state_differences, state_shares
from reports.stats.looks import LEVELS
from tests.databases import on_sqlite
from tests.groups_kit import Piece, run_months, store_pieces
from tests.report_stories import Text, handles_run, months_run, store

RELEVANCE = read_shipped("relevance")
STANCE = parse_codebook(
    b"""
name: stance
unit: document
variables:
  - {name: about, question: Is it about the sea, type: yes-no}
  - name: stance
    question: Which stance?
    type: category
    if: about = yes
    categories: {for: praise, against: blame}
  - {name: strength, question: How strong is it, type: scale, from: 1, to: 5, if: about = yes}
""",
    "stance.yaml",
)
MAIN_SUBJECT = parse_codebook(
    b"""
name: subject
unit: document
variables:
  - {name: main, question: "Is {keyword} the subject?", type: yes-no}
  - name: news
    question: Good news or bad?
    type: category
    if: main = yes
    categories: {good: gains, bad: losses}
""",
    "subject.yaml",
)
# The 8 texts on the tide are about it but for the 2 on a detergent; 4 others are about it too.
TEXTS = [
    *(Text(f"2020-03-{day:02}", f"Tide floods port {'abcdef'[day - 1]}.") for day in range(1, 7)),
    *(Text(f"2020-03-{day:02}", f"Tide washes {'gh'[day - 7]} white.") for day in range(7, 9)),
    *(Text(f"2020-04-{day:02}", f"Floods reach port {'ijkl'[day - 1]}.") for day in range(1, 5)),
    *(Text(f"2020-04-{day:02}", f"Quiet {'mnopqrstuvwx'[day - 5]} day.") for day in range(5, 17)),
]

Answer = Callable[[str], Mapping[str, CodeValue]]


def draw(db: Database, run: int, codebook: Codebook, per: SamplePeriod) -> list[SampledText]:
    return draw_code_sample(db, run, codebook, n=100, per=per, seed=1)


def code(db: Database, run: int, coder: str, sample: list[SampledText], answer: Answer) -> None:
    codes = {text.unit: answer(text.text) for text in sample}
    with db.write() as connection:
        replace_codes(connection, db, Coding(run, 2, coder), codes)


def is_relevant(text: str) -> dict[str, CodeValue]:
    return {"relevant": CodeValue("yes" if "port" in text else "no")}


def estimates(db: Database, run: int) -> dict[tuple[str | None, ...], EstimateRow]:
    rows = read_estimates(load_run(db, run))
    return {(row.variable, row.category, row.period, row.measure, row.method): row for row in rows}


def test_a_run_that_is_coded_whole_has_its_true_precision_recall_and_share(db: Database) -> None:
    store(db, TEXTS)
    run = months_run(db, "2020-03", "2020-04", ["tide"])
    sample = draw(db, run, RELEVANCE, SamplePeriod.ALL)
    code(db, run, "person:Ann", sample, is_relevant)

    rows = estimates(db, run)
    figures = {key[3]: (row.estimate, row.low, row.high) for key, row in rows.items()}
    # All was read, so nothing is uncertain: 10 of 24 are relevant, 6 of them hold the keyword.
    assert figures["share"] == (0.416667, 0.416667, 0.416667)
    assert figures["precision"] == (0.75, 0.75, 0.75)
    assert figures["recall"] == (0.6, 0.6, 0.6)
    assert figures["f1"] == (0.666667, 0.666667, 0.666667)
    assert {row.n_population for key, row in rows.items() if key[3] == "share"} == {24}
    assert {row.n_person for key, row in rows.items() if key[3] == "precision"} == {8}


def test_a_text_that_repeats_often_counts_as_what_it_is_and_widens_nothing(db: Database) -> None:
    texts = [Text(f"2020-03-{1 + n % 28:02}", f"Tide {_word(n)} port.") for n in range(80)]
    texts += [Text(f"2020-03-{1 + n % 28:02}", f"Tide tables for {n}.") for n in range(60)]
    store(db, texts)
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    sample = draw_code_sample(db, run, RELEVANCE, n=40, per=SamplePeriod.ALL, seed=1)
    assert sum("tables" in text.text for text in sample) == 1
    code(db, run, "person:Ann", sample, is_relevant)
    precision = estimates(db, run)["relevant", "yes", None, "precision", "people"]
    # 80 of 140 are relevant: 39 of the 80 were read, and the table stands for 60 and no more.
    assert precision.estimate == pytest.approx(80 / 140, abs=1e-6)
    assert precision.high == precision.estimate
    assert precision.estimate - precision.low < 0.05


def test_each_period_of_the_sample_has_estimates_of_its_own(db: Database) -> None:
    store(db, TEXTS)
    run = months_run(db, "2020-03", "2020-04", ["tide"])
    code(db, run, "person:Ann", draw(db, run, RELEVANCE, SamplePeriod.MONTH), is_relevant)
    shares = {
        key[2]: (row.estimate, row.n_population)
        for key, row in estimates(db, run).items()
        if key[3] == "share"
    }
    assert shares == {None: (0.416667, 24), "2020-03": (0.75, 8), "2020-04": (0.25, 16)}


def test_coders_who_differ_are_averaged_until_somebody_decides(db: Database) -> None:
    store(db, TEXTS)
    run = months_run(db, "2020-03", "2020-04", ["tide"])
    sample = draw(db, run, RELEVANCE, SamplePeriod.ALL)
    code(db, run, "person:Ann", sample, is_relevant)
    code(db, run, "person:Ben", sample, lambda _text: {"relevant": CodeValue("no")})
    share = ("relevant", "yes", None, "share", "people")
    assert estimates(db, run)[share].estimate == pytest.approx(10 / 24 / 2, abs=1e-6)

    code(db, run, ADJUDICATED, sample, lambda _text: {"relevant": CodeValue("yes")})
    assert estimates(db, run)[share].estimate == 1


def test_what_is_not_asked_is_in_no_category_and_what_nobody_knows_is_left_out(
    db: Database,
) -> None:
    def answer(text: str) -> dict[str, CodeValue]:
        if "Tide washes" in text:
            return {"about": CodeValue(None, CodeState.CANNOT_BE_CODED, "unclear")}
        if "port" not in text:
            return {"about": CodeValue("no")}

        stance = "for" if "Floods" in text else "against"
        strength = CodeValue("5" if stance == "for" else "2")
        return {"about": CodeValue("yes"), "stance": CodeValue(stance), "strength": strength}

    store(db, TEXTS)
    run = months_run(db, "2020-03", "2020-04", ["tide"])
    code(db, run, "person:Ann", draw(db, run, STANCE, SamplePeriod.ALL), answer)
    rows = estimates(db, run)
    # Two of the eight texts with the keyword cannot be coded: the six others stand for them.
    for category, count in (("for", 4), ("against", 8)):
        share = rows["stance", category, None, "share", "people"]
        assert share.estimate == pytest.approx(count / 24, abs=1e-6)

    mean = rows["strength", None, None, "mean", "people"]
    assert mean.estimate == pytest.approx((8 * 2 + 4 * 5) / 12, abs=1e-6)


def test_the_answers_about_a_keyword_are_said_of_its_texts_then_of_the_asked_then_of_all(
    db: Database,
) -> None:
    def answer(text: str) -> dict[str, CodeValue]:
        if "port" not in text:
            return {"main": CodeValue("no")}
        return {"main": CodeValue("yes"), "news": CodeValue("bad" if "Tide" in text else "good")}

    store(db, TEXTS)
    run = months_run(db, "2020-03", "2020-04", ["tide"])
    code(db, run, "person:Ann", draw(db, run, MAIN_SUBJECT, SamplePeriod.ALL), answer)
    rows = estimates(db, run)
    # 6 of the 8 texts with the keyword have it as their subject, and 4 of the 16 others.
    assert rows["main", "yes", None, "precision", "people"].estimate == 0.75
    assert rows["main", "yes", None, "recall", "people"].estimate == 0.6
    asked = rows["news", "bad", None, "asked", "people"]
    assert (asked.estimate, asked.n_population, asked.n_read) == (1.0, 6, 6)
    assert ("news", "bad", None, "recall", "people") not in rows

    (sample,) = read_coded_samples(load_run(db, run))
    findings = list_statements(load_run(db, run), sample, list(rows.values()), "text")
    assert [finding.text for finding in findings] == [
        (
            "“Is tide the subject?” The one reader would answer “yes” for 75.0 % of the texts that "
            "mention “tide” (75.0 %)."
        ),
        (
            "“Is tide the subject?” The one reader would answer “yes” for 41.7 % of all 24 texts "
            "(41.7 %). That is 10 of them. Of 8 texts read with “tide”, 6 had this answer; of 16 "
            "read without, 4."
        ),
        "Of all texts with the answer “yes”, 60.0 % mention “tide” (60.0 %).",
        (
            "“Good news or bad?” (tide) The one reader would answer “bad” for 100.0 % of the texts "
            "that mention “tide” where main = yes (100.0 %)."
        ),
        (
            "“Good news or bad?” (tide) The one reader would answer “bad” for 25.0 % of all 24 "
            "texts (25.0 %). That is 6 of them. Of 8 texts read with “tide”, 6 had this answer; "
            "of 16 read without, none."
        ),
    ]
    assert findings[0].mark == "95 % interval, 8 texts read"


def test_behind_an_estimate_stands_how_many_texts_would_halve_an_interval_wider_than_it() -> None:
    row = EstimateRow(
        run=1,
        codebook="subject",
        hash="h",
        variable="main",
        category="yes",
        keyword="tide",
        period=None,
        measure="precision",
        method="people",
        n_population=900,
        n_model=0,
        n_person=20,
        estimate=0.1,
        low=0.02,
        high=0.3,
        group=None,
        confidence=0.95,
    )
    variable = MAIN_SUBJECT.variables[0]
    wide = state_shares([row], variable, "text")
    assert (
        wide.mark == "95 % interval, 20 texts read; reading about 60 more would halve the interval"
    )
    sure = state_shares([replace(row, low=0.08, high=0.12)], variable, "text")
    assert sure.mark == "95 % interval, 20 texts read"


def test_the_mean_of_a_sample_that_was_looked_at_has_the_level_of_the_look(db: Database) -> None:
    def answer(text: str) -> dict[str, CodeValue]:
        strength = CodeValue("5" if "Floods" in text else "2")
        return {"about": CodeValue("yes"), "stance": CodeValue("for"), "strength": strength}

    store(db, TEXTS)
    run = months_run(db, "2020-03", "2020-04", ["tide"])
    sample = draw_code_sample(db, run, STANCE, n=16, per=SamplePeriod.ALL, seed=1)
    code(db, run, "person:Ann", sample, answer)
    mean = ("strength", None, None, "mean", "people")
    usual = estimates(db, run)[mean]

    look = {"run_id": run, "codebook_id": 2, "coder": PEOPLE, "number": 1, "within": 0.1}
    with db.write() as connection:
        store_look(connection, db, {**look, "coded": 16, "half_width": 0.2, "outcome": None})

    looked_at = estimates(db, run)[mean]
    assert (usual.confidence, looked_at.confidence) == (0.95, 1 - LEVELS[0])
    assert looked_at.low < usual.low < usual.high < looked_at.high


def test_what_a_person_coded_in_another_run_counts(db: Database) -> None:
    store(db, TEXTS)
    first = months_run(db, "2020-03", "2020-04", ["tide"])
    code(db, first, "person:Ann", draw(db, first, RELEVANCE, SamplePeriod.ALL), is_relevant)
    second = months_run(db, "2020-03", "2020-04", ["tide"])
    draw(db, second, RELEVANCE, SamplePeriod.ALL)
    assert estimates(db, second)["relevant", "yes", None, "share", "people"].estimate == 0.416667


def test_a_machine_that_coded_all_texts_narrows_the_interval_of_a_sample(db: Database) -> None:
    texts = [Text(f"2020-03-{1 + n % 28:02}", f"Tide {_word(n)} port.") for n in range(60)]
    texts += [Text(f"2020-03-{1 + n % 28:02}", f"Tide {_word(n)} white.") for n in range(60)]
    texts += [Text(f"2020-03-{1 + n % 28:02}", f"Quiet {_word(n)} day.") for n in range(80)]
    store(db, texts)
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    everything = draw_code_sample(db, run, RELEVANCE, n=500, per=SamplePeriod.ALL, seed=1)
    code(db, run, "network:9", everything, is_relevant)
    sample = draw_code_sample(db, run, RELEVANCE, n=80, per=SamplePeriod.ALL, seed=1)
    code(db, run, "person:Ann", sample, is_relevant)

    rows = estimates(db, run)
    people = rows["relevant", "yes", None, "share", "people"]
    both = rows["relevant", "yes", None, "share", "people and network:9"]
    assert (both.n_model, both.n_person, people.n_model) == (200, 80, 0)
    assert both.estimate == pytest.approx(0.3, abs=1e-6)
    assert both.low <= 0.3 <= both.high
    assert both.high - both.low < 0.7 * (people.high - people.low)


def _word(number: int) -> str:
    return f"{'abcdefghij'[number // 10]}{'abcdefghij'[number % 10]}x"


def test_the_report_has_a_page_on_what_readers_say_once_somebody_has_coded(
    db: Database, tmp_path: Path
) -> None:
    store(db, TEXTS)
    run = months_run(db, "2020-03", "2020-04", ["tide"])
    sample = draw(db, run, RELEVANCE, SamplePeriod.MONTH)
    report_folder.build(db, [run], tmp_path / "before")
    assert not (tmp_path / "before" / "codes.html").exists()

    code(db, run, "person:Ann", sample, is_relevant)
    code(db, run, "person:<b>Ben", sample[:9], is_relevant)
    code(db, run, "network:9", sample, is_relevant)
    report_folder.build(db, [run], tmp_path / "after")
    page = (tmp_path / "after" / "codes.html").read_text()
    assert "24 texts drawn at random from 24" in page
    assert "<bdi>&lt;b&gt;Ben</bdi> (9), <bdi>Ann</bdi> (24)" in page.replace("\n", " ")
    assert "network:9 coded all texts" in page
    assert "It gives people’s answer for 100.0 % of texts in relevant (24 read by both)." in page
    front = (tmp_path / "after" / "index.html").read_text()
    statement = (
        "“Is this text about tide?” Readers would answer “yes” for 75.0\xa0% of the texts that "
        "mention “tide” (75.0\xa0%)."
    )
    assert statement in page
    assert statement in front
    # Of so few codes there is no figure.
    assert "codes-" not in page


def test_periods_rest_on_rates_of_all_and_shares_lose_the_errors_that_doubles_show(
    db: Database, tmp_path: Path
) -> None:
    texts = []
    for month, mentions in (("03", 16), ("04", 32), ("05", 80)):
        for n in range(400):
            first = "Tide" if n < mentions else "Quiet"
            noun = "port" if n < mentions else "day"
            texts.append(
                Text(
                    f"2020-{month}-{1 + n % 28:02}",
                    f"{first} {_word(n // 4)} {'abcd'[n % 4]} {noun}.",
                )
            )

    store(db, texts)
    run = months_run(db, "2020-03", "2020-05", ["tide"])
    sample = draw(db, run, RELEVANCE, SamplePeriod.MONTH)
    code(db, run, "person:Ann", sample, is_relevant)
    # Ben says yes of one of ten texts to which it does not apply.
    wrong = {text.item for text in sample[::10]}

    def answer(text: str) -> dict[str, CodeValue]:
        is_wrong = any(other.text == text and other.item in wrong for other in sample)
        return {"relevant": CodeValue("yes")} if is_wrong else is_relevant(text)

    code(db, run, "person:Ben", sample, answer)
    rows = estimates(db, run)
    pooled = {
        key[2]: row for key, row in rows.items() if key[4] == "people and rates of all periods"
    }
    assert list(pooled) == ["2020-03", "2020-04", "2020-05"]
    assert pooled["2020-03"].estimate < pooled["2020-04"].estimate < pooled["2020-05"].estimate
    direct = rows["relevant", "yes", "2020-05", "share", "people"]
    assert pooled["2020-05"].high - pooled["2020-05"].low < direct.high - direct.low
    corrected = rows["relevant", "yes", None, "share", "people and errors of coders"]
    raw = rows["relevant", "yes", None, "share", "people"]
    assert corrected.estimate < raw.estimate
    assert corrected.low <= 128 / 1200 <= corrected.high

    report_folder.build(db, [run], tmp_path / "report")
    page = (tmp_path / "report" / "codes.html").read_text()
    assert "without readers' errors" in page.replace("&#39;", "'")
    assert "In “yes”, periods differ by no more than chance among texts with “tide”" in page
    # What rests on the codes of all periods has no emphasis.
    (march,) = re.findall("<tr><th[^>]*>Mar 2020</th>.*?</tr>", page)
    assert "rates of all periods (31 read here)" in march
    assert "<strong>" not in march


def test_one_coder_alone_is_told_what_errors_would_do(db: Database, tmp_path: Path) -> None:
    store(db, TEXTS)
    run = months_run(db, "2020-03", "2020-04", ["tide"])
    sample = draw(db, run, RELEVANCE, SamplePeriod.ALL)
    # Nobody has read a miss: the ports without a tide are said to be none.
    code(
        db, run, "person:Ann", sample[:12], lambda text: is_relevant(text if "Tide" in text else "")
    )
    report_folder.build(db, [run], tmp_path / "report")
    page = (tmp_path / "report" / "codes.html").read_text()
    # Of 8 texts with the keyword 6 have the answer, of 16 others none: errors missed some of the 8.
    assert "If readers err in 1, 5 and 10 of 100 texts, 25.0" in page
    assert "would be 25.2" in page
    assert "How often readers err is unknown" in page
    assert "(no miss was read)" in page
    assert "What follows is this reader’s judgement." in page
    front = (tmp_path / "report" / "index.html").read_text()
    assert "<strong>What one reader says.</strong>" in front


@on_sqlite
def test_posts_of_one_reader_have_no_figure_by_period_where_periods_are_alike(
    db: Database, tmp_path: Path
) -> None:
    store(
        db,
        [
            Text(f"2020-0{month}-{1 + n % 28:02}", f"{_word(n)} {'ab'[n % 2]} port.", handle="ann")
            for month in (3, 4, 5)
            for n in range(20 * month)
        ],
    )
    run = handles_run(db, ["ann"])
    codebook = parse_codebook(
        b"{name: frames, unit: post, variables: [{name: a, question: b, type: yes-no}]}", "f"
    )
    sample = draw_code_sample(db, run, codebook, n=60, per=SamplePeriod.MONTH, seed=1)
    with db.write() as connection:
        codes = {
            text.unit: {"a": CodeValue("yes" if " a " in text.text else "no")} for text in sample
        }
        replace_codes(connection, db, Coding(run, 2, "person:Ann"), codes)

    report_folder.build(db, [run], tmp_path / "report")
    page = (tmp_path / "report" / "codes.html").read_text()
    # The contents name the codebook.
    assert re.search('<a href="#frames-[0-9a-f]+">frames</a>', page)
    yes = sum(code["a"].code == "yes" for code in codes.values())
    assert f"Of 60 posts read, not evenly over periods, {yes} had this answer." in page
    assert "So no period has a figure of its own." in page
    assert "Mar 2020" not in page


def test_a_machine_that_errs_in_one_period_alone_is_named(db: Database) -> None:
    texts = []
    for month in ("03", "04"):
        texts += [
            Text(f"2020-{month}-{1 + n % 28:02}", f"Tide {_word(n)} port.") for n in range(40)
        ]
        texts += [
            Text(f"2020-{month}-{1 + n % 28:02}", f"Quiet {_word(n)} day.") for n in range(40)
        ]

    store(db, texts)
    run = months_run(db, "2020-03", "2020-04", ["tide"])
    sample = draw_code_sample(db, run, RELEVANCE, n=400, per=SamplePeriod.MONTH, seed=1)
    code(db, run, "person:Ann", sample, is_relevant)
    with db.write() as connection:
        wrong = {"relevant": CodeValue("yes")}
        codes = {
            text.unit: wrong if text.period == "2020-04" else is_relevant(text.text)
            for text in sample
        }
        replace_codes(connection, db, Coding(run, 2, "network:9"), codes)

    run_data = load_run(db, run)
    (read,) = read_coded_samples(run_data)
    accuracy = measure_machine(run_data, read, "network:9")
    # Of 80 texts in each month 40 are relevant: all of April's others are wrong.
    assert accuracy.matrices["relevant"].accuracy == pytest.approx(120 / 160)
    assert [difference.rates for difference in accuracy.differences] == [
        {"2020-03": 0.0, "2020-04": 1.0}
    ]
    assert accuracy.differences[0].is_false_positive


def test_each_group_has_estimates_of_its_own_and_what_differs_is_said(db: Database) -> None:
    pieces = [
        Piece("2020-03-02", f"Tide {outlet} {_word(n)} {'port' * (n % 10 < share)}.", outlet)
        for outlet, share in (("Herald", 9), ("Mirror", 2))
        for n in range(60)
    ]
    pieces += [Piece("2020-03-03", "Tide of the Post.", "Post")]
    store_pieces(db, pieces)
    keyword = Keyword.parse("tide")
    parameters = MonthsParameters(
        first="2020-03", last="2020-03", keywords=(keyword,), grouping=Grouping.OUTLET
    )
    run = run_months(db, parameters)
    sample = draw(db, run, RELEVANCE, SamplePeriod.ALL)
    code(db, run, "person:Ann", sample, is_relevant)

    shares = {row.group: row for row in read_estimates(load_run(db, run)) if row.measure == "share"}
    # Of the Post too few texts are coded.
    assert set(shares) == {None, "Herald", "Mirror"}
    assert {group: row.n_population for group, row in shares.items()} == {
        None: 121,
        "Herald": 60,
        "Mirror": 60,
    }
    for group, share in (("Herald", 0.9), ("Mirror", 0.2)):
        assert shares[group].low <= share <= shares[group].high

    (read,) = read_coded_samples(load_run(db, run))
    told = [finding.text for finding in state_differences(load_run(db, run), read, Method())]
    assert len(told) == 2
    assert "points more frequent in Herald than in all others" in told[0]
    assert "points less frequent in Mirror than in all others" in told[1]
