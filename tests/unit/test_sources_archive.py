"""Headlines of any outlet: which files are read as such, and by which names they are told apart."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from sources.base import Item, LeftOut, Remark, SourceDocument
from sources.files import read_path

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NO_OUTLET = (
    "nothing says which outlet published these, so they are grouped as not known: --outlet NAME, "
    "or --column outlet=NAME"
)
READ_AS_POSTS = (
    "it has outlets and was read as posts, which have none: for headlines, --source archive"
)
TODAYS_MEDIA_CLOUD = (  # its columns, in the order of the alphabet
    "id,indexed_date,language,media_name,media_url,publish_date,title,url\n"
    "9f2,2024-05-06 10:11:12.5,en,tides.example,tides.example,2024-05-06,"
    '"Ebb, then Flow",https://tides.example/ebb\n'
)
OLDER_MEDIA_CLOUD = (
    "stories_id,publish_date,title,url,language,ap_syndicated,themes,media_id,media_name,media_url\n"
    "77,2019-03-04 05:06:07,Ebb &amp; Flow,http://tides.example/ebb,en,False,,12,The Tides,"
    "http://tides.example\n"
)


def read(path: Path, content: str, **options: Any) -> list[Item]:
    path.write_text(content)
    return list(read_path(path, now=NOW, **options))


def documents(items: list[Item]) -> list[SourceDocument]:
    return [item for item in items if isinstance(item, SourceDocument)]


def remarks(items: list[Item]) -> list[str]:
    return [item.text for item in items if isinstance(item, Remark)]


def article(main: str = "Rain at Last", **changes: Any) -> dict[str, Any]:
    return {
        "headline": {"main": main, "print_headline": None},
        "pub_date": "2019-06-30T00:00:00+0000",
        "type_of_material": "News",
        **changes,
    }


# --- which files are headlines ---


def test_a_story_list_of_media_cloud_is_headlines_of_its_outlets(tmp_path: Path) -> None:
    items = read(tmp_path / "stories.csv", TODAYS_MEDIA_CLOUD)
    [item] = documents(items)
    assert (item.source, item.outlet, item.language) == ("archive", "tides.example", "en")
    assert (item.text, item.address) == ("Ebb, then Flow.", "https://tides.example/ebb")
    assert item.published_at == datetime(2024, 5, 6, tzinfo=UTC)
    assert (item.handle, item.repost, remarks(items)) == (None, False, [])


def test_an_older_story_list_has_its_outlets_by_name_and_not_by_number(tmp_path: Path) -> None:
    [item] = documents(read(tmp_path / "stories.csv", OLDER_MEDIA_CLOUD))
    assert (item.source, item.outlet, item.language) == ("archive", "The Tides", "en")
    assert (item.text, item.period) == ("Ebb & Flow.", "2019-03")
    assert item.address == "http://tides.example/ebb"


def test_rows_of_json_with_an_outlet_are_headlines(tmp_path: Path) -> None:
    rows = [
        {"title": "Ebb", "publish_date": "2024-05-06", "media_name": "The Tides", "kind": "News"},
        {"title": "Flow", "publish_date": "2024-05-07", "media_name": None, "section": "Sea"},
    ]
    for name, content in (
        ("rows.json", json.dumps(rows)),
        ("rows.jsonl", "\n".join(map(json.dumps, rows))),
    ):
        found = documents(read(tmp_path / name, content, outlet="The Shore"))
        assert [(item.source, item.text, item.outlet) for item in found] == [
            ("archive", "Ebb.", "The Tides"),
            ("archive", "Flow.", "The Shore"),
        ]
        assert [(item.material, item.section) for item in found] == [("News", None), (None, "Sea")]


def test_a_table_like_gdelts_is_read_by_its_columns(tmp_path: Path) -> None:
    lines = [
        ("DATE", "SourceCommonName", "DocumentIdentifier", "PageTitle", "Lang", "Theme"),
        ("20240506101500", "tides.example", "https://tides.example/ebb", "Ebb", "eng", "SEA"),
    ]
    content = "\n".join("\t".join(line) for line in lines)
    columns = {
        "text": "PageTitle",
        "published_at": "DATE",
        "address": "DocumentIdentifier",
        "section": "Theme",
    }
    items = read(tmp_path / "gkg.tsv", content, columns=columns)
    [item] = documents(items)
    assert (item.source, item.outlet, item.section) == ("archive", "tides.example", "SEA")
    assert (item.text, item.language) == ("Ebb.", "eng")
    assert item.published_at == datetime(2024, 5, 6, 10, 15, tzinfo=UTC)
    assert remarks(items) == []


def test_rows_of_gdelts_list_of_articles_are_recognized(tmp_path: Path) -> None:
    row = {
        "url": "https://tides.example/ebb",
        "title": "Ebb",
        "seendate": "20240506T101500Z",
        "domain": "tides.example",
        "language": "English",
        "sourcecountry": "Australia",
    }
    [item] = documents(read(tmp_path / "articles.jsonl", f"{json.dumps(row)}\n"))
    assert (item.source, item.outlet, item.language) == ("archive", "tides.example", "English")
    assert item.published_at == datetime(2024, 5, 6, 10, 15, tzinfo=UTC)


def test_every_field_of_a_headline_may_be_given_by_column(tmp_path: Path) -> None:
    names = ("outlet", "section", "desk", "material", "language", "abstract")
    content = "a,b,c,d,e,f,title\nThe Tides,Sea,Coast,News,en,It ebbs.,Ebb\n"
    columns = dict(zip(names, "abcdef", strict=True))
    [item] = documents(read(tmp_path / "table.csv", content, columns=columns))
    values = [getattr(item, name) for name in names]
    assert values == ["The Tides", "Sea", "Coast", "News", "en", "It ebbs."]


def test_a_table_is_of_headlines_where_an_outlet_is_given_and_nobody_posted_it(
    tmp_path: Path,
) -> None:
    table = "id,title,date\n1,Ebb,2024-05-06\n"
    assert [item.source for item in documents(read(tmp_path / "t.csv", table))] == ["posts"]
    [item] = documents(read(tmp_path / "t.csv", table, outlet="The Tides"))
    assert (item.source, item.outlet, item.text) == ("archive", "The Tides", "Ebb.")
    [item] = documents(read(tmp_path / "t.csv", table, outlet="The Tides", source="nyt"))
    assert (item.source, item.outlet, item.text) == ("nyt", "The Tides", "Ebb.")


def test_a_table_with_outlets_and_authors_is_of_posts_unless_one_says_otherwise(
    tmp_path: Path,
) -> None:
    table = (
        "id,title,publication,author,date,content\n"
        "1,Ebb,The Tides,Ann,2024-05-06,The sea went out.\n"
    )
    items = read(tmp_path / "t.csv", table)
    [item] = documents(items)
    assert (item.source, item.handle, item.text) == ("posts", "ann", "The sea went out.")
    assert (item.outlet, remarks(items)) == (None, [READ_AS_POSTS])
    items = read(tmp_path / "t.csv", table, source="archive")
    [item] = documents(items)
    assert (item.source, item.outlet, item.handle) == ("archive", "The Tides", None)
    assert (item.text, remarks(items)) == ("Ebb.", [])


def test_a_headline_comes_before_an_articles_text_unless_a_column_is_given(tmp_path: Path) -> None:
    table = "text,headline,outlet\nThe sea went out.,Ebb,The Tides\n"
    assert documents(read(tmp_path / "t.csv", table))[0].text == "Ebb."
    [item] = documents(read(tmp_path / "t.csv", table, columns={"text": "text"}))
    assert item.text == "The sea went out."


def test_headlines_of_no_outlet_are_kept_with_a_remark(tmp_path: Path) -> None:
    items = read(tmp_path / "t.csv", "title,date\nEbb,1923-05-06\n", source="archive")
    [item] = documents(items)
    assert (item.outlet, item.period) == (None, "1923-05")
    assert remarks(items) == [NO_OUTLET]
    items = read(tmp_path / "a.json", json.dumps([article(), article("Ebb")]), source="archive")
    assert len(documents(items)) == 2
    assert remarks(items) == [NO_OUTLET]


def test_an_archive_of_the_nyts_shape_may_be_another_outlets(tmp_path: Path) -> None:
    articles = [
        article(abstract="It rained."),
        article("Snow", web_url="http://shore.example/snow"),
        article("Hail", source="The Shore", _id="7"),
        {"headline": 5},
        "Fog",
    ]
    for name, content in (
        ("a.json", json.dumps({"response": {"docs": articles}})),
        ("a.jsonl", "\n".join(map(json.dumps, articles))),
    ):
        items = read(tmp_path / name, content, source="archive", outlet="The Tides")
        found = documents(items)
        assert [(item.source, item.text, item.outlet) for item in found] == [
            ("archive", "Rain at Last.", "The Tides"),
            ("archive", "Snow.", "The Tides"),
            ("archive", "Hail.", "The Shore"),
        ]
        assert (found[0].abstract, found[0].material) == ("It rained.", "News")
        assert [item.index for item in items if isinstance(item, LeftOut)] == [4]
        assert remarks(items) == []


def test_posts_are_no_headlines_whatever_one_says(tmp_path: Path) -> None:
    page = json.dumps({"data": [{"id": "1", "text": "Rain"}]})
    with pytest.raises(BadInput, match="holds documents of x, not of archive: leave --source out"):
        read(tmp_path / "x.json", page, source="archive")

    items = read(tmp_path / "x.json", page, outlet="The Tides", handle="ann")
    assert [(item.source, item.outlet) for item in documents(items)] == [("x", None)]
    table = "tweet_id,text,username,time\n1445873369,Rain,ann,2015-10-26\n"
    items = read(tmp_path / "x.csv", table, outlet="The Tides")
    assert [(item.source, item.outlet) for item in documents(items)] == [("x", None)]
    assert remarks(items) == [READ_AS_POSTS]
    items = read(tmp_path / "x.json", page, outlet="The Tides", handle="ann")
    assert remarks(items) == [
        "posts of X (Twitter until July 2023) are of no outlet: --outlet is not stored with them"
    ]


# --- identity ---


ROWS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["", "1", "2"]),
        "title": st.sampled_from(["Ebb", "Flow", "id", "text"]),
        "date": st.sampled_from(["", "2024-05-06", "2024-05-07", "soon", "id"]),
    }
)
OUTLETS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), min_size=1).filter(
    lambda name: bool(name.strip()) and name.strip().casefold() != "none"
)


def read_rows(rows: Sequence[dict[str, str]], **options: Any) -> list[SourceDocument]:
    content = io.StringIO()
    table = csv.DictWriter(content, list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    with TemporaryDirectory() as folder:
        return documents(read(Path(folder) / "t.csv", content.getvalue(), **options))


def folded(name: str) -> str:
    return " ".join(name.split()).casefold()


@settings(max_examples=2 * settings.default.max_examples)
@given(rows=st.lists(ROWS, min_size=1, max_size=4), first=OUTLETS, second=OUTLETS)
def test_two_outlets_never_share_an_identity_and_case_is_no_other_outlet(
    rows: list[dict[str, str]], first: str, second: str
) -> None:
    of_first = {item.identity for item in read_rows(rows, outlet=first)}
    of_second = {item.identity for item in read_rows(rows, outlet=second)}
    if folded(first) == folded(second):
        assert of_first == of_second
    else:
        assert not of_first & of_second


@given(data=st.data(), rows=st.lists(ROWS, min_size=1, max_size=6), outlet=OUTLETS)
def test_the_order_of_rows_and_the_columns_order_change_no_identity(
    data: st.DataObject, rows: list[dict[str, str]], outlet: str
) -> None:
    expected = sorted(item.identity for item in read_rows(rows, outlet=outlet))
    shuffled = data.draw(st.permutations(rows))
    columns = data.draw(st.permutations(list(rows[0])))
    reordered = [{column: row[column] for column in columns} for row in shuffled]
    assert sorted(item.identity for item in read_rows(reordered, outlet=outlet)) == expected


@given(rows=st.lists(ROWS, min_size=1, max_size=4), outlet=OUTLETS)
def test_a_row_has_the_name_of_an_import_that_did_not_know_its_outlet(
    rows: list[dict[str, str]], outlet: str
) -> None:
    before = [item.identity for item in read_rows(rows, source="archive")]
    after = read_rows(rows, outlet=outlet)
    for identity, item in zip(before, after, strict=True):
        assert identity in item.less_known_identities


def test_an_address_is_one_document_whoever_lists_it(tmp_path: Path) -> None:
    one = "id,title,url,outlet\n1,Ebb,http://tides.example/ebb,The Tides\n"
    other = "id,title,url,outlet\n8,Ebb,https://tides.example/ebb,tides.example\n"
    [first] = documents(read(tmp_path / "one.csv", one))
    [second] = documents(read(tmp_path / "other.csv", other))
    articles = json.dumps([article("Ebb", web_url="http://tides.example/ebb", _id="nyt://5")])
    [third] = documents(read(tmp_path / "a.json", articles, source="archive", outlet="Tides"))
    assert first.identity == second.identity == third.identity
    assert first.address == "http://tides.example/ebb"
    assert first.less_known_ids == ()


def test_a_wire_copy_in_two_outlets_is_two_documents_and_an_import_again_none(
    tmp_path: Path,
) -> None:
    articles = json.dumps([article(), article("Snow", _id="7")])

    def identities(outlet: str | None) -> list[str]:
        items = read(tmp_path / "a.json", articles, source="archive", outlet=outlet)
        return [item.identity for item in documents(items)]

    assert len({*identities("The Tides"), *identities("The Shore"), *identities(None)}) == 6
    assert identities("The Tides") == identities("the  tides")


def test_an_id_is_that_of_its_outlet(tmp_path: Path) -> None:
    table = "id,title,outlet\n1,Ebb,The Tides\n1,Ebb,The Shore\n2,Ebb,The Tides\n1,Ebb,the tides\n"
    found = documents(read(tmp_path / "t.csv", table))
    assert len({item.identity for item in found}) == 3
    assert found[0].identity == found[3].identity
