"""Files of posts: formats and columns are recognized, and nothing is lost on the way."""

from __future__ import annotations

import codecs
import gzip
import json
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, UsageError
from sources.base import ColumnsRead, Empty, Item, LeftOut, Remark, SourceDocument
from sources.files import read_path

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def read(path: Path, content: str | bytes, **options: Any) -> list[Item]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_path(path, now=NOW, **options))


def documents(items: list[Item]) -> list[SourceDocument]:
    return [item for item in items if isinstance(item, SourceDocument)]


def remarks(items: list[Item]) -> str:
    return "; ".join(item.text for item in items if isinstance(item, Remark))


def x_page(*ids: str, users: Mapping[str, str] | None = None) -> dict[str, Any]:
    page: dict[str, Any] = {
        "data": [{"id": i, "text": f"Post {i} &amp; more", "author_id": "7"} for i in ids]
    }
    if users:
        page["includes"] = {"users": [{"id": key, "username": name} for key, name in users.items()]}

    return page


def status(number: str, content: str, **changes: Any) -> dict[str, Any]:
    account = {
        "acct": "Ann",
        "url": "https://home.example/@Ann",
        "uri": "https://home.example/users/Ann",
    }
    return {
        "id": number,
        "created_at": "2024-05-06T07:08:09.000Z",
        "content": content,
        "account": account,
        "reblog": None,
        "url": f"https://home.example/@Ann/{number}",
        **changes,
    }


def entry(key: str, text: str = "Hello", **changes: Any) -> dict[str, Any]:
    return {
        "post": {
            "uri": f"at://did:plc:ann/app.bsky.feed.post/{key}",
            "author": {"did": "did:plc:ann", "handle": "Ann.example"},
            "record": {"text": text, "createdAt": "2025-02-24T20:30:07.343Z"},
            "indexedAt": "2025-02-24T20:29:50.454Z",
        },
        **changes,
    }


# --- CSV ---


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    [item] = documents(
        read(
            tmp_path / "posts.csv",
            'Username,Created At,FULL_TEXT,url\n@Ann,2020-03-04 05:06,"Rain, &amp; snow",https://a.example/1\n',
        )
    )
    assert (item.source, item.handle, item.text) == ("posts", "ann", "Rain, & snow")
    assert item.published_at == datetime(2020, 3, 4, 5, 6, tzinfo=UTC)
    assert item.address == "https://a.example/1"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_may_have_another_delimiter(tmp_path: Path, delimiter: str) -> None:
    lines = [("id", "text", "date"), ("1", "Rain", "2020-01-02")]
    items = read(tmp_path / "posts.csv", "\r\n".join(delimiter.join(line) for line in lines))
    assert [(d.native_id, d.text, d.period) for d in documents(items)] == [("1", "Rain", "2020-01")]


def test_columns_of_one_name_are_told_and_the_first_is_read(tmp_path: Path) -> None:
    path, content = tmp_path / "posts.csv", "id,text,text,text\n1,Rain,Snow,Hail\n"
    items = read(path, content)
    assert documents(items)[0].text == "Rain"
    assert "it has several columns named text: the first of a name is read" in remarks(items)
    [columns] = [item for item in items if isinstance(item, ColumnsRead)]
    assert columns.unread == ("text (2)", "text (3)")

    items = read(path, content, columns={"text": "text (2)"})
    assert documents(items)[0].text == "Snow"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("posts.csv", "id,text\r1,Rain\r2,Snow\r"),
        ("posts.csv", "id,text\r1,Rain\r2,Snow"),
        ("posts.jsonl", '{"id": 1, "text": "Rain"}\r{"id": 2, "text": "Snow"}\r'),
    ],
)
def test_lines_may_end_as_those_of_the_classic_mac(tmp_path: Path, name: str, content: str) -> None:
    read_documents = documents(read(tmp_path / name, content))
    assert [document.text for document in read_documents] == ["Rain", "Snow"]


def test_a_carriage_return_within_a_text_ends_no_line(tmp_path: Path) -> None:
    for ending in ("\n", "\r\n"):
        content = f'id,text{ending}1,"Rain\rand snow"{ending}'
        assert documents(read(tmp_path / "posts.csv", content))[0].text == "Rain\rand snow"


