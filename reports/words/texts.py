"""Texts of documents, as pages quote them."""

from __future__ import annotations

# A longer text is shown by its beginning, or by a passage.
MOST_CHARACTERS = 400


def join_lines(text: str) -> str:
    """Return *text* in one line, with one blank where it has white space."""
    return " ".join(text.split())


def cut_at_word(text: str, most_characters: int) -> str:
    """Return *text* in one line; a longer one ends at a word, with "…" behind it.

    Where words have no blanks between them, as in Chinese, it ends at a character.
    """
    line = join_lines(text)
    if len(line) <= most_characters:
        return line

    # The sign and the blank before it take two characters.
    fitting = line[: most_characters - 1]
    whole_words = fitting.rpartition(" ")[0]
    if len(whole_words) < most_characters / 2:
        whole_words = fitting[:-1]

    return f"{whole_words} …"
