"""The cleaned texts of posts, and the sentences of these that a summary may be made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.data import PostData
from analysis.options import TextOptions
from analysis.text.posts import long_sentences_by_month
from models.documents import DocumentText, with_counts
from sources.post_cleaning import words_of_post


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Watch http://t.co/x now", "Watch now"),
        ("The tide is in: https://home.example/a?b=c", "The tide is in:"),
        ("More at www.home.example today, and on tide.example/news…", "More at today, and on"),
        ("Seen pic.twitter.com/abc and cut off http… or https://t.…", "Seen and cut off or"),
        (
            "Win and/or lose 10.10/3 times. A.b is no address",
            "Win and/or lose 10.10/3 times. A.b is no address",
        ),
        ("The tide is in. #tide #sea http://t.co/x", "The tide is in."),
        ("We love the #tide", "We love the #tide"),
        ("#tide @ann http://t.co/x 🙂", ""),
        ("One.\n\nTwo http://t.co/x\n#three", "One.\nTwo"),
    ],
)
def test_a_post_says_its_words_and_no_addresses(text: str, words: str) -> None:
    assert words_of_post(text) == words


@pytest.mark.parametrize(
    "misread",
    ["“Tide” — it’s".encode().decode("cp1252", "replace"), "\u2030ÛÓTide", "äóîTide"],
    ids=["once", "once more on a Mac", "and again"],
)
def test_punctuation_in_a_wrong_encoding_is_mended(misread: str) -> None:
    assert {"—", "— Tide"} & {words_of_post(misread), *words_of_post(misread).split()}


@pytest.mark.parametrize(
    "text", ["naïve Übergrößenträger", "日本語のテキスト", "привет мир", "☀️☀️☀️ sun", "Ünlü Çağrı"]
)
def test_other_writings_are_left_as_they_are(text: str) -> None:
    assert words_of_post(text) == text


@given(st.text(st.sampled_from("a #@_.:/htps—“äóî\n\u2026é🙂"), max_size=60))
def test_no_address_is_left_and_no_blank_at_an_edge(text: str) -> None:
    once = words_of_post(text)
    assert "http://" not in once
    assert all(line == line.strip() for line in once.split("\n"))


def test_endless_tags_and_underscores_take_no_time() -> None:
    assert words_of_post("#" + "_" * 5000 + " " + "#_ " * 5000 + "x").endswith(" x")
    assert words_of_post("a." * 20_000).startswith("a.a.")


def post(
    number: int, text: str, *, repost: bool = False, period: str | None = "2021-01"
) -> DocumentText:
    return DocumentText(number, f"x:{number}", period, text, repost)


def test_reposts_are_nobodys_own_words_and_posts_without_words_are_not_asked_about() -> None:
    posts = [
        post(1, "One tide"),
        post(2, "RT @a: two", repost=True),
        post(3, "#x"),
        post(4, "No date", period=None),
    ]
    assert PostData(posts, TextOptions()).words == {
        "2021-01": [(1, "One tide")],
        "": [(4, "No date")],
    }


def test_a_summary_is_made_of_sentences_that_say_something() -> None:
    words = {
        "2021-01": [
            (1, "Watch live: #tide @ann one two three. The tide is in at last."),
            (2, "Watch."),
        ]
    }
    assert long_sentences_by_month(words) == {
        "2021-01": [(1, "Watch live: #tide @ann one two three.\nThe tide is in at last.")]
    }
    assert long_sentences_by_month({"": [(1, "Watch live: #a #b #c. Yes.")]}) == {
        "": [(1, "Watch live: #a #b #c. Yes.")]
    }
    assert long_sentences_by_month({}) == {}


def test_the_counts_of_reposts_follow_what_was_said_whatever_that_was() -> None:
    posts = [post(1, "a"), post(2, "b", repost=True), post(3, "c", repost=True)]
    reposts = "2 of the 3 posts are reposts: moods, words and names leave them out"
    assert with_counts("the service is odd", posts) == f"the service is odd; {reposts}"
    assert with_counts("the service is odd", posts[:2]) == (
        "the service is odd; 1 of the 2 posts is a repost: moods, words and names leave it out"
    )
    assert with_counts("the service is odd", posts[:1]) == "the service is odd"
    assert with_counts(None, posts[:1]) is None
    said_by_service = f"it said; {reposts}"
    assert with_counts(said_by_service, posts[:1]) == said_by_service


def test_posts_without_a_time_are_said() -> None:
    posts = [post(1, "a"), post(2, "b", repost=True, period=None)]
    assert with_counts("odd", posts) == (
        "odd; 1 of the 2 posts is a repost: moods, words and names leave it out; "
        "1 of 2 posts have no time that can be meant, and are in no month"
    )