def test_the_row_in_which_a_packed_table_is_cut_is_no_document(tmp_path: Path) -> None:
    lines = [f"{number},Rain of day {number * number},2020-03-01\n" for number in range(3000)]
    packed = gzip.compress("".join(["id,text,date\n", *lines]).encode())
    items = read(tmp_path / "posts.csv.gz", packed[:9000])
    found, left_out = documents(items), [item for item in items if isinstance(item, LeftOut)]
    assert [document.text for document in found] == [
        line.split(",")[1] for line in lines[: len(found)]
    ]
    assert len(found) > 1000
    assert [(item.index, item.why) for item in left_out] == [
        (len(found), "the file ends in the middle of this row"),
        (len(found) + 1, "the file is damaged or cut short (its end is missing)"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.json", "42", "JSON is a list of objects, JSONL"),
        ("a.json", '"abc"', "JSON is a list of objects, JSONL"),
        ("a.json", "null", "JSON is a list of objects, JSONL"),
        ("a.jsonl", "42\n43\n", "JSONL an object on each line"),
        ("a.jsonl", "x" * 2**23 + "x", r"line 1 is longer than 8,388,608 characters: shorten it"),
        ("a.csv", "x" * 2**22 + "x", r"line 1 is longer than 4,194,304 characters: shorten it"),
        ("a.json", '{"text": "' + "x" * 2**23, "does not end within 8,388,608 characters: short"),
    ],
)
def test_a_file_without_documents_says_what_it_has_in_their_place(
    tmp_path: Path, name: str, content: str, reason: str
) -> None:
    with pytest.raises(BadInput, match=reason):
        read(tmp_path / name, content)


def test_columns_may_be_given(tmp_path: Path) -> None:
    content = "text,words,when,who,number,where\nno,Rain,2020-01-02,Ann,17,https://a.example/\n"
    columns = {
        "text": "words",
        "published_at": "when",
        "handle": "who",
        "id": "number",
        "address": "where",
    }
    [item] = documents(read(tmp_path / "posts.csv", content, columns=columns))
    assert (item.text, item.handle, item.native_id, item.address) == (
        "Rain",
        "ann",
        "17",
        "https://a.example/",
    )


def test_a_column_that_is_not_there_and_a_missing_text_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no column 'words': it has a, b"):
        read(tmp_path / "posts.csv", "a,b\n1,2\n", columns={"text": "words"})

    with pytest.raises(BadInput, match="--column text=NAME"):
        read(tmp_path / "posts.csv", "a,b\n1,2\n")

    with pytest.raises(UsageError, match="'tekst' is no field"):
        read(tmp_path / "posts.csv", "a,b\n1,2\n", columns={"tekst": "a"})


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("1445873369", datetime(2015, 10, 26, 15, 29, 29, tzinfo=UTC)),
        ("1445873369123", datetime(2015, 10, 26, 15, 29, 29, tzinfo=UTC)),
        ("Wed Oct 19 20:07:25 +0000 2022", datetime(2022, 10, 19, 20, 7, 25, tzinfo=UTC)),
        ("Wed, 19 Oct 2022 20:07:25 +0200", datetime(2022, 10, 19, 18, 7, 25, tzinfo=UTC)),
        ("10/16/17 22:59", datetime(2017, 10, 16, 22, 59, tzinfo=UTC)),
        ("20030219", datetime(2003, 2, 19, tzinfo=UTC)),
        ("20030219.0", datetime(2003, 2, 19, tzinfo=UTC)),
        ("200302", datetime(2003, 2, 1, tzinfo=UTC)),
        ("20200301093005", datetime(2020, 3, 1, 9, 30, 5, tzinfo=UTC)),
        ("20200301093005.0", datetime(2020, 3, 1, 9, 30, 5, tzinfo=UTC)),
        ("20200301T093005Z", datetime(2020, 3, 1, 9, 30, 5, tzinfo=UTC)),
        ("18510918000000", datetime(1851, 9, 18, tzinfo=UTC)),
        ("20200230093005", None),
        ("20200301246060", None),
        ("2.0200301E+13", None),
        ("2003-02", datetime(2003, 2, 1, tzinfo=UTC)),
        ("2024/02/03", datetime(2024, 2, 3, tzinfo=UTC)),
        ("2024/2/3 10:00", datetime(2024, 2, 3, 10, tzinfo=UTC)),
        ("2024-2-3", datetime(2024, 2, 3, tzinfo=UTC)),
        ("2024.02.03", datetime(2024, 2, 3, tzinfo=UTC)),
        ("2024-02-03 10:00:00 UTC", datetime(2024, 2, 3, 10, tzinfo=UTC)),
        ("2024/02/03 10:00:00 +0200", datetime(2024, 2, 3, 8, tzinfo=UTC)),
        ("03.02.2024", datetime(2024, 2, 3, tzinfo=UTC)),
        ("02.25.2024", datetime(2024, 2, 25, tzinfo=UTC)),
        ("2024/02/30", None),
        ("2024-2-3 or so", None),
        ("0", None),
        ("0001-01-01T00:00:00Z", None),
        ("2999-01-01", None),
        ("yesterday", None),
        ("2020-03-31T24:00:00Z", datetime(2020, 4, 1, tzinfo=UTC)),
        ("2020-12-31 24:00", datetime(2021, 1, 1, tzinfo=UTC)),
        ("2020-02-28T24:00:00.000+02:00", datetime(2020, 2, 28, 22, tzinfo=UTC)),
        ("20200331T240000Z", datetime(2020, 4, 1, tzinfo=UTC)),
        ("20200331240000", datetime(2020, 4, 1, tzinfo=UTC)),
        ("31.12.2020, 24:00 Uhr", datetime(2021, 1, 1, tzinfo=UTC)),
        ("2020-03-31T24:00:01Z", None),
        ("2020-03-31T24:30", None),
        ("9999-12-31T24:00:00Z", None),
    ],
)
def test_times_are_read_as_files_write_them(
    tmp_path: Path, written: str, published: datetime | None
) -> None:
    [item] = documents(read(tmp_path / "posts.csv", f'text,time\nRain,"{written}"\n'))
    assert item.published_at == published
    assert item.time_wrong == (published is None)


