"""Pages in WARC files: what is read of them, and that no record costs another one."""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from sources import cc_news, warc_records
from sources.base import Empty, Item, LeftOut, Place, Remark, SourceDocument
from sources.files import read_path
from tests.warc_kit import PAGE, Answer, titled, write

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def read(path: Path, **options: Any) -> list[Item]:
    return list(read_path(path, now=NOW, **options))


def documents(items: list[Item]) -> list[SourceDocument]:
    return [item for item in items if isinstance(item, SourceDocument)]


def remarks(items: list[Item]) -> list[str]:
    return [item.text for item in items if isinstance(item, Remark)]


def left_out(items: list[Item]) -> list[str]:
    return [item.why for item in items if isinstance(item, LeftOut)]


@pytest.mark.parametrize(("name", "packed"), [("a.warc", False), ("a.warc.gz", True), ("a", False)])
def test_a_page_is_a_headline_with_its_outlet_time_and_section(
    tmp_path: Path, name: str, packed: bool
) -> None:
    items = read(write(tmp_path / name, [Answer()], packed=packed))
    [item] = documents(items)
    assert (item.source, item.text) == ("archive", "Ebb & Flow of the Sea.")
    assert item.published_at == datetime(2024, 5, 6, 8, 11, 12, tzinfo=UTC)
    assert (item.outlet, item.section, item.language) == ("tides.co.uk", "Coast", "en-GB")
    assert (item.abstract, item.tags) == ("The sea went out.", ("Tides",))
    assert (item.address, item.handle) == ("https://news.tides.co.uk/ebb", None)
    assert remarks(items) == ["1 of 2 records are pages; others: 1 no answers"]


def test_a_page_and_a_row_of_its_address_are_one_document(tmp_path: Path) -> None:
    [page] = documents(read(write(tmp_path / "a.warc.gz", [Answer()])))
    table = tmp_path / "t.csv"
    table.write_text("title,url,outlet\nEbb,http://news.tides.co.uk/ebb,The Tides\n")
    [row] = documents(read(table))
    assert page.identity == row.identity


def test_reading_again_gives_the_same_documents_in_the_same_order(tmp_path: Path) -> None:
    answers = [Answer(f"https://a.example/{n}", titled(f"Tide {n}")) for n in range(5)]
    path = write(tmp_path / "a.warc.gz", answers)
    assert read(path) == read(path)
    assert [item.text for item in documents(read(path))] == [f"Tide {n}." for n in range(5)]


def test_everything_but_pages_is_counted_and_left_aside(tmp_path: Path) -> None:
    answers = [
        Answer(status="404 Not Found"),
        Answer(status="301 Moved"),
        Answer(content_type="application/pdf"),
        Answer(content_type=None),
        Answer(kind="resource"),
        Answer(body="a" * (cc_news.LONGEST_PAGE + 1)),
        Answer("ftp://a.example/"),
        Answer(body=titled("")),
        Answer(body=b""),
        Answer(content_type="Application/XHTML+XML"),
    ]
    items = read(write(tmp_path / "a.warc.gz", answers))
    assert len(documents(items)) == 1
    assert sum(isinstance(item, Empty) for item in items) == 1
    assert left_out(items) == []
    assert remarks(items)[0] == (
        "2 of 11 records are pages; others: 3 no HTML, 2 no answers, 2 with another status than "
        "200, 1 longer than 2,097,152 bytes, 1 no pages of the web"
    )


