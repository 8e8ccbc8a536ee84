"""``tidings label``: the sample, the session in a terminal, and the file that is coded."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from analysis.codebooks.codebook_files import read_shipped
from cli.coding_request import check_coder
from core.errors import BadInput, NotFound, UsageError
from models.codes import ADJUDICATED, PERSON, UnitKey
from models.database import Database
from models.erasure import forget_documents, forget_run
from models.tables import Code, Document, Mention
from producers.code_sample import SampledText
from producers.coded_files.reading import read_coded_file
from producers.coded_files.rows import parse_cell
from producers.label_sample import draw_label_sample
from reports.data import exports
from reports.data.run_data import load_run
from reports.data.run_fingerprint import fingerprint_run
from reports.data.tables.codes import read_agreement
from tests.command_kit import run_command
from tests.label_kit import add_run, labels_of, store_labels, terminal, tidings
from tests.report_stories import Text, handles_run, months_run, store

POLARITY = read_shipped("polarity")


@pytest.fixture
def db(command_db: Database) -> Database:
    return command_db


@pytest.fixture
def run(db: Database) -> int:
    return add_run(db)


def strata(sample: list[SampledText]) -> Counter[tuple[str, str]]:
    return Counter((mention.keyword, mention.period) for mention in sample)


def test_the_sample_has_as_many_of_each_month_and_keyword_or_all_that_there_are(
    db: Database, run: int
) -> None:
    sample = draw_label_sample(db, run, per=10, seed=1)
    expected = {("tide", "2020-03"): 10, ("tide", "2020-04"): 10, ("fog", "2020-04"): 4}
    assert strata(sample) == expected
    assert len({mention.unit for mention in sample}) == 24
    rounds = [strata(sample[start : start + 3]) for start in (0, 3, 6, 9)]
    assert rounds == [dict.fromkeys(expected, 1)] * 4  # who stops early has some of each


def test_the_same_seed_draws_the_same_sample_and_a_larger_one_holds_it(
    db: Database, run: int
) -> None:
    sample = draw_label_sample(db, run, per=5, seed=1)
    assert draw_label_sample(db, run, per=5, seed=1) == sample
    assert set(sample) < set(draw_label_sample(db, run, per=9, seed=1))
    assert set(sample) != set(draw_label_sample(db, run, per=5, seed=2))


@pytest.mark.thorough
def test_every_mention_is_drawn_as_often_as_any_other(db: Database, run: int) -> None:
    drawn: Counter[str] = Counter()
    for seed in range(200):
        sample = draw_label_sample(db, run, per=6, seed=seed)
        drawn.update(mention.text for mention in sample if mention.period == "2020-03")

    assert len(drawn) == 30
    chi_squared = sum((count - 40) ** 2 / 40 for count in drawn.values())
    assert chi_squared < 58  # 29 degrees of freedom: more in one of a thousand


def test_an_erased_document_leaves_its_place_and_moves_no_other(db: Database, run: int) -> None:
    before = draw_label_sample(db, run, per=10, seed=1)
    with db.write() as connection:
        connection.execute(delete(Document).where(Document.identity == before[0].document))

    after = draw_label_sample(db, run, per=10, seed=1)
    assert set(before[1:]) <= set(after)


def test_a_mention_without_a_polarity_is_not_drawn(db: Database, run: int) -> None:
    with db.write() as connection:
        connection.execute(update(Mention).where(Mention.keyword == "tide").values(polarity=None))

    assert set(strata(draw_label_sample(db, run, per=10, seed=1))) == {("fog", "2020-04")}
    with db.write() as connection:
        connection.execute(update(Mention).values(polarity=None))

    with pytest.raises(UsageError, match="no mention with a polarity"):
        draw_label_sample(db, run, per=10, seed=1)


def test_only_runs_of_months_have_mentions(db: Database, run: int) -> None:
    with pytest.raises(NotFound):
        draw_label_sample(db, run + 9, per=10, seed=1)

    store(db, [Text("2020-03-01", "Hello.", handle="ann", source="x")])
    accounts = handles_run(db, ["ann"])
    with pytest.raises(UsageError, match="is of handles"):
        draw_label_sample(db, accounts, per=10, seed=1)


def test_a_session_stores_each_label_at_once_takes_one_back_and_goes_on_later(
    db: Database, run: int
) -> None:
    sample = draw_label_sample(db, run, per=2, seed=1)
    keys = [mention.unit for mention in sample]
    with terminal("label", run, "--n", 2) as session:
        session.press("u", after="[1 of 6]")
        session.press("1", after="nothing to undo")
        session.press("\x1b[A", after="[2 of 6]")  # an arrow is no key
        session.press("3", after="s cannot be coded\n    1 -1 (negative)")
        session.press("u", after="[3 of 6]")
        session.press("2", after="undone\n\n[2 of 6]")
        session.press("s", after="[3 of 6]")
        session.press("1", after="1 unclear")
        session.wait_for("[4 of 6]")
        assert labels_of(db, run) == {keys[0]: -1, keys[1]: 0, keys[2]: None}  # not quit yet
        session.press("q", after="\n")
        assert "the same command goes on from here" in session.wait_for_end()
        assert session.status == 0

    with terminal("label", run, "--n", 2) as session:
        assert "3 of 6 texts are coded" in session.wait_for("[4 of 6]")
        for place, key in ((4, "3"), (5, "3"), (6, "1")):
            session.press(key, after="\n" if place == 4 else f"[{place} of 6]")

        end = session.wait_for_end()

    assert "all 6 are coded: a larger --n draws more" in end
    assert "coder 1: 6 texts" in end
    assert labels_of(db, run) == dict(zip(keys, (-1, 0, None, 1, 1, -1), strict=True))


def test_a_sentence_is_shown_without_its_control_characters(db: Database, run: int) -> None:
    fog = next(m for m in draw_label_sample(db, run, per=1, seed=1) if m.keyword == "fog")
    assert "\x1b" in fog.text
    with terminal("label", run, "--per", 1) as session:
        place = draw_label_sample(db, run, per=1, seed=1).index(fog) + 1
        for number in range(1, place):
            session.press("s", after=f"[{number} of 3]")
            session.press("1", after="1 unclear")

        session.wait_for(f"[{place} of 3] fog, 2020-04\n")
        shown = session.wait_for("April.")
        session.press("q", after="\n")
        assert r"\x1b[31m of \u202e" in shown
        session.wait_for_end()

    assert "\x1b" not in shown


def test_a_session_that_is_interrupted_keeps_its_labels(db: Database, run: int) -> None:
    with terminal("label", run, "--per", 2) as session:
        session.press("3", after="[1 of 6]")
        session.press("\x03", after="[2 of 6]")
        session.wait_for_end()
        assert session.status == 130

    assert list(labels_of(db, run).values()) == [1]


def test_two_coders_label_at_once_and_what_they_agree_on_is_told(db: Database, run: int) -> None:
    keys = [mention.unit for mention in draw_label_sample(db, run, per=1, seed=1)]
    with (
        terminal("label", run, "--per", 1, "--coder", "Ann") as ann,
        terminal("label", run, "--per", 1, "--coder", "Ben") as ben,
    ):
        for place in (1, 2, 3):
            ann.press("3", after=f"[{place} of 3]")
            ben.press("3", after=f"[{place} of 3]")

        ann.wait_for_end()
        ben.wait_for_end()

    assert labels_of(db, run, "Ann") == labels_of(db, run, "Ben") == dict.fromkeys(keys, 1)
    (agreement,) = read_agreement(load_run(db, run))
    assert (agreement.shared, agreement.alpha) == (3, None)
    with terminal("label", run, "--per", 1, "--coder", "Ben") as session:
        end = session.wait_for_end()

    assert "polarity: Krippendorff's alpha has no value yet (3 texts coded by several)" in end


def test_a_second_session_of_the_same_coder_overwrites_and_takes_back_no_label_of_the_first(
    db: Database, run: int
) -> None:
    keys = [mention.unit for mention in draw_label_sample(db, run, per=2, seed=1)]
    with (
        terminal("label", run, "--per", 2) as one,
        terminal("label", run, "--per", 2) as other,
    ):
        other.wait_for("0 of 6 texts are coded")
        one.press("1", after="[1 of 6]")
        one.wait_for("[2 of 6]")
        other.press("3", after="[1 of 6]")
        shown = " ".join(other.wait_for("--coder NAME").split())
        assert "coded it meanwhile in another session: that code stays" in shown
        other.press("u", after="[2 of 6]")
        other.press("3", after="there is nothing to undo")
        other.press("q", after="[3 of 6]")
        other.wait_for_end()
        one.press("q", after="\n")
        one.wait_for_end()

    assert labels_of(db, run) == {keys[0]: -1, keys[1]: 1}


def test_a_document_that_is_erased_while_its_sentence_is_shown_has_no_label(
    db: Database, run: int
) -> None:
    keys = [mention.unit for mention in draw_label_sample(db, run, per=2, seed=1)]
    with terminal("label", run, "--per", 2) as session:
        session.wait_for("0 of 6")
        forget_documents(
            db, [keys[0].document_id], sentences=lambda _: [], reason="on request", result_tables=()
        )
        session.press("1", after="[1 of 6]")
        session.press("2", after="its document was erased meanwhile: it has no code")
        session.press("q", after="[3 of 6]")
        session.wait_for_end()
        assert session.status == 0

    assert labels_of(db, run) == {keys[1]: 0}


def test_a_run_that_is_removed_while_it_is_labelled_ends_the_session_in_one_line(
    db: Database, run: int
) -> None:
    with terminal("label", run, "--per", 2) as session:
        session.wait_for("0 of 6")
        forget_run(db, run)
        session.press("1", after="[1 of 6]")
        end = session.wait_for_end()

    assert "Traceback" not in end
    assert f"there is no run {run}" in end
    assert session.status == 1


def test_without_a_terminal_the_command_says_to_use_a_file(run: int) -> None:
    done = tidings("label", run)
    assert done.returncode == 2
    assert "write the sample with --out, and read it with --file" in done.stderr


def write_sample(path: Path, run: int, *arguments: object) -> list[dict[str, str]]:
    done = run_command("label", run, "--out", path, *arguments)
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def write_coded(path: Path, rows: list[dict[str, str]], delimiter: str = ",") -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def test_a_coded_file_comes_back_with_its_labels(db: Database, run: int, tmp_path: Path) -> None:
    path = tmp_path / "coded.csv"
    rows = write_sample(path, run, "--n", 2)
    assert [row["label"] for row in rows] == [""] * 6
    sample = draw_label_sample(db, run, per=2, seed=1)
    assert [row["sentence"] for row in rows] == [mention.text for mention in sample]

    given = ["-1", "positive", "\N{MINUS SIGN}1", "skip", "", "1,0"]
    for row, label in zip(rows, given, strict=True):
        row["label"] = label
        row["period"] = "March 2020"  # what a spreadsheet program makes of it

    write_coded(path, rows, delimiter=";")
    done = tidings("label", run, "--file", path, "--coder", "Ann")
    assert "codes of 5 texts by Ann stored" in done.stderr
    keys = [mention.unit for mention in sample]
    expected = dict(zip([*keys[:4], keys[5]], (-1, 1, -1, None, 1), strict=True))
    assert labels_of(db, run, "Ann") == expected
    again = write_sample(path, run, "--per", 2, "--coder", "Ann")
    assert [row["label"] for row in again] == ["'-1", "1", "'-1", "cannot be coded", "", "1"]
    assert tidings("label", run, "--file", path, "--coder", "Ann").returncode == 0
    assert labels_of(db, run, "Ann") == expected


def test_a_file_with_a_wrong_label_is_refused_whole(db: Database, run: int, tmp_path: Path) -> None:
    path = tmp_path / "coded.csv"
    rows = write_sample(path, run, "--per", 2)
    for row, label in zip(rows, ["1", "2", "good", "", "", "0"], strict=True):
        row["label"] = label

    write_coded(path, rows)
    done = run_command("label", run, "--file", path)
    assert done.returncode == 1
    assert (
        "row 3: '2' is no code of polarity: write a whole number from -1 to 1; row 4: 'good' is no "
        "code of polarity" in done.stderr
    )
    assert "nothing was stored" in done.stderr
    assert labels_of(db, run) == {}


def test_an_item_with_two_labels_that_differ_is_refused_by_its_rows(
    db: Database, run: int, tmp_path: Path
) -> None:
    path = tmp_path / "coded.csv"
    rows = write_sample(path, run, "--per", 2)
    rows[0]["label"] = rows[1]["label"] = "1"
    again = [{**rows[0]}, {**rows[0], "label": ""}, {**rows[0], "label": "-1"}]
    write_coded(path, [*rows, *again])
    done = run_command("label", run, "--file", path)
    assert done.returncode == 1
    item = rows[0]["item"]
    assert f"row 10 gives {item} other codes than row 2: nothing was stored" in done.stderr
    assert labels_of(db, run) == {}

    write_coded(path, [*rows, *again[:2]])
    assert "codes of 2 texts by coder 1 stored" in run_command("label", run, "--file", path).stderr


def test_rows_whose_sentence_is_another_mention_s_are_refused(
    db: Database, run: int, tmp_path: Path
) -> None:
    path = tmp_path / "coded.csv"
    rows = write_sample(path, run, "--per", 2)
    for row in rows:
        row["label"] = "1"

    rows[0]["item"], rows[1]["item"] = rows[1]["item"], rows[0]["item"]
    write_coded(path, rows)
    done = run_command("label", run, "--file", path)
    assert done.returncode == 1
    assert f"row 2 has another text than {rows[0]['item']}" in done.stderr
    assert f"row 3 has another text than {rows[1]['item']}: nothing was stored" in done.stderr
    assert labels_of(db, run) == {}

    for row in rows:
        del row["sentence"]

    write_coded(path, rows)
    assert "codes of 6 texts by coder 1 stored" in run_command("label", run, "--file", path).stderr


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "mac-roman"])
def test_a_sentence_as_a_spreadsheet_program_saves_it_is_the_mention_s(
    db: Database, tmp_path: Path, encoding: str
) -> None:
    store(
        db,
        [
            Text("2020-03-01", "“Tide” at the café,  they say."),
            Text("2020-03-02", "'Tide' is Łódź's, they say."),
        ],
    )
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    path = tmp_path / "coded.csv"
    rows = write_sample(path, run)
    for row in rows:
        row["label"] = "1"
        row["sentence"] = f"'{' '.join(row['sentence'].split())} "

    write_coded(path, rows)
    content = path.read_text(encoding="utf-8-sig")
    path.write_bytes(content.encode(encoding, errors="replace"))
    assert "codes of 2 texts by coder 1 stored" in run_command("label", run, "--file", path).stderr

    rows[0]["sentence"], rows[1]["sentence"] = rows[1]["sentence"], rows[0]["sentence"]
    write_coded(path, rows)
    content = path.read_text(encoding="utf-8-sig")
    path.write_bytes(content.encode(encoding, errors="replace"))
    assert "row 2 has another text" in run_command("label", run, "--file", path).stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column item"),
        (b"item,sentence\nm1,Hello\n", "no column label"),
        (b"item,label\nm0000,1\n", "names no text of the sample of run 1"),
        (b"item,label\nm0000\n", "row 2 is no row of the table"),
        (b"\xff\xfe\x00\x01", "no column item"),
    ],
)
def test_a_file_that_is_none_is_one_line(
    run: int, tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "coded.csv"
    path.write_bytes(content)
    done = run_command("label", run, "--file", path)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_that_is_too_large_or_missing_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_coded_file(tmp_path / "none.csv", POLARITY)

    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(2**25 + 1)

    with pytest.raises(BadInput, match="larger than 32 MB"):
        read_coded_file(tmp_path / "large.csv", POLARITY)


@pytest.mark.parametrize("wrong", ["", "2", "0.5", "nan", "inf", "yes", "-"])
def test_what_is_no_label_is_refused(wrong: str) -> None:
    (polarity,) = POLARITY.variables
    with pytest.raises(ValueError, match="is no code of polarity"):
        parse_cell(polarity, wrong)


def test_file_and_out_do_not_go_together_and_a_coder_has_a_name(run: int, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    assert run_command("label", run, "--file", path, "--out", path).returncode == 2
    for name in ("", " ", "x" * 101, "ev\x1bil"):
        done = run_command("label", run, "--coder", name, "--out", path)
        assert (done.returncode, path.exists()) == (2, False)


def add_labels(db: Database, run: int, coder: str, values: list[int | None]) -> list[UnitKey]:
    sample = draw_label_sample(db, run, per=10, seed=1)
    keys = [mention.unit for mention in sample][: len(values)]
    store_labels(db, run, coder, dict(zip(keys, values, strict=True)))
    return keys


def test_two_coders_agree_by_krippendorff_s_alpha(db: Database, run: int) -> None:
    add_labels(db, run, "Ann", [-1, 0, 1, 1, None])
    add_labels(db, run, "Bob", [-1, 0, 1, 0])
    (agreement,) = read_agreement(load_run(db, run))
    assert (agreement.coders, agreement.shared) == (2, 4)
    # Observed: one pair of eight values differs by one; expected: all 56 pairs of the eight.
    expected = 1 - (2 / 8) / ((2 * (8 * 5 - 1)) / (8 * 7))
    assert agreement.alpha == pytest.approx(expected, abs=1e-6)


def exported(db: Database, run: int) -> list[dict[str, str]]:
    out = io.BytesIO()
    exports.write(db, run, "labels", "csv", out)
    return list(csv.DictReader(io.StringIO(out.getvalue().decode("utf-8-sig"))))


def test_labels_are_exported_beside_the_polarity_that_they_check(db: Database, run: int) -> None:
    add_labels(db, run, "Ann", [-1, None, 1])
    rows = exported(db, run)
    assert list(rows[0]) == [
        *("run", "period", "document", "keyword", "position", "coder", "label", "sentence"),
        "polarity",
    ]
    assert sorted(row["label"] for row in rows) == ["", "-1", "1"]
    assert [row["document"] for row in rows if row["period"] == "2020-03"] != []
    assert all(-1 <= float(row["polarity"]) <= 1 for row in rows)


def test_labels_go_with_their_document_and_with_their_run(db: Database, run: int) -> None:
    keys = add_labels(db, run, "Ann", [-1, 0, 1])
    forget_documents(
        db, [keys[0].document_id], sentences=lambda _: [], reason="on request", result_tables=()
    )
    assert set(labels_of(db, run, "Ann")) == set(keys[1:])
    forget_run(db, run)
    with db.read() as connection:
        assert connection.scalars(select(Code.code)).all() == []


def test_a_label_makes_the_report_anew(db: Database, run: int) -> None:
    fingerprints = [fingerprint_run(db, run)]
    add_labels(db, run, "Ann", [0])
    fingerprints.append(fingerprint_run(db, run))
    add_labels(db, run, "Ann", [1])
    fingerprints.append(fingerprint_run(db, run))
    assert len(set(fingerprints)) == 3


def test_no_coder_is_called_as_what_is_decided_between_coders() -> None:
    assert check_coder(" Ann  Bee ") == "Ann Bee"
    with pytest.raises(UsageError, match="no coder can be called adjudicated"):
        check_coder(ADJUDICATED.removeprefix(PERSON))


@pytest.mark.parametrize(
    ("coder", "reason"),
    [
        ("Adjudicated", "decisions between coders are stored so"),
        ("deci\u00adde", "the page on which codes are decided is called so"),
        ("\uff24\uff45cisions", "the page on which codes are decided is called so"),
        ("model:gpt", "machines that code are named so"),
        ("\uff2dodel\uff1agpt", "machines that code are named so"),
        ("network:1", "machines that code are named so"),
        ("person:x", "give the name without person:"),
        ("\u00ad", "wants a name"),
    ],
)
def test_no_coder_is_called_as_a_page_or_a_machine_is_however_it_is_written(
    coder: str, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        check_coder(coder)
