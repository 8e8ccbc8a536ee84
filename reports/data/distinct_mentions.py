"""Mentions without repeats: of texts that differ in names or figures only, the first counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from analysis.text.near_duplicates import find_patterns
from reports.data.tables.mentions import MentionRow


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


def keep_first_documents(
    sentences: Iterable[MentionRow], place_of: Callable[[str], int | None]
) -> list[MentionRow]:
    """Return those of a month's mentions whose document is the first of its pattern of the run.

    *place_of* gives the place of a document among these patterns. A briefing of each day names
    whom it briefs on, and a month of a keyword may have too few of its texts to show a pattern.
    """
    first_documents: dict[int, str] = {}
    kept = []
    for mention in sentences:
        place = place_of(mention.document)
        if place is None or first_documents.setdefault(place, mention.document) == mention.document:
            kept.append(mention)

    return kept


def describe_first_texts(*, has_repeats: bool) -> str:
    """Return what a caption says of words that are those of the first of texts that are alike.

    It gives no number: the words of a month leave out what repeats among its mentions alone, which
    is not what the page counts as repeats.
    """
    if not has_repeats:
        return ""
    return " Of texts that differ in names or figures only, the first of a month counts."
