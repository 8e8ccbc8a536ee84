"""What files may hold: bounds on bytes, lines, documents and times, and what is no text at all."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from sources import file_reading, files, json_entries, jsonstream
from sources.base import Empty, Item, LeftOut, Remark, SourceDocument
from sources.file_reading import split_lines
from sources.files import read_path
from sources.post_cleaning import html_to_text
from sources.timestamps import parse_time

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def read(path: Path, content: str | bytes, **options: Any) -> list[Item]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_path(path, now=NOW, **options))


def documents(items: list[Item]) -> list[SourceDocument]:
    return [item for item in items if isinstance(item, SourceDocument)]


def reasons(items: list[Item]) -> list[str]:
    return [item.why for item in items if isinstance(item, LeftOut)]


# --- times ---


@pytest.mark.parametrize(
    "written", ["-99999999999", "-99999999999999", "9" * 400, "1e400", "0000-01-01T00:00:00Z"]
)
def test_a_time_that_is_out_of_range_is_null_and_counted(tmp_path: Path, written: str) -> None:
    items = documents(read(tmp_path / "a.csv", f"text,date\nRain,{written}\nSnow,2020-01-02\n"))
    assert [(item.published_at is None, item.time_wrong) for item in items] == [
        (True, True),
        (False, False),
    ]


@pytest.mark.parametrize("written", [-99999999999, 10**400, 1e308, float("nan"), [1], "\ud800"])
def test_a_time_in_json_that_is_none_is_null_and_counted(tmp_path: Path, written: Any) -> None:
    rows = [{"text": "Rain", "date": written}, {"text": "Snow", "date": "2020-01-02"}]
    items = documents(read(tmp_path / "a.json", json.dumps(rows)))
    assert [item.time_wrong for item in items] == [True, False]


@given(
    st.text(alphabet="0123456789-+:/.TZ e,AMPJanWed\ud800²٣", max_size=30)
    | st.floats()
    | st.integers()
)
def test_no_value_of_a_time_raises(value: Any) -> None:
    moment = parse_time(value)
    assert moment is None or moment.tzinfo is UTC


@pytest.mark.parametrize("written", ["44197", "44197.5", "2020"])
def test_a_spreadsheets_number_of_a_day_is_refused_by_its_value(
    tmp_path: Path, written: str
) -> None:
    with pytest.raises(BadInput, match=rf"the column 'Date' holds '{written}', .* YYYY-MM-DD"):
        read(tmp_path / "a.csv", f"id,text,Date\n1,Rain,\n2,Snow,{written}\n")

    with pytest.raises(BadInput, match=rf"'date' holds '{written}'"):
        read(
            tmp_path / "a.json",
            json.dumps([{"id": 1, "text": "Rain", "date": float(written)}]).replace(".0}", "}"),
        )


def test_a_number_of_a_day_among_dates_is_null_and_counted(tmp_path: Path) -> None:
    items = documents(read(tmp_path / "a.csv", "text,date\nRain,2020-01-02\nSnow,44197\n"))
    assert [(item.period, item.time_wrong) for item in items] == [("2020-01", False), (None, True)]


# --- what is no text ---


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("posts.csv", "id,text\n1,Rain\n")
    return out.getvalue()


@pytest.mark.parametrize("name", ["posts.zip", "posts.csv", "book.xlsx", "posts.json", "posts"])
def test_a_zip_is_one_plain_sentence_whatever_its_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(tmp_path / name, zipped())

    assert str(caught.value) == (
        f"{tmp_path / name} is no text but a zip archive or a workbook: "
        "unpack it, or save the table in it as CSV"
    )


@pytest.mark.parametrize("name", ["a.png", "a.csv", "a.json", "a.csv.gz"])
@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)), bytes(range(256)) * 4, b"%PDF-1.7,a,b\n"]
)
def test_no_byte_of_a_picture_is_in_the_message(tmp_path: Path, name: str, content: bytes) -> None:
    packed = gzip.compress(content) if name.endswith(".gz") else content
    with pytest.raises(BadInput, match="is no text") as caught:
        read(tmp_path / name, packed)

    message = str(caught.value).removeprefix(str(tmp_path / name))
    assert message.isascii()
    assert message.isprintable()
    assert len(message) < 80


def test_a_column_that_is_no_name_is_shown_as_a_terminal_can(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--column text=NAME") as caught:
        read(tmp_path / "a.csv", f"a\x1b[31m\x07b,{'c' * 500}\n1,2\n")
    assert str(caught.value).isprintable()
    assert len(str(caught.value).removeprefix(str(tmp_path))) < 200


def test_a_text_with_a_nul_is_a_text(tmp_path: Path) -> None:
    [item] = documents(read(tmp_path / "a.csv", "id,text\n1,a\x00b\n"))
    assert (item.text, item.replaced) == ("a\ufffdb", 1)


def test_what_cannot_be_read_twice_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(BadInput, match="is no file that can be read twice"):
        list(read_path(tmp_path / "a.csv"))


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.csv.gz"])
@pytest.mark.parametrize(
    ("encoding", "label"),
    [
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32-le", "UTF-32"),
        ("utf-32-be", "UTF-32"),
    ],
)
def test_a_file_of_another_unicode_encoding_is_called_by_its_name(
    tmp_path: Path, name: str, encoding: str, label: str
) -> None:
    content = "\ufeffid,text\n1,Rain\n".encode(encoding)
    packed = gzip.compress(content) if name.endswith(".gz") else content
    with pytest.raises(BadInput) as caught:
        read(tmp_path / name, packed)

    message = f"{tmp_path / name} is {label}: save it as UTF-8 and import it again"
    assert str(caught.value) == message


# --- sizes ---


@pytest.mark.parametrize("blank", ["\n", " \t\r\n", ",,\n", '"";""\n'])
def test_a_table_of_blank_lines_is_read_to_a_bound(
    tmp_path: Path, blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_reading, "MAX_BLANK_LINES", 50)
    items = read(tmp_path / "a.csv", f"id,text\n1,Rain\n{blank * 51}2,Fog\n")
    assert [item.text for item in documents(items)] == ["Rain"]
    assert reasons(items) == ["it has more than 50 blank lines: it was read no further"]


def test_lines_of_json_between_blank_ones_are_read_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_reading, "MAX_BLANK_LINES", 50)
    rain, fog = '{"id": "1", "text": "Rain"}\n', '{"id": "2", "text": "Fog"}\n'
    blank = "\n" * 51
    items = read(tmp_path / "a.jsonl", f"{rain}{blank}{fog}")
    assert [item.text for item in documents(items)] == ["Rain"]
    assert reasons(items) == ["it has more than 50 blank lines: it was read no further"]
    assert len(documents(read(tmp_path / "a.jsonl", f"{rain * 6}{blank}{fog}"))) == 7


def test_a_file_of_blank_lines_alone_is_bad_input_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_reading, "MAX_BLANK_LINES", 50)
    with pytest.raises(BadInput, match="more than 50 blank lines"):
        read(tmp_path / "a.csv", "\n" * 1000)


def test_brackets_too_many_in_a_row_are_left_out_once(tmp_path: Path) -> None:
    rain, fog = '{"id": "1", "text": "Rain"}', '{"id": "2", "text": "Fog"}'
    items = read(tmp_path / "a.json", f"[{rain}{'}, } ' * 1000},, {fog},,]")
    assert [item.text for item in documents(items)] == ["Rain", "Fog"]
    assert reasons(items) == ["there is a bracket too many between two documents"]


def test_a_table_of_json_is_looked_through_up_to_where_it_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_LEFT_OUT", 50)
    rain = '{"id": "1", "text": "Rain"}\n'
    late = '{"id": "2", "text": "Fog", "date": "2020-03-12"}\n'
    broken = "broken\n" * 51
    items = read(tmp_path / "a.jsonl", f"{rain}{broken}{late}")
    assert [item.text for item in documents(items)] == ["Rain"]
    assert any("no column holds a time" in item.text for item in items if isinstance(item, Remark))


@given(
    text=st.text(alphabet="ab\n\u2028", max_size=60),
    size=st.integers(1, 20),
    longest=st.integers(1, 30),
)
def test_lines_come_out_as_they_are_however_their_text_is_cut(
    text: str, size: int, longest: int
) -> None:
    pieces = iter([text[at : at + size] for at in range(0, len(text), size)])
    lines = io.StringIO(text, newline="\n").readlines()
    expected = [line if len(line.rstrip("\n")) <= longest else None for line in lines]
    assert list(split_lines(pieces, longest)) == expected


@pytest.mark.parametrize(
    "content", [b"id,text\n1," + b"a" * 400_000, b'[{"id": 1, "text": "' + b"a" * 400_000]
)
def test_a_gzip_file_is_unpacked_to_a_bound(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_reading, "MAX_UNPACKED_BYTES", 1000)
    path = tmp_path / ("a.csv.gz" if content.startswith(b"id") else "a.json.gz")
    packed = gzip.compress(content)
    bound = file_reading.MAX_UNPACKED_RATIO * len(packed)
    assert bound < len(content)
    assert any(
        why.endswith(f"it unpacks to more than {bound:,} bytes, and was read no further")
        for why in reasons(read(path, packed))
    )


def test_a_gzip_file_of_texts_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_reading, "MAX_UNPACKED_BYTES", 1000)
    lines = "".join(f"{number},Post {number**3} of {number**2}\n" for number in range(5000))
    items = read(tmp_path / "a.csv.gz", gzip.compress(f"id,text\n{lines}".encode()))
    assert (len(documents(items)), reasons(items)) == (5000, [])


def test_a_long_line_of_jsonl_costs_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_entries, "LONGEST", 1000)
    lines = [
        json.dumps({"id": number, "text": "a" * size}) for number, size in enumerate((5, 2000, 6))
    ]
    items = read(tmp_path / "a.jsonl", "\n".join(lines))
    assert [item.native_id for item in documents(items)] == ["0", "2"]
    assert [item.index for item in items if isinstance(item, LeftOut)] == [1]


def test_a_file_of_what_cannot_be_read_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_LEFT_OUT", 50)
    docs = ",".join(['{"headline": {"main": "Rain"}, "_id": "1"}', *["{}"] * 1000])
    found = reasons(read(tmp_path / "a.json", f'{{"response": {{"docs": [{docs}]}}}}'))
    assert len(found) == 52
    assert found[-1] == "more than 50 parts of it cannot be read: it was read no further"
    with pytest.raises(BadInput, match="no documents of a known format"):
        read(tmp_path / "b.json", f"[{','.join(['{}'] * 1000)}]")


def test_values_beside_the_documents_are_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonstream, "LONGEST", 1000)
    value = {"headline": {"main": "Rain"}, "_id": "1", "pub_date": "2020-01-02"}
    assert len(documents(read(tmp_path / "a.json", json.dumps(value)))) == 1
    beside = value | {f"k{number}": "a" * 90 for number in range(20)}
    with pytest.raises(BadInput, match=r"a\.json"):
        read(tmp_path / "a.json", json.dumps(beside))


# --- peculiar values ---


def status(**changes: Any) -> str:
    account = {"acct": "Ann", "url": "https://home.example/@Ann"}
    value = {
        "id": "1",
        "created_at": "2024-05-06T07:08:09.000Z",
        "content": "<p>Rain</p>",
        "account": account,
    }
    return json.dumps([value | changes])


def test_a_declaration_in_html_is_passed_over(tmp_path: Path) -> None:
    [item] = documents(
        read(tmp_path / "m.json", status(content="<p>a<![ b]>c<!x>d<!-- e -->f<?g?>h</p>"))
    )
    assert item.text == "acdfh"


def test_an_address_that_is_none_costs_no_post(tmp_path: Path) -> None:
    account = {"acct": "Ann", "url": "https://[/@Ann"}
    [item] = documents(
        read(tmp_path / "m.json", status(account=account, url="https://home.example/1"))
    )
    assert (item.native_id, item.handle) == ("home.example/1", "ann@home.example")


def test_html_of_unreasonable_length_is_left_out(tmp_path: Path) -> None:
    items = read(tmp_path / "m.json", status(content="<p>" + "a" * 2**20))
    assert reasons(items) == ["its text has more than 1,048,576 characters of HTML"]


@given(st.text(alphabet="<>/!?-[]ab p\"'=&;", max_size=60))
def test_no_html_raises_and_no_text_grows(source: str) -> None:
    assert len(html_to_text(source)) <= len(source) + source.count("<") * 4


@pytest.mark.parametrize("digits", [21, 400, 5000])
def test_an_id_of_many_digits_has_no_time_and_a_name_that_databases_take(
    tmp_path: Path, digits: int
) -> None:
    page = {"data": [{"id": "9" * digits, "text": "Hi", "edit_history_tweet_ids": []}]}
    [item] = documents(read(tmp_path / "x.json", json.dumps(page)))
    assert item.published_at is None
    assert len(item.identity) <= 502


def test_a_handle_of_unreasonable_length_is_none(tmp_path: Path) -> None:
    [item] = documents(read(tmp_path / "a.csv", f"id,text,user\n1,Rain,{'a' * 400}\n"))
    assert item.handle is None


# --- reposts ---


@pytest.mark.parametrize("source", [None, "x", "bluesky", "mastodon", "posts"])
@pytest.mark.parametrize("name", ["nasa", "nasa.example", "nasa@home.example"])
def test_rt_at_the_beginning_is_a_repost_in_every_table_of_posts(
    tmp_path: Path, source: str | None, name: str
) -> None:
    content = f"id,text\n1,RT @{name}: Look up\n2,Look RT @{name}: down\n3,RT this\n"
    items = documents(read(tmp_path / "a.csv", content, source=source, handle="nytimes"))
    assert [item.repost for item in items] == [True, False, False]
    rows = json.dumps([{"id": 1, "text": f"RT @{name}: Look up", "user": "ann"}])
    [item] = documents(read(tmp_path / "a.json", rows))
    assert item.repost


def test_a_headline_is_no_repost(tmp_path: Path) -> None:
    content = "title,date\nRT @nasa: Look up,2020-01-02\n"
    [item] = documents(read(tmp_path / "a.csv", content, source="nyt"))
    assert not item.repost


def test_bad_rows_count_as_left_out_and_empty_ones_do_not(tmp_path: Path) -> None:
    items = read(
        tmp_path / "a.csv", 'id,text,date\n1,a,2020-01-01\n2,"b,2020-01-01\n3,,2020-01-01\n'
    )
    assert [item.native_id for item in documents(items)] == ["1"]
    assert [item.index for item in items if isinstance(item, LeftOut)] == [1]
    assert [item.index for item in items if isinstance(item, Empty)] == [2]
