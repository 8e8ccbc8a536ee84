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

BYTES_PER_TEXT = 100  # at the peak: numbers, hashes and places of sorted forms
FIXED_BYTES = 120 * 2**20  # tables of shingles, templates, their index
MOST_TEMPLATES = 10_000  # under construction; the oldest that joined nothing makes room
MOST_PATTERNS = 1_000  # that are kept with their texts, the largest
FEWEST_TEXTS = 3  # of a pattern, except of exact repeats, which are two
FEWEST_FORMS = 5  # of a pattern whose names differ: of few, chance or the news made the same words
FEWEST_OF_SERIES = 20  # forms with one label: "… , …: Your Monday Letter"

_NAMED = 0.8  # of the forms of a series have names alone beside its label
_TABLE = 2**22  # counters of shingles
_LABELS = 2**19  # counters of labels
_MARKS = 2**24  # of forms whose shingles are counted
_INDEXED = 32  # templates that the index keeps for a shingle, the newest
_CANDIDATES = 4  # templates that a form is compared with
_NONE = -1

Integers = NDArray[np.int64]
ReadTexts = Callable[[], Iterable[tuple[int, str]]]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Texts that are one, names and figures aside."""

    template: Template
    size: int  # how many texts

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
    texts: int  # of the collection
    _numbers: Integers  # of the texts that are repeats, ascending
    _places: Integers  # of their patterns

    @property
    def repeats(self) -> int:
        """How many texts are of a pattern."""
        return len(self._numbers)

    def place_of(self, number: int) -> int | None:
        """Return the place of the pattern of the text *number*; None where it is no repeat."""
        at = int(np.searchsorted(self._numbers, number))
        is_repeat = at < len(self._numbers) and self._numbers[at] == number
        return int(self._places[at]) if is_repeat else None

    def numbers_of(self, places: Collection[int]) -> list[int]:
        """Return the numbers of the texts of the patterns at *places*, ascending."""
        numbers: list[int] = self._numbers[np.isin(self._places, list(places))].tolist()
        return numbers

    def find(self, text: str) -> int | None:
        """Return the place of the pattern that *text* is: as it is shown, or one of its texts."""
        shown, form = read_template(text), read_form(text)
        tests: tuple[Callable[[Pattern], bool], ...] = (
            lambda pattern: pattern.text == text,
            lambda pattern: pattern.template.is_like(shown),
            lambda pattern: pattern.template.matches(form),
        )
        for test in tests:
            for place, pattern in enumerate(self.patterns):
                if test(pattern):
                    return place
        return None


def find_patterns(read_texts: ReadTexts) -> Patterns:
    """Return the patterns of texts, each of which has a number of its own.

    *read_texts* is called twice, and gives the same texts in the same order. The order decides
    which text a pattern is shown by, and little else.
    """
    numbers, hashes, counts = _survey(read_texts())
    _, first, form_of = np.unique(hashes, return_index=True, return_inverse=True)
    sizes = np.bincount(form_of, minlength=len(first))
    is_first = np.zeros(len(hashes), bool)
    is_first[first] = True

    templates = _Templates(counts)
    template_of_form = np.full(len(first), _NONE, np.int64)
    for place, (_, text) in enumerate(read_texts()):
        if is_first[place]:
            form = form_of[place]
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
        self._labels = np.zeros((_LABELS, 2), np.int32)  # all forms; those with names alone

    def add(self, form: Form) -> None:
        """Count a form once."""
        for shingle in _shingles(form):
            self._shingles[shingle] += 1
        for label in labels_of(form):
            self._labels[_hash(label.key) % _LABELS] += (1, label.has_names)

    def frequent(self, form: Form) -> list[int]:
        """Return the shingles of *form* that several forms have."""
        return [place for place in _shingles(form) if self._shingles[place] >= FEWEST_TEXTS]

    def series_of(self, form: Form) -> Label | None:
        """Return the label of the series that *form* is of; None where it is of none."""
        for label in labels_of(form):
            n, named = self._labels[_hash(label.key) % _LABELS]
            if label.has_names and named >= max(FEWEST_OF_SERIES, _NAMED * n):
                return label
        return None


def _survey(texts: Iterable[tuple[int, str]]) -> tuple[Integers, NDArray[np.uint64], _Counts]:
    """Return the number and the form's hash of each text, and what is frequent in them."""
    numbers, hashes = array("q"), array("Q")
    counts = _Counts()
    is_counted = np.zeros(_MARKS, np.uint8).data  # which takes memory where it is written
    for number, text in texts:
        form = read_form(text)
        hashed = _hash(form.key)
        numbers.append(number)
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
    return {crc32(f"{first} {second}".encode()) % _TABLE for first, second in pairwise(words)}


class _Index:
    """Which templates hold a shingle: of each shingle those that texts joined last."""

    def __init__(self) -> None:
        self._templates: dict[int, dict[int, None]] = {}  # by shingle; in order of their last use

    def add(self, number: int, shingles: Iterable[int]) -> None:
        """Note that the template *number* holds *shingles*, and was used now."""
        for shingle in shingles:
            numbers = self._templates.setdefault(shingle, {})
            numbers.pop(number, None)
            numbers[number] = None
            if len(numbers) > _INDEXED:
                del numbers[next(iter(numbers))]

    def find(self, shingles: Iterable[int], among: Container[int]) -> list[int]:
        """Return the templates that share most of *shingles*, the oldest first, a few."""
        shared = Counter[int]()
        for shingle in shingles:
            shared.update(list(self._templates.get(shingle, ())))
        ranked = [(-count, number) for number, count in shared.items() if number in among]
        return [number for _, number in nsmallest(_CANDIDATES, ranked)]