@pytest.mark.parametrize(
    ("number", "published"),
    [
        (20240203, datetime(2024, 2, 3, tzinfo=UTC)),
        (20240203.0, datetime(2024, 2, 3, tzinfo=UTC)),
        (202402, datetime(2024, 2, 1, tzinfo=UTC)),
        (20200301093005, datetime(2020, 3, 1, 9, 30, 5, tzinfo=UTC)),
        (18900704, datetime(1890, 7, 4, tzinfo=UTC)),
        (1445873369, datetime(2015, 10, 26, 15, 29, 29, tzinfo=UTC)),
    ],
)
def test_a_number_of_json_may_be_a_date_or_a_unix_time(
    tmp_path: Path, number: float, published: datetime
) -> None:
    [item] = documents(
        read(tmp_path / "posts.json", json.dumps([{"text": "Rain", "date": number}]))
    )
    assert (item.published_at, item.time_wrong) == (published, False)


def test_one_date_that_begins_with_the_day_tells_the_order_of_all(tmp_path: Path) -> None:
    items = read(tmp_path / "posts.csv", "text,date\na,03/04/2020\nb,25/04/2020\n")
    assert [item.period for item in documents(items)] == ["2020-04", "2020-04"]
    items = read(tmp_path / "posts.csv", "text,date\na,03/04/2020\nb,04/25/2020\n")
    assert [item.period for item in documents(items)] == ["2020-03", "2020-04"]


def test_a_csv_that_is_no_utf8_is_read_as_windows_1252_and_says_so(tmp_path: Path) -> None:
    items = read(tmp_path / "posts.csv", b"id,text\n1,caf\xe9 \x93x\x94\n2,odd \x81\n")
    assert [item.text for item in documents(items)] == ["café \u201cx\u201d", "odd \ufffd"]
    assert "read as Windows-1252, 1 bytes that mean nothing there became U+FFFD" in remarks(items)


