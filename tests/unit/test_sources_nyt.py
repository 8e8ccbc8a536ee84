"""Files of the NYT archive: text, identity and time of a document, and unreadable documents."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput
from sources.base import Empty, Item, LeftOut, ReadCounts, SourceDocument
from sources.files import read_path
from sources.jsonstream import Element
from sources.nyt import headline_text, read_archive, read_element
from sources.source import ReadContext

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTEXT = ReadContext(file="file", now=NOW)


def doc(**changes: Any) -> dict[str, Any]:
    return {
        "_id": "nyt://article/1",
        "web_url": "https://www.nytimes.com/a.html",
        "headline": {"main": "Rain at Last", "print_headline": None},
        "pub_date": "2020-04-02T03:04:05+0000",
        "type_of_material": "News",
        **changes,
    }


def read(value: dict[str, Any]) -> SourceDocument:
    item = read_element(Element((), 0, value), CONTEXT)
    assert isinstance(item, SourceDocument)
    return item


def read_bytes(tmp_path: Path, content: bytes, name: str = "month.json") -> list[Item]:
    path = tmp_path / name
    path.write_bytes(content)
    return list(read_archive(path, now=NOW))


def texts(items: list[Item]) -> list[str]:
    return [item.text for item in items if isinstance(item, SourceDocument)]


def left_out(items: list[Item]) -> list[tuple[int | None, str]]:
    return [(item.index, item.why) for item in items if isinstance(item, LeftOut)]


@pytest.mark.parametrize(
    ("headline", "text"),
    [
        ({"main": "Rain at Last", "print_headline": "It Rains"}, "Rain at Last, It Rains."),
        ({"main": "Rain at Last", "print_headline": "Rain at Last"}, "Rain at Last."),
        ({"main": " Rain at Last ", "print_headline": "Rain at Last\n"}, "Rain at Last."),
        ({"main": "Rain", "print_headline": "RAIN"}, "Rain, RAIN."),
        ({"main": "Rain at Last"}, "Rain at Last."),
        ({"main": "Rain at Last", "print_headline": None}, "Rain at Last."),
        ({"main": None, "print_headline": "It Rains"}, "It Rains."),
        ({"main": "  ", "print_headline": "It Rains"}, "It Rains."),
        ({"main": "Is It Rain?", "print_headline": ""}, "Is It Rain?"),
        ({"main": "Is It Rain?", "print_headline": "It Is!"}, "Is It Rain?, It Is!"),
        ({"main": "\u2018Is It Rain?\u2019"}, "\u2018Is It Rain?\u2019"),
        ({"main": "\u2018Win Big or Lose\u2019"}, "\u2018Win Big or Lose\u2019."),
        ({"main": "And Then …"}, "And Then …"),
        ({"main": "Rain (Part 2)"}, "Rain (Part 2)."),
        ({"main": "Two  Spaces"}, "Two  Spaces."),
        ({"main": 7, "print_headline": ["x"]}, ""),
        ({"main": None, "print_headline": None, "kicker": "The Caucus"}, ""),
        ({}, ""),
        (None, ""),
        ([], ""),
        ("Rain at Last", "Rain at Last."),
    ],
)
def test_a_text_is_made_of_main_and_print_headline(headline: object, text: str) -> None:
    assert headline_text(headline) == (text, 0)


@pytest.mark.parametrize(
    "headline", [None, [], {}, {"main": ""}, {"main": "\t", "print_headline": None}]
)
def test_a_document_without_text_is_empty_and_no_error(headline: object) -> None:
    assert read_element(Element((), 3, doc(headline=headline)), CONTEXT) == Empty("file", 3)


def test_a_document_without_a_headline_key_is_empty() -> None:
    value = doc()
    del value["headline"]
    assert read_element(Element((), 0, value), CONTEXT) == Empty("file", 0)


def test_identity_is_the_id_where_there_is_one() -> None:
    assert read(doc()).identity == "nyt:nyt://article/1"
    assert read(doc(_id="4fd3a2b0", web_url=None)).identity == "nyt:4fd3a2b0"


def test_identity_without_an_id_is_the_address_with_http_and_https_alike() -> None:
    old = read(doc(_id=None, web_url="http://www.nytimes.com/a.html"))
    new = read(doc(_id=" ", headline={"main": "Changed since"}))
    other = read(doc(_id=None, web_url="https://www.nytimes.com/b.html"))
    assert old.identity == new.identity != other.identity
    assert old.address == "https://www.nytimes.com/a.html"


def test_identity_without_an_address_is_date_and_text_however_the_date_is_written() -> None:
    def identity(date: str, main: str = "Rain") -> str:
        return read(doc(_id=None, web_url=None, pub_date=date, headline={"main": main})).identity

    assert (
        identity("2020-04-02T00:00:00Z")
        == identity("2020-04-02T00:00:00+0000")
        == identity("2020-04-02")
    )
    assert identity("2020-04-02T00:00:00Z") != identity("2020-04-03T00:00:00Z")
    assert identity("2020-04-02T00:00:00Z") != identity("2020-04-02T00:00:00Z", "Snow")


@pytest.mark.parametrize(
    ("pub_date", "published"),
    [
        ("2020-04-02", datetime(2020, 4, 2, tzinfo=UTC)),
        ("2012-01-01T22:06:43Z", datetime(2012, 1, 1, 22, 6, 43, tzinfo=UTC)),
        ("2018-10-26T17:11:14+0000", datetime(2018, 10, 26, 17, 11, 14, tzinfo=UTC)),
        ("2020-03-31T22:30:00-0500", datetime(2020, 4, 1, 3, 30, tzinfo=UTC)),
        ("2020-04-02T03:04:05.678Z", datetime(2020, 4, 2, 3, 4, 5, tzinfo=UTC)),
        ("1851-09-18T00:00:00Z", datetime(1851, 9, 18, tzinfo=UTC)),
    ],
)
def test_dates_with_and_without_time_are_utc(pub_date: str, published: datetime) -> None:
    document = read(doc(pub_date=pub_date))
    assert document.published_at == published
    assert document.period == f"{published:%Y-%m}"
    assert not document.time_wrong


@pytest.mark.parametrize(
    "pub_date", ["0001-01-01T00:00:00Z", "1800-01-01", "2999-01-01T00:00:00Z", "2026-01-03", "soon"]
)
def test_a_time_that_cannot_be_meant_is_none_and_marked(pub_date: str) -> None:
    document = read(doc(pub_date=pub_date))
    assert (document.published_at, document.period, document.time_wrong) == (None, None, True)


def test_no_date_is_no_wrong_date() -> None:
    document = read(doc(pub_date=None))
    assert (document.published_at, document.time_wrong) == (None, False)


def test_outlet_section_desk_kind_abstract_and_keywords_are_kept() -> None:
    document = read(
        doc(
            source="The Associated Press",
            section_name="World",
            news_desk="Foreign",
            abstract=" It rained.\n",
            keywords=[
                {"name": "subject", "value": "Rain", "rank": 1},
                {"name": "glocations", "value": "Nevada"},
                {"value": "Rain"},
                {"value": None},
                "Snow",
            ],
        )
    )
    assert (document.outlet, document.section) == ("The Associated Press", "World")
    assert (document.desk, document.material) == ("Foreign", "News")
    assert (document.abstract, document.tags) == ("It rained.", ("Rain", "Nevada"))
    assert document.language is None


@pytest.mark.parametrize("nothing", [None, "", " ", "None", [], {}, 5])
def test_what_the_archive_has_no_name_for_is_none(nothing: object) -> None:
    keys = ("source", "section_name", "news_desk", "type_of_material", "abstract", "keywords")
    document = read(doc(**dict.fromkeys(keys, nothing)))
    names = (document.outlet, document.section, document.desk, document.material)
    assert names == (None, None, None, None)
    assert document.abstract is None
    # An empty list says that there are no tags; anything else says nothing.
    assert document.tags == (() if nothing == [] else None)

    absent = read({key: value for key, value in doc().items() if key not in keys})
    assert replace(absent, tags=document.tags) == document
    assert absent.tags is None


def test_the_outlet_of_the_import_is_that_of_documents_without_one(tmp_path: Path) -> None:
    path = tmp_path / "month.json"
    path.write_text(json.dumps([doc(), doc(_id="2", source="Reuters")]))
    items = list(read_path(path, outlet=" The\nTimes"))
    assert [item.outlet for item in items if isinstance(item, SourceDocument)] == [
        "The Times",
        "Reuters",
    ]


def test_an_address_that_is_no_web_address_is_dropped() -> None:
    assert read(doc(web_url="javascript:alert(1)")).address is None


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "wrap", [lambda docs: docs, lambda docs: {"response": {"docs": docs}}, lambda d: {"docs": d}]
)
def test_a_bare_list_and_an_answer_are_read_packed_or_not(
    tmp_path: Path, wrap: Any, packed: bool
) -> None:
    content = json.dumps(wrap([doc(_id="1"), doc(_id="2")])).encode()
    items = read_bytes(tmp_path, gzip.compress(content) if packed else content)
    assert [item.identity for item in items if isinstance(item, SourceDocument)] == [
        "nyt:1",
        "nyt:2",
    ]
    assert len(items) == 2


def test_one_document_by_itself_is_read(tmp_path: Path) -> None:
    assert texts(read_bytes(tmp_path, json.dumps(doc(), indent=1).encode())) == ["Rain at Last."]


def test_no_documents_are_no_error(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, b'{"response": {"docs": [], "meta": {"hits": 0}}}') == []
    assert read_bytes(tmp_path, b'{"response": {"docs": null, "metadata": {"hits": 0}}}') == []
    assert read_bytes(tmp_path, b"[]") == []


@pytest.mark.parametrize(
    "content", [b"", b"<html>no</html>", b'{"fault": {"faultstring": "x"}}', b"null", b"\xff\xfe["]
)
def test_what_holds_no_documents_is_bad_input_that_names_the_file(
    tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(BadInput, match=r"month\.json"):
        read_bytes(tmp_path, content)


def test_a_missing_file_is_bad_input() -> None:
    with pytest.raises(BadInput, match=r"nowhere\.json cannot be opened"):
        list(read_archive(Path("nowhere.json")))


@pytest.mark.parametrize("packed", [False, True])
def test_a_truncated_file_keeps_its_good_documents(tmp_path: Path, packed: bool) -> None:
    content = json.dumps([doc(_id="1"), doc(_id="2"), doc(_id="3")]).encode()
    cut = content[: content.index(b'"3"') + 3]
    items = read_bytes(tmp_path, gzip.compress(cut) if packed else cut)
    assert len(texts(items)) == 2
    assert left_out(items) == [(2, "the file ends in the middle of this document")]


def test_a_packed_file_that_is_cut_short_keeps_its_good_documents(tmp_path: Path) -> None:
    docs = [
        doc(_id=str(n), headline={"main": f"Headline {n * 7919 % 10007}"}) for n in range(20_000)
    ]
    packed = gzip.compress(json.dumps(docs).encode())
    items = read_bytes(tmp_path, packed[: len(packed) // 2], "month.json.gz")
    kept = [item.native_id for item in items if isinstance(item, SourceDocument)]
    assert kept == [str(n) for n in range(len(kept))]
    there = zlib.decompressobj(wbits=31).decompress(packed[: len(packed) // 2])
    assert len(kept) == there.count(b"}, {")
    [(index, why)] = left_out(items)
    assert index == len(kept)
    assert "damaged or cut short" in why


def test_hits_that_disagree_are_named_and_nothing_is_dropped(tmp_path: Path) -> None:
    items = read_bytes(
        tmp_path, json.dumps({"response": {"docs": [doc()], "meta": {"hits": 2}}}).encode()
    )
    assert texts(items) == ["Rain at Last."]
    assert left_out(items) == [
        (None, "meta.hits says 2 documents, the file holds 1: fetch it again")
    ]


def test_hits_before_the_documents_are_compared_too(tmp_path: Path) -> None:
    items = read_bytes(
        tmp_path, json.dumps({"response": {"meta": {"hits": 2}, "docs": [doc()]}}).encode()
    )
    assert [index for index, _ in left_out(items)] == [None]


def test_the_hits_of_a_search_are_not_those_of_its_page(tmp_path: Path) -> None:
    items = read_bytes(
        tmp_path,
        json.dumps({"response": {"docs": [doc()], "meta": {"hits": 33, "offset": 0}}}).encode(),
    )
    assert left_out(items) == []


def test_what_is_no_document_is_left_out_and_named_and_the_others_are_kept(tmp_path: Path) -> None:
    items = read_bytes(
        tmp_path, json.dumps([doc(_id="1"), None, 7, "x", [], {"other": 1}, doc(_id="2")]).encode()
    )
    assert len(texts(items)) == 2
    assert left_out(items) == [
        (1, "it is no object but null"),
        (2, "it is no object but a number"),
        (3, "it is no object but a string"),
        (4, "it is no object but a list"),
        (5, "none of _id, headline, pub_date, web_url is in it"),
    ]


@pytest.mark.parametrize("bad", [b"\xff", b"caf\xe9", b"\xed\xa0\x80", b"\xc3"])
def test_bytes_that_are_no_utf8_cost_their_document_alone(tmp_path: Path, bad: bytes) -> None:
    content = (
        json.dumps([doc(_id="1"), doc(_id="2", abstract="BAD"), doc(_id="3")])
        .encode()
        .replace(b"BAD", bad)
    )
    items = read_bytes(tmp_path, content)
    assert [item.native_id for item in items if isinstance(item, SourceDocument)] == ["1", "3"]
    assert left_out(items) == [(1, "it holds bytes that are no UTF-8")]


def test_broken_json_costs_its_document_alone(tmp_path: Path) -> None:
    good = json.dumps(doc()).encode()
    items = read_bytes(
        tmp_path, b'[%b, {"headline": {"main": tru}}, %b, {"a": 1,}, %b]' % (good, good, good)
    )
    assert len(texts(items)) == 3
    assert [index for index, _ in left_out(items)] == [1, 3]
    assert all("it is no JSON" in why for _, why in left_out(items))


def test_nul_and_lone_surrogates_become_replacement_characters_and_are_counted(
    tmp_path: Path,
) -> None:
    content = json.dumps([doc(headline={"main": "a\x00b \ud800 \ud83d\ude00 \udfff"})]).encode()
    [item] = read_bytes(tmp_path, content)
    assert isinstance(item, SourceDocument)
    assert item.text == "a\ufffdb \ufffd \U0001f600 \ufffd."
    assert item.replaced == 3
    tally = ReadCounts()
    tally.add(item)
    assert tally.replaced_characters == 3


def test_every_character_of_a_document_can_be_stored(tmp_path: Path) -> None:
    content = json.dumps(
        [
            doc(
                _id="a\x00b",
                web_url="https://x.org/\ud800",
                type_of_material="N\x00",
                headline={"main": "ok"},
            )
        ]
    ).encode()
    [item] = read_bytes(tmp_path, content)
    assert isinstance(item, SourceDocument)
    for value in (item.native_id, item.address, item.material):
        assert value is not None
        assert "\ufffd" in value
        value.encode()