@pytest.mark.parametrize(
    ("head", "published"),
    [
        ("", None),
        ('<meta property="article:published_time" content="soon">', None),
        (
            '<meta property="article:published_time" content="2020-03-01T10:00:00PKZ">',
            datetime(2020, 3, 1, tzinfo=UTC),
        ),
        ('<meta name="date" content="2024-05-06">', datetime(2024, 5, 6, tzinfo=UTC)),
        (
            '<script type="application/ld+json">{"datePublished": "2024-05-06T07:08:09Z"}</script>',
            datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
        ),
        ("</head><time datetime='2024-05-06'>Monday</time>", datetime(2024, 5, 6, tzinfo=UTC)),
    ],
)
def test_the_time_is_that_of_publication_or_none(
    tmp_path: Path, head: str, published: datetime | None
) -> None:
    items = read(write(tmp_path / "a.warc", [Answer(body=titled("Ebb", head))], packed=False))
    [item] = documents(items)
    assert (item.published_at, item.time_wrong) == (published, False)
    assert ("1 of 1 pages say no date, and are in no month" in remarks(items)) == (
        published is None
    )


def test_a_time_that_cannot_be_is_marked(tmp_path: Path) -> None:
    head = '<meta property="article:published_time" content="2999-05-06">'
    [item] = documents(read(write(tmp_path / "a.warc", [Answer(body=titled("Ebb", head))])))
    assert (item.published_at, item.time_wrong) == (None, True)


@pytest.mark.parametrize(
    ("address", "outlet"),
    [
        ("https://www.theguardian.com/a", "theguardian.com"),
        ("http://edition.cnn.com:8080/a", "cnn.com"),
        ("https://www.tides.example/a", "tides.example"),
        ("http://127.0.0.1/a", "127.0.0.1"),
    ],
)
def test_the_outlet_is_the_registered_domain_unless_one_is_given(
    tmp_path: Path, address: str, outlet: str
) -> None:
    path = write(tmp_path / "a.warc.gz", [Answer(address)])
    assert [item.outlet for item in documents(read(path))] == [outlet]
    assert [item.outlet for item in documents(read(path, outlet="The Tides"))] == ["The Tides"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (titled("Grüße").encode("latin-1"), "text/html; charset=ISO-8859-1"),
        (titled("Grüße", '<meta charset="latin-1">').encode("latin-1"), "text/html"),
        (titled("Grüße").encode(), "text/html"),
        (titled("Grüße").encode(), "text/html; charset=no-such"),
        (titled("Grüße").encode("cp1252"), "text/html; charset=utf-8"),
        (titled("Grüße").encode(), "text/html; charset=Unicode_Escape"),
        (titled("Grüße").encode(), "text/html; charset=hex"),
    ],
)
def test_a_page_is_decoded_as_it_says_or_can_be(
    tmp_path: Path, body: bytes, content_type: str
) -> None:
    path = tmp_path / "a.warc.gz"
    write(path, [Answer(body=body, content_type=content_type)])
    assert [item.text for item in documents(read(path))] == ["Grüße."]


def test_a_packed_answer_is_unpacked_and_bytes_that_are_no_text_are_no_page(tmp_path: Path) -> None:
    packed = gzip.compress(PAGE.encode())
    answers = [Answer(body=packed, encoding="gzip"), Answer("https://a.example/", packed)]
    items = read(write(tmp_path / "a.warc.gz", answers))
    assert [item.text for item in documents(items)] == ["Ebb & Flow of the Sea."]


