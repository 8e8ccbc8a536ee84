"""Tables of packs that somebody else may have made, as they are read for the module."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pyarrow.parquet
import pytest

from core.errors import TidingsError
from packs.archive import PackReader
from packs.reading import list_tables, read_run, write_table

PERIODS, DOCUMENTS = "exports/periods.jsonl", "exports/documents.jsonl"


def make_pack(folder: Path, files: dict[str, bytes]) -> PackReader:
    path = folder / "pack.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)

    return PackReader(path)


def read_table(pack: PackReader, table: str) -> pyarrow.Table:
    out = io.BytesIO()
    write_table(pack, table, out)
    return pyarrow.parquet.ParquetFile(out).read()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (PERIODS, b"{", "line 1: it is no JSON"),
        (PERIODS, b"[]", "line 1: it is no row"),
        (PERIODS, b"[" * 200_000, "line 1: it is no JSON"),
        (PERIODS, b'{"period": "a"}\n{"month": "a"}', "line 2: it has other columns than"),
        (PERIODS, b'{"documents": "many"}', "a cell is not of the type of its column"),
        (PERIODS, b'{"documents": 99999999999999999999}', "a cell is not of the type"),
        (PERIODS, b'{"documents": [1]}', "a cell is not of the type of its column"),
        (DOCUMENTS, b'{"published_at": "soon"}', "line 1: 'soon' is no time"),
        (DOCUMENTS, b'{"published_at": 7}', "line 1: '7' is no time"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_its_line(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    with make_pack(tmp_path, {name: content + b"\n"}) as pack:
        (table,) = list_tables(pack)
        with pytest.raises(TidingsError, match=f"^{re.escape(name)}.*{re.escape(sentence)}"):
            read_table(pack, table)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({PERIODS: b""}, "run.json is not in the pack"),
        ({"run.json": b"[]"}, "run.json: it is no object"),
        ({"run.json": b"{" * 200_000}, "run.json: it is no JSON"),
    ],
)
def test_a_manifest_that_is_none_is_refused(
    tmp_path: Path, files: dict[str, bytes], sentence: str
) -> None:
    with (
        make_pack(tmp_path, files) as pack,
        pytest.raises(TidingsError, match=re.escape(sentence)),
    ):
        read_run(pack)


def test_columns_that_no_table_declares_have_the_type_of_their_cells(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"count": 1, "share": 1, "is_new": None, "name": "a", "mixed": 1},
        {"count": 2, "share": 0.5, "is_new": True, "name": None, "mixed": "b"},
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    with make_pack(tmp_path, {"exports/newer.jsonl": lines}) as pack:
        table = read_table(pack, "newer")

    kinds = [str(kind) for kind in table.schema.types]
    assert kinds == ["int64", "double", "bool", "string", "string"]
    assert table.to_pylist() == [{**rows[0], "mixed": "1"}, rows[1]]


def test_a_table_without_a_row_has_its_columns(tmp_path: Path) -> None:
    with make_pack(tmp_path, {PERIODS: b""}) as pack:
        table = read_table(pack, "periods")

    assert table.num_rows == 0
    assert table.schema.names[:2] == ["run", "period"]
