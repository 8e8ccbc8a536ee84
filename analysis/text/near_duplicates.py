"""Near-duplicates: texts that differ in names or figures only are one pattern, or of one family.

A text becomes its form: words without case, addresses cut off, each figure a slot. Texts of one
form are repeats. Texts that share a fixed head or tail ("Quotation of the Day: …", see
`fixed_phrases`) are one family. Other forms are joined where names differ, each with the template
that shares most of its word shingles (A. Broder, "On the resemblance and containment of
documents", 1997), and what differs becomes a slot: templates are mined as from log messages, in one
pass (P. He, J. Zhu, Z. Zheng and M. R. Lyu, "Drain: an online log parsing approach with fixed depth
tree", 2017).

Time grows with the number of texts. Memory is at most `FIXED_BYTES`, and `BYTES_PER_TEXT` for each
text.
"""

from __future__ import annotations

from array import array
from collections import Counter, OrderedDict
from collections.abc import (
    Callable,
    Collection,
    Container,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from hashlib import blake2b
from heapq import nsmallest
from itertools import chain, pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from analysis.text.fixed_phrases import FixedPhrase, PhraseCounts, PhrasesOfForms
from analysis.text.templates import (
    FEWEST_WORDS,
    LONGEST_FORM,
    Form,
    Template,
    is_template,
    join,
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

# The table of shingles has this many counters.
_TABLE = 2**22

# This many marks note the forms whose shingles are counted.
_MARKS = 2**24

# The forms of all texts are kept if they take at most this many bytes: those of 200,000 headlines.
_KEPT_BYTES = 40 * 2**20

# A form takes about this many bytes besides its characters and its words' numbers.
_BYTES_PER_FORM = 80

# A different word takes about this many bytes.
_BYTES_PER_WORD = 150

# The index keeps the newest templates of a shingle, at most this many.
_INDEXED = 32

# A form is compared with at most this many templates.
_CANDIDATES = 4

_NONE = -1

Integers = NDArray[np.int64]
ReadTexts = Callable[[], Iterable[tuple[int, str]]]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Texts that are one, names and figures aside, or a family of texts with a fixed phrase."""

    # What the texts share: words with slots between them, or a phrase at one place.
    shared: Template | FixedPhrase

    # The number of its texts.
    size: int

    @property
    def text(self) -> str:
        """The first of the texts, or the phrase, with "…" for what differs."""
        return str(self.shared)

    def is_like(self, template: Template) -> bool:
        """Return whether the texts share the words and slots of *template*."""
        return isinstance(self.shared, Template) and self.shared.is_like(template)

    def matches(self, form: Form) -> bool:
        """Return whether a text of *form* is one of a template."""
        return isinstance(self.shared, Template) and self.shared.matches(form)


@dataclass(frozen=True)
class Membership:
    """Which texts are of which pattern."""

    # The numbers of the texts that are of a pattern, ascending.
    numbers: Integers

    # The places of the patterns of these texts.
    places: Integers

    def place_of(self, text_number: int) -> int | None:
        """Return the place of the pattern of a text by its number; None if it is of none."""
        index = int(np.searchsorted(self.numbers, text_number))
        is_member = index < len(self.numbers) and self.numbers[index] == text_number
        return int(self.places[index]) if is_member else None


@dataclass(frozen=True)
class Patterns:
    """The patterns of a collection, the largest first; ties by text.

    Patterns beyond the first `MOST_PATTERNS` have a place, and no text.
    """

    patterns: tuple[Pattern, ...]

    # The number of texts in the collection.
    texts: int

    # Labels of a single word or that others use too ("Review: …"); their texts are no repeats.
    labels: tuple[Pattern, ...]

    _members: Membership
    _labelled: Membership

    @property
    def repeats(self) -> int:
        """How many texts are of a pattern."""
        return len(self._members.numbers)

    def place_of(self, text_number: int) -> int | None:
        """Return the place of the pattern of a text by its number; None if it is no repeat."""
        return self._members.place_of(text_number)

    def label_of(self, text_number: int) -> int | None:
        """Return the place of the label of a text by its number; None if it has none."""
        return self._labelled.place_of(text_number)

    def numbers_of(self, places: Collection[int]) -> list[int]:
        """Return the numbers of the texts of the patterns at *places*, ascending."""
        is_wanted = np.isin(self._members.places, list(places))
        numbers: list[int] = self._members.numbers[is_wanted].tolist()
        return numbers

    def places_of_size(self, fewest: int) -> list[int]:
        """Return the places of the patterns with at least *fewest* texts, the largest first."""
        sizes = np.bincount(self._members.places)
        places: list[int] = np.flatnonzero(sizes >= fewest).tolist()
        return sorted(places, key=lambda place: (-int(sizes[place]), place))

    def find(self, text: str) -> int | None:
        """Return the place of the pattern that is shown as *text*, or that *text* belongs to.

        A family is found by its head or tail alone, too.
        """
        template, form = read_template(text), read_form(text)
        families = [
            (-pattern.shared.forms, place)
            for place, pattern in enumerate(self.patterns)
            if isinstance(pattern.shared, FixedPhrase) and pattern.shared.is_in(form)
        ]
        tests: tuple[Callable[[Pattern], bool], ...] = (
            lambda pattern: pattern.text == text or pattern.is_like(template),
            lambda pattern: pattern.matches(form),
        )
        for test in tests:
            for place, pattern in enumerate(self.patterns):
                if test(pattern):
                    return place

            if families:
                return min(families)[1]

        return None


@dataclass(frozen=True)
class FoundPhrases:
    """The fixed phrases of texts, and the labels of the forms that have none."""

    fixed: PhrasesOfForms
    labels: PhrasesOfForms


def find_patterns(
    read_texts: ReadTexts,
    *,
    with_families: bool = True,
    wait_for_phrases: Callable[[], FoundPhrases | None] | None = None,
) -> Patterns:
    """Return the patterns of texts, each of which has a number of its own.

    *read_texts* is called again where the forms of all texts would take too much memory, and
    returns the same texts in the same order. The order decides by which text a pattern is shown,
    and little else. Without families a fixed head or tail is a label: posts end with the same
    signature or tag, and say another thing each time.

    *wait_for_phrases* returns what `find_phrases` returned for the same texts in another process,
    or None if that failed.
    """
    phrases = PhraseCounts() if wait_for_phrases is None else None
    counts = _Counts()
    forms = _survey(read_texts, counts, phrases)
    sizes = np.bincount(forms.form_of_text, minlength=forms.n_forms)

    templates = _Templates(counts)
    template_of_form = np.full(forms.n_forms, _NONE, np.int64)
    for form_number, form in forms.read_first():
        if phrases is not None:
            phrases.add(form, form_number)

        template_of_form[form_number] = templates.add(form, form_number, int(sizes[form_number]))

    templates.part_small(template_of_form)
    template_sizes = np.bincount(
        template_of_form + 1, weights=sizes, minlength=templates.next_number + 1
    )[1:]
    templates.merge(template_of_form, template_sizes.astype(np.int64))

    found = None
    if phrases is not None:
        found = _choose_phrases(phrases, forms.n_forms)
    elif wait_for_phrases is not None:
        found = wait_for_phrases()

    if found is None or len(found.fixed.phrase_of_form) != forms.n_forms:
        # The other process failed, or a text was erased between its reading and this one.
        found = find_phrases(read_texts)

    fixed, labels = found.fixed, found.labels
    if not with_families:
        labels, fixed = labels.join(fixed), PhrasesOfForms.none(forms.n_forms)

    has_phrase = fixed.phrase_of_form != _NONE
    # The families are numbered after the templates.
    group_of_form = np.where(
        has_phrase, templates.next_number + fixed.phrase_of_form, template_of_form
    )
    shared: dict[int, Template | FixedPhrase] = dict(templates.by_number)
    shared |= dict(enumerate(fixed.phrases, templates.next_number))
    patterns, members = _collect(
        forms.numbers, group_of_form[forms.form_of_text], shared, templates.exact
    )

    shown_labels, labelled = _collect(
        forms.numbers,
        labels.phrase_of_form[forms.form_of_text],
        dict(enumerate(labels.phrases)),
    )
    return Patterns(patterns, len(forms.numbers), shown_labels, members, labelled)


def find_phrases(read_texts: ReadTexts) -> FoundPhrases:
    """Return the fixed phrases and the labels of texts, which `find_patterns` needs."""
    phrases = PhraseCounts()
    forms = _survey(read_texts, None, phrases)
    for form_number, form in forms.read_first():
        phrases.add(form, form_number)

    return _choose_phrases(phrases, forms.n_forms)


def _choose_phrases(phrases: PhraseCounts, n_forms: int) -> FoundPhrases:
    fixed = phrases.find_fixed(n_forms)
    return FoundPhrases(fixed, phrases.find_labels(fixed.phrase_of_form == _NONE))


class _Counts:
    """In how many forms shingles are: a table of a fixed size, by hash."""

    def __init__(self) -> None:
        # An array of zeros takes memory where it is written to.
        self._shingles = np.zeros(_TABLE, np.uint32).data

    def add(self, form: Form) -> None:
        """Count a form once."""
        shingles = self._shingles
        for shingle in _shingles(form):
            shingles[shingle] += 1

    def frequent(self, form: Form) -> list[int]:
        """Return the shingles of *form* that several forms have."""
        shingles = self._shingles
        return [shingle for shingle in _shingles(form) if shingles[shingle] >= FEWEST_TEXTS]


class _KeptForms:
    """The forms of texts in their order, each word once; none if they take too many bytes."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        # The numbers of the words of all forms, and where those of each form end.
        self._words, self._ends = array("I"), array("Q")
        self._number_by_word: dict[str, int] = {}
        self._size = 0

    def add(self, form: Form) -> None:
        """Keep the form of a further text, while there is room."""
        if self._size > _KEPT_BYTES:
            return

        numbers = self._number_by_word
        n_known = len(numbers)
        self._words.extend([numbers.setdefault(word, len(numbers)) for word in form.words])
        self._ends.append(len(self._words))
        self._texts.append(form.text)
        self._size += _BYTES_PER_FORM + len(form.text) + self._words.itemsize * len(form.words)
        self._size += _BYTES_PER_WORD * (len(numbers) - n_known)
        if self._size > _KEPT_BYTES:
            self._texts, self._number_by_word = [], {}
            self._words, self._ends = array("I"), array("Q")

    @property
    def has_all(self) -> bool:
        """Whether the forms of all texts are kept."""
        return self._size <= _KEPT_BYTES

    def select(self, is_selected: NDArray[np.bool_]) -> Iterator[tuple[int, Form]]:
        """Yield the forms of the selected texts, each with its place."""
        words = list(self._number_by_word)
        for place in np.flatnonzero(is_selected).tolist():
            start = self._ends[place - 1] if place else 0
            numbers = self._words[start : self._ends[place]]
            yield place, Form(self._texts[place], tuple([words[number] for number in numbers]))


@dataclass(frozen=True)
class _SurveyedForms:
    """The forms of all texts. They are numbered by their hashes."""

    # The numbers of the texts.
    numbers: Integers

    n_forms: int

    # The number of the form of each text.
    form_of_text: Integers

    # Whether a text is the first one of its form.
    _is_first: NDArray[np.bool_]

    _kept: _KeptForms
    _read_texts: ReadTexts

    def read_first(self) -> Iterator[tuple[int, Form]]:
        """Yield each different form once, in the order of the texts, with its number."""
        if self._kept.has_all:
            for index, form in self._kept.select(self._is_first):
                yield int(self.form_of_text[index]), form

            return

        for index, (_, text) in enumerate(self._read_texts()):
            if self._is_first[index]:
                yield int(self.form_of_text[index]), read_form(text)


def _survey(
    read_texts: ReadTexts, counts: _Counts | None, phrases: PhraseCounts | None
) -> _SurveyedForms:
    """Read the form of each text; let *counts* and *phrases* count each different form once."""
    numbers, hashes = array("q"), array("Q")
    kept_forms = _KeptForms()
    is_counted = np.zeros(_MARKS, np.uint8).data
    for text_number, text in read_texts():
        form = read_form(text)
        hashed = _hash(form.key)
        numbers.append(text_number)
        hashes.append(hashed)
        kept_forms.add(form)
        if not is_counted[hashed % _MARKS]:
            is_counted[hashed % _MARKS] = 1
            if counts is not None:
                counts.add(form)
            if phrases is not None:
                phrases.survey(form)

    _, first_texts, form_of_text = np.unique(
        np.array(hashes, np.uint64), return_index=True, return_inverse=True
    )
    is_first = np.zeros(len(hashes), bool)
    is_first[first_texts] = True
    return _SurveyedForms(
        np.array(numbers, np.int64),
        len(first_texts),
        form_of_text,
        is_first,
        kept_forms,
        read_texts,
    )


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
        holding = [self._templates[shingle] for shingle in shingles if shingle in self._templates]
        shared = Counter(chain.from_iterable(holding))
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
        self._index = _Index()
        # The numbers of templates that have one text.
        self._alone: OrderedDict[int, None] = OrderedDict()
        # The forms of each template that has too few of them yet.
        self._forms: dict[int, list[tuple[int, Template]]] = {}

    def add(self, form: Form, form_number: int, size: int) -> int:
        """Return the number of the template that *size* texts of *form* join or begin, or -1."""
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

    def merge(self, template_of_form: Integers, sizes: Integers) -> None:
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

        template_of_form[:] = merged_into[template_of_form + 1]

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


def _collect(
    numbers: Integers,
    group_of_text: Integers,
    shared: Mapping[int, Template | FixedPhrase],
    exact: Collection[int] = (),
) -> tuple[tuple[Pattern, ...], Membership]:
    """Return the groups of texts that are patterns, and which texts are of them.

    *shared* tells what the texts of a group share, where that is shown; *exact* are the groups
    whose texts are all alike.
    """
    n_groups = max([*group_of_text.tolist(), *exact, *shared, _NONE]) + 1
    sizes = np.bincount(group_of_text[group_of_text != _NONE], minlength=n_groups)
    is_exact = np.zeros(n_groups, bool)
    is_exact[list(exact)] = True
    is_pattern = sizes >= np.where(is_exact, FEWEST_TEXTS - 1, FEWEST_TEXTS)

    ranked = []
    for group in np.flatnonzero(is_pattern).tolist():
        text = str(shared.get(group, ""))
        ranked.append((group not in shared, -int(sizes[group]), text, group))

    ranked.sort()
    # The last element stands for texts without a group.
    place_of_group = np.full(n_groups + 1, _NONE, np.int64)
    patterns = []
    for place, (is_unnamed, _, _, group) in enumerate(ranked):
        place_of_group[group] = place
        if not is_unnamed and place < MOST_PATTERNS:
            patterns.append(Pattern(shared[group], int(sizes[group])))

    places = place_of_group[group_of_text]
    members = np.flatnonzero(places != _NONE)
    order = members[np.argsort(numbers[members])]
    return tuple(patterns), Membership(numbers[order], places[order])
