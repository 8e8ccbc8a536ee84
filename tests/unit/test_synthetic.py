"""The synthetic texts that the demo imports: the same everywhere, with the facts they are for."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from analysis.text.repeats import find_repeats
from sources import synthetic
from tools.synthetic.archive import write_archive
from tools.synthetic.grammar import Grammar, polish
from tools.synthetic.posts import write_posts

Docs = dict[str, list[dict[str, Any]]]

# Other texts give other digests, and other figures in the demo.
ARCHIVE_DIGEST = "86f6716eb593e3700ccca15a87eb7a93cce5977536f756beefdd8386501d00e3"
POSTS_DIGEST = "1bba15bfcf53e246c4bf17fd84930814637c70d7378e53c1cbe744f074964509"

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("synthetic")
    write_archive(made / "archive")
    write_posts(made / "posts")
    return made


@pytest.fixture(scope="module")
def archive() -> Docs:
    answers = {
        path.name[:7]: json.loads(gzip.decompress(path.read_bytes()))
        for path in synthetic.ARCHIVE.iterdir()
    }
    return {month: answers[month]["response"]["docs"] for month in sorted(answers)}


@pytest.fixture(scope="module")
def posts() -> dict[str, list[dict[str, str]]]:
    return {
        path.stem: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in synthetic.POSTS.iterdir()
    }


def digest(folder: Path) -> str:
    """Of what the files say: the gzip wrapper is the work of the machine's zlib."""
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        total.update(
            path.name.encode() + (gzip.decompress(content) if path.suffix == ".gz" else content)
        )

    return total.hexdigest()


def texts(doc: dict[str, Any]) -> list[str]:
    return [
        text
        for text in (doc["headline"].get("main"), doc["headline"].get("print_headline"))
        if text
    ]


def mentioning(docs: list[dict[str, Any]], term: str) -> int:
    """Documents with *term* by the keyword rule, written here a second time."""
    pattern = re.compile(rf"(?<![\w@]){term}(?!\w)(?!-\d)(?!\.\w)", re.IGNORECASE)
    return sum(any(pattern.search(text) for text in texts(doc)) for doc in docs)


@pytest.mark.thorough
def test_the_texts_are_the_same_on_every_machine_and_python(folder: Path) -> None:
    assert digest(folder / "archive") == ARCHIVE_DIGEST
    assert digest(folder / "posts") == POSTS_DIGEST


def test_the_texts_that_ship_are_those_that_the_generator_writes() -> None:
    assert digest(synthetic.ARCHIVE) == ARCHIVE_DIGEST
    assert digest(synthetic.POSTS) == POSTS_DIGEST


@pytest.mark.thorough
def test_writing_again_in_another_process_gives_the_same_bytes(
    folder: Path, tmp_path: Path
) -> None:
    program = (
        "import sys, pathlib; from tools.synthetic.archive import write_archive; "
        "write_archive(pathlib.Path(sys.argv[1]))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", program, str(tmp_path)], check=True, cwd=ROOT, env=environment
    )
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {
        p.name: p.read_bytes() for p in (folder / "archive").iterdir()
    }


def test_every_month_has_a_file_but_the_one_of_the_strike(archive: Docs) -> None:
    assert len(archive) == 23
    assert min(archive) == synthetic.FIRST_MONTH
    assert max(archive) == synthetic.LAST_MONTH
    assert synthetic.MONTH_WITHOUT_PAPER not in archive
    assert all(400 <= len(docs) <= 600 for docs in archive.values())


def test_every_document_says_that_it_is_made_up(archive: Docs) -> None:
    for path in synthetic.ARCHIVE.iterdir():
        answer = json.loads(gzip.decompress(path.read_bytes()))
        assert answer["copyright"] == synthetic.NOTICE
        assert answer["response"]["meta"]["hits"] == len(answer["response"]["docs"])

    for doc in (doc for docs in archive.values() for doc in docs):
        assert doc["_id"].startswith("made-up:")
        assert "made up" in doc["source"]
        assert doc["web_url"].startswith("https://example.org/")


def test_dates_lie_in_the_month_of_their_file_and_ids_are_unique(archive: Docs) -> None:
    for month, docs in archive.items():
        assert all(
            re.fullmatch(month + r"-\d\dT\d\d:\d\d:00\+0000", doc["pub_date"]) for doc in docs
        )

    ids = Counter(doc["_id"] for docs in archive.values() for doc in docs)
    assert ids.most_common(1)[0][1] == 1


def test_the_new_name_is_unknown_for_three_months_and_then_replaces_the_old(archive: Docs) -> None:
    assert [mentioning(archive[f"2023-0{m}"], "kestrel(-22)?") for m in (1, 2, 3)] == [0, 0, 0]
    assert [mentioning(archive[f"2023-0{m}"], "marsh fever") for m in (1, 2, 3)] == [0, 5, 24]
    assert mentioning(archive["2023-05"], "kestrel") > 20
    assert mentioning(archive["2023-05"], "kestrel-22") > 5
    assert mentioning(archive["2023-05"], "marsh fever") > 20
    assert all(
        mentioning(docs, "marsh fever") == 0 for month, docs in archive.items() if month > "2023-07"
    )
    assert mentioning(archive["2024-10"], "kestrel") == 5


