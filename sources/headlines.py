"""The text of a headline as a sentence."""

from __future__ import annotations

_END_PUNCTUATION = (".", "!", "?", "…")
# These characters may follow end punctuation.
_CLOSING = "\"'\u201d\u2019»\u203a)]}"


def with_full_stop(text: str) -> str:
    """Add a full stop unless *text* ends a sentence, closing quotes and brackets aside."""
    text = text.strip()
    return text if text.rstrip(_CLOSING).endswith(_END_PUNCTUATION) else f"{text}."
