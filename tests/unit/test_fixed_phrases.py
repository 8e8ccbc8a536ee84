"""Texts that share a fixed head or tail are one family, and ordinary language makes none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.text import fixed_phrases
from analysis.text.near_duplicates import Patterns, find_patterns

SYLLABLES = [first + second for first in "bdklmnr" for second in "aeiou"]
NAMES = [
    f"{first}{second}".title() for first, second in zip(SYLLABLES, SYLLABLES[7:], strict=False)
]

# Sentences that share no words.
SENTENCES = [f"{name}ra {name}sto {name}lin {name}mek" for name in NAMES]


def patterns_of(texts: Sequence[str]) -> Patterns:
    patterns, _ = find_patterns(texts)
    return patterns


def shown(texts: Sequence[str]) -> list[tuple[str, int]]:
    return [(pattern.text, pattern.size) for pattern in patterns_of(texts).patterns]


def in_families(texts: Sequence[str]) -> dict[str, str]:
    """Return the family of each text that is in one."""
    found, places = find_patterns(texts)
    place_of_text = dict(zip(texts, places, strict=True))
    return {text: found.patterns[k].text for text, k in place_of_text.items() if k is not None}


@pytest.mark.parametrize(
    ("family", "texts"),
    [
        ("Saying of the Day: …", [f"Saying of the Day: {text}" for text in SENTENCES]),
        ("Saying of the Day: …", [f"Saying of the Day | {text}" for text in SENTENCES]),
        ("What’s on Air …: …", [f"What’s on Air Monday: {text}" for text in SENTENCES]),
        ("…: Your … Letter", [f"{text}: Your Friday Letter" for text in SENTENCES]),
        ("… Sinks at …", [f"{name}, a Ship of {name}s, Sinks at 87" for name in NAMES]),
        ("… Hours in …", [f"{n} Hours in {name}" for n, name in enumerate(NAMES, 20)]),
        (
            "… Ballot Results: …",
            [f"{name} Ballot Results: District {n}" for n, name in enumerate(NAMES)],
        ),
        ("Ask the Judge About …", [f"Ask the Judge About {name.lower()}ing" for name in NAMES]),
    ],
)
def test_a_head_or_tail_that_texts_have_at_one_place_makes_a_family_named_by_it(
    family: str, texts: list[str]
) -> None:
    assert shown([*texts, *SENTENCES]) == [(family, len(texts))]


def test_a_head_is_a_family_whether_or_not_a_longer_head_begins_with_it() -> None:
    """Of a run with months of the longer head and of one without them it is the same."""
    plain = [f"On Ballots: {text}" for text in SENTENCES]
    longer = [f"On Ballots With Mira Sol: {text}" for text in SENTENCES[:16]]
    assert set(in_families(plain).values()) == {"On Ballots: …"}
    both = in_families([*plain, *longer])
    assert {both[text] for text in plain} == {"On Ballots …: …"}
    assert set(both) == {*plain, *longer}


def test_a_head_that_others_have_in_the_middle_is_ordinary_language() -> None:
    heads = [f"River Valley: {text}" for text in SENTENCES]
    others = [f"{name} Leaves the River Valley for Good" for name in NAMES[:9]]
    assert [text for text, _ in shown(heads)] == ["River Valley: …"]
    assert [text for text, _ in shown(heads + others)] == ["… Leaves the River Valley for Good"]


def test_a_short_head_without_a_mark_is_no_family() -> None:
    assert shown([f"President Elm {text} of the {text[::-1]}" for text in SENTENCES]) == []
    assert shown([f"In Elm Town, {text} of the {text[::-1]}" for text in SENTENCES]) == []


def test_a_tail_beside_names_alone_is_a_family_and_one_beside_sentences_is_not() -> None:
    results = [f"{name} Ballot Results" for name in NAMES]
    sentences = [f"{text} of the {text[::-1]} in Elm Town" for text in SENTENCES]
    assert shown(results + sentences) == [("… Ballot Results", len(NAMES))]


def test_a_sentence_behind_a_mark_and_the_speaker_of_a_quotation_make_no_family() -> None:
    live = [f"Live: Mayor Elm {text} of the {text[::-1]}" for text in SENTENCES]
    quotations = [f"“{text} of the {text[::-1]}” —Mayor Birch" for text in SENTENCES]
    assert shown(live) == []
    assert shown(quotations) == []


def test_texts_that_share_a_label_of_a_single_word_are_no_repeats() -> None:
    found, places = find_patterns([*SENTENCES, *(f"Critique: {text}" for text in SENTENCES)])
    assert (found.patterns, set(places)) == ((), {None})


def test_a_family_is_found_by_its_name_its_phrase_and_any_of_its_texts() -> None:
    texts = [f"What’s on Air Monday: {text}" for text in SENTENCES]
    texts += [f"{name}, a Ship of {name}s, Sinks at 87" for name in NAMES]
    found = patterns_of(texts)
    air, ship = (found.find(text) for text in ("What’s on Air …: …", "… Sinks at …"))
    assert {air, ship} == {0, 1}
    for text in ("What's on air", "What’s on Air Sunday:", texts[3], "What’s on Air: A Play"):
        assert found.find(text) == air

    for text in ("… Sinks at", "Sinks at 12", texts[-1], "Oak Sinks at 9; Nobody Saved"):
        assert found.find(text) == ship

    for text in ("Sinks", "What Is on Air", "She Sinks at Sea in a Storm", ""):
        assert found.find(text) is None


def test_what_repeats_a_label_alone_and_what_repeats_with_it_are_of_its_family() -> None:
    texts = [f"Saying of the Day: {text}" for text in SENTENCES]
    again = ["Saying of the Day"] * 3 + ["Saying of the Day: The Rain"] * 4
    assert shown(texts + again) == [("Saying of the Day: …", len(texts) + 7)]


def test_posts_that_share_a_signature_are_no_repeats() -> None:
    posts = [f"{text}. \u2014 Mayor Ames #ElmDeal" for text in SENTENCES]
    again = [*posts, posts[0]]
    _, places = find_patterns(again)
    assert None not in places

    patterns, _ = find_patterns(again, with_families=False)
    assert [(pattern.text, pattern.size) for pattern in patterns.patterns] == [(posts[0], 2)]


def test_reposts_of_one_account_are_no_family() -> None:
    assert shown([f"RT @elm_town: {text}" for text in SENTENCES]) == []


HEADS = ("Saying of the Day: ", "Letter From the North: ", "Elm Valley: ")


@given(
    st.permutations([head + text for head in HEADS for text in SENTENCES[:21]]),
    st.lists(st.text("bcdfg ", min_size=12, max_size=30), max_size=5),
)
def test_neither_the_order_of_texts_nor_an_unrelated_text_changes_who_is_in_a_family(
    texts: list[str], unrelated: list[str]
) -> None:
    expected = {text: f"{text.split(':')[0]}: …" for text in texts}
    assert in_families(texts) == expected
    families = in_families([*unrelated, *texts])
    assert {text: families.get(text) for text in texts} == expected


def test_a_familys_name_does_not_depend_on_which_phrases_have_equal_hashes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    episodes = [f"Final Season, Episode Recap: {text}" for text in SENTENCES[:14]]
    texts = [*episodes, f"Final Season: {SENTENCES[14]}", *SENTENCES[15:]]
    families = shown(texts)
    monkeypatch.setattr(fixed_phrases, "_KNOWN_BITS", 1)
    monkeypatch.setattr(
        fixed_phrases, "may_come_often", lambda hashes, _fewest: np.ones(len(hashes), bool)
    )
    assert shown(texts) == families
