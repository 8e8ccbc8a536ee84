"""Mentions without repeats: of texts that differ in names or figures only, the first counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analysis.text.near_duplicates import find_patterns
from reports.data.tables.mentions import MentionRow
from reports.words.quantities import quantity


def drop_repeats(sentences: Sequence[MentionRow]) -> list[MentionRow]:
    """Return a month's mentions without those in documents that repeat an earlier one of them.

    *sentences* are in order of publication. The patterns are those of these documents alone, not
    those of the run: a part of a report that a worker draws by itself would read all documents of
    the run for them.
    """
    texts = {mention.document: mention.text for mention in sentences}
    numbers = {document: index for index, document in enumerate(texts)}

    def read_texts() -> Iterable[tuple[int, str]]:
        return enumerate(texts.values())

    patterns = find_patterns(read_texts)
    first_documents: dict[int, str] = {}
    distinct = []
    for mention in sentences:
        pattern_place = patterns.place_of(numbers[mention.document])
        if (
            pattern_place is None
            or first_documents.setdefault(pattern_place, mention.document) == mention.document
        ):
            distinct.append(mention)

    return distinct


def name_counted(counted: int, left_out: int, unit: str) -> str:
    """Return what the words of a month are counted in, with their number if none is left out.

    What is left out repeats among the mentions of a month alone, which is not what the page counts
    as repeats: two numbers would stand for one thing.
    """
    return f"the {unit}s" if left_out else quantity(counted, unit)


def describe_first_texts(*, has_repeats: bool) -> str:
    """Return what a caption says of words that are those of the first of texts that are alike."""
    if not has_repeats:
        return ""
    return " Of texts that differ in names or figures only, the first of a month counts."


def describe_left_out(*, has_repeats: bool) -> str:
    """Return what a caption says of words without repeats, as the page counts them."""
    if not has_repeats:
        return ""
    return " Repeats are left out: of texts that are alike, the first of a month counts."
