"""The folder of real data, where there is one: no document and no post is lost."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from sources.base import Empty, Item, LeftOut, Remark, SourceDocument
from sources.files import read_path

COVID = re.compile(r"(?<![\w@])covid(?!\w)(?![-\u2010\u2011\u2013]\d)(?!\.\w)", re.IGNORECASE)

pytestmark = pytest.mark.real_data


@pytest.fixture
def folder() -> Path:
    found = os.environ.get("TIDINGS_REAL_DATA")
    if not found or not Path(found).is_dir():
        pytest.skip("TIDINGS_REAL_DATA names no folder of real data")
    return Path(found)


def read(path: Path, **options: str) -> list[Item]:
    return list(read_path(path, source=options.get("source"), handle=options.get("handle")))


def documents(items: list[Item]) -> list[SourceDocument]:
    assert not [item for item in items if isinstance(item, LeftOut)]
    return [item for item in items if isinstance(item, SourceDocument)]


@pytest.mark.parametrize(
    ("name", "count", "identities"),
    [
        ("sxywu_NASA.csv", 3_200, 3_200),
        ("538_BarackObama.csv", 3_207, 3_207),
        ("tweets.js", 1_758, 1_758),
        ("x_recent_search.json", 178, 175),
        ("bluesky_author_feed.json", 5, 5),
        ("mastodon_statuses.json", 3, 3),
        ("mastodon_three_pages.json", 30, 30),
    ],
)
def test_no_post_is_lost(folder: Path, name: str, count: int, identities: int) -> None:
    items = read(folder / "posts" / name)
    found = documents(items)
    assert len(found) == count
    assert len({item.identity for item in found}) == identities
    assert all(item.published_at is not None for item in found)
    assert any(
        isinstance(item, Remark) and "Windows-1252" in item.text for item in items
    ) == name.startswith("538")


def test_the_folder_of_posts_is_read_as_one(folder: Path) -> None:
    assert len(documents(read(folder / "posts"))) == 8_381


@pytest.mark.parametrize(
    ("month", "counts"),
    [
        ("03", (4_883, 0, 3_528, 0)),
        ("04", (5_019, 0, 3_611, 6)),
        ("05", (4_347, 1, 3_096, 6)),
        ("06", (4_492, 0, 3_165, 10)),
    ],
)
def test_months_of_the_nyt_are_whole(
    folder: Path, month: str, counts: tuple[int, int, int, int]
) -> None:
    count, empty, news, matched = counts
    items = read(folder / "nyt" / f"2020-{month}.json.gz")
    found = documents(items)
    assert len(found) + empty == count
    assert sum(isinstance(item, Empty) for item in items) == empty
    assert {item.period for item in found} == {f"2020-{month}"}
    of_news = [item for item in found if item.material == "News"]
    assert len(of_news) == news
    assert sum(bool(COVID.search(item.text)) for item in of_news) == matched


def test_sections_abstracts_and_keywords_of_a_month_are_kept(folder: Path) -> None:
    found = documents(read(folder / "nyt" / "2020-03.json.gz"))
    sections = Counter(item.section for item in found)
    assert sections.most_common(3) == [("U.S.", 832), ("Opinion", 576), ("World", 416)]
    assert all(item.abstract for item in found if item.material == "News")
    assert "Presidential Election of 2020" in found[0].tags
    assert {(item.outlet, item.desk) for item in found} == {(None, None)}


@pytest.mark.parametrize(("month", "count"), [("06", 212), ("07", 195), ("08", 297)])
def test_headlines_without_id_and_address_are_told_apart(
    folder: Path, month: str, count: int
) -> None:
    found = documents(read(folder / "nyt" / f"hong-kong-2019-{month}.json.gz"))
    assert len({item.identity for item in found}) == len(found) == count


def test_headlines_of_one_archive_are_anothers_under_another_outlet(folder: Path) -> None:
    path = folder / "nyt" / "hong-kong-2019-06.json.gz"
    identities: set[str] = set()
    for outlet in ("The Tides", "The Shore"):
        found = documents(list(read_path(path, source="archive", outlet=outlet)))
        assert {(item.source, item.outlet) for item in found} == {("archive", outlet)}
        identities.update(item.identity for item in found)

    assert len(identities) == 2 * 212


def test_raw_answers_of_ten_years_are_read(folder: Path) -> None:
    found = documents(read(folder / "nyt" / "raw"))
    assert len({item.identity for item in found}) == len(found) == 22
    assert all(item.published_at is not None for item in found)
    assert all((item.address or "").startswith("https://") for item in found)
