"""A summary cut back into the sentences of posts that it was made of."""

from __future__ import annotations

from reports.pages.handles import Quote, _quotes


def test_sentences_without_a_full_stop_are_cut_as_the_posts_have_them() -> None:
    summary = "LIVE: now — Ann on pay Next one is here. Nobody's words"
    quoted = {
        "LIVE: now": "a",
        "— Ann on pay": "b",
        "Next one is here.": None,
        "on": "never",
        "now": "never",
    }
    assert _quotes(summary, quoted) == [
        Quote("LIVE: now", "a"),
        Quote("— Ann on pay", "b"),
        Quote("Next one is here.", None),
        Quote("Nobody's words", None),
    ]


def test_the_longer_of_two_sentences_is_quoted_and_none_twice() -> None:
    assert _quotes("The tide is in.", {"The tide": "a", "The tide is in.": "b"}) == [
        Quote("The tide is in.", "b")
    ]
    assert _quotes("", {}) == []
