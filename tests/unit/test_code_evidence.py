"""What the sentences about codes say of what was read, of errors of readers and of periods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reports.data.estimate_rows import EstimateRow, ReadTexts
from reports.findings.code_evidence import (
    state_assumed_errors,
    state_found_errors,
    state_number,
    state_periods,
    state_read,
)
from reports.stats.coder_errors import CoderErrors, move_share
from reports.stats.estimates import Estimate

ROW = EstimateRow(
    run=1,
    codebook="subject",
    hash="h",
    variable="about",
    category="yes",
    keyword=None,
    period=None,
    measure="share",
    method="people",
    n_population=119_232,
    n_model=0,
    n_person=59,
    estimate=0.005829,
    low=0.0032,
    high=0.0556,
    group=None,
    confidence=0.95,
)


@pytest.mark.parametrize(
    ("figures", "text"),
    [
        (
            (0.005829, 0.0032, 0.0556),
            "That is about 700 of them, perhaps as few as 380 or as many as 6,600.",
        ),
        (
            (0.0, 0.0, 0.01),
            "That is none of them, perhaps as many as 1,200.",
        ),
        # Everything was read, or nearly.
        ((0.5, 0.5, 0.5), "That is 59,616 of them."),
        ((0.5, 0.4999, 0.5001), "That is about 60,000 of them."),
    ],
)
def test_a_share_is_a_number_of_texts_with_its_ends(
    figures: tuple[float, float, float], text: str
) -> None:
    share, low, high = figures
    assert state_number(replace(ROW, estimate=share, low=low, high=high)) == text


def part(
    has_keyword: bool | None, read: int, yes: int, *, unclear: int = 0, differing: int = 0
) -> ReadTexts:
    """Return texts of which *yes* have the answer; of *differing* of these, readers differ."""
    answers = {"yes": yes - differing, "no": read - yes - unclear}
    return ReadTexts(has_keyword, 500, read, answers, {"yes": yes}, unclear, 0, differing)


BOTH = part(True, 5, 5), part(False, 55, 0, unclear=1)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        # What cannot be told is no answer.
        (
            BOTH,
            (
                "Of 5 texts read with “trade”, 5 had this answer; of 54 read without, none. So the "
                "estimate is the number of texts with “trade”, though as many as 50 texts (5.0 % "
                "of all) could have this answer without “trade”."
            ),
        ),
        (
            (part(True, 5, 4), part(False, 55, 0)),
            (
                "Of 5 texts read with “trade”, 4 had this answer; of 55 read without, none. So "
                "none without it is counted, though as many as 50 texts (5.0 % of all) could have "
                "this answer without “trade”."
            ),
        ),
        (
            (part(True, 1, 0), part(False, 1200, 3)),
            "Of 1 text read with “trade”, none had this answer; of 1,200 read without, 3.",
        ),
        (
            (part(True, 9, 4, differing=1), part(False, 20, 1)),
            (
                "Of 9 texts read with “trade”, 4 had this answer from at least one reader; of 20 "
                "read without, 1."
            ),
        ),
        (
            (part(True, 9, 4), part(False, 0, 0)),
            "Of 9 texts read with “trade”, 4 had this answer; none was read without it.",
        ),
        (
            (part(True, 0, 0), part(False, 9, 4)),
            "Of 9 texts read without “trade”, 4 had this answer; none was read with it.",
        ),
        # Of posts and mentions there are no kinds.
        ((part(None, 9, 4),), "Of 9 texts read, 4 had this answer."),
        ((part(None, 9, 0),), "Of 9 texts read, none had this answer."),
        # Readers differ about another answer.
        (
            (replace(part(None, 9, 4), differing=2),),
            "Of 9 texts read, 4 had this answer.",
        ),
    ],
)
def test_what_was_read_with_the_keyword_and_without_it_is_said(
    parts: tuple[ReadTexts, ...], text: str
) -> None:
    assert state_read(parts, "yes", "“trade”", "text", 0.0502) == text


def test_a_sample_that_was_not_drawn_evenly_says_so() -> None:
    assert state_read([part(None, 9, 4)], "yes", "", "post", None, is_even=False) == (
        "Of 9 posts read, not evenly over periods, 4 had this answer."
    )


@pytest.mark.parametrize(
    ("kinds", "text"),
    [
        # All texts with a rare keyword have it, and no other.
        (
            [(6, 1.0), (994, 0.0)],
            (
                "One wrong answer among the 54 texts read without “trade” would stand for about "
                "2,200 texts, 1.8 % of all."
            ),
        ),
        (
            [(6, 1.0), (994, 0.02)],
            (
                "If readers err in 1, 5 and 10 of 100 texts, 2.6 % would be 1.6 %, 0.60 % and "
                "0.60 % without errors."
            ),
        ),
        # Posts have no kinds.
        (
            [(1000, 0.0058)],
            (
                "With so rare an answer, if readers err in 1 of 100 texts, errors alone could "
                "explain all “yes”."
            ),
        ),
        (
            [(1000, 0.03)],
            (
                "If readers err in 1 of 100 texts, 3.0 % would be 2.0 % without errors. With so "
                "rare an answer, if readers err in 5 of 100 texts, errors alone could explain all "
                "“yes”."
            ),
        ),
        (
            [(1000, 0.3)],
            (
                "If readers err in 1, 5 and 10 of 100 texts, 30.0 % would be 29.6 %, 27.8 % and "
                "25.0 % without errors."
            ),
        ),
        (
            [(1000, 0.995)],
            (
                "With so common an answer, if readers err in 1 of 100 texts, errors alone could "
                "explain all other answers."
            ),
        ),
        # Nobody gave the answer, or everybody: then none of it can be an error.
        ([(1000, 0.0)], ""),
        ([(1000, 1.0)], ""),
    ],
)
def test_what_errors_of_readers_would_do_is_said_and_no_share_is_printed_as_0(
    kinds: list[tuple[float, float]], text: str
) -> None:
    share = sum(size * part for size, part in kinds) / 1000
    row = replace(ROW, estimate=share)
    parts = replace(BOTH[0], population=695), replace(BOTH[1], population=118_537)
    assert state_assumed_errors(row, "text", move_share(kinds), parts, "“trade”") == text


@pytest.mark.parametrize(
    ("corrected", "words"),
    [
        (Estimate(0.0, 0.0, 0.02), "2.0 % is at most 2.0 % without readers' errors. Where"),
        (
            Estimate(0.015, 0.001, 0.03),
            "2.0 % is 1.5 % without readers' errors (0.10 to 3.0 %). Where",
        ),
    ],
)
def test_a_share_without_the_errors_that_were_found_is_never_printed_as_0(
    corrected: Estimate, words: str
) -> None:
    found = CoderErrors(40, Estimate(0.03, 0.01, 0.06), Estimate(0.2, 0.1, 0.4), corrected)
    assert state_found_errors(replace(ROW, estimate=0.02), "text", found) == (
        f"{words} this answer does not apply, a reader gave it in 3.0 %; where it does, missed it "
        "in 20.0 % (40 texts that several read)."
    )


POOLED: Mapping[str, tuple[float, float, float]] = {
    "2017-12": (0.0022, 0.0011, 0.065),
    "2018-07": (0.0158, 0.008, 0.078),
}


def periods(method: str) -> list[EstimateRow]:
    return [
        replace(ROW, period=period, method=method, estimate=share, low=low, high=high)
        for period, (share, low, high) in POOLED.items()
    ]


def test_what_the_figures_of_periods_rest_on_is_said_without_a_term_of_statistics() -> None:
    rows = periods("people and rates of all periods")
    rests, ends = state_periods(rows, "“trade”", "text", 1.0)
    alike = "In “yes”, periods differ by no more than chance among texts with “trade”"
    assert rests.startswith(alike)
    assert ends == (
        "By these figures it is highest in Jul 2018 (1.6 %) and lowest in Dec 2017 (0.22 %). "
        "Their brackets overlap: what was read does not show a change."
    )
    apart = [rows[0], replace(rows[1], low=0.07)]
    assert not state_periods(apart, "“trade”", "text", 1.0)[1].endswith("a change.")
    # Where all periods have one figure, none is the highest.
    alike = [replace(row, estimate=0.01) for row in rows]
    assert len(state_periods(alike, "", "post", 1.0)) == 1

    own = periods("people")
    assert state_periods(own, "“trade”", "text", 0.3) == [
        "Each period's figure rests on its own codes."
    ]
    assert state_periods(own, "“trade”", "text", 0.01)[0].startswith("Periods differ by more than")
    assert state_periods(own, "“trade”", "text", None) == []