@pytest.mark.parametrize("signatures", [1, 2, 3])
@pytest.mark.parametrize("head", ["id,text", '"id","text"', "sep=,\nid,text", "\r\nid,text"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_signatures_of_utf8_at_the_beginning_belong_to_no_column(
    tmp_path: Path, signatures: int, head: str, encoding: str
) -> None:
    content = codecs.BOM_UTF8 * signatures + f"{head}\n7,Caf\u00e9\n".encode(encoding)
    [item] = documents(read(tmp_path / "a.csv", content))
    assert (item.native_id, item.text) == ("7", "Caf\u00e9")


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.json.gz"])
def test_signatures_of_utf8_at_the_beginning_are_no_part_of_json(tmp_path: Path, name: str) -> None:
    content = codecs.BOM_UTF8 * 2 + b'{"id": "7", "text": "Rain"}\n{"id": "8", "text": "Fog"}\n'
    if name.startswith("a.json") and not name.endswith("l"):
        content = codecs.BOM_UTF8 * 2 + b'[{"id": "7", "text": "Rain"}, {"id": "8", "text": "Fog"}]'

    packed = gzip.compress(content) if name.endswith(".gz") else content
    items = documents(read(tmp_path / name, packed))
    assert [item.native_id for item in items] == ["7", "8"]


def test_posts_on_x_are_known_by_their_address(tmp_path: Path) -> None:
    content = (
        "created_at,text,url\n1/2/20 3:04,Hi,https://twitter.com/Ann/status/920061541986250758\n"
    )
    [item] = documents(read(tmp_path / "posts.csv", content))
    assert (item.identity, item.handle) == ("x:920061541986250758", "ann")


def test_the_number_in_a_posts_address_comes_before_one_that_counts_rows(tmp_path: Path) -> None:
    address = "https://x.com/nasa/status/1750000000000000001"
    content = f"id,text,url\n1,Hi,{address}\n1750000000000000002,Quote,{address}\n3,Other,\n"
    first, quote, other = documents(read(tmp_path / "posts.csv", content))
    assert (first.identity, first.period) == ("x:1750000000000000001", "2024-01")
    assert (quote.identity, other.identity) == ("x:1750000000000000002", "x:3")


def test_an_id_that_a_spreadsheet_rounded_is_no_id(tmp_path: Path) -> None:
    items = read(tmp_path / "posts.csv", "tweet_id,text\n6.58667E+17,a\n6.58667E+17,b\n")
    assert len({item.identity for item in documents(items)}) == 2


def test_identity_without_id_and_address_is_handle_date_and_text(tmp_path: Path) -> None:
    items = read(
        tmp_path / "posts.csv",
        "user,date,text\nann,2020-01-01,Hi\nbob,2020-01-01,Hi\nann,2020-01-01,Hi\n",
    )
    assert len({item.identity for item in documents(items)}) == 2


def test_what_a_table_does_not_say_is_remarked_and_its_documents_are_kept(tmp_path: Path) -> None:
    items = read(tmp_path / "posts.csv", "text\nRain\n")
    assert [(item.handle, item.published_at) for item in documents(items)] == [(None, None)]
    assert "--handle" in remarks(items)
    assert "--column published_at=NAME" in remarks(items)
    items = read(tmp_path / "posts.csv", "text,date\nRain,2020-01-01\n", handle="@Ann")
    assert [item.handle for item in documents(items)] == ["ann"]
    assert remarks(items) == ""


def test_a_column_without_a_name_is_no_column_of_times(tmp_path: Path) -> None:
    (document,) = documents(read(tmp_path / "p.jsonl", '{"tweet": "Rain", "": "44197"}'))
    assert (document.text, document.published_at) == ("Rain", None)


def test_bad_rows_are_named_and_empty_ones_counted(tmp_path: Path) -> None:
    items = read(
        tmp_path / "posts.csv",
        'id,text,date\n1,a,2020-01-01\n2,b,2020-01-01,more\n\n3\n4,"",x\n5,c,,,\n',
    )
    assert [item.native_id for item in documents(items)] == ["1", "5"]
    assert [(item.index, item.why) for item in items if isinstance(item, LeftOut)] == [
        (1, "it has 4 fields where the first line names 3")
    ]
    assert [item.index for item in items if isinstance(item, Empty)] == [2, 3]


def test_lines_inside_a_field_stay_in_their_text(tmp_path: Path) -> None:
    [item] = documents(read(tmp_path / "posts.csv", 'id,text\n1,"one\ntwo\u2028three"\n'))
    assert item.text == "one\ntwo\u2028three"


def test_headlines_in_a_table_are_documents_of_the_nyt_where_one_says_so(tmp_path: Path) -> None:
    content = "title,date,web_url\nRain &amp; Snow,2020-01-02,http://www.nytimes.com/a\n"
    [item] = documents(read(tmp_path / "own.csv", content, source="nyt", columns={"text": "title"}))
    assert (item.source, item.text, item.handle) == ("nyt", "Rain &amp; Snow.", None)
    assert item.address == "https://www.nytimes.com/a"
    line = json.dumps({"title": "Rain", "date": "2020-01-02"})
    [item] = documents(read(tmp_path / "own.jsonl", line, source="nyt"))
    assert (item.source, item.text, item.period) == ("nyt", "Rain.", "2020-01")


# --- JSON and JSONL ---


def test_x_answers_get_their_handles_though_those_come_last(tmp_path: Path) -> None:
    [item] = documents(
        read(tmp_path / "x.json", json.dumps(x_page("1582825767519809536", users={"7": "Ann"})))
    )
    assert (item.identity, item.handle, item.author_id) == ("x:1582825767519809536", "ann", "7")
    assert item.text == "Post 1582825767519809536 & more"
    assert item.address == "https://x.com/ann/status/1582825767519809536"
    assert item.published_at == datetime(2022, 10, 19, 20, 7, 25, tzinfo=UTC)  # as its id says


@pytest.mark.parametrize("name", ["x.json", "x.jsonl", "x.ndjson"])
def test_pages_may_stand_one_a_line_or_in_a_list(tmp_path: Path, name: str) -> None:
    pages = [x_page("1", users={"7": "Ann"}), x_page("2"), x_page("3")]
    items = read(tmp_path / name, "\n".join(map(json.dumps, pages)))
    assert [(item.native_id, item.handle) for item in documents(items)] == [
        ("1", "ann"),
        ("2", "ann"),
        ("3", "ann"),
    ]
    items = read(tmp_path / "list.json", json.dumps(pages))
    assert [item.native_id for item in documents(items)] == ["1", "2", "3"]


def test_long_pages_one_a_line_are_read_in_a_file_of_any_name(tmp_path: Path) -> None:
    long_page = {"data": [{"id": "1", "text": "a" * 300_000}]}
    lines = [json.dumps(page) for page in (long_page, x_page("2"), x_page("3"))]
    items = read(tmp_path / "x.json", "\n".join(lines))
    assert [item.native_id for item in documents(items)] == ["1", "2", "3"]
    assert not [item for item in items if isinstance(item, LeftOut)]


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "text": "hello", "date": "2024-01-01"},
        {"id": "1", "text": "hello", "Date": "2024-01-01"},
        {"id": "1", "text": "hello", "created_at": "2024-01-01", "user": "Ann"},
    ],
)
def test_a_table_under_the_key_of_answers_of_x_is_a_table(
    tmp_path: Path, row: dict[str, Any]
) -> None:
    [item] = documents(read(tmp_path / "a.json", json.dumps({"data": [row]})))
    assert (item.identity, item.text, item.period) == ("posts:1", "hello", "2024-01")


