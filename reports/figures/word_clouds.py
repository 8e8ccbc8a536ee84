"""Which words a cloud shows, and what is written where a list says more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from analysis.text import stopwords
from analysis.text.words import join_names, words_of_terms
from reports.figures.marks import Cloud, Picture
from reports.figures.spec import FigureSpec, Subject
from reports.words.quantities import quantity

LAYOUT = "cloud"
# A list says more than a cloud of fewer words.
FEWEST_WORDS = 10
# A word with a smaller share of the first word's count would be too small to read.
SMALLEST_SHARE = 1 / 15


def choose(word_counts: Counter[str], leave_out: Collection[str], most: int) -> dict[str, int]:
    """Return the *most* frequent words, except stop words and the words of the terms *leave_out*.

    Names of two words stand together, and a word that mostly stands in such names is left out. Case
    is ignored.
    """
    unwanted = stopwords.stop_words_for(word_counts) | words_of_terms(leave_out)
    joined_counts = join_names(word_counts, unwanted)
    chosen = {}
    for word, times in joined_counts.items():
        if word.casefold() not in unwanted and 2 * times >= word_counts[word]:
            chosen[word] = word_counts[word]

    ranked = sorted(chosen.items(), key=lambda entry: (-entry[1], entry[0]))
    return dict(ranked[:most])


def is_drawn(word_counts: Mapping[str, int]) -> bool:
    """Return whether a cloud says more than a list: it has ten words or more, of several counts."""
    return len(word_counts) >= FEWEST_WORDS and len(set(word_counts.values())) > 1


def describe_list(word_counts: Mapping[str, int], counted: str) -> str:
    """Return why words stand in a list and not in a cloud; nothing if there is no word.

    *counted* says what they are counted in: "16 documents".
    """
    if not word_counts:
        return ""
    if no_word_twice(word_counts):
        return f"{counted[0].upper()}{counted[1:]}: no two share a word."

    return f"How many of {counted} hold each word."


def no_word_twice(word_counts: Mapping[str, int]) -> bool:
    """Return whether every word occurs once: a list of them says nothing."""
    return max(word_counts.values(), default=0) == 1


def _large_enough(word_counts: Mapping[str, int]) -> dict[str, int]:
    least = max(word_counts.values(), default=0) * SMALLEST_SHARE
    return {word: times for word, times in word_counts.items() if times >= least}


def cloud_spec(
    subject: Subject, word_counts: Mapping[str, int], mask: bytes | None, caption: str
) -> FigureSpec | None:
    """Declare the cloud of the chosen words of a subject; None if a list says more."""
    drawn = _large_enough(word_counts)
    if not is_drawn(drawn):
        return None

    caption += " A word's height is in proportion to its count."
    if rare := len(word_counts) - len(drawn):
        caption += (
            f" Left out: {quantity(rare, 'word')} with less than a fifteenth of the first count."
        )

    panel = Cloud(word_counts=drawn, mask=mask, documents=subject.documents, noun=subject.noun)
    most_frequent = [f"{word} ({times})" for word, times in list(drawn.items())[:8]]
    return FigureSpec(
        name=f"{subject.slug}-cloud",
        picture=Picture(panels=[panel]),
        alt=f"Word cloud. Most frequent: {', '.join(most_frequent)}.",
        caption=caption,
        layout=LAYOUT,
    )
