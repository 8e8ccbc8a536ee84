"""Which words stand out: bars to the right for more use than elsewhere, to the left for less."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from operator import attrgetter

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.data.tables.distinctive import DistinctiveRow
from reports.figures import style
from reports.figures.spec import FigureSpec, Subject
from reports.words.periods import month_name

BARS_SHOWN = 24

# The largest |G²| of a random choice of documents: of 540 choices of 30 to 1,000 headlines from
# real months of 4,300 to 5,000, 0.7 % had a word above 20, 9 % one above 15.
OF_CHANCE = 20


def draw_distinctive(ax: Axes, labels: Sequence[str], g2: Sequence[float]) -> None:
    """Draw a bar for each word, the largest G² above."""
    colors = [style.BLUE if value > 0 else style.VERMILLION for value in g2]
    ax.barh(range(len(g2)), g2, color=colors, height=0.7, label="distinctive")
    ax.axvline(0, color=style.MUTED, linewidth=0.8, label="_zero")
    ax.grid(visible=True, axis="x")
    ax.grid(visible=False, axis="y")
    style.label_rows(ax, labels, longest=34)
    ax.set_ylim(len(g2) - 0.4, -0.6)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5))
    ax.set_xlabel("G² (log-likelihood): to the right used more than in the other documents")


def distinctive_figure(
    subject: Subject, labels: Sequence[str], g2: Sequence[float], *, compared_with: str
) -> Figure:
    """Return the diverging bars of a subject's most distinctive words."""
    figure, ax = style.new_axes(1.3 + 0.24 * len(labels))
    draw_distinctive(ax, labels, g2)
    style.title(ax, f"Words that stand out: {subject.name}", sub=f"against {compared_with}")
    return figure


def standing_out(rows: Iterable[DistinctiveRow]) -> list[DistinctiveRow]:
    """Return the words whose |G²| is more than chance alone gives."""
    return [row for row in rows if abs(row.g2) >= OF_CHANCE]


def list_uses(rows: Iterable[DistinctiveRow], other: str) -> dict[str, str]:
    """Return the words that stand out with their G²: those used more than *other* does, and less.

    The largest |G²| come first.
    """
    lists: dict[str, list[str]] = {"more": [], "less": []}
    for row in sorted(standing_out(rows), key=lambda row: (-abs(row.g2), row.word)):
        lists["more" if row.g2 > 0 else "less"].append(f"{row.word} {abs(row.g2):,.0f}")
    uses = {}
    for name, words in lists.items():
        if words:
            uses[f"Used {name} than by {other}"] = " · ".join(words)
    return uses


def describe_lists(compared_with: str) -> str:
    """Return what is said below the lists of words that stand out."""
    return (
        f"The words with their G² against {compared_with}, of {OF_CHANCE} and more: chance alone "
        "gives some up to about that. distinctive.csv holds the ten largest."
    )


def no_word_stands_out(rows: Sequence[DistinctiveRow]) -> str:
    """Return what a page says where words were compared and none stands out."""
    if not rows or standing_out(rows):
        return ""
    return (
        f"No word stands out: none has a |G²| of {OF_CHANCE} or more, and chance alone gives some "
        "up to about that."
    )


def distinctive_spec(
    subject: Subject, rows: Sequence[DistinctiveRow], *, compared_with: str
) -> FigureSpec | None:
    """Declare the figure of the words with the largest |G²| of all jobs of *rows*.

    Where there are several jobs, a label names the word's month. None where no word stands out.
    """
    strongest = sorted(standing_out(rows), key=lambda row: (-abs(row.g2), row.job, row.word))[
        :BARS_SHOWN
    ]
    if not strongest:
        return None

    strongest.sort(key=attrgetter("g2"), reverse=True)
    has_months = len({row.job for row in rows}) > 1
    whose = "account" if rows[0].keyword is None else "month"
    labels = []
    for row in strongest:
        month = f"  {month_name(row.job, '%b %Y')}" if has_months else ""
        labels.append(f"{row.word}{month}")

    words = ", ".join(row.word for row in strongest[:8])
    return FigureSpec(
        name=f"{subject.slug}-distinctive",
        draw=partial(
            distinctive_figure,
            subject,
            labels,
            [row.g2 for row in strongest],
            compared_with=compared_with,
        ),
        alt=f"Diverging bars of the words that stand out most: {words}.",
        caption="Dunning's log-likelihood ratio G² of each word's use here and there: a larger "
        "bar is a difference that chance explains less. Common function words and the subject's "
        "own terms are left out; a word stands in at least three documents. With so many words "
        f"compared, chance alone gives some up to about {OF_CHANCE}: only larger ones are drawn. "
        f"distinctive.csv holds the ten largest of each {whose}.",
    )
