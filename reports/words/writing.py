"""Fill figures into sentences: `sentences` says which forms there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from string import Formatter
from typing import Any, Self

from markupsafe import escape

from analysis.grains import grain_of
from reports.words.document_queries import Counted
from reports.words.periods import (
    describe_periods,
    name_stretch,
    name_when,
    period_name,
)
from reports.words.quantities import (
    describe_range,
    format_about,
    format_points,
    format_ratio,
    format_share,
    join_words,
    quantity,
    signed,
)
from reports.words.sentences import PHRASES, SENTENCES

# More periods than these are counted instead of named.
MOST_NAMED = 2

Figures = Mapping[str, Any]

# A count that leads to its documents stands between these signs, behind the list's address. No text
# from outside keeps them.
_LINK = re.compile("\x01([^\x02]*)\x02([^\x03]*)\x03")
_SIGNS = dict.fromkeys(map(ord, "\x01\x02\x03"))


class LinkedText(str):
    """A sentence in plain letters, which a page shows with links: see `Counted`."""

    __slots__ = ("written",)

    # What `fill` wrote.
    written: str

    def __new__(cls, written: str) -> Self:
        """Return the sentence that `fill` has *written*."""
        text = super().__new__(cls, _LINK.sub(r"\2", written))
        text.written = written
        return text

    def __html__(self) -> str:
        """Return the sentence as HTML."""
        link = r'<a class="count" href="\1">\2</a>'
        return _LINK.sub(link, str(escape(self.written)))


def write_sentence(kind: str, **figures: object) -> str:
    """Return the sentence *kind* of `SENTENCES` with its figures, as `LinkedText`."""
    return LinkedText(fill(SENTENCES[kind].text, figures))


def write_clause(kind: str, **figures: object) -> str:
    """Return the clause of the sentence *kind*, as `LinkedText`; empty if it has none."""
    return LinkedText(fill(SENTENCES[kind].clause, figures))


def write_mark(kind: str, **figures: object) -> str:
    """Return the mark of the sentence *kind*, its figure alone; empty if it has none."""
    return str(LinkedText(fill(SENTENCES[kind].mark, figures)))


def fill_phrase(name: str, **figures: object) -> str:
    """Return the phrase *name* of `PHRASES` with its figures."""
    return str(LinkedText(fill(PHRASES[name], figures)))


def fill(template: str, figures: Figures) -> str:
    """Return *template* with its figures written as their forms say, and the signs of links."""
    written = []
    for words, name, form, _ in Formatter().parse(template):
        written.append(words)
        if name == "":
            written.append(fill(PHRASES[fill(form or "", figures)], figures))
        elif name is not None:
            figure, _ = Formatter().get_field(name, (), figures)
            written.append(_write_figure(figure, form or "", figures))

    return "".join(written)


def _write_figure(figure: Any, form: str, figures: Figures) -> str:
    if "|" in form:
        one, other = form.split("|")
        count = len(figure) if isinstance(figure, list) else figure
        return fill(one if count == 1 else other, figures)

    form = fill(form, figures)
    if form.startswith("each "):
        phrase = PHRASES[form.removeprefix("each ")]
        return join_words([fill(phrase, {**figures, **_figures_of(item)}) for item in figure])
    if isinstance(figure, LinkedText) and not form:
        return figure.written

    text = _format(figure, form).translate(_SIGNS)
    is_linked = isinstance(figure, Counted) and figure > 0
    return f"\x01{figure.documents.address}\x02{text}\x03" if is_linked else text


def _format(figure: Any, form: str) -> str:
    if form in _FORMS:
        return _FORMS[form](figure)

    is_noun = form[:1].isalpha()
    return quantity(figure, form) if is_noun else format(figure, form)


def _figures_of(item: Any) -> Figures:
    return item if isinstance(item, Mapping) else {"item": item}


def _count_periods(periods: Sequence[str]) -> str:
    return quantity(len(periods), grain_of(periods[0]))


def _name_periods(periods: Sequence[str]) -> str:
    if len(periods) > MOST_NAMED:
        return _count_periods(periods)
    return join_words([_name_period(period) for period in periods])


def _name_period(period: str) -> str:
    return period_name(period, "%B %Y")


_FORMS: Mapping[str, Callable[[Any], str]] = {
    "%": format_share,
    "range": describe_range,
    "+": signed,
    "and": join_words,
    # A name with a capital within it, as iPhone, stays as it is.
    "first": lambda name: name[:1].upper() + name[1:] if name.islower() else name,
    ";": "; ".join,
    "quoted": lambda words: ", ".join([f"“{word}”" for word in words]),
    "ratio": format_ratio,
    "about": format_about,
    "points": lambda difference: format_points(difference).removeprefix("+"),
    "or none": lambda count: f"{count:,}" if count else "none",
    "many": lambda items: f"{len(items):,}",
    "name": _name_period,
    "names": _name_periods,
    "count": _count_periods,
    "stretches": describe_periods,
    "stretch": lambda periods: name_stretch(periods[0], periods[-1], "%B %Y"),
    "when": name_when,
    "% or none": lambda share: format_share(share) if share else "none",
    ".1f or none": lambda rate: f"{rate:.1f}" if rate else "none",
    # A mean of 0 is no absence.
    "+ or none": signed,
}
