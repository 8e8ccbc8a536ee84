"""Archives: equal bytes for equal files, and bounds on what comes from somebody else."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from packs import archive
from packs.archive import PackReader, lines_of, write_archive
from packs.comparison import find_difference
from packs.contents import PackedAnswer
from tests.packs_kit import flipped_byte

FILES = {"run.json": b"{}\n", "exports/a.jsonl": b"one\ntwo\n", "figures/\u00fc-1.svg": b"<svg/>"}


def folder_with(folder: Path, files: dict[str, bytes], *, at: float) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (at, at))

    return folder


def archive_with(path: Path, *files: tuple[str, bytes], method: int = ZIP_DEFLATED) -> Path:
    with ZipFile(path, "w", method) as out:
        for name, content in files:
            out.writestr(name, content)
    return path


def test_equal_files_make_equal_archives_whatever_their_times_and_order(tmp_path: Path) -> None:
    first = folder_with(tmp_path / "first", FILES, at=1e9)
    second = folder_with(tmp_path / "second", dict(reversed(FILES.items())), at=1.5e9)
    checksum = write_archive(first, tmp_path / "first.zip")
    assert write_archive(second, tmp_path / "second.zip") == checksum

    with PackReader(tmp_path / "first.zip") as pack:
        assert pack.names == sorted([*FILES, "SHA256SUMS"])
        assert pack.checksums() == {name: pack.hash(name) for name in FILES}
        assert {name: pack.read(name, 100) for name in FILES} == FILES
        with pytest.raises(BadInput, match="larger than 3 bytes"):
            pack.read("exports/a.jsonl", 3)


@pytest.mark.parametrize(
    "name",
    [
        "../run.json",
        "/run.json",
        "a/../b",
        "a/b/c",
        "a\\b",
        ".hidden",
        "a/.b",
        "c:run",
        "a b",
        "A/",
        "a/b/",
        "../",
    ],
)
def test_names_that_could_be_paths_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    path = archive_with(tmp_path / "p.zip", ("run.json", b""), (name, b""))
    with pytest.raises(BadInput, match="whose name no pack has or twice"):
        PackReader(path)


def test_a_folder_is_passed_over_and_one_with_content_is_refused(tmp_path: Path) -> None:
    with PackReader(archive_with(tmp_path / "p.zip", ("a/", b""), ("a/b", b"1"))) as pack:
        assert pack.names == ["a/b"]
    with pytest.raises(BadInput, match="'a/', whose name no pack has"):
        PackReader(archive_with(tmp_path / "p.zip", ("a/", b"1")))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_and_another_compression_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="or twice"):
        PackReader(archive_with(tmp_path / "p.zip", ("a", b"1"), ("a", b"2")))
    with pytest.raises(BadInput, match="a is packed in a way that no pack is"):
        PackReader(archive_with(tmp_path / "p.zip", ("a", b"1"), method=ZIP_BZIP2))


def test_archives_that_grow_out_of_all_measure_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive_with(tmp_path / "p.zip", ("a", bytes(70 * 2**20)))
    with pytest.raises(BadInput, match="73,400,320 bytes unpacked, of"):
        PackReader(path)

    monkeypatch.setattr(archive, "MOST_FILES", 2)
    few = archive_with(tmp_path / "q.zip", ("a", b""), ("b", b""), ("c", b""))
    with pytest.raises(BadInput, match="3 files: at most 2 are read"):
        PackReader(few)

    monkeypatch.setattr(archive, "LONGEST_DIRECTORY", 100)
    with pytest.raises(BadInput, match="its list of files is too long"):
        PackReader(few)


def test_a_size_that_is_not_the_true_one_unpacks_no_more(tmp_path: Path) -> None:
    path = archive_with(tmp_path / "p.zip", ("a", bytes(10_000)))
    content = bytearray(path.read_bytes())
    sizes = content.rindex(struct.pack("<I", 10_000))
    content[sizes : sizes + 4] = struct.pack("<I", 10)
    path.write_bytes(content)
    with PackReader(path) as pack:
        with pytest.raises(BadInput, match="a is damaged"):
            pack.hash("a")
        with pytest.raises(BadInput, match="a is damaged"):
            list(pack.lines("a"))


def test_a_file_that_was_hit_is_damaged_and_a_changed_line_of_it_is_named(tmp_path: Path) -> None:
    lines = b"".join(b"%d %d\n" % (number, zlib.crc32(b"%d" % number)) for number in range(5000))
    path = tmp_path / "p.zip"
    write_archive(folder_with(tmp_path / "folder", {"a.jsonl": lines}, at=0), path)
    with ZipFile(path) as whole:
        middle = whole.getinfo("a.jsonl").compress_size // 2

    with flipped_byte(path, middle) as changed, PackReader(changed) as pack:
        for read in (pack.hash, lambda name: list(pack.lines(name))):
            with pytest.raises(BadInput, match=r"a.jsonl is damaged"):
                read("a.jsonl")

    other = lines.replace(b"\n3000 ", b"\n3000  ")
    difference = find_difference(io.BytesIO(lines), io.BytesIO(other))
    assert difference is not None
    assert difference.startswith(", line 3001: 3000  ")
    assert find_difference(io.BytesIO(lines), io.BytesIO(lines)) is None


def test_a_line_without_an_end_is_refused(tmp_path: Path) -> None:
    with PackReader(archive_with(tmp_path / "p.zip", ("a", b"1\n2"))) as pack:
        lines = pack.lines("a")
        assert next(lines) == ("a, line 1", b"1\n")
        with pytest.raises(BadInput, match="a, line 2: it has no end or is too long"):
            next(lines)


@given(place=st.integers(0, 10_000))
def test_no_changed_byte_of_content_is_overlooked(
    tmp_path_factory: pytest.TempPathFactory, place: int
) -> None:
    folder = tmp_path_factory.mktemp("p")
    path = folder / "p.zip"
    write_archive(folder_with(folder / "files", FILES, at=0), path)
    with flipped_byte(path, place % path.stat().st_size) as changed:
        try:
            with PackReader(changed) as pack:
                found = {name: pack.hash(name) for name in pack.names if name != "SHA256SUMS"}
                is_equal = pack.checksums() == found
                unpacked = {name: pack.read(name, 1000) for name in found}
        except BadInput:
            return

    assert is_equal == (unpacked == FILES)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"[]", "Input should be an object"),
        (b'{"key": "00", "value": 1}', "key: String should match pattern"),
        (b'{"key": "%s", "value": null}' % (b"0" * 32), "value"),
        (b"[" * 100_000, "Invalid JSON"),
        (b'"\xff"', "Invalid JSON"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: bytes, said: str) -> None:
    good = b'{"key": "%s", "value": ["a"]}\n' % (b"0" * 32)
    path = archive_with(tmp_path / "p.zip", ("answers/a.jsonl", good + line + b"\n"))
    with PackReader(path) as pack, pytest.raises(BadInput) as raised:
        list(lines_of(pack, "answers/a.jsonl", PackedAnswer))

    assert str(raised.value).startswith("answers/a.jsonl, line 2: ")
    assert said in str(raised.value)
