"""The tables `codes` and `agreement`, and codes that go with their document and their run."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.codebook_files import parse_codebook, read_shipped
from analysis.codebooks.stored import keep_codebook
from core.enums import CodeState, SamplePart, SamplePeriod, UncodedReason
from models.codes import CodeValue, Coding, UnitCodes, UnitKey, replace_codes
from models.database import Database
from models.erasure import documents_named, forget_documents, forget_run
from models.tables import Code, SampledUnit
from producers.code_sample import SampledText, draw_code_sample
from producers.coding_session import cannot_be_coded
from producers.label_sample import draw_label_sample
from reports.data import exports
from reports.data.run_data import load_run
from reports.data.run_fingerprint import fingerprint_run
from reports.data.tables.codes import CODES, read_agreement
from tests.label_kit import store_labels
from tests.report_stories import Text, months_run, store

TIDES = parse_codebook(
    b"""
name: tides
unit: document
variables:
  - {name: about, question: Is it about water, type: yes-no}
  - {name: strength, question: How strong is it, type: scale, from: 1, to: 5, if: about = yes}
""",
    "tides.yaml",
)


PORTS = ["Aby", "Bray", "Cork", "Dover", "Esk", "Fowey", "Goole", "Hull"]


@pytest.fixture
def run(db: Database) -> int:
    """A run of two months, whose 16 texts are no repeats of each other."""
    texts = [Text(f"2020-03-{day:02}", f"Tide in {port}.") for day, port in enumerate(PORTS, 1)]
    texts += [Text(f"2020-04-{day:02}", f"Calm in {port}.") for day, port in enumerate(PORTS, 1)]
    store(db, texts)
    return months_run(db, "2020-03", "2020-04", ["tide"])


def draw(db: Database, run: int, codebook: Codebook = TIDES, n: int = 6) -> list[SampledText]:
    return draw_code_sample(db, run, codebook, n=n, per=SamplePeriod.MONTH, seed=1)


def code(
    db: Database, run: int, coder: str, codes: dict[UnitKey, UnitCodes], codebook: Codebook = TIDES
) -> None:
    with db.write() as connection:
        codebook_id = keep_codebook(connection, db, codebook)
        replace_codes(connection, db, Coding(run, codebook_id, coder), codes)


def exported(db: Database, run: int, table: str) -> list[dict[str, Any]]:
    out = io.BytesIO()
    exports.write(db, run, table, "jsonl", out)
    return list(map(json.loads, out.getvalue().splitlines()))


def test_codes_are_exported_with_what_their_unit_stands_for(db: Database, run: int) -> None:
    sample = draw(db, run)
    first, second = sample[:2]
    unclear = cannot_be_coded(UncodedReason.UNCLEAR)
    given: dict[UnitKey, UnitCodes] = {
        first.unit: {"about": CodeValue("yes"), "strength": CodeValue("3")},
        second.unit: {"about": unclear},
    }
    code(db, run, "person:Ann", given)
    machine_code = CodeValue("no", CodeState.CODED, None, 0.75)
    code(db, run, "network:7", {first.unit: {"about": machine_code}})

    rows = exported(db, run, "codes")
    first_rows = [row for row in rows if row["document"] == first.document]
    keys = [(row["variable"], row["coder"], row["code"]) for row in first_rows]
    assert keys == [
        ("about", "network:7", "no"),
        ("about", "person:Ann", "yes"),
        ("strength", "person:Ann", "3"),
    ]
    with db.read() as connection:
        is_first = SampledUnit.document_id == first.unit.document_id
        drawn = select(SampledUnit.copies, SampledUnit.inclusion).where(is_first)
        copies, inclusion = connection.execute(drawn).one()

    assert first_rows[0] == {
        "run": run,
        "codebook": "tides",
        "hash": TIDES.hash.hex()[:12],
        "variable": "about",
        "period": first.period,
        "document": first.document,
        "keyword": None,
        "position": None,
        "coder": "network:7",
        "code": "no",
        "probability": 0.75,
        "state": "coded",
        "reason": None,
        "sample_period": first.period,
        "part": first_rows[0]["part"],
        "copies": copies,
        "inclusion": inclusion,
    }
    assert first_rows[0]["part"] in [*SamplePart]
    (second_row,) = (row for row in rows if row["document"] == second.document)
    told = (second_row["code"], second_row["state"], second_row["reason"])
    assert told == (None, "cannot be coded", "unclear")

    out = io.BytesIO()
    assert exports.write(db, run, "codes", "csv", out) == 4
    table = list(csv.DictReader(io.StringIO(out.getvalue().decode("utf-8-sig"))))
    assert [row["document"] for row in table] == [row["document"] for row in rows]
    exports.write(db, run, "codes", "parquet", io.BytesIO())


def test_codes_are_sorted_and_those_outside_of_the_sample_have_no_inclusion(
    db: Database, run: int
) -> None:
    sample = draw(db, run, n=12)
    code(db, run, "person:Ann", {text.unit: {"about": CodeValue("no")} for text in sample})
    # Another seed draws other texts, of whose codes those of the first sample are not.
    others = draw_code_sample(db, run, TIDES, n=2, per=SamplePeriod.MONTH, seed=2)
    rows = list(CODES.read(load_run(db, run)))
    places = [(row.period, row.document) for row in rows]
    assert places == sorted(places)
    assert len(places) == 12
    drawn_again = {text.document for text in sample} & {text.document for text in others}
    assert {row.document for row in rows if row.inclusion is not None} == drawn_again
    assert 0 < len(drawn_again) < 12
    assert {row.part for row in rows if row.inclusion is None} == {None}


def test_labels_are_codes_and_codebooks_are_sorted_by_name(db: Database, run: int) -> None:
    mentions = draw_label_sample(db, run, per=2, seed=1)
    store_labels(db, run, "Ann", {mentions[0].unit: -1, mentions[1].unit: None})

    relevance = read_shipped("relevance")
    asked = draw(db, run, relevance)
    given = {asked[0].unit: {"relevant": CodeValue("yes")}}
    code(db, run, "person:Ann", given, relevance)
    code(db, run, "person:Ann", {draw(db, run)[0].unit: {"about": CodeValue("no")}})
    rows = exported(db, run, "codes")
    assert [row["codebook"] for row in rows] == ["polarity", "polarity", "relevance", "tides"]
    assert [row["keyword"] for row in rows][2:] == [asked[0].keyword, None]
    assert {row["position"] for row in rows[:2]} == {1}
    assert sorted(str(row["code"]) for row in rows[:2]) == ["-1", "None"]


def test_agreement_is_that_of_people_before_anything_was_decided(db: Database, run: int) -> None:
    sample = draw(db, run, n=8)
    answers = {
        "Ann": ["yes", "yes", "no", "no", "yes", "no"],
        "Ben": ["yes", "no", "no", "no", "yes"],
    }
    for coder, codes in answers.items():
        given: dict[UnitKey, UnitCodes] = {}
        for text, answer in zip(sample, codes, strict=False):
            given[text.unit] = {"about": CodeValue(answer)}
            if answer == "yes" and coder == "Ann":
                given[text.unit] |= {"strength": CodeValue("2")}

        code(db, run, f"person:{coder}", given)

    decided = {sample[1].unit: {"about": CodeValue("yes")}}
    code(db, run, "person:adjudicated", decided)
    code(db, run, "network:7", {text.unit: {"about": CodeValue("no")} for text in sample})

    rows = list(read_agreement(load_run(db, run)))
    about, strength = (row for row in rows if row.machine is None)
    assert (about.variable, about.level) == ("about", "nominal")
    assert (about.coders, about.units, about.shared) == (2, 6, 5)
    # Five shared units, ten codes, five yes and five no; one unit differs.
    assert about.alpha == pytest.approx(1 - (2 / 10) / (2 * 5 * 5 / (10 * 9)), abs=1e-6)
    assert about.low is not None
    assert about.low < about.alpha <= 1
    assert (strength.level, strength.coders, strength.units) == ("interval", 1, 3)
    assert (strength.shared, strength.alpha, strength.low) == (0, None, None)


def test_agreement_of_labels_is_on_the_interval_scale(db: Database, run: int) -> None:
    keys = [mention.unit for mention in draw_label_sample(db, run, per=10, seed=1)]
    for coder, labels in (("Ann", [-1, 0, 1, 1]), ("Ben", [-1, 0, 1, 0])):
        store_labels(db, run, coder, dict(zip(keys, labels, strict=False)))

    (polarity,) = read_agreement(load_run(db, run))
    assert (polarity.codebook, polarity.level, polarity.shared) == ("polarity", "interval", 4)
    assert polarity.alpha == pytest.approx(1 - (2 / 8) / (2 * (8 * 5 - 1) / (8 * 7)), abs=1e-6)


def test_codes_go_with_their_document_and_with_their_run(db: Database, run: int) -> None:
    sample = draw(db, run)
    code(db, run, "person:Ann", {text.unit: {"about": CodeValue("no")} for text in sample[:3]})
    code(db, run, "network:7", {sample[0].unit: {"about": CodeValue("no")}})
    other_run = months_run(db, "2020-03", "2020-04", ["tide"])
    code(db, other_run, "person:Ann", {sample[1].unit: {"about": CodeValue("no")}})
    with db.read() as connection:
        ids = documents_named(connection, sample[0].document)

    forget_documents(db, ids, sentences=lambda _: [], reason="on request", result_tables=())
    left = sorted(text.document for text in sample[1:3])
    assert sorted(row["document"] for row in exported(db, run, "codes")) == left
    with db.read() as connection:
        units = select(func.count()).where(SampledUnit.document_id.in_(ids))
        assert connection.scalar(units) == 0

    forget_run(db, run)
    with db.read() as connection:
        assert connection.scalars(select(Code.run_id)).all() == [other_run]
        assert connection.scalar(select(func.count()).select_from(SampledUnit)) == 0


def test_a_code_makes_the_report_anew(db: Database, run: int) -> None:
    sample = draw(db, run)
    fingerprints = [fingerprint_run(db, run)]
    for answer in ("no", "yes"):
        code(db, run, "person:Ann", {sample[0].unit: {"about": CodeValue(answer)}})
        fingerprints.append(fingerprint_run(db, run))

    assert len(set(fingerprints)) == 3


def test_a_run_without_codes_has_empty_tables(db: Database, run: int) -> None:
    assert exported(db, run, "codes") == exported(db, run, "agreement") == []
