"""Templates: the words that texts share, with slots where they differ in names or figures."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache, cached_property

from analysis.text.stopwords import stop_words_by_language
from sources.post_cleaning import words_of_post

# Stands for every figure, and for the names of months and days.
FIGURE = "0"

ELLIPSIS = "\u2026"

# A text of more words than this is not compared by name: it is repeated as it is.
LONGEST_FORM = 60

# Texts whose names differ share at least this many words.
FEWEST_WORDS = 4

# At least this many of the shared words are no stop words.
_FEWEST_CONTENT_WORDS = 2

# Texts have at least this share of the words of the template's longest text in common.
SHARED = 0.6

# A slot has at most this many words.
LONGEST_SLOT = 4

# Texts whose figures differ have at least this many words and figures.
FEWEST_OF_FIGURES = 3

# Case does not tell names if this share of a text's content words begins with a capital.
TITLE_CASE = 0.8

# A template is shown with at most this many characters.
_LONGEST_SHOWN = 160

TOKEN = re.compile(r"[^\W_]+(?:[.,'\u2019-][^\W_]+)*")
_SLOT = re.compile(rf"{ELLIPSIS}|\.\.\.")
_DATES = frozenset(map(str.casefold, [*calendar.month_name[1:], *calendar.day_name]))

# A name may hold these stop words: "Isle of Man", "New Mexico".
CONNECTING = frozenset("of the and new de la du von van al el y".split())  # noqa: SIM905 - a list

Span = tuple[int, int]


@dataclass(frozen=True)
class Form:
    """A text as it is compared: case-folded words, `FIGURE` for each figure."""

    # The text has no addresses.
    text: str

    words: tuple[str, ...]

    # What `spans` and `can_be_name` are where the text does not tell.
    known_spans: tuple[Span, ...] | None = None
    name_flags: tuple[bool, ...] | None = None

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """The span of each word in `text`; most forms are compared without it."""
        if self.known_spans is not None:
            return self.known_spans
        return tuple([token.span() for token in TOKEN.finditer(self.text)])

    @cached_property
    def can_be_name(self) -> tuple[bool, ...]:
        """Whether the case of each word allows a name, and it is no stop word."""
        return _name_flags(self) if self.name_flags is None else self.name_flags

    @property
    def key(self) -> str:
        """What texts of one form have in common; "" without words.

        How many figures stand beside each other does not matter: "May 4", "Monday, May 4, 2020".
        """
        if FIGURE not in self.words:
            return " ".join(self.words)

        following = (*self.words[1:], "")
        return " ".join(
            word
            for word, next_word in zip(self.words, following, strict=False)
            if word != FIGURE or next_word != FIGURE
        )

    @property
    def length(self) -> int:
        """The number of words, without figures."""
        return len(self.words) - self.words.count(FIGURE)

    @property
    def has_figures(self) -> bool:
        """Whether texts of this form may differ."""
        return FIGURE in self.words


@dataclass(frozen=True, slots=True)
class Template:
    """Words that texts share in this order, and where between them the texts differ."""

    words: tuple[str, ...]

    # The place of each word in `example`.
    word_places: tuple[int, ...]

    # Whether there is a slot before each word, and after the last.
    slots: tuple[bool, ...]

    # The number of words of its longest text, without figures.
    longest: int

    example: Form

    @property
    def can_be_name(self) -> tuple[bool, ...]:
        """Whether each word may be of a name."""
        flags = self.example.can_be_name
        return tuple(flags[place] for place in self.word_places)

    def __str__(self) -> str:
        """Return the example with "…" in each slot."""
        if not self.words:
            return ELLIPSIS

        parts, end = [], 0
        example = self.example.text
        for is_slot, place in zip(self.slots, self.word_places, strict=False):
            start, stop = self.example.spans[place]
            parts += [_show_gap(example[end:start], is_slot), example[start:stop]]
            end = stop

        parts.append(_show_gap(example[end:], self.slots[-1]))
        text = "".join(parts).strip()
        return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}{ELLIPSIS}"

    def as_form(self) -> Form:
        """Return what a text of the template is compared as, a figure in each slot."""
        words, spans, name_flags = [], [], []
        can_be_name = self.can_be_name
        for index, is_slot in enumerate(self.slots):
            if is_slot:
                words.append(FIGURE)
                spans.append((0, 0))
                name_flags.append(True)

            if index < len(self.words):
                words.append(self.words[index])
                spans.append(self.example.spans[self.word_places[index]])
                name_flags.append(can_be_name[index])

        return Form(self.example.text, tuple(words), tuple(spans), tuple(name_flags))

    def matches(self, form: Form) -> bool:
        """Return whether a text of *form* is one of the template."""
        if self.is_like(template_of(form)):
            return True

        joined = join(self, form)
        return joined is not None and joined.words == self.words

    def is_like(self, template: Template) -> bool:
        """Return whether both have the same words and slots."""
        return (template.words, template.slots) == (self.words, self.slots)


def read_form(text: str) -> Form:
    """Return the form of *text*: addresses and the tags after its last sentence are cut off."""
    return form_of(clean_text(text))


def clean_text(text: str) -> str:
    """Return what is compared of *text*, with single spaces between words."""
    return words_of_post(text).replace("\n", " ")


def form_of(cleaned: str) -> Form:
    """Return the form of a text that `clean_text` has returned."""
    return Form(cleaned, tuple(map(read_word, TOKEN.findall(cleaned))))


def read_template(text: str) -> Template:
    """Return the template that is shown as *text*, with "…" in its slots."""
    return template_of(read_form(_SLOT.sub(f" {FIGURE} ", text)))


def template_of(form: Form) -> Template:
    """Return the template of all texts of *form*, with a slot in place of its figures."""
    n_words = len(form.words)
    if FIGURE not in form.words:
        return Template(form.words, tuple(range(n_words)), (False,) * (n_words + 1), n_words, form)

    words, word_places, slots = [], [], [False]
    for place, word in enumerate(form.words):
        if word == FIGURE:
            slots[-1] = True
        else:
            words.append(word)
            word_places.append(place)
            slots.append(False)

    return Template(tuple(words), tuple(word_places), tuple(slots), len(words), form)


def join(template: Template, form: Form) -> Template | None:
    """Return the template of the texts of *template* and of *form*; None if they cannot be joined.

    The texts are joined if they differ in names or figures only: in slots of up to four words,
    which have capitals in sentence case and are no stop words in Title Case. They share at least
    four words, and three fifths of all words.
    """
    if not may_join(template, form):
        return None

    for pairs in _alignments(template.words, form.words):
        joined = _join_along(template, form, pairs)
        if joined is not None:
            return joined

    return None


def may_join(template: Template, form: Form) -> bool:
    """Return whether enough words are in both, and all that are no names, in whatever order."""
    words, known = set(form.words), set(template.words)
    most_shared = sum(map(words.__contains__, template.words))
    if most_shared < _fewest_shared(template, form):
        return False
    if not known.issuperset(_words_outside_names(form.words, form.can_be_name)):
        return False

    return any(template.slots) or words.issuperset(
        _words_outside_names(template.words, template.can_be_name)
    )


def _join_along(template: Template, form: Form, pairs: Sequence[Span]) -> Template | None:
    shared = [template.words[index] for index, _ in pairs]
    content = sum(word not in all_stop_words() for word in shared)
    if len(shared) < _fewest_shared(template, form) or content < _FEWEST_CONTENT_WORDS:
        return None

    slots = []
    ends = [*pairs, (len(template.words), len(form.words))]
    start = (-1, -1)
    for end in ends:
        slot = _compare_gap(template, form, start, end)
        if slot is None:
            return None

        slots.append(slot)
        start = end

    indices = [index for index, _ in pairs]
    return replace(
        template,
        words=tuple(shared),
        word_places=tuple(template.word_places[index] for index in indices),
        slots=tuple(slots),
        longest=max(template.longest, form.length),
    )


def _fewest_shared(template: Template, form: Form) -> float:
    """Return how many words texts that are joined share at least."""
    return max(FEWEST_WORDS, SHARED * max(template.longest, form.length))


def _compare_gap(template: Template, form: Form, start: Span, end: Span) -> bool | None:
    """Return whether a slot is between two shared words; None if more than a name differs."""
    dropped = slice(start[0] + 1, end[0])
    filled = slice(start[1] + 1, end[1])
    was_slot = any(template.slots[start[0] + 1 : end[0] + 1])
    words = form.words[filled]
    if not words and not was_slot and not template.words[dropped]:
        return False
    if not words or not (was_slot or template.words[dropped]):
        return None

    is_name = _is_name(words, form.can_be_name[filled])
    was_name = was_slot or _is_name(template.words[dropped], template.can_be_name[dropped])
    return True if is_name and was_name else None


def _is_name(words: Sequence[str], can_be_name: Sequence[bool]) -> bool:
    if len(words) > LONGEST_SLOT or not any(can_be_name):
        return False

    return all(
        capital or word in CONNECTING for word, capital in zip(words, can_be_name, strict=True)
    )


def _words_outside_names(words: Sequence[str], can_be_name: Sequence[bool]) -> list[str]:
    return [
        word
        for word, capital in zip(words, can_be_name, strict=True)
        if not capital and word not in CONNECTING
    ]


def _alignments(left: Sequence[str], right: Sequence[str]) -> Iterator[list[Span]]:
    """Yield alignments as pairs of places in *left* and *right*.

    The first holds all of *left* in order, if *right* has it; one pass finds it. The second matches
    the longest blocks first.
    """
    pairs, start = [], 0
    for index, word in enumerate(left):
        try:
            position = right.index(word, start)
        except ValueError:
            break

        pairs.append((index, position))
        start = position + 1

    if len(pairs) == len(left):
        yield pairs

    blocks = SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    matched = []
    for block in blocks:
        matched += [(block.a + offset, block.b + offset) for offset in range(block.size)]

    if matched != pairs:
        yield matched


def read_word(token: str) -> str:
    """Return a word without case, or `FIGURE` for a figure, a month or a day."""
    word = token.casefold().replace("\u2019", "'")
    is_figure = word in _DATES or any(map(str.isdigit, word))
    return FIGURE if is_figure else word


def _name_flags(form: Form) -> tuple[bool, ...]:
    """Return whether each word of a form may be of a name; a figure may."""
    stop_words = all_stop_words()
    n_content = n_small = 0
    has_capital = []
    for word, (start, _) in zip(form.words, form.spans, strict=True):
        is_small = form.text[start].islower()
        has_capital.append(not is_small or form.text[max(start - 1, 0) : start] in ("@", "#"))
        if word != FIGURE and word not in stop_words:
            n_content += 1
            n_small += is_small

    is_title_case = n_small <= (1 - TITLE_CASE) * n_content
    return tuple(
        word == FIGURE or (word not in stop_words and (is_title_case or is_capital))
        for word, is_capital in zip(form.words, has_capital, strict=True)
    )


def _show_gap(gap: str, is_slot: bool) -> str:
    """Return what stands between two words; in a slot the signs at its ends and "…"."""
    if not is_slot:
        return gap

    tokens = list(TOKEN.finditer(gap))
    if not tokens:
        return f"{gap}{ELLIPSIS}"

    return f"{gap[: tokens[0].start()]}{ELLIPSIS}{gap[tokens[-1].end() :]}"


@cache
def all_stop_words() -> frozenset[str]:
    """Return the stop words of all languages."""
    return frozenset().union(*stop_words_by_language().values())
