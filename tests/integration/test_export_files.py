"""Exports as files: their formats, their order to the byte, and what an error leaves."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, bindparam, delete, func, literal, null, select
from sqlalchemy.exc import DBAPIError

from core.errors import DatabaseAway, NotFound, TidingsError, UsageError
from models.database import Database
from models.tables import (
    Document,
    Job,
    JobDocument,
    JobStep,
    Mention,
    Prediction,
)
from reports.data import exports, queries
from reports.data.export_schema import describe_tables
from reports.data.formats import comma_separated, jsonl
from reports.data.queries import fetch_all, fetch_column_pages, fetch_columns
from reports.data.run_data import RunData, load_run
from reports.data.tables import documents as documents_table
from tests.exports_kit import (
    COVID,
    TEXT_STEPS,
    add,
    columns_of,
    document,
    exported,
    four_months,
    handles,
    jobs_of,
    mention,
    months,
    rows_of,
    search,
    step,
    training,
)


def test_every_format_has_the_columns_of_the_dictionary_even_without_rows(db: Database) -> None:
    run, _ = months(db, "2020-03", "2020-03")
    for table, schema in exports.TABLES.items():
        meanings = schema.meanings
        (header, *_) = csv.reader(
            io.StringIO(exported(db, run, table, "csv").decode("utf-8-sig"), newline="")
        )
        parquet = pyarrow.parquet.read_table(io.BytesIO(exported(db, run, table, "parquet")))
        assert header == list(meanings)
        assert parquet.column_names == list(meanings)
        assert all(list(row) == list(meanings) for row in rows_of(db, run, table))


def test_the_three_formats_hold_the_same_values(db: Database) -> None:
    run, _ = four_months(db)
    for table in ("mentions", "periods", "documents", "coverage"):
        rows = rows_of(db, run, table)
        assert rows
        parquet = pyarrow.parquet.read_table(io.BytesIO(exported(db, run, table, "parquet")))
        assert [
            {name: as_json(value) for name, value in row.items()} for row in parquet.to_pylist()
        ] == rows
        text = exported(db, run, table, "csv").decode("utf-8-sig")
        as_text = [{name: as_cell(value) for name, value in row.items()} for row in rows]
        assert list(csv.DictReader(io.StringIO(text, newline=""))) == as_text


def as_cell(value: Any) -> str:
    """Return a value of JSONL as CSV writes it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_json(value: Any) -> Any:
    """Return a value of Parquet as JSONL writes it."""
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value


def test_times_of_parquet_are_timestamps_in_utc(db: Database) -> None:
    run, jobs = months(db, "2020-03", "2020-03")
    add(db, Document, document(1, "a", "2020-03"))
    add(db, Mention, mention(jobs["2020-03"], 1, "covid", 1, None))
    for name in ("mentions", "documents"):
        table = pyarrow.parquet.read_table(io.BytesIO(exported(db, run, name, "parquet")))
        assert str(table.schema.field("published_at").type) == "timestamp[us, tz=UTC]"
        (at,) = table.column("published_at").to_pylist()
        assert at == datetime(2020, 3, 14, 21, 30, 5, tzinfo=UTC)  # without parts of a second


def test_columns_of_few_values_are_categories_in_parquet(db: Database) -> None:
    run, _ = four_months(db)
    parquet = pyarrow.parquet.ParquetFile(io.BytesIO(exported(db, run, "mentions", "parquet")))
    types = {field.name: str(field.type) for field in parquet.schema_arrow}
    category = "dictionary<values=string, indices=int32, ordered=0>"
    assert {name for name, kind in types.items() if kind == category} == {
        *("period", "handle", "keyword", "term", "group", "outlet", "section", "kind", "desk"),
    }
    assert (types["sentence"], types["position"], types["polarity"]) == (
        *("string", "int64", "double"),
    )
    assert str(types["published_at"]) == "timestamp[us, tz=UTC]"
    assert parquet.read().column("keyword").to_pylist() == [
        row["keyword"] for row in rows_of(db, run, "mentions")
    ]


