"""Texts of a corpus that repeat an earlier one of their period, and the entities in them."""

from __future__ import annotations

import calendar
import re
from collections.abc import Container, Mapping, Sequence
from itertools import chain

from analysis.corpus import TextOfDocument

Words = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+")
_FIGURE = "0"
_DATES = frozenset(map(str.casefold, [*calendar.month_name[1:], *calendar.day_name]))


def find_repeats(
    texts_by_period: Mapping[str, Sequence[TextOfDocument]], *, with_families: bool = True
) -> set[int]:
    """Return the documents whose text repeats an earlier one of their period.

    Texts that differ in names or figures only are one pattern, with a fixed head or tail if
    *with_families*: see `near_duplicates`.
    """
    # It loads numpy, which commands that only declare the step do without.
    from analysis.text.near_duplicates import find_patterns  # noqa: PLC0415

    texts = [text for _, text in chain.from_iterable(texts_by_period.values())]
    places = iter(find_patterns(texts, with_families=with_families)[1])
    repeats: set[int] = set()
    for period_texts in texts_by_period.values():
        seen: set[int | None] = {None}
        for (document_id, _), place in zip(period_texts, places, strict=False):
            if place in seen - {None}:
                repeats.add(document_id)

            seen.add(place)

    return repeats


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
