"""``tidings code RUN --codebook``: coding texts by a codebook in the terminal and in files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analysis.codebooks.codebook_files import read_codebook, read_shipped
from core.enums import SamplePeriod
from models.codes import (
    CodeValue,
    Coding,
    find_stored_codebook,
    replace_codes,
)
from models.database import Database
from producers.code_sample import SampledText, draw_code_sample, read_code_sample
from reports.build import report_folder
from reports.data.run_data import load_run
from reports.data.tables.estimates import read_estimates
from tests.coding_kit import coding_of, read_coded
from tests.command_kit import run_command
from tests.label_kit import add_run, terminal, tidings
from tests.report_stories import Text, months_run, store

TIDES = """\
name: tides
unit: document
instructions: |
  Judge what the text says.
variables:
  - name: about
    question: Is it about water?
    type: yes-no
  - name: topics
    question: Which topics?
    type: categories
    if: about = yes
    categories: {sea: salt water, weather: wind, ships: }
  - name: change
    question: How much water?
    type: scale
    from: -20
    to: 20
"""


@pytest.fixture
def db(command_db: Database) -> Database:
    return command_db


@pytest.fixture
def run(db: Database) -> int:
    return add_run(db)


@pytest.fixture
def tides(tmp_path: Path) -> Path:
    path = tmp_path / "tides.yaml"
    path.write_text(TIDES, encoding="utf-8")
    return path


def sample_of(db: Database, run: int, path: Path, n: int) -> list[SampledText]:
    """Return the sample that the command draws."""
    return draw_code_sample(db, run, read_codebook(path), n=n, per=SamplePeriod.MONTH, seed=1)


def plain(codes: dict[str, CodeValue]) -> dict[str, str | None]:
    return {variable: value.code for variable, value in codes.items()}


def test_a_session_asks_by_the_codebook_and_stores_each_code_at_its_key(
    db: Database, run: int, tides: Path
) -> None:
    units = [text.unit for text in sample_of(db, run, tides, 3)]
    with terminal("code", run, "--codebook", tides, "--n", 3) as session:
        start = session.wait_for("[1 of 3] ")
        assert "0 of 3 texts are coded." in start
        assert "Judge what the text says." in start
        session.press("y", after="about: Is it about water?\n    1 yes  2 no  s cannot be coded\n")

        session.press("3", after="topics: Which topics?\n")
        session.press("1", after="chosen: ships (Enter stores it)")
        session.press("2", after="chosen: sea, ships (Enter stores it)")
        session.press("2", after="chosen: sea, weather, ships (Enter stores it)")
        session.press("\r", after="chosen: sea, ships (Enter stores it)")
        session.press("-", after="sea, ships\n  change: How much water?")
        for key in "12\x7f":
            session.press(key, after="\r")

        session.press("\r", after="-1 ")
        session.wait_for("[2 of 3]")
        first = {"about": "yes", "topics": "sea|ships", "change": "-1"}
        assert {unit: plain(codes) for unit, codes in read_coded(db, run, tides).items()} == {
            units[0]: first
        }

        session.press("2", after="s cannot be coded\n")
        session.press("s", after="change: How much water?")
        session.press("u", after="1 unclear  2 other language  3 too short  u back")
        session.press("s", after="change: How much water?")
        session.press("1", after="1 unclear  2 other language  3 too short  u back")
        session.press("s", after="about: Is it about water?")
        session.press("3", after="1 unclear  2 other language  3 too short  u back")
        assert "all 3 are coded: a larger --n draws more" in session.wait_for_end()
        assert session.status == 0

    stored = read_coded(db, run, tides)
    assert plain(stored[units[1]]) == {"about": "no", "change": None}
    reasons = {name: value.reason for name, value in stored[units[2]].items()}
    assert reasons == {"about": "too short", "change": "too short"}


def test_undo_goes_back_over_units_and_a_session_is_resumed(
    db: Database, run: int, tides: Path
) -> None:
    units = [text.unit for text in sample_of(db, run, tides, 3)]
    with terminal("code", run, "--codebook", tides, "--n", 3) as session:
        session.press("u", after="about: Is it about water?")
        session.press("2", after="there is nothing to undo\n\n[1 of 3]")
        session.press("5", after="change: ")
        session.press("\r", after="5 ")
        session.press("1", after="[2 of 3]")
        session.press("1", after="topics: ")
        session.press("u", after="chosen: sea")
        session.press("u", after="undone\n")
        session.press("u", after="undone\n\n[2 of 3]")
        session.press("q", after="undone\n\n[1 of 3]")
        assert "the same command goes on from here" in session.wait_for_end()

    assert {unit: plain(codes) for unit, codes in read_coded(db, run, tides).items()} == {
        units[0]: {"about": "no"}
    }

    with terminal("code", run, "--codebook", tides, "--n", 3) as session:
        session.press("q", after="[1 of 3] 2020")
        assert "about: Is it" not in session.wait_for_end()


def test_wrong_keys_say_which_there_are_and_a_question_mark_shows_the_codebook(
    db: Database, run: int, tides: Path
) -> None:
    with terminal("code", run, "--codebook", tides, "--n", 3) as session:
        session.press("7", after="Is it about water?")
        session.press("?", after="cannot be coded\n    1 yes  2 no  s cannot be coded\n")
        session.press("1", after="Judge what the text says.\n")
        keys = "0 none  Enter when all are chosen  s cannot be coded\n"
        session.press("\r", after=keys)
        session.press("?", after=keys)
        shown = session.wait_for("any number of them, then Enter")
        assert "    1 sea: salt water\n    2 weather: wind\n    3 ships\n" in shown
        session.press("0", after="topics: ")
        session.press("9", after="none\n  change: ")
        session.press("9", after="9 ")
        session.press("\r", after="99 ")
        session.press("x", after="write a whole number from -20 to 20")
        session.press("\x03", after="a number from -20 to 20, then Enter")
        session.wait_for_end()
        assert session.status == 130

    assert [plain(codes) for codes in read_coded(db, run, tides).values()] == [
        {"about": "yes", "topics": "none"}
    ]


def test_two_coders_code_the_same_texts_without_seeing_each_other_s_codes(
    db: Database, run: int, tides: Path
) -> None:
    for coder in ("Ann", "Ben"):
        with terminal("code", run, "--codebook", tides, "--n", 1, "--coder", coder) as session:
            session.press("2", after="0 of 1 texts are coded.")
            session.press("3", after="change: ")
            session.press("\r", after="3 ")
            session.wait_for_end()

    assert read_coded(db, run, tides, "Ann") == read_coded(db, run, tides, "Ben") != {}


def test_a_text_that_the_coder_coded_in_another_run_is_not_asked_again(
    db: Database, run: int, tides: Path
) -> None:
    sample = sample_of(db, run, tides, 1)
    other_run = months_run(db, "2020-03", "2020-04", ["tide"])
    coding = coding_of(db, other_run, tides)
    codes = {sample[0].unit: {"about": CodeValue("no"), "change": CodeValue("0")}}
    with db.write() as connection:
        replace_codes(connection, db, coding, codes)

    with terminal("code", run, "--codebook", tides, "--n", 1) as session:
        assert "all 1 are coded" in session.wait_for_end()

    assert read_coded(db, run, tides) == {}


def test_the_shipped_codebook_asks_of_each_keyword_by_its_name(run: int) -> None:
    with terminal("code", run, "--codebook", "relevance", "--n", 20, "--per", "all") as session:
        place = session.wait_for("relevant: Is this text about ")
        keyword = "fog" if "] fog, 2020" in place else "tide"
        session.press("q", after=f"{keyword}?\n    1 yes  2 no  s cannot be coded")
        session.wait_for_end()
        assert session.status == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--per", "month"], "--per month is for codebooks: write --codebook FILE with it, or a"),
        (["--codebook", "relevance", "--per", "20"], "year, all: write --n 20 for that many texts"),
        (
            ["--codebook", "relevance", "--per", "week"],
            "--per week with a codebook is one of",
        ),
        (["--n", "10001"], "--n 10001 is no number of mentions of each month and keyword: write"),
        (["--per", "0"], "--per 0 is no number of mentions of each month and keyword: write --n"),
        (["--per", "ten"], "--per ten is no number of mentions"),
        (["--codebook", "relevance"], "there is no terminal to code in: write the sample with"),
    ],
)
def test_a_wrong_combination_is_told_with_what_to_write(
    run: int, arguments: list[str], message: str
) -> None:
    done = run_command("label", run, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_a_codebook_that_cannot_be_read_ends_before_anything_is_stored(
    run: int, tides: Path
) -> None:
    tides.write_text("name: tides\n", encoding="utf-8")
    done = tidings("code", run, "--codebook", tides, "--out", "sample.csv")
    assert done.returncode == 1
    assert "line 1: unit is missing: write unit: …" in done.stderr


def test_a_wanted_width_draws_a_pilot_and_then_as_many_texts_as_it_takes(
    db: Database, tmp_path: Path
) -> None:
    words = [f"{left}{right}" for left in "abcdefghijklmno" for right in "pqrstuvwxyz"]
    store(db, [Text("2020-03-02", f"{'Tide' * (n % 3 == 0)} {w}.") for n, w in enumerate(words)])
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    relevance = read_shipped("relevance")
    options = ("code", run, "--codebook", "relevance", "--per", "all", "--within", "0.1")
    result = run_command(*options, "--out", tmp_path / "pilot.csv")
    assert "nobody has coded a text yet: 100 are drawn as a pilot" in result.stderr

    with db.read() as connection:
        codebook_id = find_stored_codebook(connection, relevance.hash)

    assert codebook_id is not None
    sample = draw_code_sample(db, run, relevance, n=20, per=SamplePeriod.ALL, seed=1)
    answers = {
        text.unit: {"relevant": CodeValue(("yes", "no")[n % 2])} for n, text in enumerate(sample)
    }
    with db.write() as connection:
        replace_codes(connection, db, Coding(run, codebook_id, "person:Ann"), answers)

    result = run_command(*options, "--out", tmp_path / "more.csv")
    assert "not yet known to ± 10 points: ± " in result.stderr
    assert "with 20 coded, at 99.95 % (look 1 of 5)" in result.stderr
    drawn = {text.unit for text in read_code_sample(db, run, codebook_id)}
    assert len(drawn) > len(sample)
    assert {text.unit for text in sample} <= drawn

    rows = [row for row in read_estimates(load_run(db, run)) if row.measure == "share"]
    assert {row.confidence for row in rows} == {0.9995}

    # The same codes are one look; more codes are the next, which ends a sample that is enough.
    assert "(look 1 of 5)" in run_command(*options, "--out", tmp_path / "again.csv").stderr
    sample = read_code_sample(db, run, codebook_id)
    answers = {text.unit: {"relevant": CodeValue("no")} for text in sample}
    with db.write() as connection:
        replace_codes(connection, db, Coding(run, codebook_id, "person:Ann"), answers)

    result = run_command(*options, "--out", tmp_path / "enough.csv")
    assert "every share of the whole run is known to ± 10 points" in result.stderr
    assert "(look 2 of 5)" in result.stderr
    assert {text.unit for text in read_code_sample(db, run, codebook_id)} == set(answers)
    result = run_command(*options, "--out", tmp_path / "enough.csv")
    assert "every share of the whole run is known to ± 10 points" in result.stderr
    rows = [row for row in read_estimates(load_run(db, run)) if row.measure == "share"]
    assert {row.confidence for row in rows} == {0.998}

    result = run_command(*options[:4], "--within", "0.1", "--out", tmp_path / "other.csv")
    assert result.returncode == 2
    assert (
        "the texts that are coded were drawn by all: write --per all with --within" in result.stderr
    )


def test_a_smaller_sample_and_another_seed_say_what_becomes_of_the_codes(
    db: Database, tmp_path: Path
) -> None:
    words = [f"{left}{right}" for left in "abcdefghijklmno" for right in "pqrstuvwxyz"]
    store(db, [Text("2020-03-02", f"{'Tide' * (n % 3 == 0)} {w}.") for n, w in enumerate(words)])
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    options = ("code", run, "--codebook", "relevance", "--out", tmp_path / "sample.csv")
    assert "coded" not in run_command(*options, "--n", "20").stderr

    relevance = read_shipped("relevance")
    with db.read() as connection:
        codebook_id = find_stored_codebook(connection, relevance.hash)

    assert codebook_id is not None
    answers = {
        text.unit: {"relevant": CodeValue("no")} for text in read_code_sample(db, run, codebook_id)
    }
    with db.write() as connection:
        replace_codes(connection, db, Coding(run, codebook_id, "person:Ann"), answers)

    shown = run_command(*options, "--n", "5").stderr
    assert "--n 5 and 15 texts more, so that all that is coded still counts" in shown
    assert "20 texts written to" in shown
    shown = " ".join(run_command(*options, "--n", "20", "--seed", "2").stderr.split())
    assert "coded texts of run 1 are not in the sample as it is drawn now" in shown
    report_folder.build(db, [run], tmp_path / "report")
    page = (tmp_path / "report" / "codes.html").read_text()
    # The page counts the codes of texts that the second seed did not draw again.
    left_out = re.search(r"(\d+) coded texts more are outside the sample .*? do not count", page)
    assert left_out is not None
    counted = re.search(r"<dt>read</dt><dd>(\d+) of 20 texts drawn at random", page)
    assert counted is not None
    assert int(left_out[1]) + int(counted[1]) == len(answers) == 20
    assert int(left_out[1]) > 0