@pytest.mark.parametrize(
    "body",
    [
        b"\x00\xff" * 500,
        b"<html>" + b"<div>" * 400_000,
        b"<html><title>x</title>" + b"<h1><time><a rel=tag href=/2024/05/06>t</a>" * 40_000,
        pytest.param(
            b"<html><head><title>x</title>" + b"<meta name=author content='a, b and c'>" * 40_000,
            marks=pytest.mark.thorough,
        ),
        b"<html><title>x" + b"<a " * 10_000,
        b'<html><title>x</title><script type="application/ld+json">' + b'"author": "' * 180_000,
        b"<html><title>" + b"&#xD800;" * 10 + b"</title>",
        b"<?xml version='1.0' encoding='utf-16'?><html><title>x</title></html>",
    ],
)
@pytest.mark.timeout(20)
def test_no_page_costs_another_one_or_a_minute(tmp_path: Path, body: bytes) -> None:
    answers = [Answer(body=body), Answer("https://a.example/", titled("Ebb"))]
    items = read(write(tmp_path / "a.warc.gz", answers))
    assert documents(items)[-1].text == "Ebb."
    for item in documents(items):
        item.text.encode()

    assert left_out(items) == []


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_that_is_cut_short_or_damaged_keeps_what_stands_before(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], packed: bool
) -> None:
    answers = [Answer(f"https://a.example/{n}", titled(f"Tide {n}")) for n in range(3)]
    path = write(tmp_path / "a.warc.gz", answers, packed=packed)
    whole = path.read_bytes()
    path.write_bytes(whole[:-60])
    items = read(path)
    assert [item.text for item in documents(items)][:2] == ["Tide 0.", "Tide 1."]
    assert len(left_out(items)) == 1

    if packed:
        within_head = whole[: whole.rindex(b"\x1f\x8b") + 20]
        path.write_bytes(within_head)
        assert left_out(read(path)) == [
            "the file is damaged, and was read no further (its end is missing)"
        ]

    path.write_bytes(whole + b"no record at all\r\n\r\n" * 5)
    items = read(path)
    assert [item.text for item in documents(items)] == ["Tide 0.", "Tide 1.", "Tide 2."]
    assert left_out(items)[0].startswith("the file is damaged, and was read no further (")

    path.write_bytes(whole.replace(b"Content-Length: 1", b"Content-Length: 9", 2))
    assert packed or len(left_out(read(path))) == 1
    assert capfd.readouterr().err == ""


def test_a_record_that_does_not_say_its_length_takes_no_other_in_silence(tmp_path: Path) -> None:
    answers = [Answer(f"https://a.example/{n}", titled(f"Tide {n}")) for n in range(3)]
    path = write(tmp_path / "a.warc", answers, packed=False)
    before, between, behind = path.read_bytes().rpartition(b"https://a.example/1")
    without_length = behind.replace(b"Content-Length:", b"X-Length:", 1)
    path.write_bytes(before + between + without_length)
    items = read(path)
    assert [item.text for item in documents(items)] == ["Tide 0."]
    assert left_out(items) == [
        "the file is damaged, and was read no further (a record does not say how long it is)"
    ]


def test_a_file_of_empty_records_is_read_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warc_records, "MAX_EMPTY_RECORDS", 50)
    path = write(tmp_path / "a.warc", [Answer()], packed=False)
    empty = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
    path.write_bytes(path.read_bytes() + 51 * empty)
    items = read(path)
    assert [item.text for item in documents(items)] == ["Ebb & Flow of the Sea."]
    assert left_out(items) == [
        "the file is damaged, and was read no further (more than 50 empty records)"
    ]


def test_a_file_may_be_packed_as_a_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.warc", [Answer(), Answer("https://a.example/")], packed=False)
    packed = tmp_path / "b.warc.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert len(documents(read(packed))) == 2
    assert documents(read(packed)) == documents(read(path))


def test_a_file_may_begin_with_a_picture(tmp_path: Path) -> None:
    picture = Answer("https://a.example/p", bytes(2000), content_type="image/gif")
    path = tmp_path / "a.warc"
    whole = write(path, [picture, Answer()], packed=False).read_bytes()
    path.write_bytes(whole[whole.index(b"WARC/", 5) :])
    items = read(path)
    assert [item.text for item in documents(items)] == ["Ebb & Flow of the Sea."]
    assert left_out(items) == []


def test_headers_without_an_end_end_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(b"WARC/1.0\r\n" + b"a" * 2_000_000)
    assert "headers of more than 262,144 bytes" in left_out(read(path))[0]
    path.write_bytes(b"WARC/1.0\r\n" + b"a: b\r\n" * 200_000)
    assert "headers of more than 262,144 bytes" in left_out(read(path))[0]


@pytest.mark.thorough
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    body = titled("Ebb") + " " * 500_000
    path = write(
        tmp_path / "a.warc.gz", [Answer(f"https://a.example/{n}", body) for n in range(60)]
    )
    items = read_path(path, now=NOW)
    pages = (item for item in items if isinstance(item, SourceDocument))
    for _ in range(20):
        next(pages)

    tracemalloc.start()
    count = sum(1 for _ in pages)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40
    assert peak < 8_000_000