def test_posts_of_the_older_api_are_reposts_and_long_as_they_say(tmp_path: Path) -> None:
    posts = [
        {"id_str": "1", "text": "Short", "retweeted_status": None},
        {"id_str": "2", "text": "Theirs", "retweeted_status": {"id_str": "1"}},
        {"id_str": "3", "text": "Cut…", "extended_tweet": {"full_text": "Cut off no more"}},
    ]
    items = read(tmp_path / "x.json", json.dumps(posts))
    assert [(item.text, item.repost) for item in documents(items)] == [
        ("Short", False),
        ("Theirs", True),
        ("Cut off no more", False),
    ]


def test_answers_without_authors_are_kept_with_a_remark(tmp_path: Path) -> None:
    items = read(tmp_path / "x.json", json.dumps({"data": [{"id": "1", "text": "Hi"}]}))
    assert [item.handle for item in documents(items)] == [None]
    assert "--handle" in remarks(items)


def tweets_js(*tweets: dict[str, Any]) -> str:
    return "window.YTD.tweets.part0 = " + json.dumps(
        [{"tweet": tweet} for tweet in tweets], indent=2
    )


def test_an_archive_of_x_is_read_and_its_handle_is_given_or_stands_beside_it(
    tmp_path: Path,
) -> None:
    content = tweets_js(
        {"id_str": "1", "full_text": "a &lt;b&gt;", "created_at": "Wed Oct 19 20:07:25 +0000 2022"},
        {"id_str": "2", "full_text": "RT @bob: c", "created_at": "Wed Oct 19 20:07:25 +0000 2022"},
    )
    items = read(tmp_path / "tweets.js", content)
    assert [(item.text, item.repost, item.handle) for item in documents(items)] == [
        ("a <b>", False, None),
        ("RT @bob: c", True, None),
    ]
    assert "--handle" in remarks(items)
    assert documents(read(tmp_path / "tweets.js", content, handle="Ann"))[0].handle == "ann"
    (tmp_path / "account.js").write_text(
        'window.YTD.account.part0 = [{"account": {"username": "Bob"}}]'
    )
    items = read(tmp_path / "tweets.js", content)
    assert {item.handle for item in documents(items)} == {"bob"}
    assert remarks(items) == ""


def test_another_list_of_an_archive_of_x_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="the list 'like' of an X archive"):
        read(tmp_path / "like.js", 'window.YTD.like.part0 = [{"like": {"tweetId": "1"}}]')


def test_the_scripts_of_an_unpacked_archive_are_left_alone_with_a_remark(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "assets").mkdir()
    (tmp_path / "data" / "tweets.js").write_text(tweets_js({"id_str": "1", "full_text": "Hi"}))
    (tmp_path / "data" / "manifest.js").write_text('window.__THAR_CONFIG = {"userInfo": {}}')
    (tmp_path / "assets" / "app.js").write_text("(function () { return {}; })();")
    (tmp_path / "assets" / "broken.js").write_text("[nothing")
    items = list(read_path(tmp_path, now=NOW))
    assert [item.text for item in documents(items)] == ["Hi"]
    left_alone = [item.file for item in items if isinstance(item, Remark) and "script" in item.text]
    assert sorted(Path(file).name for file in left_alone) == ["app.js", "manifest.js"]
    left_out = [Path(item.file).name for item in items if isinstance(item, LeftOut)]
    assert left_out == ["broken.js"]


