"""The words of a subject: those that stand out, and a cloud, or a list where that says more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reports.data.tables.distinctive import DistinctiveRow
from reports.figures import cloud
from reports.figures.spec import Subject

# A random choice of documents hardly has a larger |G²|: of 540 choices of 30 to 1,000
# headlines from real months of 4,300 to 5,000, 0.7 % had a word above 20, 9 % one above 15.
OF_CHANCE = 20


@dataclass(frozen=True)
class StandingWord:
    """A word that stands out, and how many documents hold it in each month in which it does."""

    word: str

    # By job: a month, or an account.
    documents: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The documents of all these months that hold it."""
        return sum(self.documents.values())


def standing_out(word_rows: Iterable[DistinctiveRow]) -> list[DistinctiveRow]:
    """Return the words whose |G²| is more than chance alone gives."""
    return [word_row for word_row in word_rows if abs(word_row.g2) >= OF_CHANCE]


def list_standing_words(
    word_rows: Sequence[DistinctiveRow], most: int = 24
) -> list[StandingWord] | None:
    """Return each word that is used more than elsewhere once, those in most documents first.

    Return None if no words were compared.
    """
    if not word_rows:
        return None

    words: dict[str, StandingWord] = {}
    for word_row in standing_out(word_rows):
        if word_row.g2 > 0:
            standing_word = words.setdefault(word_row.word.casefold(), StandingWord(word_row.word))
            standing_word.documents[word_row.job] = word_row.documents

    ranked = sorted(words.values(), key=lambda counted: (-counted.total, counted.word))
    return ranked[:most]


def add_words(
    add: Callable[..., object],
    subject: Subject,
    word_counts: Mapping[str, int],
    mask: bytes | None,
    *,
    counted: str,
    has_repeats: bool,
    has_links: bool = True,
) -> None:
    """Add a cloud of *word_counts*, or a list; nothing if there are none.

    They are added by ``add(anchor, heading, figure, …)``. *counted* names the texts that hold the
    words ("16 documents"); with *has_repeats*, texts that are alike count once. With *has_links*, a
    word of a cloud leads to the list of its documents.
    """
    first_texts = " Of similar texts, the first of a month counts." if has_repeats else ""
    caption = f"The words of {counted}.{first_texts}"
    found = None
    if has_links and subject.documents:
        found = replace(subject.documents, without_repeats=True)

    shown = replace(subject, documents=found)
    spec = cloud.cloud_spec(shown, word_counts, mask, caption)
    if spec is not None:
        add("cloud", "Words", spec)
    elif word_counts:
        note = cloud.describe_list(word_counts, counted) + first_texts
        listed = {} if cloud.no_word_twice(word_counts) else word_counts
        add("cloud", "Words", words=listed, note=note)