class _Templates:
    """Templates under construction, found by the shingles of their words."""

    def __init__(self, counts: _Counts) -> None:
        self.by_number: dict[int, Template] = {}
        self.exact: set[int] = set()  # numbers of templates whose texts are all alike
        self.next_number = 0
        self._counts = counts
        self._series: dict[str, int] = {}  # numbers of templates by label
        self._index = _Index()
        self._alone: OrderedDict[int, None] = OrderedDict()  # templates of one text
        self._forms: dict[int, list[tuple[int, Template]]] = {}  # of templates of too few

    def add(self, form: Form, form_number: int, size: int) -> int:
        """Return the number of the template that *size* texts of *form* join or begin, or -1."""
        series = self._counts.series_of(form)
        if series is not None:
            if series.key not in self._series:
                self._series[series.key] = self._number(series.template, is_exact=False)
            return self._series[series.key]

        shingles = self._counts.frequent(form) if len(form.words) <= LONGEST_FORM else []
        for number in self._index.find(shingles, self.by_number):
            joined = join(self.by_number[number], form)
            if joined is not None:
                self._index.add(number, shingles)
                self._join(number, joined, form_number, template_of(form))
                return number

        is_repeat = size > 1 and is_template(form)
        if not is_repeat and (not shingles or len(form.words) < FEWEST_WORDS):
            return _NONE
        return self._begin(form, form_number, shingles, is_alone=not is_repeat)

    def part_small(self, template_of_form: Integers) -> None:
        """Part the templates of too few forms."""
        for number, forms in list(self._forms.items()):
            if len(forms) == 1:
                continue
            del self.by_number[number]
            for form_number, template in forms:
                is_exact = not any(template.slots)
                template_of_form[form_number] = self._number(template, is_exact=is_exact)

    def merge(self, template_of_text: Integers, sizes: Integers) -> None:
        """Join templates whose slots leave the words of a larger one, as texts are joined."""
        merged_into = np.arange(-1, self.next_number)  # at one place more: -1 stays
        index = _Index()
        is_large = sizes >= FEWEST_TEXTS
        for number in sorted(self.by_number, key=lambda number: (-int(sizes[number]), number)):
            if not is_large[number] or number in self.exact:
                continue
            form = self.by_number[number].as_form()
            shingles = sorted(_shingles(form))
            for larger in index.find(shingles, self.by_number):
                joined = join(self.by_number[larger], form)
                if joined is not None and joined.words == self.by_number[larger].words:
                    merged_into[number + 1] = larger
                    break
            else:
                index.add(number, shingles)
        template_of_text[:] = merged_into[template_of_text + 1]

    def _join(self, number: int, joined: Template, form_number: int, added: Template) -> None:
        self.by_number[number] = joined
        self.exact.discard(number)
        self._alone.pop(number, None)
        forms = self._forms.get(number)
        if forms is None:
            return
        forms.append((form_number, added))
        if len(forms) >= FEWEST_FORMS:
            del self._forms[number]

    def _begin(
        self, form: Form, form_number: int, shingles: Sequence[int], *, is_alone: bool
    ) -> int:
        if len(self.by_number) >= MOST_TEMPLATES:
            if not self._alone:
                return self._number(None, is_exact=not form.has_figures)
            oldest, _ = self._alone.popitem(last=False)
            del self.by_number[oldest], self._forms[oldest]

        template = template_of(form)
        number = self._number(template, is_exact=not form.has_figures)
        self._forms[number] = [(form_number, template)]
        if is_alone:
            self._alone[number] = None
        self._index.add(number, shingles)
        return number

    def _number(self, template: Template | None, *, is_exact: bool) -> int:
        """Return the number of a new template; None stands for one that nobody will be shown."""
        number = self.next_number
        self.next_number += 1
        if is_exact:
            self.exact.add(number)
        if template is not None:
            self.by_number[number] = template
        return number


def _collect(numbers: Integers, template_of_text: Integers, templates: _Templates) -> Patterns:
    """Number the templates that are patterns, and note the texts of each."""
    is_joined = template_of_text != _NONE
    sizes = np.bincount(template_of_text[is_joined], minlength=templates.next_number)
    is_exact = np.zeros(templates.next_number, bool)
    is_exact[list(templates.exact)] = True
    is_pattern = sizes >= np.where(is_exact, FEWEST_TEXTS - 1, FEWEST_TEXTS)

    ranked = []
    for number in np.flatnonzero(is_pattern).tolist():
        template = templates.by_number.get(number)
        text = "" if template is None else str(template)
        ranked.append((template is None, -int(sizes[number]), text, number))
    ranked.sort()
    place_of_template = np.full(templates.next_number + 1, _NONE, np.int64)  # the last: of none
    patterns = []
    for place, (is_unnamed, _, _, number) in enumerate(ranked):
        place_of_template[number] = place
        if not is_unnamed and place < MOST_PATTERNS:
            patterns.append(Pattern(templates.by_number[number], int(sizes[number])))

    places = place_of_template[template_of_text]
    repeats = np.flatnonzero(places != _NONE)
    order = repeats[np.argsort(numbers[repeats])]
    return Patterns(tuple(patterns), len(numbers), numbers[order], places[order])