def test_a_message_says_once_that_a_file_is_no_json(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"a\.json is no JSON \(Expecting value\): look at what"):
        read(tmp_path / "a.json", "nothing of the kind")


def test_bluesky_posts_keep_did_and_the_earlier_time(tmp_path: Path) -> None:
    [item] = documents(
        read(tmp_path / "feed.json", json.dumps({"feed": [entry("1")], "cursor": "c"}))
    )
    assert item.identity == "bluesky:at://did:plc:ann/app.bsky.feed.post/1"
    assert (item.handle, item.author_id) == ("ann.example", "did:plc:ann")
    assert item.address == "https://bsky.app/profile/ann.example/post/1"
    assert item.published_at == datetime(2025, 2, 24, 20, 29, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    ("created", "indexed", "published"),
    [
        (
            "2999-01-01T00:00:00Z",
            "2025-02-24T20:29:50Z",
            datetime(2025, 2, 24, 20, 29, 50, tzinfo=UTC),
        ),
        ("0001-01-01T00:00:00Z", "2025-02-24T20:29:50Z", None),
        ("2999-01-01T00:00:00Z", "2999-01-01T00:00:00Z", None),
    ],
)
def test_bluesky_times_that_cannot_be_are_marked(
    tmp_path: Path, created: str, indexed: str, published: datetime | None
) -> None:
    value = entry("1")
    value["post"]["record"]["createdAt"] = created
    value["post"]["indexedAt"] = indexed
    [item] = documents(read(tmp_path / "feed.json", json.dumps({"feed": [value]})))
    assert (item.published_at, item.time_wrong) == (published, published is None)


def test_a_bluesky_repost_is_the_reposters_act(tmp_path: Path) -> None:
    reason = {
        "$type": "app.bsky.feed.defs#reasonRepost",
        "by": {"did": "did:plc:bob", "handle": "bob.example"},
        "indexedAt": "2025-03-01T00:00:00Z",
    }
    items = documents(
        read(tmp_path / "feed.json", json.dumps({"feed": [entry("1"), entry("1", reason=reason)]}))
    )
    assert [(item.repost, item.handle, item.period) for item in items] == [
        (False, "ann.example", "2025-02"),
        (True, "bob.example", "2025-03"),
    ]
    assert items[0].identity != items[1].identity


def test_mastodon_statuses_become_text_and_keep_their_servers_id(tmp_path: Path) -> None:
    link = '<a href="https://a.example/x"><span class="invisible">https://</span><span>a.example</span></a>'
    items = read(
        tmp_path / "m.json",
        json.dumps([status("1", f"<p>One<br>two</p><p>See {link} &amp; go</p>")]),
    )
    [item] = documents(items)
    assert item.text == "One\ntwo\n\nSee a.example & go"
    assert (item.identity, item.handle) == ("mastodon:home.example/1", "ann@home.example")


def test_a_hidden_part_that_is_never_closed_hides_no_other_paragraph(tmp_path: Path) -> None:
    content = '<p>One <span class="invisible">https://</span}</p><p>Two</p>'
    [item] = documents(read(tmp_path / "m.json", json.dumps([status("1", content)])))
    assert item.text == "One\n\nTwo"


def test_a_boost_is_marked_and_has_the_boosted_words(tmp_path: Path) -> None:
    inner = status(
        "9", "<p>Theirs</p>", account={"acct": "bob@b.example", "url": "https://b.example/@bob"}
    )
    [item] = documents(read(tmp_path / "m.json", json.dumps([status("2", "", reblog=inner)])))
    assert (item.repost, item.text, item.handle) == (True, "Theirs", "ann@home.example")
    assert item.identity == "mastodon:home.example/2"


def test_mastodon_pages_may_be_a_list_of_lists(tmp_path: Path) -> None:
    pages = [[status("1", "<p>a</p>"), status("2", "<p></p>")], [status("3", "<p>b</p>")]]
    items = read(tmp_path / "m.json", json.dumps(pages))
    assert [item.text for item in documents(items)] == ["a", "b"]
    assert [item.index for item in items if isinstance(item, Empty)] == [1]


def test_objects_of_no_known_service_are_read_by_their_columns(tmp_path: Path) -> None:
    rows = [{"id": 1, "text": "a", "author": "Ann", "date": 1445873369}, {"id": 2, "text": "b"}, 7]
    for name, content in (
        ("p.json", json.dumps(rows)),
        ("p.jsonl", "\n".join(map(json.dumps, rows))),
    ):
        items = read(tmp_path / name, content)
        assert [(item.native_id, item.text, item.period) for item in documents(items)] == [
            ("1", "a", "2015-10"),
            ("2", "b", None),
        ]
        assert [item.index for item in items if isinstance(item, LeftOut)] == [2]


