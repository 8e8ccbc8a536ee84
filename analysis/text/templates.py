"""Templates: the words that texts share, with slots where they differ in names or figures."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise

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
_SHARED = 0.6

# A slot has at most this many words.
_LONGEST_SLOT = 4

# Texts whose figures differ have at least this many words and figures.
_FEWEST_OF_FIGURES = 3

# Case does not tell names if this share of a text's content words begins with a capital.
_TITLE_CASE = 0.8

# A template is shown with at most this many characters.
_LONGEST_SHOWN = 160

_TOKEN = re.compile(r"[^\W_]+(?:[.,'\u2019-][^\W_]+)*")
_SLOT = re.compile(rf"{ELLIPSIS}|\.\.\.")
_DATES = frozenset(map(str.casefold, [*calendar.month_name[1:], *calendar.day_name]))

# A name may hold these stop words: "Isle of Man", "New Mexico".
_CONNECTING = frozenset("of the and new de la du von van al el y".split())  # noqa: SIM905 - a list

# A label has a number of words and figures between these.
_SHORTEST_LABEL, _LONGEST_LABEL = 3, 12
_LABEL_END = re.compile(r"[:|]")
_NAME_END = re.compile(r"[,;]")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Form:
    """A text as it is compared: case-folded words, `FIGURE` for each figure."""

    # The text has no addresses.
    text: str

    words: tuple[str, ...]

    # The span of each word in `text`.
    spans: tuple[Span, ...]

    # Whether the case of each word allows a name, and it is no stop word.
    can_be_name: tuple[bool, ...]

    @property
    def key(self) -> str:
        """What texts of one form have in common; "" without words."""
        return " ".join(self.words)

    @property
    def has_figures(self) -> bool:
        """Whether texts of this form may differ."""
        return FIGURE in self.words


@dataclass(frozen=True, slots=True)
class Template:
    """Words that texts share in this order, and where between them the texts differ."""

    words: tuple[str, ...]

    # The span of each word in `example`.
    spans: tuple[Span, ...]

    can_be_name: tuple[bool, ...]

    # Whether there is a slot before each word, and after the last.
    slots: tuple[bool, ...]

    # The number of words of its longest text, without figures.
    longest: int

    example: str

    def __str__(self) -> str:
        """Return the example with "…" in each slot."""
        if not self.words:
            return ELLIPSIS
        parts, end = [], 0
        for is_slot, (start, stop) in zip(self.slots, self.spans, strict=False):
            parts += [_show_gap(self.example[end:start], is_slot), self.example[start:stop]]
            end = stop
        parts.append(_show_gap(self.example[end:], self.slots[-1]))
        text = "".join(parts).strip()
        return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}{ELLIPSIS}"

    def as_form(self) -> Form:
        """Return what a text of the template is compared as, a figure in each slot."""
        words, spans, can_be_name = [], [], []
        for index, is_slot in enumerate(self.slots):
            if is_slot:
                words.append(FIGURE)
                spans.append((0, 0))
                can_be_name.append(True)
            if index < len(self.words):
                words.append(self.words[index])
                spans.append(self.spans[index])
                can_be_name.append(self.can_be_name[index])
        return Form(self.example, tuple(words), tuple(spans), tuple(can_be_name))

    def matches(self, form: Form) -> bool:
        """Return whether a text of *form* is one of the template."""
        if self.is_like(template_of(form)):
            return True
        joined = join(self, form)
        if joined is not None and joined.words == self.words:
            return True
        series = [label.template for label in labels_of(form) if label.has_names]
        return any(map(self.is_like, series))

    def is_like(self, template: Template) -> bool:
        """Return whether both have the same words and slots."""
        return (template.words, template.slots) == (self.words, self.slots)


@dataclass(frozen=True, slots=True)
class Label:
    """What stands before the first colon (or bar) of a text, or after its last."""

    # The form of the label alone.
    form: Form

    is_first: bool

    # Whether names and figures alone stand on the other side of the colon.
    has_names: bool

    @property
    def key(self) -> str:
        """What texts with the same label have in common."""
        return f"{self.form.key}:" if self.is_first else f":{self.form.key}"

    @property
    def template(self) -> Template:
        """The template of all texts with the label."""
        template = template_of(self.form)
        slots = list(template.slots)
        slots[-1 if self.is_first else 0] = True
        return replace(template, slots=tuple(slots))


def read_form(text: str) -> Form:
    """Return the form of *text*: addresses and the tags after its last sentence are cut off."""
    cleaned = " ".join(words_of_post(text).split())
    words, spans, originals = [], [], []
    for match in _TOKEN.finditer(cleaned):
        word = match[0].casefold()
        is_figure = word in _DATES or any(map(str.isdigit, word))
        words.append(FIGURE if is_figure else word)
        spans.append(match.span())
        originals.append(match[0])
    can_be_name = _name_flags(cleaned, words, originals, spans)
    return Form(cleaned, tuple(words), tuple(spans), can_be_name)


def read_template(text: str) -> Template:
    """Return the template that is shown as *text*, with "…" in its slots."""
    return template_of(read_form(_SLOT.sub(f" {FIGURE} ", text)))


def template_of(form: Form) -> Template:
    """Return the template of all texts of *form*, with a slot in place of its figures."""
    words, spans, name_flags, slots = [], [], [], [False]
    for word, span, can_be_name in zip(form.words, form.spans, form.can_be_name, strict=True):
        if word == FIGURE:
            slots[-1] = True
            continue
        words.append(word)
        spans.append(span)
        name_flags.append(can_be_name)
        slots.append(False)
    length = len(words)
    return Template(tuple(words), tuple(spans), tuple(name_flags), tuple(slots), length, form.text)


def is_template(form: Form) -> bool:
    """Return whether texts of *form* are one pattern, though figures in it may differ."""
    has_words = any(word != FIGURE for word in form.words)
    return has_words and (not form.has_figures or len(form.words) >= _FEWEST_OF_FIGURES)


def labels_of(form: Form) -> Iterator[Label]:
    """Yield what may be the label of a series: of three to twelve words, one of them no figure."""
    gaps = [form.text[end:start] for (_, end), (start, _) in pairwise(form.spans)]
    ends = [position for position, gap in enumerate(gaps, 1) if _LABEL_END.search(gap)]
    if not ends:
        return
    for position, is_first in ((ends[0], True), (ends[-1], False)):
        sides = slice(position), slice(position, len(form.words))
        label, other_side = sides if is_first else reversed(sides)
        words = form.words[label]
        if _SHORTEST_LABEL <= len(words) <= _LONGEST_LABEL and set(words) != {FIGURE}:
            label_form = Form(form.text, words, form.spans[label], form.can_be_name[label])
            yield Label(label_form, is_first, _is_list_of_names(form, gaps, other_side))


def _is_list_of_names(form: Form, gaps: Sequence[str], side: slice) -> bool:
    """Return whether commas, or "and", stand between nothing but names."""
    start, stop, _ = side.indices(len(form.words))
    name_start = start
    for index in range(start + 1, stop + 1):
        if index == stop or _NAME_END.search(gaps[index - 1]) or form.words[index] == "and":
            name_start += form.words[name_start] == "and"
            if not _is_name(form.words[name_start:index], form.can_be_name[name_start:index]):
                return False
            name_start = index
    return start < stop


def join(template: Template, form: Form) -> Template | None:
    """Return the template of the texts of *template* and of *form*; None if they cannot be joined.

    The texts are joined if they differ in names or figures only: in slots of up to four words,
    which have capitals in sentence case and are no stop words in Title Case. They share at least
    four words, and three fifths of all words.
    """
    for pairs in _alignments(template.words, form.words):
        joined = _join_along(template, form, pairs)
        if joined is not None:
            return joined
    return None


def _join_along(template: Template, form: Form, pairs: Sequence[Span]) -> Template | None:
    shared = [template.words[index] for index, _ in pairs]
    n_words = sum(word != FIGURE for word in form.words)
    longest = max(template.longest, n_words)
    content = sum(word not in _stop_words() for word in shared)
    if len(shared) < max(FEWEST_WORDS, _SHARED * longest) or content < _FEWEST_CONTENT_WORDS:
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
        spans=tuple(template.spans[index] for index in indices),
        can_be_name=tuple(template.can_be_name[index] for index in indices),
        slots=tuple(slots),
        longest=longest,
    )


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
    if len(words) > _LONGEST_SLOT or not any(can_be_name):
        return False
    return all(
        capital or word in _CONNECTING for word, capital in zip(words, can_be_name, strict=True)
    )


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


def _name_flags(
    text: str, words: Sequence[str], originals: Sequence[str], spans: Sequence[Span]
) -> tuple[bool, ...]:
    stop_words = _stop_words()
    is_content = [word != FIGURE and word not in stop_words for word in words]
    content = [
        original
        for original, is_content_word in zip(originals, is_content, strict=True)
        if is_content_word
    ]
    small = sum(original[0].islower() for original in content)
    is_title_case = small <= (1 - _TITLE_CASE) * len(content)
    flags = []
    for word, original, (start, _), is_content_word in zip(
        words, originals, spans, is_content, strict=True
    ):
        has_capital = not original[0].islower() or text[max(start - 1, 0) : start] in ("@", "#")
        flags.append(word == FIGURE or (is_content_word and (is_title_case or has_capital)))
    return tuple(flags)


def _show_gap(gap: str, is_slot: bool) -> str:
    """Return what stands between two words; in a slot the signs at its ends and "…"."""
    if not is_slot:
        return gap
    tokens = list(_TOKEN.finditer(gap))
    if not tokens:
        return f"{gap}{ELLIPSIS}"
    return f"{gap[: tokens[0].start()]}{ELLIPSIS}{gap[tokens[-1].end() :]}"


@cache
def _stop_words() -> frozenset[str]:
    return frozenset().union(*stop_words_by_language().values())
