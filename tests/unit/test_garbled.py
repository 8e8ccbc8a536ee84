"""Posts that were decoded wrongly or cut are counted, those of other languages are not."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from analysis.text.garbled import DamagedTexts
from reports.pages.account_posts import describe_damage


def count(texts: Iterable[str]) -> tuple[int, int]:
    damaged = DamagedTexts()
    for text in texts:
        damaged.add(text)
    return damaged.garbled, damaged.cut


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
@pytest.mark.parametrize("sign", ["\u00e9", "\u2013", "\u201c"])
def test_utf8_that_was_read_in_another_encoding_is_garbled(sign: str, encoding: str) -> None:
    assert count([f"Rain {sign} again".encode().decode(encoding, "replace")]) == (1, 0)


def test_what_could_not_be_decoded_is_garbled() -> None:
    assert count(["Rain \ufffd again", "Rain again"]) == (1, 0)


def test_a_quotation_mark_behind_a_capital_with_a_mark_is_no_sign_of_an_encoding() -> None:
    assert count(["The \u00abCAF\u00c9\u00bb is open", "At \u00c9\u00ab"]) == (0, 0)
    assert count(["\u00ab".encode().decode("latin-1"), "no\u00eb".encode().decode("latin-1")]) == (
        2,
        0,
    )


def test_pairs_of_marked_letters_are_garbled_where_single_ones_are_rare() -> None:
    misread = ["Rain\u00e4\u00f3\u00eeand wind"] * 3 + ["Caf\u00e9"]
    assert count(misread) == (3, 0)
    polish = ["\u017c\u00f3\u0142ty ptak", "Dzi\u0119ki", "M\u0142yn"]
    assert count(polish) == (0, 0)
    assert count(["Th\u00e9\u00e2tre", "Caf\u00e9"]) == (0, 0)


@pytest.mark.parametrize(
    ("text", "is_cut"),
    [
        ("RT @elm: Rain https://t.example/ab\u2026", True),
        ("RT @elm: Rain https://t.exam\u00e4\u00f3_", True),
        ("RT @elm: Rain http\u2026", True),
        ("RT @elm: Rain https://", True),
        ("Rain https://t.example/abc", False),
        ("Rain and more\u2026", False),
        ("", False),
    ],
)
def test_a_text_that_ends_within_an_address_is_cut(text: str, *, is_cut: bool) -> None:
    assert count([text])[1] == is_cut


def test_damaged_posts_of_an_account_are_said_with_their_share_and_a_few_are_not() -> None:
    damaged = DamagedTexts()
    for text in ["Rain \ufffd again"] * 3 + ["Rain https://t.example/\u2026"] * 2:
        damaged.add(text)

    (sentence,) = describe_damage(damaged, 60, "post")
    assert sentence == (
        "3 of 60 posts (5.0 %) show signs of a wrong encoding. Their words, names and moods may be "
        "wrong."
    )