@pytest.mark.parametrize("name", ["p.json", "p.jsonl"])
def test_rows_of_json_need_not_have_the_same_columns(tmp_path: Path, name: str) -> None:
    rows = [
        {"id": 1, "text": "a"},
        {"id": 2, "text": "b", "time": "2020-01-02", "title": "no text of this table"},
        {"id": 3, "text": "c", "date": "2020-01-02", "author": "Ann"},
    ]
    content = json.dumps(rows) if name == "p.json" else "\n".join(map(json.dumps, rows))
    items = read(tmp_path / name, content)
    assert [(item.text, item.period, item.handle) for item in documents(items)] == [
        ("a", None, None),
        ("b", "2020-01", None),
        ("c", None, "ann"),
    ]
    assert remarks(items) == ""
    items = read(tmp_path / name, content, columns={"published_at": "date"})
    assert [item.period for item in documents(items)] == [None, None, "2020-01"]


def test_a_table_of_json_whose_first_row_has_no_text_or_address_is_recognized(
    tmp_path: Path,
) -> None:
    rows = [{"note": "x"}, {"text": "a", "url": "https://x.com/Ann/status/1582825767519809536"}]
    [item] = documents(read(tmp_path / "p.json", json.dumps(rows)))
    assert (item.identity, item.handle) == ("x:1582825767519809536", "ann")


def test_one_date_of_json_that_begins_with_the_day_tells_the_order_of_all(tmp_path: Path) -> None:
    for last, months in (("25/04/2020", ["2020-04"] * 2), ("04/25/2020", ["2020-03", "2020-04"])):
        rows = [{"text": "a", "date": "03/04/2020"}, {"text": "b", "date": last}]
        items = read(tmp_path / "p.json", json.dumps(rows))
        assert [item.period for item in documents(items)] == months


def test_one_date_with_dots_that_begins_with_the_month_tells_the_order_of_all(
    tmp_path: Path,
) -> None:
    items = read(tmp_path / "posts.csv", "text,date\na,03.04.2020\nb,04.25.2020\n")
    assert [item.period for item in documents(items)] == ["2020-03", "2020-04"]


def test_the_first_time_of_a_table_of_json_is_no_number_of_a_day(tmp_path: Path) -> None:
    rows = [{"text": "a", "date": None}, {"text": "b"}, {"text": "c", "date": 44197}]
    with pytest.raises(BadInput, match="'date' holds '44197', which is a spreadsheet's number"):
        read(tmp_path / "p.json", json.dumps(rows))


def test_a_broken_line_costs_itself_alone(tmp_path: Path) -> None:
    content = (
        b'{"id": "1", "text": "a"}\n{"id": "2", "text": "b\n'
        b'{"id": "3", "text": "\xff"}\n{"id": "4", "text": "d"}\n'
    )
    items = read(tmp_path / "p.jsonl", content)
    assert [item.native_id for item in documents(items)] == ["1", "4"]
    assert [item.index for item in items if isinstance(item, LeftOut)] == [1, 2]


def test_a_truncated_file_keeps_its_good_posts(tmp_path: Path) -> None:
    content = json.dumps({"feed": [entry("1"), entry("2"), entry("3")]})
    items = read(tmp_path / "feed.json", content[: content.rindex("record")])
    assert [item.native_id[-1] for item in documents(items)] == ["1", "2"]
    assert [item.index for item in items if isinstance(item, LeftOut)] == [2]


def test_an_empty_list_holds_nothing_and_is_no_error(tmp_path: Path) -> None:
    assert read(tmp_path / "a.json", "[]") == []
    assert read(tmp_path / "a.json", '{"feed": [], "cursor": "x"}') == []
    assert read(tmp_path / "a.json", "[]", source="mastodon") == []


@pytest.mark.parametrize(
    "content", ["", "{}", "7", "<html></html>", '{"error": "x", "code": 7}', '[{"a": 1}]']
)
def test_what_is_of_no_known_kind_is_bad_input(tmp_path: Path, content: str) -> None:
    with pytest.raises(BadInput, match=r"a\.json"):
        read(tmp_path / "a.json", content)


def test_a_source_that_the_file_contradicts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds documents of mastodon, not of x: leave --source out"):
        read(tmp_path / "a.json", json.dumps([status("1", "<p>a</p>")]), source="x")


