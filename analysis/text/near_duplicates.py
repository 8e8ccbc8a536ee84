"""Near-duplicates: texts that differ in names or figures only are one pattern.

A text becomes its form: words without case, addresses cut off, each figure a slot. Texts of one
form are repeats. Forms are then joined where names differ, each with the template that shares most
of its word shingles (A. Broder, "On the resemblance and containment of documents", 1997), and what
differs becomes a slot: templates are mined as from log messages, in one pass (P. He, J. Zhu,
Z. Zheng and M. R. Lyu, "Drain: an online log parsing approach with fixed depth tree", 2017). Many
texts that list names beside one label, before or after a colon, are one pattern too.

Time grows with the number of texts. Memory is at most `FIXED_BYTES`, and `BYTES_PER_TEXT` for each
text.
"""

from __future__ import annotations

from array import array
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Container, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from heapq import nsmallest
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from analysis.text.templates import (
    FEWEST_WORDS,
    LONGEST_FORM,
    Form,
    Label,
    Template,
    is_template,
    join,
    labels_of,
    read_form,
    read_template,
    template_of,
)

# At the peak, one text takes this many bytes for numbers, hashes and places of sorted forms.
BYTES_PER_TEXT = 100

# The tables of shingles, the templates and their index take this many bytes.
FIXED_BYTES = 120 * 2**20

# At most this many templates are under construction; the oldest one that joined nothing makes room.
MOST_TEMPLATES = 10_000

# At most this many patterns, the largest, are kept with their texts.
MOST_PATTERNS = 1_000

# A pattern has at least this many texts; exact repeats are a pattern from two texts on.
FEWEST_TEXTS = 3

# A pattern whose names differ has at least this many forms: fewer may share words by chance, or
# because of the news.
FEWEST_FORMS = 5

# A series has at least this many forms with one label, as in "… , …: Your Monday Letter".
FEWEST_OF_SERIES = 20

# In a series, at least this share of the forms has names alone beside the label.
_NAMED = 0.8

# The table of shingles has this many counters.
_TABLE = 2**22

# The table of labels has this many counters.
_LABELS = 2**19

# This many marks note the forms whose shingles are counted.
_MARKS = 2**24

# The index keeps the newest templates of a shingle, at most this many.
_INDEXED = 32

# A form is compared with at most this many templates.
_CANDIDATES = 4

_NONE = -1

