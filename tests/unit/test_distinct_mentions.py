"""Of texts that differ in names or figures only, the first of a month has words in its cloud."""

from __future__ import annotations

from datetime import datetime, timedelta

from reports.data.distinct_mentions import (
    describe_first_texts,
    drop_repeats,
    name_counted,
)
from reports.data.tables.mentions import MentionRow

START = datetime(2020, 3, 1)  # noqa: DTZ001 - naive UTC, as stored
RIVERS = ("Tay", "Dee", "Spey", "Tweed", "Clyde", "Forth")


def mention(number: int, text: str, position: int = 1) -> MentionRow:
    where = ("2020-03", None, f"nyt:{number:04}", START + timedelta(hours=number), None)
    return MentionRow(1, *where, "flood", "flood", position, f"{text} {position}", text, None)


def test_the_mentions_of_a_patterns_first_document_stay_and_those_of_its_others_go() -> None:
    texts = [f"Flood Map of the River {river} and Its Towns." for river in RIVERS]
    apart = mention(9, "A flood drowned the mill below the old stone bridge.")
    rows = [mention(number, text) for number, text in enumerate(texts)]
    kept = drop_repeats([rows[0], mention(0, texts[0], 2), *rows[1:], apart])
    assert [(row.document, row.position) for row in kept] == [
        ("nyt:0000", 1),
        ("nyt:0000", 2),
        ("nyt:0009", 1),
    ]


def test_a_month_without_repeats_keeps_all_its_mentions() -> None:
    rows = [mention(1, "A flood took the bridge."), mention(2, "Nobody saw the flood come.")]
    assert drop_repeats(rows) == rows
    assert drop_repeats([]) == []


def test_a_caption_says_that_the_first_of_repeats_counts() -> None:
    assert not describe_first_texts(has_repeats=False)
    assert describe_first_texts(has_repeats=True).endswith("the first of a month counts.")


def test_a_number_is_given_only_where_no_mention_is_left_out() -> None:
    assert name_counted(5, 0, "mention") == "5 mentions"
    assert name_counted(5, 2, "mention") == "the mentions"