def test_a_folder_is_read_whole_packed_files_too(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.json.gz").write_bytes(
        gzip.compress(json.dumps([status("1", "<p>b</p>")]).encode())
    )
    (tmp_path / "a.csv").write_text("id,text\n1,a\n")
    (tmp_path / "c.json").write_text("{}")
    (tmp_path / "README.md").write_text("no")
    (tmp_path / ".hidden.csv").write_text("id,text\n1,a\n")
    (tmp_path / "like.js").write_text('window.YTD.like.part0 = [{"like": {"tweetId": "1"}}]')
    items = list(read_path(tmp_path, now=NOW))
    assert [item.text for item in documents(items)] == ["a", "b"]
    assert [Path(item.file).name for item in items if isinstance(item, LeftOut)] == ["c.json"]
    assert "README.md" in [Path(item.file).name for item in items if isinstance(item, Remark)]


def test_a_file_that_the_system_cannot_read_costs_no_other_file_of_a_folder(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.csv").write_text("id,text\n1,a\n")
    (tmp_path / "archive.json").symlink_to("/proc/self/mem")  # its first page is not mapped: EIO
    (tmp_path / "gone.json").symlink_to("nowhere")
    (tmp_path / "z.csv").write_text("id,text\n2,z\n")

    items = list(read_path(tmp_path, now=NOW))

    assert [item.text for item in documents(items)] == ["a", "z"]
    unreadable, missing = [item for item in items if isinstance(item, LeftOut)]
    assert str(unreadable) == (
        f"{tmp_path / 'archive.json'}: cannot be read (Input/output error): look at the disk or "
        "the share that it is on"
    )
    assert str(missing) == (
        f"{tmp_path / 'gone.json'}: cannot be opened (No such file or directory): look at its name "
        "and its permissions"
    )


@pytest.mark.parametrize("name", ["archive.json", "a.csv", "a.jsonl", "a.warc", "a.js", "a"])
def test_a_file_that_the_system_cannot_read_is_bad_input_with_its_name(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).symlink_to("/proc/self/mem")
    with pytest.raises(BadInput, match=rf"/{name} cannot be read \(Input/output error\)"):
        list(read_path(tmp_path / name))


def test_a_folder_that_cannot_be_listed_is_named_and_costs_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\n1,a\n")
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):  # below a path that is longer than the system takes
        os.mkdir("d" * 250, dir_fd=folder)
        folder = os.open("d" * 250, os.O_RDONLY, dir_fd=folder)

    items = list(read_path(tmp_path, now=NOW))

    shutil.rmtree(tmp_path / ("d" * 250))
    assert [item.text for item in documents(items)] == ["a"]
    [left_out] = [item for item in items if isinstance(item, LeftOut)]
    assert "it cannot be listed (File name too long)" in str(left_out)


def test_a_folder_without_anything_to_read_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no file that can be read"):
        list(read_path(tmp_path))


def test_the_nyt_is_found_by_looking_inside(tmp_path: Path) -> None:
    doc = {
        "web_url": "https://www.nytimes.com/a",
        "headline": {"main": "Rain"},
        "pub_date": "2020-01-02",
    }
    items = read(
        tmp_path / "a.json", json.dumps({"response": {"docs": [doc], "meta": {"hits": 2}}})
    )
    assert [item.text for item in documents(items)] == ["Rain."]
    assert len([item for item in items if isinstance(item, LeftOut)]) == 1
    lines = read(tmp_path / "a.jsonl", f"{json.dumps(doc)}\n{json.dumps(doc)}")
    assert [item.identity for item in documents(lines)] == [documents(items)[0].identity] * 2


def test_a_table_whose_first_headline_is_missing_is_a_table_and_an_archive_an_archive(
    tmp_path: Path,
) -> None:
    rows = [{"headline": None, "text": "a", "pub_date": "2020-01-02"}]
    [item] = documents(read(tmp_path / "a.json", json.dumps(rows)))
    assert (item.source, item.text, item.period) == ("posts", "a", "2020-01")
    docs = [{"_id": "nyt://1", "headline": None}, {"_id": "nyt://2", "headline": {"main": "Rain"}}]
    items = read(tmp_path / "a.json", json.dumps(docs))
    assert [item.identity for item in documents(items)] == ["nyt:nyt://2"]


def test_a_folder_is_read_without_hidden_folders_and_without_reports(tmp_path: Path) -> None:
    post = '{"id": "1", "handle": "ann", "text": "Hello", "date": "2021-01-01"}\n'
    for name in (".tidings/reports/1", "report", "mine"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "documents.jsonl").write_text(post)

    for name in ("report.json", "dictionary.md"):
        (tmp_path / "report" / name).touch()

    files = {item.file for item in read_path(tmp_path) if not isinstance(item, SourceDocument)}
    documents = [item for item in read_path(tmp_path) if isinstance(item, SourceDocument)]
    assert len(documents) == 1
    assert not any(".tidings" in file or "report" in file for file in files)