Integers = NDArray[np.int64]
ReadTexts = Callable[[], Iterable[tuple[int, str]]]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Texts that are one, names and figures aside."""

    template: Template

    # The number of its texts.
    size: int

    @property
    def text(self) -> str:
        """The first of the texts, with "…" for what differs."""
        return str(self.template)


@dataclass(frozen=True)
class Patterns:
    """The patterns of a collection, the largest first; ties by text.

    Patterns beyond the first `MOST_PATTERNS` have a place, and no text.
    """

    patterns: tuple[Pattern, ...]

    # The number of texts in the collection.
    texts: int

    # The numbers of the texts that are repeats, ascending.
    _numbers: Integers

    # The places of the patterns of these texts.
    _places: Integers

    @property
    def repeats(self) -> int:
        """How many texts are of a pattern."""
        return len(self._numbers)

    def place_of(self, text_number: int) -> int | None:
        """Return the place of the pattern of a text by its number; None if it is no repeat."""
        index = int(np.searchsorted(self._numbers, text_number))
        is_repeat = index < len(self._numbers) and self._numbers[index] == text_number
        return int(self._places[index]) if is_repeat else None

    def numbers_of(self, places: Collection[int]) -> list[int]:
        """Return the numbers of the texts of the patterns at *places*, ascending."""
        numbers: list[int] = self._numbers[np.isin(self._places, list(places))].tolist()
        return numbers

    def places_of_size(self, fewest: int) -> list[int]:
        """Return the places of the patterns with at least *fewest* texts, the largest first."""
        sizes = np.bincount(self._places)
        places: list[int] = np.flatnonzero(sizes >= fewest).tolist()
        return sorted(places, key=lambda place: (-int(sizes[place]), place))

    def find(self, text: str) -> int | None:
        """Return the place of the pattern that is shown as *text*, or that *text* belongs to."""
        template, form = read_template(text), read_form(text)
        tests: tuple[Callable[[Pattern], bool], ...] = (
            lambda pattern: pattern.text == text,
            lambda pattern: pattern.template.is_like(template),
            lambda pattern: pattern.template.matches(form),
        )
        for test in tests:
            for index, pattern in enumerate(self.patterns):
                if test(pattern):
                    return index
        return None


def find_patterns(read_texts: ReadTexts) -> Patterns:
    """Return the patterns of texts, each of which has a number of its own.

    *read_texts* is called twice, and returns the same texts in the same order. The order decides
    by which text a pattern is shown, and little else.
    """
    numbers, hashes, counts = _survey(read_texts())
    _, first_texts, form_of = np.unique(hashes, return_index=True, return_inverse=True)
    sizes = np.bincount(form_of, minlength=len(first_texts))
    is_first = np.zeros(len(hashes), bool)
    is_first[first_texts] = True

    templates = _Templates(counts)
    template_of_form = np.full(len(first_texts), _NONE, np.int64)
    for index, (_, text) in enumerate(read_texts()):
        if is_first[index]:
            form = form_of[index]
            template_of_form[form] = templates.add(read_form(text), int(form), int(sizes[form]))
    templates.part_small(template_of_form)
    template_of_text = template_of_form[form_of]
    template_sizes = np.bincount(template_of_text + 1, minlength=templates.next_number + 1)[1:]
    templates.merge(template_of_text, template_sizes)
    return _collect(numbers, template_of_text, templates)


class _Counts:
    """In how many forms shingles and labels are: tables of a fixed size, by hash."""

    def __init__(self) -> None:
        self._shingles = np.zeros(_TABLE, np.int32)
        # Two counts for each label: all forms, and the forms with names alone beside it.
        self._labels = np.zeros((_LABELS, 2), np.int32)

    def add(self, form: Form) -> None:
        """Count a form once."""
        for shingle in _shingles(form):
            self._shingles[shingle] += 1
        for label in labels_of(form):
            self._labels[_hash(label.key) % _LABELS] += (1, label.has_names)

    def frequent(self, form: Form) -> list[int]:
        """Return the shingles of *form* that several forms have."""
        return [shingle for shingle in _shingles(form) if self._shingles[shingle] >= FEWEST_TEXTS]

    def series_of(self, form: Form) -> Label | None:
        """Return the label of the series that *form* belongs to; None if it belongs to none."""
        for label in labels_of(form):
            forms, named = self._labels[_hash(label.key) % _LABELS]
            if label.has_names and named >= max(FEWEST_OF_SERIES, _NAMED * forms):
                return label
        return None


def _survey(texts: Iterable[tuple[int, str]]) -> tuple[Integers, NDArray[np.uint64], _Counts]:
    """Return the number and the form's hash of each text, and the counts of all forms."""
    numbers, hashes = array("q"), array("Q")
    counts = _Counts()
    # An array of zeros takes memory where it is written to.
    is_counted = np.zeros(_MARKS, np.uint8).data
    for text_number, text in texts:
        form = read_form(text)
        hashed = _hash(form.key)
        numbers.append(text_number)
        hashes.append(hashed)
        if not is_counted[hashed % _MARKS]:
            is_counted[hashed % _MARKS] = 1
            counts.add(form)
    return np.array(numbers, np.int64), np.array(hashes, np.uint64), counts


def _hash(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest())


def _shingles(form: Form) -> set[int]:
    """Return the places in the table of a form's pairs of words."""
    words = form.words[:LONGEST_FORM]
    return {crc32(f"{word} {following}".encode()) % _TABLE for word, following in pairwise(words)}


class _Index:
    """Which templates hold a shingle: for each shingle, the templates that texts joined last."""

    def __init__(self) -> None:
        # The numbers of the templates of each shingle, in the order of their last use.
        self._templates: dict[int, dict[int, None]] = {}

    def add(self, template_number: int, shingles: Iterable[int]) -> None:
        """Note that a template, by its number, holds *shingles*, and was used now."""
        for shingle in shingles:
            template_numbers = self._templates.setdefault(shingle, {})
            template_numbers.pop(template_number, None)
            template_numbers[template_number] = None
            if len(template_numbers) > _INDEXED:
                del template_numbers[next(iter(template_numbers))]

    def find(self, shingles: Iterable[int], among: Container[int]) -> list[int]:
        """Return the templates that share most of *shingles*, the oldest first, a few."""
        shared = Counter[int]()
        for shingle in shingles:
            shared.update(list(self._templates.get(shingle, ())))
        ranked = [
            (-count, template_number)
            for template_number, count in shared.items()
            if template_number in among
        ]
        return [template_number for _, template_number in nsmallest(_CANDIDATES, ranked)]