@pytest.mark.parametrize("at", [datetime.min, datetime.max])  # noqa: DTZ901 - naive UTC
def test_the_first_and_the_last_moment_of_the_calendar_are_exported(
    db: Database, at: datetime
) -> None:
    run, _ = handles(db, "nasa")
    add(db, Document, document(1, "a", source="x", handle="nasa") | {"published_at": at})
    (row,) = rows_of(db, run, "documents")
    assert row["published_at"] == f"{at.replace(microsecond=0).isoformat()}Z"
    table = pyarrow.parquet.read_table(io.BytesIO(exported(db, run, "documents", "parquet")))
    assert table.column("published_at").to_pylist()[0].year == at.year


def test_a_csv_opens_in_a_spreadsheet_and_runs_nothing(db: Database) -> None:
    run, jobs = months(db, "2020-03", "2020-03")
    text = '=cmd|"/C calc"!A0, "quoted"\r\nsecond line é 😀 שלום'
    add(db, Document, document(1, "a", "2020-03", text=text, address="@here or"))
    add(db, Mention, mention(jobs["2020-03"], 1, "covid", 1, -0.5))
    raw = exported(db, run, "mentions", "csv")
    header = (
        "run,period,handle,document,published_at,address,keyword,term,position,sentence,text,"
        "polarity,group,outlet,section,kind,desk,tags"
    )
    assert (
        raw
        == (
            f"\ufeff{header}\r\n"
            f"{run},2020-03,,nyt:a,2020-03-14T21:30:05Z,'@here or,covid,covid,1,Sentence 1.,"
            '"\'=cmd|""/C calc""!A0, ""quoted""\r\nsecond line é 😀 שלום",-0.5,,,,News,,\r\n'
        ).encode()
    )


def test_a_row_of_jsonl_is_one_line_for_every_reader(db: Database) -> None:
    run, _ = months(db, "2020-03", "2020-03")
    add(
        db,
        Document,
        document(1, "a", "2020-03", text="one\u2028two\x85three\nfour \u2029é <script>"),
    )
    raw = exported(db, run, "documents").decode()
    assert len(raw.splitlines()) == 1
    assert "é <script>" in raw
    assert (
        rows_of(db, run, "documents")[0]["text"] == "one\u2028two\x85three\nfour \u2029é <script>"
    )


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.none()
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(CELLS, NUMBERS, CELLS)))
@example([(f"{start}1", -1, start) for start in ("=", "+", "-", "\t", "\r")])
@example([("@nasa", 0, "@"), ("@SUM(1)", 0, "@a b"), ("@cmd|' /C calc'!A0", 0, "@=1")])
@example([("@a@b.social", 0, "@x.bsky.social"), ("@nasa\n", 0, "@-1"), ("@a@=1", 0, "@@a")])
def test_a_csv_read_back_is_what_was_written(
    rows: Sequence[tuple[str | None, float, str | None]],
) -> None:
    out = io.BytesIO()
    with comma_separated(out, {"left": str, "number": float, "right": str}) as write:
        write(list(zip(*rows, strict=True)) or [[], [], []])

    header, *found = csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline=""))
    assert header == ["left", "number", "right"]
    for (left, number, right), cells in zip(rows, found, strict=True):
        assert cells[1] == str(number)
        for value, cell in ((left, cells[0]), (right, cells[2])):
            # What a spreadsheet program would take for a formula is not there.
            assert not cell.startswith(("=", "+", "-", "\uff1d", "\uff0b", "\uff0d", "\t", "\r"))
            assert not cell.startswith("@") or re.fullmatch(r"@[\w.-]+(@[\w.-]+)?", cell)
            assert cell in {value or "", f"'{value}"}


@pytest.mark.parametrize("name", ["@nasa", "@NASA_2", "@name.bsky.social", "@ann@a-b.social"])
def test_the_name_of_an_account_gets_no_apostrophe(name: str) -> None:
    assert cell_of(name) == name


