"""A summary cut back into the sentences of posts that it was made of."""

import pytest

from analysis.text.posts import quote_in_context, stands_alone
from reports.pages.posts import Quote, _quotes
from textapi.text.sentences import sentences


def quoted(**addresses: str | None) -> dict[str, Quote]:
    """Return the quotation of each sentence, as it stands."""
    return {sentence: Quote(sentence, address) for sentence, address in addresses.items()}


def test_sentences_without_a_full_stop_are_cut_as_the_posts_have_them() -> None:
    summary = "LIVE: now — Ann on pay Next one is here. Nobody's words"
    quotes = quoted(
        **{
            "LIVE: now": "a",
            "— Ann on pay": "b",
            "Next one is here.": None,
            "on": "never",
            "now": "never",
        }
    )
    assert _quotes(summary, quotes) == [
        Quote("LIVE: now", "a"),
        Quote("— Ann on pay", "b"),
        Quote("Next one is here.", None),
        Quote("Nobody's words", None),
    ]


def test_the_longer_of_two_sentences_is_quoted_and_none_twice() -> None:
    quotes = quoted(**{"The tide": "a", "The tide is in.": "b"})
    assert _quotes("The tide is in.", quotes) == [Quote("The tide is in.", "b")]
    assert _quotes("", {}) == []


def test_what_stands_within_another_quotation_is_not_quoted_again() -> None:
    both = Quote("The tide is in. But it stays low.", "a")
    quotes = {"The tide is in.": Quote("The tide is in.", "a"), "But it stays low.": both}
    assert _quotes("The tide is in. But it stays low.", quotes) == [both]
    assert _quotes("But it stays low.", quotes) == [both]


@pytest.mark.parametrize(
    ("post", "index", "quote"),
    [
        ("Ann won. He lost. But he stays. Rain.", 2, "Ann won. He lost. But he stays."),
        ("Ann won. Rain falls.", 1, "Rain falls."),
        ("Pay is fair.\n— Ann on pay", 1, "Pay is fair. — Ann on pay"),
        ("This is the tide. It rises. Look.", 1, "This is the tide. It rises. Look."),
        ("“That’s it.” Rain", 0, "“That’s it.” Rain"),
        ("Item 5 is here. #tide rises", 1, "#tide rises"),
    ],
)
def test_a_sentence_is_quoted_with_those_before_it_that_it_needs(
    post: str, index: int, quote: str
) -> None:
    assert quote_in_context(sentences(post), index) == quote


def test_a_sentence_without_letters_does_not_stand_alone() -> None:
    assert not stands_alone("— 5!")
    assert not stands_alone("")
    assert stands_alone("Thistles grow.")
