"""Texts of a corpus that repeat an earlier one of their period, and the entities in them."""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import chain

from analysis.corpus import TextOfDocument

Words = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+")
_FIGURE = "0"
_DATES = frozenset(map(str.casefold, [*calendar.month_name[1:], *calendar.day_name]))

# A pattern has so many texts: `near_duplicates.FEWEST_TEXTS`.
_FEWEST_TEXTS = 3

# The texts of a pattern begin or end with so many words that others have there too, ...
_EDGE = 3

# ... or this share of their runs of so many words is in others too.
_LEAST_SHARED = 0.25


def find_repeats(
    texts_by_period: Mapping[str, Sequence[TextOfDocument]], *, with_families: bool = True
) -> set[int]:
    """Return the documents whose text repeats an earlier one of their period.

    Texts that differ in names or figures only are one pattern, with a fixed head or tail if
    *with_families*: see `near_duplicates`. Most texts have too little in common with others, and
    are not compared.
    """
    # It loads numpy, which commands that only declare the step do without.
    from analysis.text.near_duplicates import find_patterns  # noqa: PLC0415

    candidates = list(_select_candidates(list(chain.from_iterable(texts_by_period.values()))))
    patterns = find_patterns(lambda: candidates, with_families=with_families)
    repeats: set[int] = set()
    for texts in texts_by_period.values():
        places_seen: set[int] = set()
        for document_id, _ in texts:
            pattern_place = patterns.place_of(document_id)
            if pattern_place in places_seen:
                repeats.add(document_id)
            elif pattern_place is not None:
                places_seen.add(pattern_place)

    return repeats


def _select_candidates(texts: Sequence[TextOfDocument]) -> Iterator[TextOfDocument]:
    """Yield the texts that share words with others as the texts of a pattern do."""
    words_of_texts = [read_form(text) for _, text in texts]
    whole_texts = Counter(words_of_texts)
    heads = Counter(words[:_EDGE] for words in whole_texts)
    tails = Counter(words[-_EDGE:] for words in whole_texts)
    runs = Counter(chain.from_iterable(set(_runs(words)) for words in whole_texts))

    for text, words in zip(texts, words_of_texts, strict=True):
        shared = sum(runs[run] >= _FEWEST_TEXTS for run in _runs(words))
        if (
            whole_texts[words] > 1
            or heads[words[:_EDGE]] >= _FEWEST_TEXTS
            or tails[words[-_EDGE:]] >= _FEWEST_TEXTS
            or shared > _LEAST_SHARED * (len(words) - _EDGE)
        ):
            yield text


def _runs(words: Words) -> Iterator[Words]:
    """Yield each run of words of the length of an edge."""
    return zip(words, words[1:], words[2:], strict=False)


def read_form(text: str) -> Words:
    """Return the words of *text* in small letters; figures and dates are alike.

    Texts with the same form repeat each other.
    """
    words = _WORD.findall(text.casefold())
    return tuple(_FIGURE if word.isdigit() or word in _DATES else word for word in words)


def drop_repeats(
    entities: Sequence[tuple[str, str]],
    document_ids: Sequence[int],
    texts: Mapping[int, str],
    repeats: Container[int],
) -> list[tuple[str, str]]:
    """Return the *entities* of a request's answer without those that stand in *repeats*.

    The entities come in the order of the documents that the request is made of. One that stands in
    none of them counts.
    """
    kept = []
    index = start = 0
    for type_, spelling in entities:
        for candidate in range(index, len(document_ids)):
            text = texts[document_ids[candidate]]
            place = text.find(spelling, start if candidate == index else 0)
            if place >= 0:
                index, start = candidate, place + len(spelling)
                break
        else:
            kept.append((type_, spelling))
            continue

        if document_ids[index] not in repeats:
            kept.append((type_, spelling))

    return kept
