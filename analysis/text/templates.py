"""Templates: the words that texts share, with slots where they differ in names or figures."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise, starmap

from analysis.text.stopwords import stop_words_by_language
from sources.post_cleaning import words_of_post

FIGURE = "0"  # stands for every figure, and for the names of months and days
ELLIPSIS = "\u2026"
LONGEST_FORM = 60  # words of a text that is compared by name; a longer one is repeated as it is

FEWEST_WORDS = 4  # that texts share whose names differ
_FEWEST_CONTENT_WORDS = 2  # of them, no stop words
_SHARED = 0.6  # of the words of the longest text of a template
_LONGEST_SLOT = 4  # words
_FEWEST_OF_FIGURES = 3  # words and figures of texts whose figures differ
_TITLE_CASE = 0.8  # of a text's content words begin with a capital where case does not tell names
_LONGEST_SHOWN = 160  # characters of a template as text

_TOKEN = re.compile(r"[^\W_]+(?:[.,'\u2019-][^\W_]+)*")
_SLOT = re.compile(rf"{ELLIPSIS}|\.\.\.")
_DATES = frozenset(map(str.casefold, [*calendar.month_name[1:], *calendar.day_name]))
# stop words that a name holds: "Isle of Man", "New Mexico"
_CONNECTING = frozenset("of the and new de la du von van al el y".split())  # noqa: SIM905 - a list

_SHORTEST_LABEL, _LONGEST_LABEL = 3, 12  # words and figures
_LABEL_END = re.compile(r"[:|]")
_NAME_END = re.compile(r"[,;]")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Form:
    """A text as it is compared: case-folded words, `FIGURE` for each figure."""

    text: str  # without addresses
    words: tuple[str, ...]
    spans: tuple[Span, ...]  # of each word in `text`
    can_be_name: tuple[bool, ...]  # by its case, and by not being a stop word

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
    spans: tuple[Span, ...]  # of each word in `example`
    can_be_name: tuple[bool, ...]
    slots: tuple[bool, ...]  # before each word, and after the last
    longest: int  # words of its longest text, without figures
    example: str

    def __str__(self) -> str:
        """Return the example with "…" in each slot."""
        if not self.words:
            return ELLIPSIS
        parts, end = [], 0
        for is_slot, (start, after) in zip(self.slots, self.spans, strict=False):
            parts += [_show_gap(self.example[end:start], is_slot), self.example[start:after]]
            end = after
        parts.append(_show_gap(self.example[end:], self.slots[-1]))
        shown = "".join(parts).strip()
        return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}{ELLIPSIS}"

    def as_form(self) -> Form:
        """Return what a text of the template is compared as, a figure in each slot."""
        words, spans, names = [], [], []
        for place, is_slot in enumerate(self.slots):
            if is_slot:
                words.append(FIGURE)
                spans.append((0, 0))
                names.append(True)
            if place < len(self.words):
                words.append(self.words[place])
                spans.append(self.spans[place])
                names.append(self.can_be_name[place])
        return Form(self.example, tuple(words), tuple(spans), tuple(names))

    def matches(self, form: Form) -> bool:
        """Return whether a text of *form* is one of the template."""
        if self.is_like(template_of(form)):
            return True
        joined = join(self, form)
        if joined is not None and joined.words == self.words:
            return True
        series = [label.template for label in labels_of(form) if label.has_names]
        return any(map(self.is_like, series))

    def is_like(self, other: Template) -> bool:
        """Return whether both have the same words and slots."""
        return (other.words, other.slots) == (self.words, self.slots)


@dataclass(frozen=True, slots=True)
class Label:
    """What stands before the first colon (or bar) of a text, or after its last."""

    form: Form  # of the label alone
    is_first: bool
    has_names: bool  # and figures alone stand on the other side of the colon

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
    names = _name_flags(cleaned, words, originals, spans)
    return Form(cleaned, tuple(words), tuple(spans), names)


def read_template(text: str) -> Template:
    """Return the template that is shown as *text*, with "…" in its slots."""
    return template_of(read_form(_SLOT.sub(f" {FIGURE} ", text)))


def template_of(form: Form) -> Template:
    """Return the template of all texts of *form*: a slot where it has figures."""
    words, spans, names, slots = [], [], [], [False]
    for word, span, can_be_name in zip(form.words, form.spans, form.can_be_name, strict=True):
        if word == FIGURE:
            slots[-1] = True
            continue
        words.append(word)
        spans.append(span)
        names.append(can_be_name)
        slots.append(False)
    n = len(words)
    return Template(tuple(words), tuple(spans), tuple(names), tuple(slots), n, form.text)


def is_template(form: Form) -> bool:
    """Return whether texts of *form* are one pattern, though figures in it may differ."""
    has_words = any(word != FIGURE for word in form.words)
    return has_words and (not form.has_figures or len(form.words) >= _FEWEST_OF_FIGURES)


def labels_of(form: Form) -> Iterator[Label]:
    """Yield what may be the label of a series: of three to twelve words, one of them no figure."""
    gaps = list(map(form.text.__getitem__, starmap(slice, _gaps(form.spans))))
    ends = [place for place, gap in enumerate(gaps, 1) if _LABEL_END.search(gap)]
    if not ends:
        return
    for place, is_first in ((ends[0], True), (ends[-1], False)):
        sides = slice(place), slice(place, len(form.words))
        label, others = sides if is_first else reversed(sides)
        words = form.words[label]
        if _SHORTEST_LABEL <= len(words) <= _LONGEST_LABEL and set(words) != {FIGURE}:
            of_label = Form(form.text, words, form.spans[label], form.can_be_name[label])
            yield Label(of_label, is_first, _is_list_of_names(form, gaps, others))


def _gaps(spans: Sequence[Span]) -> Iterator[Span]:
    for (_, end), (start, _) in pairwise(spans):
        yield end, start


def _is_list_of_names(form: Form, gaps: Sequence[str], others: slice) -> bool:
    """Return whether commas, or "and", stand between nothing but names."""
    start, stop, _ = others.indices(len(form.words))
    first = start
    for place in range(start + 1, stop + 1):
        if place == stop or _NAME_END.search(gaps[place - 1]) or form.words[place] == "and":
            first += form.words[first] == "and"
            if not _is_name(form.words[first:place], form.can_be_name[first:place]):
                return False
            first = place
    return start < stop


def join(template: Template, form: Form) -> Template | None:
    """Return the template of its texts and those of *form*; None where they are two.

    They are one where they differ in names or figures only: by slots of up to four words, which in
    a text in sentence case have capitals and in Title Case are no stop words. They share four words
    and three fifths of all.
    """
    for pairs in _alignments(template.words, form.words):
        joined = _join_along(template, form, pairs)
        if joined is not None:
            return joined
    return None


def _join_along(template: Template, form: Form, pairs: Sequence[Span]) -> Template | None:
    shared = [template.words[place] for place, _ in pairs]
    n_words = sum(word != FIGURE for word in form.words)
    longest = max(template.longest, n_words)
    content = sum(word not in _stop_words() for word in shared)
    if len(shared) < max(FEWEST_WORDS, _SHARED * longest) or content < _FEWEST_CONTENT_WORDS:
        return None

    slots = []
    ends = [*pairs, (len(template.words), len(form.words))]
    before = (-1, -1)
    for after in ends:
        slot = _compare_gap(template, form, before, after)
        if slot is None:
            return None
        slots.append(slot)
        before = after
    places = [place for place, _ in pairs]
    return replace(
        template,
        words=tuple(shared),
        spans=tuple(map(template.spans.__getitem__, places)),
        can_be_name=tuple(map(template.can_be_name.__getitem__, places)),
        slots=tuple(slots),
        longest=longest,
    )


def _compare_gap(template: Template, form: Form, before: Span, after: Span) -> bool | None:
    """Return whether a slot is between two shared words; None where more than a name differs."""
    dropped = slice(before[0] + 1, after[0])
    filled = slice(before[1] + 1, after[1])
    was_slot = any(template.slots[before[0] + 1 : after[0] + 1])
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
    """Yield alignments as pairs of places: all of *left* in order if *right* has them, else more.

    The first is found in one pass, the second by matching the longest blocks first.
    """
    pairs, start = [], 0
    for place, word in enumerate(left):
        try:
            position = right.index(word, start)
        except ValueError:
            break
        pairs.append((place, position))
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
    content = [original for original, is_ in zip(originals, is_content, strict=True) if is_]
    small = sum(original[0].islower() for original in content)
    is_title_case = small <= (1 - _TITLE_CASE) * len(content)
    flags = []
    for word, original, (start, _), is_ in zip(words, originals, spans, is_content, strict=True):
        has_capital = not original[0].islower() or text[max(start - 1, 0) : start] in ("@", "#")
        flags.append(word == FIGURE or (is_ and (is_title_case or has_capital)))
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
