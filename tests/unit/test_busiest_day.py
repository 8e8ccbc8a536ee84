"""What headlines share, in a few words: cases as readers know them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from reports.data.busiest_day import choose_phrase, count_phrases, score_phrases

# The other headlines of a subject.
OTHERS = (
    "The School Year Begins",
    "Trump Visits a School",
    "What School Boards Want",
    "A School for the Blind",
    "Trump Speaks on School Choice",
    *(f"School News {letter}" for letter in "abcdefghijklmnopqrst"),
)
# The headlines of a day, those of its period, and what is said of them.
CASES: dict[str, tuple[Sequence[str], Sequence[str], str]] = {
    "words in a row come before one": (
        ["In Texas School Shooting, 10 Dead", "Texas School Shooting: What to Know",
         "Trump on a Texas School Shooting", "Texas Mourns"],
        [],
        "Texas School Shooting",
    ),
    "a phrase is as whole as the period has it": (
        ["A School Shooting", "School Shooting Kills Five", "After a School Shooting"],
        ["Florida School Shooting", "The Florida School Shooting", "A Florida School Shooting"],
        "Florida School Shooting",
    ),
    "a single name where no phrase is shared": (
        ["Georgia Votes on a School", "A School in Georgia", "School, Georgia Style"],
        [],
        "Georgia",
    ),
    "a subject and small words say nothing": (
        ["Trump and the School", "Trump and the School Again", "Trump and the School of Law"],
        [],
        "",
    ),
    "a mark of punctuation parts a phrase": (
        ["School: Vote, Day", "School. Vote; Day", "School – Vote: Day"],
        [],
        "Vote",
    ),
    "what two headlines share is not shared": (["Fire at a School", "School Fire"], [], ""),
    "a phrase of more letters than a bar has room for": (
        ["School Superintendent Investigated Thoroughly"] * 3,
        [],
        "Superintendent Investigated",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_headlines_of_a_day_share_a_phrase(case: tuple[Sequence[str], Sequence[str], str]) -> None:
    day, further, phrase = case
    others = count_phrases([*OTHERS, *day, *further])
    unwanted = {"school", "trump"}
    of_day, of_period = (
        score_phrases(count_phrases(texts), others, unwanted) for texts in (day, [*day, *further])
    )
    assert choose_phrase(of_day, of_period) == phrase
