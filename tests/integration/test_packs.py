"""Runs are packed and verified: every table from the answers, every changed byte by its name."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml
from sqlalchemy import delete, insert, select, update

from analysis.codebooks.codebook_files import parse_codebook, read_shipped
from analysis.codebooks.wanted import parse_sought
from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.searches import SearchParameters
from cli import context
from cli.main import main
from core.enums import SamplePeriod, UncodedReason
from core.errors import TidingsError, UsageError
from core.settings import Settings
from models.codes import (
    CodeValue,
    Coding,
    UnitCodes,
    UnitKey,
    add_codes,
    find_stored_codebook,
    replace_codes,
)
from models.database import Database
from models.documents import add_documents
from models.tables import Answer, Document, Job, JobDocument, Mention, Run, RunEngine
from packs.make import make_pack
from packs.verification import Verification
from producers.code_sample import draw_code_sample
from producers.coding_session import cannot_be_coded
from reports.stats.search_recall import DrawPlan
from tests.coding_kit import YES_NO_CODEBOOK
from tests.databases import on_sqlite
from tests.exports_kit import exported, training
from tests.jobs_kit import Jobs
from tests.label_kit import store_labels
from tests.packs_kit import (
    UNQUOTED,
    change,
    document,
    flipped_byte,
    forge,
    jobs_over_headlines,
    months,
    pack,
    store_headlines,
    verify,
    without_figures,
)
from workers.document_search import DocumentSearch

NEW_YEAR = datetime(2021, 1, 1)  # noqa: DTZ001 - as it is stored
OF_MONTHS = (
    *("mentions", "periods", "phrases", "entities", "summaries", "distinctive", "labels"),
    *("documents", "coverage", "comentions", "codes", "agreement", "estimates", "found"),
)
OF_POSTS = tuple(table for table in OF_MONTHS if table not in {"mentions", "labels", "comentions"})


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:
    with closing(Jobs(stub_settings)) as opened:
        store_headlines(opened)
        yield opened


@pytest.fixture(scope="module")
def packed(
    tmp_path_factory: pytest.TempPathFactory, _valkey: str, _sqlite_template: Path
) -> Iterator[Path]:
    """A pack of months, with texts; its run has the number 1."""
    folder = tmp_path_factory.mktemp("packed")
    with jobs_over_headlines(folder, _valkey, _sqlite_template) as jobs:
        yield pack(jobs, done_months(jobs), folder / "pack.zip", texts=True, figures=True)


@pytest.fixture(scope="module")
def plain(packed: Path) -> Path:
    """The same pack without figures."""
    return without_figures(packed)


def done_months(jobs: Jobs, **changed: Any) -> int:
    """Add a run of three months, the last without documents, with a label; return its number."""
    run = jobs.submit(months(**changed))
    jobs.do_all(run)
    keys = (Mention.document_id, Mention.keyword, Mention.position)
    with jobs.db.read() as connection:
        row = connection.execute(select(*keys).order_by(*keys).limit(1)).one()

    store_labels(jobs.db, run, "Ann", {UnitKey(*row): -1})

    return run


def done_accounts(jobs: Jobs) -> int:
    for handle in ("ann", "bob"):
        for number in range(4):
            text = f"The {handle} launch number {number} was fine. NASA likes {handle} a lot."
            at = datetime(2021, 1 + number % 2, 3)  # noqa: DTZ001 - as it is stored
            row = document(f"posts:{handle}/{number}", "posts", text, at=at, handle=handle)
            add_documents(jobs.db, [row])

    run = jobs.submit(AccountsParameters(source="posts"), "ann", "bob", "nobody")
    jobs.do_all(run)
    return run


def assert_equal(result: Verification, tables: tuple[str, ...]) -> None:
    assert result.problems == []
    assert tuple(result.recomputed) == tables


@on_sqlite
def test_a_pack_with_texts_is_computed_again_to_the_byte(jobs: Jobs, tmp_path: Path) -> None:
    run = done_months(jobs)
    path = pack(jobs, run, tmp_path / "a.zip", texts=True, coders=True, figures=True)
    again = pack(jobs, run, tmp_path / "b.zip", texts=True, coders=True, figures=True)
    assert path.read_bytes() == again.read_bytes()

    with ZipFile(path) as archive:
        for table in (*OF_MONTHS, "calls"):
            assert archive.read(f"exports/{table}.jsonl") == exported(jobs.db, run, table)

        assert archive.read("exports/periods.csv") == exported(jobs.db, run, "periods", "csv")
        assert json.loads(archive.read("exports/labels.jsonl"))["label"] == -1
        assert any(name.startswith("figures/") for name in archive.namelist())

    result = verify(path)
    assert_equal(result, OF_MONTHS)
    assert result.not_checked == {}
    assert result.figures_drawn > 0


def test_a_pack_without_texts_holds_none_and_polarities_are_computed_again(
    jobs: Jobs, tmp_path: Path
) -> None:
    run = done_months(jobs)
    path = pack(jobs, run, tmp_path / "pack.zip", figures=True)
    with ZipFile(path) as archive:
        for name in archive.namelist():
            assert UNQUOTED.encode() not in archive.read(name), name

    result = verify(path)
    recomputed = ("mentions", "periods", "labels", "documents", "comentions", "codes", "agreement")
    recomputed += ("estimates",)
    assert_equal(result, recomputed)
    assert {*OF_MONTHS} - {*result.recomputed} <= result.not_checked.keys()
    assert "calls" not in result.not_checked

    changed = change(path, "answers/polarity.jsonl", _change_highest_polarity, checksums=True)
    problems = verify(changed).problems
    assert problems[0].startswith("exports/mentions.csv, line ")
    assert any(problem.startswith("exports/periods.jsonl, line ") for problem in problems)


RELEVANCE = read_shipped("relevance")
SHORT = parse_codebook(YES_NO_CODEBOOK.encode(), "short.yaml")


def add_codes_of_people(jobs: Jobs, run: int) -> None:
    """Have Zoe and Ann code a sample, differ, and decide; Ann coded one text in another run."""
    sample = draw_code_sample(jobs.db, run, RELEVANCE, n=6, per=SamplePeriod.MONTH, seed=1)
    other_run = done_months(jobs)
    with jobs.db.write() as connection:
        codebook_id = find_stored_codebook(connection, RELEVANCE.hash)
        assert codebook_id is not None
        for coder, answers in (("Zoe", "yynnyn"), ("Ann", "ynnny"), ("adjudicated", " y")):
            codes: dict[UnitKey, UnitCodes] = {}
            for text, answer in zip(sample, answers, strict=False):
                if answer != " ":
                    code = RELEVANCE.variables[0].parse_code(answer)
                    codes[text.unit] = {"relevant": CodeValue(code)}

            replace_codes(connection, jobs.db, Coding(run, codebook_id, f"person:{coder}"), codes)

        unclear = {sample[5].unit: {"relevant": cannot_be_coded(UncodedReason.UNCLEAR)}}
        replace_codes(connection, jobs.db, Coding(other_run, codebook_id, "person:Ann"), unclear)


@on_sqlite
@pytest.mark.parametrize("texts", [True, pytest.param(False, marks=pytest.mark.thorough)])
def test_a_pack_holds_codes_samples_and_codebooks_with_numbers_for_the_coders(
    jobs: Jobs, tmp_path: Path, texts: bool
) -> None:
    run = done_months(jobs)
    add_codes_of_people(jobs, run)
    path = pack(jobs, run, tmp_path / "pack.zip", texts=texts)
    with ZipFile(path) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            assert not any(coder in content for coder in (b"Ann", b"Zoe")), name

        codebooks = list(map(json.loads, archive.read("rows/codebooks.jsonl").splitlines()))
        units = archive.read("rows/sampled_units.jsonl").splitlines()
        codes = list(map(json.loads, archive.read("exports/codes.jsonl").splitlines()))
        estimates = archive.read("exports/estimates.jsonl").splitlines()

    assert [line["content"]["name"] for line in codebooks] == ["relevance", "polarity"]
    assert len(units) == 6
    relevance_codes = [line for line in codes if line["codebook"] == "relevance"]
    coders = Counter(line["coder"] for line in relevance_codes)
    assert coders == {"person:1": 6, "person:2": 6, "person:adjudicated": 1}
    assert [line["reason"] for line in relevance_codes].count("unclear") == 1
    assert len(estimates) > 3

    result = verify(path)
    assert result.problems == []
    assert {"codes", "agreement", "estimates", "labels"} <= set(result.recomputed)

    named = pack(jobs, run, tmp_path / "named.zip", texts=texts, coders=True)
    with ZipFile(named) as archive:
        assert b'"coder": "person:Zoe"' in archive.read("exports/codes.jsonl")

    assert verify(named).problems == []


@on_sqlite
@pytest.mark.parametrize("texts", [True, pytest.param(False, marks=pytest.mark.thorough)])
def test_a_pack_holds_what_a_search_had_people_read_and_what_it_found(
    jobs: Jobs, tmp_path: Path, texts: bool
) -> None:
    run = done_months(jobs)
    search = DocumentSearch(jobs.db, run, SHORT, parse_sought(SHORT, "about=yes"))
    batch = search.plan_batch(DrawPlan(0.2, are_ranked=True))
    coding = Coding(run, search.search.codebook_id, "person:Zoe")
    for text, code in zip(batch[:3], ("yes", "no", "yes"), strict=True):
        add_codes(jobs.db, coding, text.unit, {"about": CodeValue(code)})

    path = pack(jobs, run, tmp_path / "pack.zip", texts=texts)
    with ZipFile(path) as archive:
        found = list(map(json.loads, archive.read("exports/found.jsonl").splitlines()))
        searched = archive.read("rows/searched_units.jsonl").splitlines()

    assert len(searched) == len(batch)
    assert {line["document"] for line in found} == {batch[0].document, batch[2].document}
    assert {line["text"] is None for line in found} == {not texts}
    result = verify(path)
    assert result.problems == []
    assert ("found" in result.recomputed) is texts


@pytest.mark.thorough
def test_codes_and_codebooks_that_were_changed_are_no_longer_what_tables_follow_from(
    jobs: Jobs, tmp_path: Path
) -> None:
    run = done_months(jobs)
    add_codes_of_people(jobs, run)
    path = pack(jobs, run, tmp_path / "pack.zip", texts=True)

    def turn(content: bytes) -> bytes:
        return content.replace(b'"code": "yes"', b'"code": "no"')

    changed = verify(change(path, "exports/codes.jsonl", turn, checksums=True))
    assert any("exports/estimates.jsonl" in problem for problem in changed.problems)

    def reword(content: bytes) -> bytes:
        return content.replace(b"Is this text about", b"Was this text about")

    reworded = verify(change(path, "rows/codebooks.jsonl", reword, checksums=True))
    problem = next(each for each in reworded.problems if each.startswith("no table"))
    assert problem.endswith("is not in the pack")
    assert "rows/sample_strata.jsonl, line 1: " in problem


def _change_highest_polarity(content: bytes) -> bytes:
    """Change the highest: which answer is the first depends on the address of the service."""
    answers = list(map(json.loads, content.splitlines()))
    highest = max(answers, key=itemgetter("value"))
    highest["value"] = 0.125
    return b"".join(json.dumps(answer).encode() + b"\n" for answer in answers)


@pytest.mark.parametrize("texts", [True, pytest.param(False, marks=pytest.mark.thorough)])
def test_accounts_are_packed_with_those_they_are_compared_with(
    jobs: Jobs, tmp_path: Path, *, texts: bool
) -> None:
    path = pack(jobs, done_accounts(jobs), tmp_path / "pack.zip", texts=texts, figures=True)
    assert_equal(
        verify(path), OF_POSTS if texts else ("periods", "codes", "agreement", "estimates")
    )


def test_searches_keep_which_documents_each_found(jobs: Jobs, tmp_path: Path) -> None:
    run = jobs.submit(SearchParameters(steps=("polarity", "phrases", "distinctive")), "rover", "x")
    for number, row in enumerate(jobs.rows(run)):
        post = document(f"x:{number}", "x", f"A rover, {number}.", at=NEW_YEAR)
        add_documents(jobs.db, [post], job_id=row.id)

    with jobs.db.write() as connection:
        shared = select(Document.id).where(Document.identity == "x:0")
        second = jobs.rows(run)[1].id
        values = {"job_id": second, "document_id": connection.scalar(shared)}
        connection.execute(insert(JobDocument), [values])

    jobs.do_all(run)
    assert [row.state for row in jobs.rows(run)] == ["done", "done"]

    path = pack(jobs, run, tmp_path / "pack.zip", texts=True, figures=True)
    assert_equal(verify(path), OF_POSTS)
    with ZipFile(path) as archive:
        lines = [json.loads(line) for line in archive.read("documents.jsonl").splitlines()]

    found = {line["identity"]: line["jobs"] for line in lines}
    assert found["x:0"] == ["search:rover", "search:x"]


@pytest.mark.thorough
def test_failed_jobs_are_packed_as_they_are(jobs: Jobs, tmp_path: Path) -> None:
    run = done_months(jobs)
    of_run = (Job.run_id == run, Job.name == "2020-04")
    with jobs.db.write() as connection:
        connection.execute(update(Job).where(*of_run).values(state="failed", reason="no key"))
        connection.execute(update(Run).where(Run.id == run).values(state="failed"))

    assert_equal(verify(pack(jobs, run, tmp_path / "p.zip", texts=True)), OF_MONTHS)


@pytest.mark.thorough
def test_each_step_is_done_again_with_the_engine_that_answered_it(
    jobs: Jobs, tmp_path: Path
) -> None:
    run = done_months(jobs)
    with jobs.db.write() as connection:
        first = {"run_id": run, "engine": "an-earlier-one"}  # that sorts before the other
        connection.execute(insert(RunEngine), [first])

    path = pack(jobs, run, tmp_path / "pack.zip", texts=True)
    assert_equal(verify(path), OF_MONTHS)
    with ZipFile(path) as archive:
        steps = map(json.loads, archive.read("rows/job_steps.jsonl").splitlines())

    assert "an-earlier-one" not in {step["engine"] for step in steps}


def test_a_run_without_its_answers_is_not_packed(jobs: Jobs, tmp_path: Path) -> None:
    run = done_months(jobs)
    with jobs.db.write() as connection:
        connection.execute(update(Mention).values(polarity=0.75))

    with pytest.raises(TidingsError, match="give other results than those that are stored"):
        pack(jobs, run, tmp_path / "pack.zip")

    with jobs.db.write() as connection:
        connection.execute(delete(Answer))

    with pytest.raises(TidingsError, match="answers are not stored any more"):
        pack(jobs, run, tmp_path / "pack.zip")

    assert list(tmp_path.glob("pack*")) == []


def test_a_run_that_has_not_ended_is_not_packed(jobs: Jobs, tmp_path: Path) -> None:
    run = jobs.submit(months())
    with pytest.raises(UsageError, match=f"run {run} is queued: wait for its end"):
        pack(jobs, run, tmp_path / "pack.zip")


def test_a_changed_table_is_named_with_its_first_line_that_differs(plain: Path) -> None:
    name = "exports/periods.jsonl"

    def edit(content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        lines[2] = lines[2].replace(b'"documents": 4', b'"documents": 5')
        return b"".join(lines)

    for corrected in (True, False):
        (problem,) = verify(change(plain, name, edit, checksums=corrected)).problems
        assert problem.startswith(f"{name}, line 3: …")
        assert '"documents": 5' in problem.split(" is in the pack, ")[0]
        assert '"documents": 4' in problem.split(" is in the pack, ")[1]

    (problem,) = verify(change(plain, name, lambda content: content[:-1])).problems
    assert problem.startswith(f"{name}, line 15: ")


def test_a_table_that_the_pack_does_not_name_is_computed_again_too(plain: Path) -> None:
    changed = change(plain, "run.json", lambda content: content.replace(b'"periods",\n', b""))
    result = verify(changed)
    (problem,) = result.problems
    assert problem.startswith("run.json, line ")
    assert '"periods",' in problem.split(" is in the pack, ")[1]
    assert set(result.recomputed) == set(OF_MONTHS)


def test_a_byte_that_was_hit_is_named_by_its_file(packed: Path) -> None:
    with ZipFile(packed) as archive:
        entry = archive.getinfo("exports/entities.jsonl")
        figure = next(each for each in archive.infolist() if each.filename.endswith(".svg"))

    with flipped_byte(packed, entry.header_offset + 80 + entry.compress_size // 2) as changed:
        (problem,) = verify(changed).problems

    assert problem.startswith("exports/entities.jsonl is damaged (")

    with flipped_byte(packed, figure.header_offset + 200) as changed:
        result = verify(changed)

    (problem,) = result.problems
    assert problem == f"{figure.filename} is not the figure that follows from the tables"
    assert tuple(result.recomputed) == OF_MONTHS


@pytest.mark.parametrize(
    ("name", "edit", "said"),
    [
        (
            "documents.jsonl",
            lambda content: content.replace(b"rover", b"robot"),
            "documents.jsonl, line 3: the text is not the one that was hashed",
        ),
        (
            "answers/polarity.jsonl",
            lambda content: b"{}\n" + content,
            "answers/polarity.jsonl, line 1: key: Field required",
        ),
        (
            "answers/polarity.jsonl",
            lambda content: content.split(b"\n", 1)[1],
            "answers/polarity.jsonl: an answer for 2020-03 lacks or is malformed",
        ),
        (
            "rows/jobs.jsonl",
            lambda content: content.replace(b"2020-04", b"2020-99"),
            "rows/jobs.jsonl, line 2: it is no job of such a run",
        ),
        ("run.json", lambda content: content.replace(b'"kind": "months",\n  "f', b'"f'), ""),
    ],
)
def test_a_changed_input_is_named(
    plain: Path, name: str, edit: Callable[[bytes], bytes], said: str
) -> None:
    result = verify(change(plain, name, edit))
    assert f"{name} is not the file that SHA256SUMS names" in result.problems
    assert result.recomputed == []
    (problem,) = (each for each in result.problems if each.startswith("no table"))
    assert problem.startswith(f"no table can be computed again: {said}")


def test_a_training_is_packed_with_its_weights_and_compared_by_checksum(
    db: Database, tmp_path: Path
) -> None:
    run = training(db)
    with db.write() as connection:
        connection.execute(update(Run).where(Run.id == run).values(state="done"))
        connection.execute(update(Job).where(Job.run_id == run).values(state="done"))

    path = tmp_path / "pack.zip"
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    make_pack(db, run, path, scratch=scratch, texts=True)
    with ZipFile(path) as archive:
        weights = [name for name in archive.namelist() if name.endswith(".npz")]
        assert [archive.read(name) for name in weights] == [b"weights"]

    result = verify(path)
    assert_equal(result, ())
    unchecked = ["epochs", "predictions", "trainings", "figures", "weights"]
    assert list(result.not_checked) == unchecked
    told = f"NOT CHECKED, since to compute them again is to train again: {', '.join(unchecked)}"
    assert told in result.describe()

    problems = verify(forge(path, {"exports/epochs.csv": b"epoch\r\n"})).problems
    assert [problem.split(",")[0] for problem in problems] == ["exports/epochs.csv"]
    problems = verify(change(path, weights[0], bytes.upper)).problems
    assert problems == [f"{weights[0]} is not the file that SHA256SUMS names"]


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tidings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Call]:
    """Run ``tidings`` in this process; return its status, standard output and error."""
    monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "another-home"))
    opened: list[Database] = []  # a command leaves closing to the end of its process
    original = context.open_database

    def open_database(*arguments: Any, **named: Any) -> Database:
        opened.append(original(*arguments, **named))
        return opened[-1]

    monkeypatch.setattr(context, "open_database", open_database)

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tidings", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()

        return int(ended.value.code or 0), *capsys.readouterr()

    yield call
    for database in opened:
        database.close()


def test_verify_says_equal_with_status_0_and_a_difference_with_1(
    tidings: Call, packed: Path, tmp_path: Path
) -> None:
    status, said, _ = tidings("verify", packed, "--strict")
    checksum = hashlib.sha256(packed.read_bytes()).hexdigest()
    lines = said.splitlines()
    assert (status, lines[1]) == (0, f"SHA-256 {checksum}")
    assert lines[2] == f"computed again from the answers: {', '.join(OF_MONTHS)}"
    assert lines[3].startswith("drawn again: ")
    assert lines[4].startswith("taken as given: documents, answers, labels, codes of people, ")
    assert lines[5] == "equal: the files are those that follow from what is given, to the byte"
    assert len(lines) == 6
    assert not (tmp_path / "another-home").exists()

    changed = change(packed, "CITATION.cff", bytes.upper)
    status, said, _ = tidings("verify", changed)
    assert status == 1
    assert said.splitlines()[-1].startswith("NOT EQUAL: CITATION.cff, line 1: CFF-VERSION: 1.2.0 ")
    status, said, _ = tidings("verify", changed, "--json")
    problems = json.loads(said)["problems"]
    assert status == 1
    assert [problem.split(",")[0] for problem in problems] == ["CITATION.cff"]


def test_wrong_usage_and_files_that_are_no_packs(
    tidings: Call, packed: Path, tmp_path: Path
) -> None:
    assert tidings("verify", tmp_path / "nowhere.zip")[0] == 2
    assert tidings("verify")[0] == 2
    other = tmp_path / "other.zip"
    with ZipFile(other, "w") as archive:
        archive.writestr("a.txt", "a")

    status, said, warned = tidings("verify", other)
    assert (status, said) == (1, "")
    assert warned == "tidings: run.json is not in the pack\n"
    older = change(
        packed, "run.json", lambda content: content.replace(b'"format": 6', b'"format": 4')
    )
    said = "tidings: run.json: format: another version of Tidings packed it: pack the run again\n"
    assert tidings("verify", older) == (1, "", said)
    other.write_bytes(packed.read_bytes()[:-1000])
    status, _, warned = tidings("verify", other)
    assert status == 1
    assert warned.endswith("give a file that `tidings pack` wrote\n")


def test_pack_prints_the_file_and_warns_where_nobody_is_cited(
    tidings: Call, db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TIDINGS_DATABASE_URL", database_url)
    run = training(db)
    assert tidings("pack", str(run))[0] == 2  # it has not ended
    with db.write() as connection:
        connection.execute(update(Run).where(Run.id == run).values(state="done"))

    status, said, warned = tidings("pack", str(run))
    assert (status, said) == (0, f"tidings-run-{run}.zip\n")
    assert "CITATION.cff names nobody" in warned
    checksum = hashlib.sha256(Path(f"tidings-run-{run}.zip").read_bytes()).hexdigest()
    assert f"SHA-256 {checksum}" in warned

    out = tmp_path / "study.zip"
    names = ("--author", "Doe, Jane", "--author", "The Institute", "--title", "A: study")
    status, said, warned = tidings("pack", str(run), "--out", out, *names)
    assert (status, said) == (0, f"{out}\n")
    assert "names nobody" not in warned
    with ZipFile(out) as archive:
        citation = yaml.safe_load(archive.read("CITATION.cff"))

    assert citation["title"] == "A: study"
    assert citation["authors"] == [
        {"family-names": "Doe", "given-names": "Jane"},
        {"name": "The Institute"},
    ]
    assert tidings("pack", str(run), "--author", "Doe,")[0] == 2
