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
from collections import OrderedDict
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Sequence,
)
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analysis.text.fixed_phrases import FixedPhrase, PhraseCounts, PhrasesOfForms, read_phrases
from analysis.text.form_batches import (
    SHINGLE_BITS,
    Flags,
    FormBatch,
    Integers,
    read_batches,
)
from analysis.text.template_index import JoinFilter, Outlines, TemplateIndex
from analysis.text.templates import (
    FEWEST_OF_FIGURES,
    FEWEST_WORDS,
    LONGEST_FORM,
    Form,
    Template,
    form_of,
    join,
    may_join,
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

# The table of shingles has 2 to the power of this many counters.
_TABLE_BITS = 22

# The forms of all texts are kept if they take at most this many bytes: those of 160,000 headlines.
_KEPT_BYTES = 48 * 2**20

# A form takes about this many bytes besides its characters and its words' numbers.
_BYTES_PER_FORM = 80

# A different word, as it is written, takes about this many bytes.
_BYTES_PER_WORD = 250

_NONE = -1

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

    def find(self, text: str) -> int | None:
        """Return the place of the pattern that is shown as *text*, or that *text* belongs to.

        A family is found by its head or tail alone, too.
        """
        template, form, phrases = read_template(text), read_form(text), read_phrases(text)
        families = [
            (-pattern.shared.forms, place)
            for place, pattern in enumerate(self.patterns)
            if isinstance(pattern.shared, FixedPhrase) and pattern.shared.key in phrases
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


def find_patterns(read_texts: ReadTexts, *, with_families: bool = True) -> Patterns:
    """Return the patterns of texts, each of which has a number of its own.

    *read_texts* is called twice again where the forms of all texts would take too much memory, and
    returns the same texts in the same order. The order decides by which text a pattern is shown,
    and little else. Without families a fixed head or tail is a label: posts end with the same
    signature or tag, and say another thing each time.
    """
    forms = _read_forms(read_texts)
    sizes = np.bincount(forms.form_of_text, minlength=forms.n_forms)
    counts, phrases = _Counts(), PhraseCounts()
    for _, batch in forms.read_first():
        counts.add(batch)
        phrases.survey(batch)

    templates = _Templates(counts)
    template_of_form = np.full(forms.n_forms, _NONE, np.int64)
    for form_numbers, batch in forms.read_first():
        phrases.add(batch, form_numbers)
        template_of_form[form_numbers] = templates.add(batch, form_numbers, sizes[form_numbers])

    templates.part_small(template_of_form)
    template_sizes = np.bincount(
        template_of_form + 1, weights=sizes, minlength=templates.next_number + 1
    )[1:]
    templates.merge(template_of_form, template_sizes.astype(np.int64))

    found = phrases.find(forms.n_forms)
    fixed, labels = found.fixed, found.labels
    if not with_families:
        labels, fixed = labels.join(fixed), PhrasesOfForms.none(forms.n_forms)

    has_phrase = fixed.phrase_of_form != _NONE
    # The families are numbered after the templates.
    group_of_form = np.where(
        has_phrase, templates.next_number + fixed.phrase_of_form, template_of_form
    )

    def read_shared(group: int) -> Template | FixedPhrase | None:
        place = group - templates.next_number
        return templates.read(group) if place < 0 else fixed.phrases[place]

    patterns, members = _collect(
        forms.numbers, group_of_form[forms.form_of_text], read_shared, templates.exact
    )
    shown_labels, labelled = _collect(
        forms.numbers,
        labels.phrase_of_form[forms.form_of_text],
        labels.phrases.__getitem__,
        np.zeros(0, bool),
    )
    return Patterns(patterns, len(forms.numbers), shown_labels, members, labelled)


class _Counts:
    """In how many forms shingles are: a table of a fixed size, by hash."""

    def __init__(self) -> None:
        # An array of zeros takes memory where it is written to.
        self._table = np.zeros(2**_TABLE_BITS, np.uint32)

    def add(self, batch: FormBatch) -> None:
        """Count forms once."""
        _, shingles = batch.hash_shingles()
        np.add.at(self._table, shingles >> (SHINGLE_BITS - _TABLE_BITS), np.uint32(1))

    def read_frequent(self, batch: FormBatch) -> tuple[Integers, Integers]:
        """Return the shingles of forms that several forms have, and their forms' places before."""
        forms, shingles = batch.hash_shingles()
        counts = self._table[shingles >> (SHINGLE_BITS - _TABLE_BITS)]
        is_frequent = (counts >= FEWEST_TEXTS) & (batch.lengths <= LONGEST_FORM)[forms]
        return forms[is_frequent], shingles[is_frequent]


class _KeptForms:
    """The forms of texts in their order; none if they take too many bytes."""

    def __init__(self) -> None:
        self.batches: list[FormBatch] = []
        self._n_words = 0
        self._size = 0

    def add(self, batch: FormBatch) -> None:
        """Keep further forms, while there is room."""
        if not self.has_all:
            return

        is_known = len(self.batches) > 0 and self.batches[-1].lexicon is batch.lexicon
        n_new = len(batch.lexicon) - (self._n_words if is_known else 0)
        self._n_words = len(batch.lexicon)
        self.batches.append(batch)
        self._size += batch.words.nbytes + _BYTES_PER_WORD * n_new
        self._size += sum(map(len, batch.texts)) + _BYTES_PER_FORM * len(batch)
        if not self.has_all:
            self.batches = []

    @property
    def has_all(self) -> bool:
        """Whether the forms of all texts are kept."""
        return self._size <= _KEPT_BYTES


@dataclass(frozen=True)
class _Forms:
    """The forms of all texts. They are numbered by their hashes."""

    # The numbers of the texts.
    numbers: Integers

    n_forms: int

    # The number of the form of each text.
    form_of_text: Integers

    # Whether a text is the first one of its form.
    _is_first: Flags

    _kept: _KeptForms
    _read_texts: ReadTexts

    def read_first(self) -> Iterator[tuple[Integers, FormBatch]]:
        """Yield each different form once, in the order of the texts, with the forms' numbers."""
        batches: Iterable[FormBatch] = self._kept.batches
        if not self._kept.has_all:
            batches = (batch for _, batch in read_batches(self._read_texts))

        start = 0
        for batch in batches:
            stop = start + len(batch)
            is_first = self._is_first[start:stop]
            yield self.form_of_text[start:stop][is_first], batch.select(is_first)
            start = stop


def _read_forms(read_texts: ReadTexts) -> _Forms:
    """Read the form of each text."""
    all_numbers, all_hashes = array("q"), array("Q")
    kept_forms = _KeptForms()
    for numbers, batch in read_batches(read_texts):
        all_numbers.extend(numbers)
        all_hashes.frombytes(batch.hash_forms().tobytes())
        kept_forms.add(batch)

    _, first_texts, form_of_text = np.unique(
        np.frombuffer(all_hashes, np.uint64), return_index=True, return_inverse=True
    )
    is_first = np.zeros(len(all_hashes), bool)
    is_first[first_texts] = True
    return _Forms(
        np.frombuffer(all_numbers, np.int64),
        len(first_texts),
        form_of_text,
        is_first,
        kept_forms,
        read_texts,
    )


class _Templates:
    """Templates under construction, found by the shingles of their words."""

    def __init__(self, counts: _Counts) -> None:
        # The templates by their numbers; the text of one that no further text has joined.
        self._by_number: dict[int, Template | str] = {}
        # Whether the texts of each template are all alike, and whether it is under construction.
        self._is_exact, self._is_live = bytearray(), bytearray()
        self._counts = counts
        self._index = TemplateIndex()
        self._filter = JoinFilter(self._index)
        # The numbers of templates that have one text.
        self._alone: OrderedDict[int, None] = OrderedDict()
        # Of templates that have too few forms yet, the first form, and further ones with a text.
        self._first_forms: dict[int, int] = {}
        self._further_forms: dict[int, list[tuple[int, str]]] = {}

    @property
    def next_number(self) -> int:
        """How many templates there were."""
        return len(self._is_exact)

    @property
    def exact(self) -> Flags:
        """Whether the texts of each template are all alike."""
        return np.array(self._is_exact, bool)

    def read(self, template_number: int) -> Template | None:
        """Return a template; None if it had to make room."""
        return self._read(template_number) if self._is_live[template_number] else None

    def add(self, batch: FormBatch, form_numbers: Integers, sizes: Integers) -> Integers:
        """Return the numbers of the templates that texts of forms join or begin, or -1.

        *sizes* tells how many texts have each form.
        """
        forms, shingles = self._counts.read_frequent(batch)
        outlines = Outlines.read(batch)
        joinable = self._filter.find(outlines, forms, shingles)
        bounds = np.searchsorted(forms, np.arange(len(batch) + 1))
        n_figures = batch.count_figures()
        is_exact, n_shingles = n_figures == 0, np.diff(bounds)
        is_repeat = (sizes > 1) & (n_figures < batch.lengths)
        is_repeat &= is_exact | (batch.lengths >= FEWEST_OF_FIGURES)
        is_begun = is_repeat | ((n_shingles > 0) & (batch.lengths >= FEWEST_WORDS))

        n_before = self.next_number
        found: list[int] = []
        # The templates that forms of the batch have joined.
        joined: set[int] = set()
        shingles_of_forms, starts = shingles.tolist(), bounds.tolist()
        for place, (form_number, text, exact, repeat, begun) in enumerate(
            zip(
                form_numbers.tolist(),
                batch.texts,
                is_exact.tolist(),
                is_repeat.tolist(),
                is_begun.tolist(),
                strict=True,
            )
        ):
            of_form = shingles_of_forms[starts[place] : starts[place + 1]]
            template_number = _NONE
            near = joinable.read(place, found, joined)
            if near is None or near:
                form = batch.read_form(place)
                template_number = self._join(form, form_number, of_form, near)
                if template_number != _NONE:
                    joined.add(template_number)

            if template_number == _NONE and begun:
                template_number = self._begin(text, form_number, of_form, exact, repeat)

            found.append(template_number)

        template_numbers = np.array(found, np.int64)
        new = np.flatnonzero(template_numbers >= n_before)
        # Of the forms of one template the first one has begun it.
        numbers, first = np.unique(template_numbers[new], return_index=True)
        self._filter.update(self._by_number, joined, numbers, outlines.take(new[first]))
        self._index.forget(self._is_live)
        return template_numbers

    def part_small(self, template_of_form: Integers) -> None:
        """Part the templates of too few forms."""
        for template_number in sorted(self._further_forms):
            text = self._read(template_number).example.text
            del self._by_number[template_number]
            self._is_live[template_number] = False
            first_form = self._first_forms[template_number], text
            for form_number, text in (first_form, *self._further_forms[template_number]):
                is_exact = not form_of(text).has_figures
                template_of_form[form_number] = self._number(text, is_exact=is_exact)

    def merge(self, template_of_form: Integers, sizes: Integers) -> None:
        """Join templates whose slots leave the words of a larger one, as texts are joined."""
        # The target of template n is at n + 1, so that -1 stays -1.
        merged_into = np.arange(-1, self.next_number)
        index = TemplateIndex()
        is_merged = ~self.exact & (sizes >= FEWEST_TEXTS)
        numbers = [number for number in sorted(self._by_number) if is_merged[number]]
        for template_number in sorted(numbers, key=lambda number: -int(sizes[number])):
            form = self._read(template_number).as_form()
            shingles = set(pairwise(form.words[:LONGEST_FORM]))
            for larger in index.find(shingles, self._is_live):
                template = self._read(larger)
                joined = join(template, form)
                if joined is not None and joined.words == template.words:
                    merged_into[template_number + 1] = larger
                    break
            else:
                index.use(template_number, shingles)

        template_of_form[:] = merged_into[template_of_form + 1]

    def _join(
        self,
        form: Form,
        form_number: int,
        shingles: Sequence[int],
        near: Collection[int] | None,
    ) -> int:
        """Return the number of the template that texts of *form* join, or -1.

        Texts of the form may join the templates *near*, or any if it is None.
        """
        if near is not None:
            near = {
                number
                for number in near
                if number in self._by_number and may_join(self._read(number), form)
            }
            if not near:
                return _NONE

        for template_number in self._index.find(shingles, self._is_live):
            if near is None or template_number in near:
                joined = join(self._read(template_number), form)
                if joined is not None:
                    break
        else:
            return _NONE

        self._index.use(template_number, shingles)
        self._by_number[template_number] = joined
        self._is_exact[template_number] = False
        self._alone.pop(template_number, None)
        if template_number in self._first_forms:
            further = self._further_forms.setdefault(template_number, [])
            further.append((form_number, form.text))
            if 1 + len(further) >= FEWEST_FORMS:
                del self._first_forms[template_number], self._further_forms[template_number]

        return template_number

    def _begin(
        self, text: str, form_number: int, shingles: Sequence[int], is_exact: bool, is_repeat: bool
    ) -> int:
        """Return the number of the template that *text* begins, the first of its form."""
        if len(self._by_number) >= MOST_TEMPLATES:
            if not self._alone:
                return self._number(None, is_exact=is_exact)

            oldest, _ = self._alone.popitem(last=False)
            del self._by_number[oldest], self._first_forms[oldest]
            self._is_live[oldest] = False

        template_number = self._number(text, is_exact=is_exact)
        self._first_forms[template_number] = form_number
        if not is_repeat:
            self._alone[template_number] = None

        self._index.add(template_number, shingles)
        return template_number

    def _number(self, text: str | None, *, is_exact: bool) -> int:
        """Return the number of a new template; the text of one that is never shown is None."""
        template_number = len(self._is_exact)
        self._is_exact.append(is_exact)
        self._is_live.append(text is not None)
        if text is not None:
            self._by_number[template_number] = text

        return template_number

    def _read(self, template_number: int) -> Template:
        """Return a template; most are not asked for."""
        template = self._by_number[template_number]
        if isinstance(template, str):
            template = self._by_number[template_number] = template_of(form_of(template))

        return template


def _collect(
    numbers: Integers,
    group_of_text: Integers,
    read_shared: Callable[[int], Template | FixedPhrase | None],
    exact: Flags,
) -> tuple[tuple[Pattern, ...], Membership]:
    """Return the groups of texts that are patterns, and which texts are of them.

    *read_shared* returns what the texts of a group share, where that is shown; *exact* tells of the
    first groups whether their texts are all alike.
    """
    n_groups = max(int(np.max(group_of_text, initial=_NONE)) + 1, len(exact))
    sizes = np.bincount(group_of_text[group_of_text != _NONE], minlength=n_groups)
    is_exact = np.zeros(n_groups, bool)
    is_exact[: len(exact)] = exact
    is_pattern = sizes >= np.where(is_exact, FEWEST_TEXTS - 1, FEWEST_TEXTS)

    ranked = []
    for group in np.flatnonzero(is_pattern).tolist():
        shared, size = read_shared(group), int(sizes[group])
        ranked.append((shared is None, -size, "" if shared is None else str(shared), group, shared))

    ranked.sort(key=lambda ranks: ranks[:4])
    # The last element stands for texts without a group.
    place_of_group = np.full(n_groups + 1, _NONE, np.int64)
    patterns = []
    for place, (_, _, _, group, shared) in enumerate(ranked):
        place_of_group[group] = place
        if shared is not None and place < MOST_PATTERNS:
            patterns.append(Pattern(shared, int(sizes[group])))

    places = place_of_group[group_of_text]
    members = np.flatnonzero(places != _NONE)
    order = members[np.argsort(numbers[members])]
    return tuple(patterns), Membership(numbers[order], places[order])
