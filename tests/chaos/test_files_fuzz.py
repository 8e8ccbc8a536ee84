"""Damaged and odd files of every format: each is read, refused in a sentence, or left out.

Twenty seconds; ten minutes in the long form (`make chaos-long`).
"""

from __future__ import annotations

import copy
import gzip
import json
import logging
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, UsageError
from models.database import Database, migrate
from producers.imports import import_paths
from sources.base import SourceDocument
from sources.files import read_path
from tests.chaos.fuzz_kit import MOST_MEMORY, ODD_BYTES, SECONDS, largest_memory, until_the_end

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(SECONDS + 120)]

TREES: list[Any] = [
    {
        "response": {
            "docs": [
                {
                    "_id": "nyt://article/1",
                    "web_url": "https://www.nytimes.com/2020/03/01/harbour.html",
                    "headline": {"main": "Rain on the Harbour", "print_headline": "Rain Again"},
                    "pub_date": "2020-03-01T08:00:00+0000",
                    "type_of_material": "News",
                    "source": "The New York Times",
                    "section_name": "World",
                    "abstract": "It rained on the harbour.",
                    "keywords": [{"name": "subject", "value": "Rain"}],
                }
            ]
            * 3
        }
    },
    [
        {
            "tweet": {
                "id_str": "8",
                "full_text": "Rain on the harbour again &amp; again",
                "created_at": "Wed Oct 19 20:07:25 +0000 2022",
                "entities": {"urls": []},
            }
        }
    ]
    * 3,
    {
        "data": [
            {"id": "4", "text": "RT @ann: rain", "created_at": "2022-03-01T10:00:00.000Z"},
            {"id": "5", "text": "Rain. Rain!", "author_id": "7"},
        ],
        "includes": {"users": [{"id": "7", "username": "ann"}]},
    },
    {
        "feed": [
            {
                "post": {
                    "uri": "at://did:plc:abc/app.bsky.feed.post/3k",
                    "author": {"did": "did:plc:abc", "handle": "ann.bsky.social"},
                    "record": {"text": "Rain", "createdAt": "2024-03-01T10:00:00Z"},
                }
            }
        ]
    },
    [
        {
            "id": "9",
            "created_at": "2023-03-01T10:00:00.000Z",
            "content": "<p>Rain &amp; wind<br>again</p>",
            "url": "https://social.example/@ann/9",
            "account": {"acct": "ann", "username": "ann"},
            "reblog": None,
        }
    ],
    [
        {"id": 1, "text": "Rain", "author": "Ann", "date": 1_445_873_369},
        {"id": 2, "text": "Wind", "date": "2020-01-01"},
    ],
]
TABLES = (
    b'id;text;date\r\n1;"rain;wind";03/04/2020\r\n2;fog;25/04/2020\r\n',
    b"title\tdate\tweb_url\nRain\t2020-01-02\thttp://www.nytimes.com/a\n",
    b"id,language,media_name,publish_date,title,url\n7,en,The Tides,20200301093000,Rain,x\n",
    b'tweet_id,time,text,favorites\n1,1445873369,"Rain, again",3\n2,1445873370,Wind,4\n',
    "created_at,text,user\n2015-10-26,“Rain”,ann\n2015-10-27,Wïnd,ann\n".encode("cp1252"),
)
PAGE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<html lang=en><title>Rain</title>"
    b"<meta property='article:published_time' content='2020-03-01T10:00:00Z'><h1>Rain</h1></html>"
)
WARC = b"".join(
    b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://tides.example/%d\r\n"
    b"Content-Length: %d\r\n\r\n%s\r\n\r\n" % (number, len(PAGE), PAGE)
    for number in range(3)
)
ODD_VALUES: list[Any] = [
    *(None, True, 0, -1, -99_999_999_999, 44_197, 10**400, 1e308, float("nan"), float("inf")),
    *("", " ", "\x00", "\ud800", "9" * 5000, "-99999999999", "44197", "²", "٣٣", "x\u2028y"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0000-00-00"),
    *("https://[", "at://", "<![", "<p><a <a", "&#xD800;&#0;&#99999999999;", "RT @a:", "@" * 400),
    *("a" * 3000, "\U0001f600" * 50, "=1+1", "1e5", [], {}, [[]], {"a": {}}, [1, 2]),
    json.loads("[" * 300 + "]" * 300),
]
ENCODINGS = ("utf-8", "utf-8", "utf-8", "cp1252", "utf-16", "utf-8-sig", "utf-16-le", "cp037")
ENDINGS = (
    ".json",
    ".json",
    ".csv",
    ".csv",
    ".jsonl",
    ".js",
    ".tsv",
    ".txt",
    "",
    ".ndjson",
    ".warc",
)
SOURCES = (None, None, None, None, "nyt", "x", "bluesky", "mastodon", "posts", "archive", "archive")
OUTLETS = (None, None, None, "The Tides", "\ud800\x00", "x" * 300)
HANDLES = (None, None, "ann", "@" + "x" * 400, "\ud800")
COLUMNS: tuple[dict[str, str], ...] = ({}, {}, {"text": "text"}, {"published_at": "time"})


def test_no_file_is_a_fault_of_the_program(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/fuzz.db"
    migrate(url)
    db = Database(url)
    rng = random.Random(2)
    ends: Counter[str] = Counter()
    slowest = 0.0

    for number in until_the_end():
        content, ending = draw_file(rng)
        path = tmp_path / f"file{ending}"
        path.write_bytes(content)
        options: dict[str, Any] = {
            "source": rng.choice(SOURCES),
            "handle": rng.choice(HANDLES),
            "outlet": rng.choice(OUTLETS),
            "columns": rng.choice(COLUMNS),
        }
        began = time.monotonic()
        try:
            if number % 4 == 0:
                ends["imported"] += import_paths(db, [path], **options).tally.documents
            else:
                ends["read"] += sum(map(is_storable, read_path(path, **options)))
        except (BadInput, UsageError):
            ends["refused"] += 1
        except Exception as error:
            (tmp_path / f"failure{ending}").write_bytes(content)
            raise AssertionError(f"{options}: {content[:2000]!r}") from error

        slowest = max(slowest, time.monotonic() - began)
        path.unlink()

    db.close()
    memory = largest_memory()
    logging.getLogger(__name__).warning(
        "%d files, %s, slowest %.1f s, %.0f MB", number + 1, dict(ends), slowest, memory / 1e6
    )
    assert min(ends["imported"], ends["read"], ends["refused"]) > 0
    assert slowest < 10
    assert memory < MOST_MEMORY


def is_storable(item: object) -> bool:
    """Return whether *item* is a document, whose texts then can be stored as UTF-8."""
    if not isinstance(item, SourceDocument):
        return False

    names = (item.outlet, item.section, item.desk, item.material, item.language, *(item.tags or ()))
    texts = (item.identity, item.text, item.handle, item.address, item.author_id, item.abstract)
    for text in (*names, *texts):
        (text or "").encode()

    return True


def draw_file(rng: random.Random) -> tuple[bytes, str]:
    """Draw a file's bytes and the ending of its name."""
    draw = rng.choices([draw_json, draw_table, draw_warc], [60, 30, 10])[0]
    content = draw(rng)
    content = damage(rng, content, rng.choice([0, 0, 1, 3]))
    ending = rng.choice(ENDINGS)

    if rng.random() < 0.12:
        compressed = gzip.compress(content)
        return damage(rng, compressed, rng.choice([0, 0, 1, 2])), f"{ending}.gz"

    return content, ending


def draw_warc(_rng: random.Random) -> bytes:
    """Return a file of pages, which is then damaged."""
    return WARC


def draw_json(rng: random.Random) -> bytes:
    tree = copy.deepcopy(rng.choice(TREES))
    for _ in range(rng.randint(0, 4)):
        change_value(rng, tree)

    if rng.random() < 0.25 and isinstance(tree, list):
        text = "\n".join(json.dumps(entry) for entry in tree)
    else:
        start = rng.choice(["", "", "", "window.YTD.tweets.part0 = "])
        text = start + json.dumps(tree, ensure_ascii=rng.random() < 0.5)

    return text.encode(rng.choice(ENCODINGS), "replace")


def change_value(rng: random.Random, tree: Any) -> None:
    """Replace, drop or add a value somewhere in *tree*."""
    places = list(places_in(tree))
    if not places:
        return

    parent, key = rng.choice(places)
    how = rng.random()
    if how < 0.7:
        parent[key] = copy.deepcopy(rng.choice(ODD_VALUES))
    elif isinstance(parent, dict) and how < 0.85:
        del parent[key]
    elif isinstance(parent, dict):
        name = rng.choice(["", "\ud800", "text", "id", "post"])
        parent[name] = copy.deepcopy(rng.choice(ODD_VALUES))
    else:
        parent.insert(key, copy.deepcopy(rng.choice(ODD_VALUES)))


def places_in(tree: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """Yield each value's place: what holds it, and its key or number there."""
    if depth > 10 or not isinstance(tree, dict | list):
        return

    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    for key in keys:
        yield tree, key
        yield from places_in(tree[key], depth + 1)


def draw_table(rng: random.Random) -> bytes:
    cells = rng.choice(TABLES).split(b",")
    texts = [value for value in ODD_VALUES if isinstance(value, str)]
    for _ in range(rng.choice([0, 0, 1, 5])):
        cells[rng.randrange(len(cells))] = rng.choice(texts).encode("utf-8", "surrogatepass")

    return b",".join(cells)


def damage(rng: random.Random, content: bytes, times: int) -> bytes:
    """Insert, remove, change or cut bytes at random places."""
    damaged = bytearray(content)
    for _ in range(times):
        at = rng.randint(0, len(damaged))
        match rng.randrange(5):
            case 0:
                damaged[at:at] = rng.choice(ODD_BYTES)
            case 1:
                del damaged[at : at + rng.randint(1, 40)]
            case 2:
                damaged[at:at] = damaged[max(0, at - rng.randint(1, 400)) : at]
            case 3:
                damaged[at:at] = rng.randbytes(rng.randint(1, 20))
            case _:
                del damaged[at:]

    return bytes(damaged)