@pytest.mark.parametrize(
    "text",
    ["@", "@SUM(1+1)", "@A1 B1", "@cmd|' /C calc'!A0", "@=1", "@@a", "@nasa says hello", "@-1",
     "=1", "+1", "-1", "\t1", "\r1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20SUM(1)", "\uff20nasa"],
)  # fmt: skip
def test_what_may_be_a_formula_gets_an_apostrophe(text: str) -> None:
    assert cell_of(text) == f"'{text}"


def cell_of(text: str) -> str:
    out = io.BytesIO()
    with comma_separated(out, {"text": str}) as write:
        write([[text]])

    _, (cell,) = csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline=""))
    return cell


@given(st.lists(st.tuples(CELLS, NUMBERS)))
def test_jsonl_read_back_is_what_was_written(rows: Sequence[tuple[str | None, float]]) -> None:
    out = io.BytesIO()
    with jsonl(out, {"text": str, "number": float}) as write:
        write(list(zip(*rows, strict=True)) or [[], []])

    lines = out.getvalue().decode().splitlines()
    assert [tuple(json.loads(line).values()) for line in lines] == list(rows)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(chance=st.randoms(use_true_random=False))
def test_exports_do_not_depend_on_the_order_of_insertion(db: Database, chance: Random) -> None:
    with db.write() as connection:
        for table in (Mention, JobStep, Job, Document):
            connection.execute(delete(table))

    run, jobs = months(db, "2020-03", "2020-04", steps=("keywords", "polarity"))
    places = [(number, position) for number in range(12) for position in (1, 2, 11)]
    documents = [document(n, f"{n % 5}-{n}", ("2020-03", "2020-04")[n % 2]) for n in range(12)]
    mentions = [
        mention(
            jobs[("2020-03", "2020-04")[number % 2]],
            number,
            term,
            position,
            (number - 5) / 7 + position / 10,
        )
        for number, position in places
        for term in COVID.terms
    ]
    steps = [step(job, name) for job in jobs.values() for name in TEXT_STEPS]
    for rows in (documents, mentions, steps):
        chance.shuffle(rows)

    ids = list(range(100, 112))
    chance.shuffle(ids)  # a document's number says nothing
    add(db, Document, *(row | {"id": ids[row["id"]]} for row in documents))
    add(db, Mention, *(row | {"document_id": ids[row["document_id"]]} for row in mentions))
    add(db, JobStep, *steps)
    for name in ("mentions", "periods", "documents", "coverage"):
        shown = exported(db, run, name).replace(f'"run": {run},'.encode(), b'"run": 1,')
        assert SEEN.setdefault(name, shown) == shown

    assert len(rows_of(db, run, "mentions")) == len(mentions)


SEEN: dict[str, bytes] = {}  # what the first database and order gave: the others must give the same


