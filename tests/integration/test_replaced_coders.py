"""Whether a machine may replace a coder, in `export RUN agreement` and on a codebook's card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.codebooks.codebook_files import parse_codebook
from core.enums import SamplePeriod
from models.codes import CodeValue, Coding, find_stored_codebook, replace_codes
from models.database import Database
from producers.code_sample import SampledText, draw_code_sample
from reports.build import report_folder
from reports.data.run_data import load_run
from reports.data.tables.codes import read_agreement
from tests.report_stories import Text, database, months_run, store

KINDS = parse_codebook(
    b"""
name: kinds
unit: document
variables:
  - name: kind
    question: Which kind?
    type: category
    categories: {port: ships, fair: stalls, none-of-both: others}
""",
    "kinds.yaml",
)


@pytest.fixture
def db(tmp_path: Path) -> Database:
    return database(tmp_path)


def kind_of(text: str) -> str:
    return next((kind for kind in ("port", "fair") if kind in text), "none-of-both")


def code(
    db: Database,
    run: int,
    coder: str,
    sample: list[SampledText],
    answer: Callable[[str], str] = kind_of,
) -> None:
    with db.write() as connection:
        codebook_id = find_stored_codebook(connection, KINDS.hash)
        assert codebook_id is not None
        codes = {text.unit: {"kind": CodeValue(answer(text.text))} for text in sample}
        replace_codes(connection, db, Coding(run, codebook_id, coder), codes)


def add_codes(db: Database) -> int:
    """Two people agree on 40 ports, 50 fairs and 60 others; a machine takes fairs for others."""
    words = ("amber", "birch", "cedar", "dune", "ember")
    texts = []
    for number in range(150):
        kind = "port" if number < 40 else "fair" if number < 90 else "day"
        month = "03" if number % 2 else "04"
        first, second, third = (
            words[number % 5],
            words[number // 5 % 5],
            words[number // 25 % 6 - 1],
        )
        text = f"A {kind} of {first} {second} {third} {number // 75 * 'again'}."
        texts.append(Text(f"2020-{month}-{1 + number % 28:02}", text))

    store(db, texts)
    run = months_run(db, "2020-03", "2020-04", ["port"])
    sample = draw_code_sample(db, run, KINDS, n=150, per=SamplePeriod.MONTH, seed=1)
    code(db, run, "person:Ann", sample)
    code(db, run, "person:Ben", sample)
    machine = {"port": "port", "fair": "none-of-both", "none-of-both": "none-of-both"}
    code(db, run, "model:m", sample, lambda text: machine[kind_of(text)])
    return run


def test_each_category_and_period_is_judged_by_what_several_people_said(db: Database) -> None:
    rows = list(read_agreement(load_run(db, add_codes(db))))
    people = rows[0]
    assert (people.machine, people.alpha, people.replaces) == (None, 1.0, None)
    judged = {(row.category, row.period): row for row in rows if row.machine == "model:m"}
    assert len(judged) == 4 * 3
    whole, port, fair = (judged[category, None] for category in (None, "port", "fair"))
    assert whole.replaces == "no"
    assert whole.as_good == pytest.approx(1 - fair.units / whole.units, abs=1e-6)
    # It is judged on the texts that somebody puts into the category.
    assert (port.replaces, port.as_good, port.doubles_needed) == ("yes", 1.0, 0)
    assert port.units == 40
    assert (fair.replaces, fair.as_good) == ("no", 0.0)
    # Of some twenty texts a month nothing can be shown, however good they are.
    march = judged["port", "2020-03"]
    assert (march.units, march.replaces, march.as_good) == (20, "open", 1.0)
    # Of 33 texts without a lead both people are won over: .9 ** 33 is 5 % by 2 / 3.
    assert march.doubles_needed == 13
    assert march.as_good_low is not None
    assert 0.8 < march.as_good_low < 0.95


def test_the_card_of_the_codebook_says_it_in_sentences(db: Database, tmp_path: Path) -> None:
    report_folder.build(db, [add_codes(db)], tmp_path / "report")
    page = (tmp_path / "report" / "codes.html").read_text()
    assert "May a machine replace one of the readers?" in page
    assert "<bdi>model:m</bdi>, kind = port: yes; as good as a person on 100 % (9" in page
    assert "<bdi>model:m</bdi>, kind = fair: no; as good as a person on 0 %" in page