class _Templates:
    """Templates under construction, found by the shingles of their words."""

    def __init__(self, counts: _Counts) -> None:
        self.by_number: dict[int, Template] = {}
        # The numbers of templates whose texts are all alike.
        self.exact: set[int] = set()
        self.next_number = 0
        self._counts = counts
        # The numbers of templates by label.
        self._series: dict[str, int] = {}
        self._index = _Index()
        # The numbers of templates that have one text.
        self._alone: OrderedDict[int, None] = OrderedDict()
        # The forms of each template that has too few of them yet.
        self._forms: dict[int, list[tuple[int, Template]]] = {}

    def add(self, form: Form, form_number: int, size: int) -> int:
        """Return the number of the template that *size* texts of *form* join or begin, or -1."""
        series = self._counts.series_of(form)
        if series is not None:
            if series.key not in self._series:
                self._series[series.key] = self._number(series.template, is_exact=False)
            return self._series[series.key]

        shingles = self._counts.frequent(form) if len(form.words) <= LONGEST_FORM else []
        for template_number in self._index.find(shingles, self.by_number):
            joined = join(self.by_number[template_number], form)
            if joined is not None:
                self._index.add(template_number, shingles)
                self._join(template_number, joined, form_number, template_of(form))
                return template_number

        is_repeat = size > 1 and is_template(form)
        if not is_repeat and (not shingles or len(form.words) < FEWEST_WORDS):
            return _NONE
        return self._begin(form, form_number, shingles, is_alone=not is_repeat)

    def part_small(self, template_of_form: Integers) -> None:
        """Part the templates of too few forms."""
        for template_number, forms in list(self._forms.items()):
            if len(forms) == 1:
                continue
            del self.by_number[template_number]
            for form_number, template in forms:
                is_exact = not any(template.slots)
                template_of_form[form_number] = self._number(template, is_exact=is_exact)

    def merge(self, template_of_text: Integers, sizes: Integers) -> None:
        """Join templates whose slots leave the words of a larger one, as texts are joined."""
        # The target of template n is at n + 1, so that -1 stays -1.
        merged_into = np.arange(-1, self.next_number)
        index = _Index()
        is_large = sizes >= FEWEST_TEXTS
        for template_number in sorted(
            self.by_number,
            key=lambda template_number: (-int(sizes[template_number]), template_number),
        ):
            if not is_large[template_number] or template_number in self.exact:
                continue

            form = self.by_number[template_number].as_form()
            shingles = sorted(_shingles(form))
            for larger in index.find(shingles, self.by_number):
                joined = join(self.by_number[larger], form)
                if joined is not None and joined.words == self.by_number[larger].words:
                    merged_into[template_number + 1] = larger
                    break
            else:
                index.add(template_number, shingles)
        template_of_text[:] = merged_into[template_of_text + 1]

    def _join(
        self, template_number: int, joined: Template, form_number: int, added: Template
    ) -> None:
        self.by_number[template_number] = joined
        self.exact.discard(template_number)
        self._alone.pop(template_number, None)
        forms = self._forms.get(template_number)
        if forms is None:
            return
        forms.append((form_number, added))
        if len(forms) >= FEWEST_FORMS:
            del self._forms[template_number]

    def _begin(
        self, form: Form, form_number: int, shingles: Sequence[int], *, is_alone: bool
    ) -> int:
        if len(self.by_number) >= MOST_TEMPLATES:
            if not self._alone:
                return self._number(None, is_exact=not form.has_figures)
            oldest, _ = self._alone.popitem(last=False)
            del self.by_number[oldest], self._forms[oldest]

        template = template_of(form)
        template_number = self._number(template, is_exact=not form.has_figures)
        self._forms[template_number] = [(form_number, template)]
        if is_alone:
            self._alone[template_number] = None
        self._index.add(template_number, shingles)
        return template_number

    def _number(self, template: Template | None, *, is_exact: bool) -> int:
        """Return the number of a new template; a template that is never shown is None."""
        template_number = self.next_number
        self.next_number += 1
        if is_exact:
            self.exact.add(template_number)
        if template is not None:
            self.by_number[template_number] = template
        return template_number


def _collect(numbers: Integers, template_of_text: Integers, templates: _Templates) -> Patterns:
    """Number the templates that are patterns, and note the texts of each."""
    is_joined = template_of_text != _NONE
    sizes = np.bincount(template_of_text[is_joined], minlength=templates.next_number)
    is_exact = np.zeros(templates.next_number, bool)
    is_exact[list(templates.exact)] = True
    is_pattern = sizes >= np.where(is_exact, FEWEST_TEXTS - 1, FEWEST_TEXTS)

    ranked = []
    for template_number in np.flatnonzero(is_pattern).tolist():
        template = templates.by_number.get(template_number)
        text = "" if template is None else str(template)
        ranked.append((template is None, -int(sizes[template_number]), text, template_number))
    ranked.sort()
    # The last element stands for texts without a template.
    place_of_template = np.full(templates.next_number + 1, _NONE, np.int64)
    patterns = []
    for rank, (is_unnamed, _, _, template_number) in enumerate(ranked):
        place_of_template[template_number] = rank
        if not is_unnamed and rank < MOST_PATTERNS:
            patterns.append(
                Pattern(templates.by_number[template_number], int(sizes[template_number]))
            )

    places = place_of_template[template_of_text]
    repeats = np.flatnonzero(places != _NONE)
    order = repeats[np.argsort(numbers[repeats])]
    return Patterns(tuple(patterns), len(numbers), numbers[order], places[order])