def test_large_tables_are_read_in_pages_that_lose_and_repeat_nothing(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE", 90)
    run, jobs = months(db, "2020-03", "2020-04")
    names = [f"{'aBcD'[number % 4]}{number}" for number in range(queries.BATCH * 2 + 1)]
    add(db, Document, *(document(n, name, "2020-03") for n, name in enumerate(names)))
    add(db, Mention, *(mention(jobs["2020-03"], n, "covid", 1, None) for n in range(len(names))))
    expected = [(f"nyt:{name}",) for name in sorted(names)]
    assert columns_of(db, run, "documents", "document") == expected
    assert columns_of(db, run, "mentions", "document") == expected
    network = training(db)
    add(
        db,
        Prediction,
        *(
            {
                "job_id": jobs_of(db, network)["feedforward 1"],
                "split": "test",
                "index": n,
                "actual": 0,
                "predicted": 0,
            }
            for n in range(200)
        ),
    )
    assert columns_of(db, network, "predictions", "job", "index")[3:] == [
        ("feedforward 1", n) for n in range(200)
    ]


def test_a_document_of_many_jobs_is_there_once_however_many_there_are(db: Database) -> None:
    run, ids = search(db, "mars", "moon", "sun")
    numbers = range(queries.BATCH + 1)
    add(db, Document, *(document(n, f"{n:04}", "2020-04", source="x") for n in numbers))
    add(
        db,
        JobDocument,
        *({"job_id": job, "document_id": n} for job in ids.values() for n in numbers),
    )
    expected = [(f"x:{n:04}",) for n in numbers]
    assert columns_of(db, run, "documents", "document") == expected


def test_documents_that_do_not_fit_in_memory_have_the_same_rows_in_the_same_order(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = four_months(db)
    in_memory = exported(db, run, "documents")
    monkeypatch.setattr(documents_table, "_IN_MEMORY", 0)
    assert exported(db, run, "documents") == in_memory
    assert in_memory.count(b"\n") == 6


def test_a_row_group_of_parquet_holds_some_thousand_rows(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_ROWS_AT_A_TIME", 4)
    run, _ = four_months(db)
    parquet = pyarrow.parquet.ParquetFile(io.BytesIO(exported(db, run, "documents", "parquet")))
    assert [
        parquet.metadata.row_group(group).num_rows for group in range(parquet.num_row_groups)
    ] == [4, 2]


def test_columns_hold_the_cells_of_rows_of_every_type(db: Database) -> None:
    run, _ = four_months(db)
    columns = (Document.id, Document.identity, Document.published_at, Document.repost)
    documents = select(*columns, Document.handle, null()).where(Document.id != bindparam("other"))
    jobs = select(Job.options, Job.due_at, Job.state).where(Job.run_id == run).order_by(Job.id)

    for statement in (documents.order_by(Document.id), jobs):
        cells_by_column = fetch_columns(db, statement, other=3)
        assert list(zip(*cells_by_column, strict=True)) == list(
            map(tuple, fetch_all(db, statement, other=3))
        )

    assert fetch_columns(db, documents.where(Document.id < 0), other=3) == [[]] * 6
    pages = fetch_column_pages(db, documents.params(other=3), Document.id)
    assert [number for page in pages for number in page[0]] == [1, 2, 4, 5, 6, 7, 8, 9]


def test_an_error_while_rows_are_read_is_one_of_the_database(db: Database) -> None:
    four_months(db)
    # Of the last document it is the absolute value of the least integer, which is none.
    least = literal(-(2**63), BigInteger)
    statement = select(Document.id, func.abs(least + 9 - Document.id)).order_by(Document.id)

    with pytest.raises((DatabaseAway, DBAPIError)):
        fetch_columns(db, statement)


def test_a_file_holds_the_same_bytes_as_a_stream(db: Database, tmp_path: Path) -> None:
    run, _ = four_months(db)
    path = tmp_path / "documents.csv"
    assert exports.write(db, run, "documents", "csv", path) == 6
    assert path.read_bytes() == exported(db, run, "documents", "csv")


def fail_after_the_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    real = exports.EXPORTED["documents"]

    def read(data: RunData, names: Collection[str] | None = None) -> Iterator[Any]:
        assert real.read_frames is not None
        yield from real.read_frames(data, names)
        raise NotFound("forgotten meanwhile")

    monkeypatch.setitem(exports.EXPORTED, "documents", replace(real, read_frames=read))
    monkeypatch.setattr(exports, "_ROWS_AT_A_TIME", 2)


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_file_that_cannot_be_finished_is_as_it_was(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    run, _ = four_months(db)
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / f"documents.{form}"
    path.write_text("before")
    fail_after_the_last_row(monkeypatch)
    with pytest.raises(NotFound):
        exports.write(db, run, "documents", form, path)

    assert {file.name: file.read_text() for file in folder.iterdir()} == {path.name: "before"}


def test_the_beginning_of_a_parquet_file_is_not_taken_for_the_whole(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = four_months(db)
    fail_after_the_last_row(monkeypatch)
    out = io.BytesIO()
    with pytest.raises(NotFound):
        exports.write(db, run, "documents", "parquet", out)

    assert len(out.getvalue()) > 100
    with pytest.raises(pyarrow.ArrowInvalid):
        pyarrow.parquet.read_table(io.BytesIO(out.getvalue()))


def test_a_path_that_cannot_be_written_is_an_error(db: Database, tmp_path: Path) -> None:
    run, _ = four_months(db)
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "nowhere" / "x.csv", tmp_path / "file" / "x.csv"):
        with pytest.raises(TidingsError, match="cannot be written"):
            exports.write(db, run, "periods", "csv", path)


def test_unknown_runs_tables_and_formats_are_errors(db: Database) -> None:
    run, _ = months(db, "2020-03", "2020-03")
    with pytest.raises(NotFound, match="no run 999"):
        exports.write(db, 999, "periods", "jsonl", io.BytesIO())

    with pytest.raises(UsageError, match="choose one of periods, "):
        exports.write(db, run, "period", "jsonl", io.BytesIO())

    with pytest.raises(UsageError, match="jsonl, csv, parquet"):
        exports.write(db, run, "periods", "xlsx", io.BytesIO())


def test_a_folder_holds_every_table_and_the_dictionary(db: Database, tmp_path: Path) -> None:
    run, _ = four_months(db)
    written = exports.ExportFolder(load_run(db, run), tmp_path).write_all()
    tables = (
        "mentions",
        "periods",
        "phrases",
        "summaries",
        "distinctive",
        "labels",
        "coverage",
        "comentions",
        "codes",
        "agreement",
        "estimates",
        "found",
        "calls",
    )
    expected = {f"{table}.{form}" for table in tables for form in ("jsonl.gz", "csv", "parquet")}
    expected |= {"documents.jsonl.gz", "entities.jsonl.gz", "entities.parquet", "dictionary.md"}
    assert {path.name for path in written} == expected
    assert {path.name for path in tmp_path.glob("[!t]*.*")} == expected
    assert (tmp_path / "periods.csv").read_bytes() == exported(db, run, "periods", "csv")


def test_the_dictionary_says_how_to_read_ranks_times_and_repeated_rows() -> None:
    page = " ".join(describe_tables(exports.TABLES.values()).split())
    assert "| `rank` | 1 for the most common of its type; ties by name. |" in page
    assert "its rows with `period` null repeat those of the month" in page
    assert "Times are UTC: timestamps in Parquet" in page
    assert "one that is `@` and a name" in page


def test_the_dictionary_describes_every_table_and_column() -> None:
    page = describe_tables(exports.TABLES.values())
    for table in exports.TABLES.values():
        assert f"## {table.name}\n\n{table.description}\n" in page
        assert list(table.meanings) == [c for c, kind in table.columns.items() if kind is not dict]
        for column, meaning in table.meanings.items():
            assert f"| `{column}` | {meaning} |" in page


def test_what_is_no_regular_file_is_written_through(db: Database, tmp_path: Path) -> None:
    run, _ = four_months(db)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as executor:
        for form in ("jsonl", "csv", "parquet"):
            read = executor.submit(pipe.read_bytes)
            exports.write(db, run, "mentions", form, pipe)
            assert read.result(10) == exported(db, run, "mentions", form)

    assert pipe.is_fifo()


def test_a_symbolic_link_stays_one_and_its_file_is_replaced(db: Database, tmp_path: Path) -> None:
    run, _ = four_months(db)
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "m.csv", tmp_path / "link.csv"
    target.write_bytes(b"old")
    link.symlink_to(target)
    exports.write(db, run, "mentions", "csv", link)
    assert link.is_symlink()
    assert target.read_bytes() == exported(db, run, "mentions", "csv")
    assert [path.name for path in target.parent.iterdir()] == ["m.csv"]
