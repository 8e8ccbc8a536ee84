"""Estimates of parts of a run: groups with wire copies, texts that a selection leaves, years."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from analysis.codebooks.codebook_files import parse_codebook, read_shipped
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import Grain, Grouping, SamplePart, SamplePeriod
from core.errors import UsageError
from models.codes import CodeValue, Coding, UnitKey, replace_codes
from models.database import Database
from models.tables import Document, Job
from producers.code_sample import SampledText, draw_code_sample
from reports.build import report_folder
from reports.data import exports
from reports.data.coded_samples import Stratum, read_coded_samples
from reports.data.estimate_strata import DrawnUnit, Method, make_coded_strata
from reports.data.machine_accuracy import Compared, measure_machine
from reports.data.run_data import Selection, load_run
from reports.data.tables.estimates import ESTIMATES, read_estimates
from reports.findings.code_estimates import state_differences
from reports.stats.coded_shares import estimate_share
from tests.groups_kit import Piece, run_months, store_pieces
from tests.report_stories import Text, months_run, store

RELEVANCE = read_shipped("relevance")
STRENGTH = parse_codebook(
    b"""
name: strength
unit: document
variables:
  - {name: strength, question: How strong is it, type: scale, from: 1, to: 5}
""",
    "strength.yaml",
)
DISTINCT = Selection(distinct=True)


def word(number: int) -> str:
    return f"{'abcdefghij'[number // 10]}{'abcdefghij'[number % 10]}x"


def outlets_run(db: Database, pieces: Sequence[Piece]) -> int:
    store_pieces(db, pieces)
    parameters = MonthsParameters(
        first="2020-03",
        last="2020-03",
        keywords=(Keyword.parse("tide"),),
        grouping=Grouping.OUTLET,
    )
    return run_months(db, parameters)


def draw(
    db: Database, run: int, n: int = 1000, per: SamplePeriod = SamplePeriod.ALL
) -> list[SampledText]:
    return draw_code_sample(db, run, RELEVANCE, n=n, per=per, seed=1)


def code(db: Database, run: int, sample: Sequence[SampledText], coder: str = "person:Ann") -> None:
    codes = {
        text.unit: {"relevant": CodeValue("yes" if "port" in text.text else "no")}
        for text in sample
    }
    with db.write() as connection:
        replace_codes(connection, db, Coding(run, 2, coder), codes)


def shares(db: Database, run: int, **options: Any) -> dict[tuple[str | None, ...], dict[str, Any]]:
    """Return the exported shares by period, group and method."""
    out = io.BytesIO()
    exports.write(db, run, "estimates", "jsonl", out, **options)
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    return {
        (row["period"], row["group"], row["method"]): row
        for row in rows
        if row["measure"] == "share"
    }


def test_a_wire_story_counts_for_each_outlet_that_printed_it(db: Database) -> None:
    wire = [f"Tide at the {word(n)} port." for n in range(30)]
    pieces = [Piece("2020-03-02", text, "Herald") for text in wire]
    pieces += [Piece("2020-03-03", text, "Mirror") for text in wire]
    pieces += [Piece("2020-03-04", f"Tide {word(n)} white.", "Mirror") for n in range(30)]
    run = outlets_run(db, pieces)
    sample = draw(db, run)
    assert len(sample) == 60
    code(db, run, sample)

    estimates = shares(db, run)
    herald = estimates[None, "Herald", "people"]
    mirror = estimates[None, "Mirror", "people"]
    # All the Herald's 30 documents are the wire's; of the Mirror's 60 these are a half.
    assert (herald["estimate"], herald["n_population"], herald["n_person"]) == (1.0, 30, 30)
    assert (mirror["estimate"], mirror["n_population"], mirror["n_person"]) == (0.5, 60, 60)


def test_a_wire_story_that_few_outlets_drew_weighs_by_its_copies(db: Database) -> None:
    # Of the Mirror 40 of 80 documents are relevant; they are copies of what the Herald has twice.
    pieces = [Piece("2020-03-02", f"Tide {word(n)} port.", "Herald") for n in range(40)]
    pieces += [Piece("2020-03-03", f"Tide {word(n)} port.", "Herald") for n in range(40)]
    pieces += [Piece("2020-03-04", f"Tide {word(n)} port.", "Mirror") for n in range(40)]
    pieces += [Piece("2020-03-05", f"Tide {word(n)} white.", "Mirror") for n in range(40)]
    run = outlets_run(db, pieces)
    code(db, run, draw(db, run, n=40))
    mirror = shares(db, run)[None, "Mirror", "people"]
    # Unweighted the texts with three copies, which are drawn thrice as often, would be at .75.
    assert mirror["low"] <= 0.5 <= mirror["high"]
    assert mirror["estimate"] == pytest.approx(0.5, abs=0.13)


def run_coded_by_network_and_people(db: Database) -> int:
    """Return a run of two outlets; a network has coded all texts, and people 80 of them."""
    pieces = [
        Piece("2020-03-02", f"Tide {outlet} {word(n)} {'port' * (n % 10 < tenths)}.", outlet)
        for outlet, tenths in (("Herald", 6), ("Mirror", 3))
        for n in range(100)
    ]
    run = outlets_run(db, pieces)
    code(db, run, draw(db, run), "network:9")
    code(db, run, draw(db, run, n=80))
    return run


def test_a_machine_narrows_the_intervals_of_groups_as_it_does_those_of_the_run(
    db: Database,
) -> None:
    run = run_coded_by_network_and_people(db)
    estimates = shares(db, run)
    for group, truth in (("Herald", 0.6), ("Mirror", 0.3)):
        people = estimates[None, group, "people"]
        both = estimates[None, group, "people and network:9"]
        assert (people["n_model"], both["n_model"]) == (0, 100)
        assert both["estimate"] == pytest.approx(truth, abs=1e-6)
        assert both["high"] - both["low"] < 0.7 * (people["high"] - people["low"])

    run_data = load_run(db, run)
    (sample,) = read_coded_samples(run_data)
    with_network = Method(machine="network:9")
    told = [finding.text for finding in state_differences(run_data, sample, with_network)]
    assert told[0].startswith(
        "“yes” (relevant, about “tide”) is 30.0 percentage points more frequent in Herald than in "
        "all others ("
    )


def test_repeats_count_once_where_a_selection_leaves_them_out(db: Database) -> None:
    texts = [Text(f"2020-03-{1 + n % 28:02}", f"Tide {word(n)} port.") for n in range(4)]
    texts += [Text(f"2020-03-{1 + n % 28:02}", f"Tide tables for {n}.") for n in range(36)]
    store(db, texts)
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    code(db, run, draw(db, run))
    everything = shares(db, run)[None, None, "people"]
    assert (everything["n_population"], everything["estimate"]) == (40, 0.1)
    distinct = shares(db, run, selection=DISTINCT)[None, None, "people"]
    # The tables are one text in 36 documents, of which the first counts.
    assert (distinct["n_population"], distinct["estimate"]) == (5, 0.8)
    assert ESTIMATES.is_selected


def test_what_a_model_has_read_whole_is_known_of_a_selection_too(db: Database) -> None:
    texts = [Text(f"2020-03-{1 + n % 28:02}", f"Tide {word(n)} port.") for n in range(10)]
    texts += [Text(f"2020-03-{1 + n % 28:02}", f"Tide {word(n)} white.") for n in range(10, 40)]
    texts += [Text(f"2020-03-{1 + n % 28:02}", f"Tide tables for {n}.") for n in range(9)]
    store(db, texts)
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    sample = draw(db, run)
    # The model has coded the first copy of each text too, which a selection of the first leaves.
    with db.read() as connection:
        first = connection.scalar(
            select(func.min(Document.id)).where(Document.text.startswith("Tide tables"))
        )

    first_unit = UnitKey(first or 0, sample[0].keyword, 0)
    code(
        db, run, [*sample, replace(sample[0], unit=first_unit, text="Tide tables.")], "model:small"
    )
    draw(db, run, n=12)
    everything = shares(db, run)[None, None, "model:small"]
    distinct = shares(db, run, selection=DISTINCT)[None, None, "model:small"]
    assert everything["low"] < everything["estimate"] < everything["high"]
    assert distinct["n_population"] == 41
    assert distinct["low"] == distinct["estimate"] == distinct["high"] == round(10 / 41, 6)


def test_months_of_a_sample_are_joined_to_years(db: Database) -> None:
    texts = [
        Text(f"{year}-{month:02}-{day:02}", f"Tide {word((month - 11) * 8 + day)} {noun}.")
        for year, noun in ((2019, "port"), (2020, "white"))
        for month in (11, 12)
        for day in range(1, 9)
    ]
    store(db, texts)
    run = months_run(db, "2019-11", "2020-12", ["tide"])
    code(db, run, draw(db, run, per=SamplePeriod.MONTH))
    by_month = shares(db, run)
    assert {period for period, *_ in by_month} == {None, "2019-11", "2019-12", "2020-11", "2020-12"}
    by_year = shares(db, run, grain=Grain.YEAR)
    assert {
        period: (row["estimate"], row["n_population"]) for (period, *_), row in by_year.items()
    } == {None: (0.5, 32), "2019": (1.0, 16), "2020": (0.0, 16)}


def test_periods_shorter_than_a_month_have_no_estimates(db: Database) -> None:
    store(db, [Text("2020-03-01", "Tide.")])
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    with pytest.raises(UsageError, match="--by week: a week has too few codes"):
        shares(db, run, grain=Grain.WEEK)


def test_means_of_a_scale_that_differ_are_told_and_others_are_not(db: Database) -> None:
    pieces = [
        Piece(f"2020-{month}-02", f"Tide {outlet} {month} {word(n)}.", outlet)
        for month in ("03", "04")
        for outlet in ("Herald", "Mirror")
        for n in range(60)
    ]
    store_pieces(db, pieces)
    parameters = MonthsParameters(
        first="2020-03",
        last="2020-04",
        keywords=(Keyword.parse("tide"),),
        grouping=Grouping.OUTLET,
    )
    run = run_months(db, parameters)
    sample = draw_code_sample(db, run, STRENGTH, n=80, per=SamplePeriod.MONTH, seed=1)
    codes = {}
    for number, text in enumerate(sample):
        step = (4 if "Herald" in text.text else 2) + number // 2 % 2
        codes[text.unit] = {"strength": CodeValue(f"{step}")}

    with db.write() as connection:
        replace_codes(connection, db, Coding(run, 2, "person:Ann"), codes)

    run_data = load_run(db, run)
    (coded,) = read_coded_samples(run_data)
    told = [finding.text for finding in state_differences(run_data, coded, Method())]
    # The two months do not differ, the two outlets do by about two steps.
    assert len(told) == 2
    steps = r"(1\.[89]|2\.[012])\d steps"
    assert re.match(rf"The mean of strength is {steps} higher in Herald than in all", told[0])
    assert re.match(rf"The mean of strength is {steps} lower in Mirror than in all", told[1])

    rows = [row for row in read_estimates(run_data) if row.group is None and row.period is None]
    assert [row.measure for row in rows] == ["mean"]
    # 80 of 240 texts are read: the mean has an interval that has a width.
    assert 0.1 < rows[0].high - rows[0].low < 0.7


def test_a_machine_that_errs_in_one_outlet_alone_is_named(db: Database, tmp_path: Path) -> None:
    pieces = [
        Piece("2020-03-02", f"Tide {outlet} {word(n)} {'port' * (n % 2)}.", outlet)
        for outlet in ("Herald", "Mirror", "Post")
        for n in range(50)
    ]
    run = outlets_run(db, pieces)
    sample = draw(db, run)
    code(db, run, sample)
    codes = {}
    for text in sample:
        is_found = "port" in text.text and "Mirror" not in text.text
        codes[text.unit] = {"relevant": CodeValue("yes" if is_found else "no")}

    with db.write() as connection:
        replace_codes(connection, db, Coding(run, 2, "network:9"), codes)

    run_data = load_run(db, run)
    (coded,) = read_coded_samples(run_data)
    accuracy = measure_machine(run_data, coded, "network:9")
    assert [(found.between, found.rates) for found in accuracy.differences] == [
        (Compared.GROUPS, {"Herald": 0.0, "Mirror": 1.0, "Post": 0.0})
    ]
    report_folder.build(db, [run], tmp_path / "report")
    page = " ".join((tmp_path / "report" / "codes.html").read_text().split())
    named = "Its missed “yes” of relevant differ between groups: <bdi>Herald</bdi> 0.0"
    assert named in page.replace("\N{NO-BREAK SPACE}", " ")


def test_a_machine_that_errs_for_one_keyword_alone_is_named(db: Database) -> None:
    texts = [
        Text(f"2020-03-{1 + n % 28:02}", f"{keyword} {word(n)} {'port' * (n % 2)}.")
        for keyword in ("Tide", "Storm")
        for n in range(50)
    ]
    store(db, texts)
    run = months_run(db, "2020-03", "2020-03", ["tide", "storm"])
    sample = draw(db, run)
    code(db, run, sample)
    codes = {}
    for text in sample:
        is_found = "port" in text.text or text.keyword == "storm"
        codes[text.unit] = {"relevant": CodeValue("yes" if is_found else "no")}

    with db.write() as connection:
        replace_codes(connection, db, Coding(run, 2, "network:9"), codes)

    run_data = load_run(db, run)
    (coded,) = read_coded_samples(run_data)
    accuracy = measure_machine(run_data, coded, "network:9")
    assert [(found.between, found.rates) for found in accuracy.differences] == [
        (Compared.KEYWORDS, {"storm": 1.0, "tide": 0.0})
    ]


def test_the_page_has_one_estimate_of_each_group_by_the_method_that_it_names(
    db: Database, tmp_path: Path
) -> None:
    run = run_coded_by_network_and_people(db)
    report_folder.build(db, [run], tmp_path / "report")
    page = " ".join((tmp_path / "report" / "codes.html").read_text().split())
    for outlet in ("Herald", "Mirror"):
        assert page.count(f'<th scope="row" class="w"><bdi>{outlet}</bdi></th>') == 1

    assert "network:9 coded all texts. The shares use its codes" in page


def test_later_copies_make_no_stratum_smaller_than_the_units_that_were_read(db: Database) -> None:
    frequent = [f"Quiet {word(n)} port." for n in range(8)]
    single = [f"Quiet {word(n)} port." for n in range(20, 40)]
    run = outlets_run(db, [Piece("2020-03-02", text, "Herald") for text in frequent * 6 + single])
    sample = draw(db, run, n=14)
    code(db, run, sample)
    drawn_singles = [text.text for text in sample if text.text in single]
    # All the frequent ones are drawn for certain. Two of eight copies are one and a half of six.
    assert len(drawn_singles) == 6
    later = [Piece("2020-03-03", text, "Mirror") for text in frequent * 2 + drawn_singles]
    store_pieces(db, later, first=1000)
    with db.write() as connection:
        connection.execute(update(Job).values(newest_document=None))

    mirror = shares(db, run)[None, "Mirror", "people"]
    assert mirror["estimate"] == 1.0
    assert mirror["n_person"] == 14


def test_a_text_that_changed_its_stratum_breaks_no_estimate_with_a_machine() -> None:
    stratum = Stratum(0, "", "tide", SamplePart.NEAR_MISS, population=10, texts=10, drawn=2)
    units = [DrawnUnit(1.0, 1, 1.0, machine=1.0), DrawnUnit(0.0, 1, 0.5, machine=None)]
    # The machine put no member of the stratum into the category, and coded all.
    counts = Counter({"no": 10, "yes": 0})
    strata = make_coded_strata(stratum, units, 10, counts, "yes")
    estimate = estimate_share(strata, use_machine=True)
    assert estimate is not None
    assert 0 < estimate.low <= estimate.value <= estimate.high <= 1