def test_words_that_only_begin_like_the_keyword_are_there_to_be_left_out(archive: Docs) -> None:
    assert mentioning(archive["2023-01"], "kestrels") > 0
    assert mentioning(archive["2023-01"], "kestrel") == 0


def test_the_comet_comes_and_goes(archive: Docs) -> None:
    counts = {month: mentioning(docs, "(comet|ottoline)") for month, docs in archive.items()}
    assert max(counts, key=lambda month: counts[month]) == "2024-08"
    assert all(count == 0 for month, count in counts.items() if month < "2024-03")


def test_ferries_fall_slowly_and_the_bridge_opens_on_one_weekend(archive: Docs) -> None:
    ferries = [mentioning(docs, "(ferry|ferries)") for docs in archive.values()]
    assert sum(ferries[:6]) > 1.8 * sum(ferries[-6:])
    bridge = {month: mentioning(docs, "long bridge") for month, docs in archive.items()}
    ordinary = [count for month, count in bridge.items() if month != "2024-07"]
    assert bridge["2024-07"] > 2 * max(ordinary)
    days = Counter(
        doc["pub_date"][:10] for doc in archive["2024-07"] if mentioning([doc], "long bridge")
    )
    assert {day for day, _ in days.most_common(2)} == {"2024-07-13", "2024-07-14"}


def test_both_newspapers_write_every_month(archive: Docs) -> None:
    for docs in archive.values():
        counts = Counter(doc["source"] for doc in docs)
        assert set(counts) == set(synthetic.OUTLETS)
        assert min(counts.values()) > 100


def test_few_headlines_on_the_three_subjects_repeat_another(archive: Docs) -> None:
    numbers = count(1)
    texts_of_months = {
        month: [(next(numbers), " ".join(texts(doc))) for doc in docs]
        for month, docs in archive.items()
    }
    repeats = find_repeats(texts_of_months)
    subjects = re.compile(r"kestrel|marsh fever|long bridge|ferry|ferries", re.IGNORECASE)
    mentions = [
        number
        for pairs in texts_of_months.values()
        for number, text in pairs
        if subjects.search(text)
    ]
    assert len(repeats.intersection(mentions)) < 0.1 * len(mentions)


def test_headlines_come_in_every_shape_of_a_real_archive(archive: Docs) -> None:
    headlines = [doc["headline"] for docs in archive.values() for doc in docs]
    assert sum(h["main"] is None and bool(h["print_headline"]) for h in headlines) > 50
    assert sum("print_headline" not in h for h in headlines) > 300
    assert sum(h.get("print_headline", "?") is None for h in headlines) > 3000
    assert sum(h.get("print_headline") == "" for h in headlines) > 300
    assert sum(h["main"] == h.get("print_headline") for h in headlines) > 500
    assert sum(h.get("print_headline") not in {None, "", h["main"]} for h in headlines) > 2000
    assert all(h["main"] or h["print_headline"] for h in headlines)


def test_headlines_hold_the_characters_that_break_careless_programs(archive: Docs) -> None:
    everything = "\n".join(text for docs in archive.values() for doc in docs for text in texts(doc))
    for piece in (
        "<b>",
        " & ",
        "<10",
        "\u2018",
        "\u2019",
        "\u2014",
        "é",
        "ø",
        "🐾",
        "E.M.S.",
        "?",
        "$",
    ):
        assert piece in everything

    assert "{" not in everything


def test_no_headline_is_printed_twice(archive: Docs) -> None:
    mains = [
        doc["headline"]["main"]
        for docs in archive.values()
        for doc in docs
        if doc["headline"]["main"]
    ]
    assert len(mains) > 10_000
    assert len({main.rstrip(".") for main in mains}) == len(mains)


def test_each_account_has_posts_in_every_month_in_order(
    posts: dict[str, list[dict[str, str]]],
) -> None:
    assert tuple(sorted(posts)) == tuple(sorted(synthetic.HANDLES))
    for handle, written in posts.items():
        assert 150 <= len(written) <= 300
        assert {post["handle"] for post in written} == {handle}
        assert len({post["created_at"][:7] for post in written}) == 24
        assert [post["created_at"] for post in written] == sorted(
            post["created_at"] for post in written
        )
        assert len({post["id"] for post in written}) == len(written)
        assert len({post["text"] for post in written}) >= 0.95 * len(written)
        assert all(
            post["note"] == synthetic.NOTICE and post["id"].startswith("made-up-")
            for post in written
        )
        assert all("{" not in post["text"] for post in written)


def test_a_slot_keeps_its_word_and_a_numbered_one_takes_another() -> None:
    grammar = Grammar({"animal": ["otter", "heron"]}, Random(1))
    for _ in range(20):
        first, again, other = grammar.expand("{animal} {animal} {animal2}").split()
        assert first == again != other


@pytest.mark.parametrize(
    ("rough", "smooth"),
    [
        ("a Umbrella and a hat", "An Umbrella and a hat"),
        ("a University, a One-Act Play", "A University, a One-Act Play"),
        ("at 7 a.m..", "At 7 a.m."),
        ("the end", "The end"),
    ],
)
def test_text_is_polished(rough: str, smooth: str) -> None:
    assert polish(rough) == smooth