def test_a_folder_is_read_with_its_warc_files(tmp_path: Path) -> None:
    write(tmp_path / "a.warc.gz", [Answer()])
    (tmp_path / "b.csv").write_text("title,outlet\nFlow,The Shore\n")
    assert [item.outlet for item in documents(read(tmp_path))] == ["tides.co.uk", "The Shore"]


def test_pages_are_of_no_other_source(tmp_path: Path) -> None:
    path = write(tmp_path / "a.warc.gz", [Answer()])
    assert len(documents(read(path, source="archive"))) == 1
    with pytest.raises(BadInput, match=r"holds pages of news, archive: leave --source out"):
        read(path, source="nyt")


def test_where_the_extra_is_not_installed_the_message_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.warc.gz", [Answer()])
    monkeypatch.delitem(sys.modules, "sources.cc_news")
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    with pytest.raises(BadInput, match=r"a WARC file.*pip install 'tidings\[warc\]'$"):
        read(path)


# One of each kind of record, and how a file of them is packed.
KINDS = (
    Answer(body=titled("Ebb")),
    Answer(body=titled("Flow", '<meta name="date" content="2024-05-06">')),
    Answer(body=titled("")),
    Answer(status="404 Not Found"),
    Answer(kind="resource"),
    Answer(body=titled("Long") + "<p>" + "tide " * 9000),
)
PACKINGS = ("by record", "not", "as a whole", "from the middle on as a whole")


def pack(answers: list[Answer], folder: Path, packing: str) -> Path:
    """Write a file of *answers* that is packed in one of the ways of `PACKINGS`."""
    middle = len(answers) // 2
    plain = write(folder / "plain.warc", answers, packed=False)
    if packing == "not":
        return plain

    packed = write(folder / "packed.warc.gz", answers)
    if packing == "by record":
        return packed
    if packing == "as a whole":
        packed.write_bytes(gzip.compress(plain.read_bytes()))
        return packed

    first = write(packed, answers[:middle]).read_bytes()
    rest = write(plain, answers[middle:], packed=False).read_bytes()
    packed.write_bytes(first + gzip.compress(rest))
    return packed


@given(
    kinds=st.lists(st.integers(0, len(KINDS) - 1), max_size=12),
    packing=st.sampled_from(PACKINGS),
    cut=st.integers(0, 3000),
)
def test_from_each_place_on_the_rest_of_the_file_is_read(
    kinds: list[int], packing: str, cut: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        answers = [
            replace(KINDS[kind], address=f"https://a.example/{index}")
            for index, kind in enumerate(kinds)
        ]
        path = pack(answers, Path(name), packing)
        whole = path.read_bytes()
        path.write_bytes(whole[: max(200, len(whole) - cut)])

        items = read(path)
        assert not any(isinstance(item, Place) for item in items[-1:])
        for index, item in enumerate(items):
            if isinstance(item, Place):
                assert isinstance(items[index - 1], SourceDocument | Empty)
                cursor = json.loads(json.dumps(item.cursor))
                assert read(path, cursor=cursor) == items[index + 1 :]


@pytest.mark.parametrize(("packing", "places"), list(zip(PACKINGS, (5, 5, 0, 3), strict=True)))
def test_a_place_is_behind_each_page_that_a_record_follows(
    tmp_path: Path, packing: str, places: int
) -> None:
    answers = [replace(KINDS[0], address=f"https://a.example/{n}") for n in range(6)]
    path = pack(answers, tmp_path, packing)
    offsets = [item.cursor["offset"] for item in read(path) if isinstance(item, Place)]
    assert len(offsets) == places
    begin = b"WARC/1.0" if packing == "not" else b"\x1f\x8b"
    for offset in offsets:
        assert path.read_bytes()[offset:].startswith(begin)
