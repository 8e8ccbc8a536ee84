"""The entities that texts name, as bars by type."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.data.entity_labels import EntityName, is_account, label_last_names, merge_types
from reports.data.tables.entities import EntityRow
from reports.figures import style
from reports.figures.spec import FigureSpec, Subject
from reports.words.quantities import quantity

NAMES_PER_TYPE = 8
TYPES_SHOWN = 6

#: A report names the engine's types like this.
TYPES = {
    "PERSON": "People",
    "ORG": "Organisations",
    "GPE": "Countries and cities",
    "LOC": "Places",
    "FAC": "Buildings and roads",
    "NORP": "Peoples, faiths and parties",
    "EVENT": "Events",
    "PRODUCT": "Products",
    "WORK_OF_ART": "Works",
    "LAW": "Laws",
    "LANGUAGE": "Languages",
}
#: These types are no names; they are in the exports.
NO_NAMES = {"DATE", "TIME", "MONEY", "PERCENT", "QUANTITY", "CARDINAL", "ORDINAL"}


@dataclass(frozen=True)
class TopNames:
    """The most frequent names by type, as labelled, and how many were left out.

    *subject* names held the keyword, *account* were those of the account or term itself.
    """

    by_type: dict[str, list[tuple[str, int]]]
    subject: int
    account: int = 0


def top_names(
    entity_rows: Iterable[EntityRow],
    terms: Sequence[re.Pattern[str]] = (),
    *,
    account_names: Sequence[str] = (),
    of_run: Iterable[EntityRow] = (),
) -> TopNames:
    """Return the most frequent names of all jobs, the type of the most frequent name first.

    A name that holds one of *terms* or is one of *account_names* says nothing new. A name that came
    once may be a slip of the engine, so it is left out if another came twice. All names are in the
    exports. Each form stands once, under one type. *of_run*, the rows of all keywords, tells whose
    last name it is.
    """
    return rank_names(
        _sum_counts(entity_rows), terms, account_names=account_names, of_run=_sum_counts(of_run)
    )


def rank_names(
    counts: Counter[EntityName],
    terms: Sequence[re.Pattern[str]] = (),
    *,
    account_names: Sequence[str] = (),
    of_run: Mapping[EntityName, int],
) -> TopNames:
    """Return the most frequent names as `top_names` does, from the *counts* of each."""
    counts = counts.copy()
    subject = set()
    for type_, entity_name in list(counts):
        if any(term.search(entity_name) for term in terms):
            subject.add(entity_name)
            del counts[type_, entity_name]

    counts = merge_types(counts, of_run or counts)
    account = {entity for entity in counts if is_account(*entity, account_names)}
    for entity in account:
        del counts[entity]

    labels = label_last_names(counts)
    least = min(2, max(counts.values(), default=0))
    names_by_type: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for (kind, entity_name), count in sorted(
        counts.items(), key=lambda entry: (-entry[1], entry[0])
    ):
        if count >= least:
            names_by_type[kind].append((labels.get((kind, entity_name), entity_name), count))

    first_types = list(names_by_type.items())[:TYPES_SHOWN]
    top_types = {kind: ranked[:NAMES_PER_TYPE] for kind, ranked in first_types}
    return TopNames(top_types, len(subject), len(account))


def count_names(entity_rows: Iterable[EntityRow]) -> dict[str | None, Counter[EntityName]]:
    """Return how often each name of *entity_rows* was named in whole jobs, by keyword."""
    counts: dict[str | None, Counter[EntityName]] = defaultdict(Counter)
    for entity_row in entity_rows:
        if entity_row.period is None and entity_row.type not in NO_NAMES:
            counts[entity_row.keyword][entity_row.type, entity_row.name] += entity_row.count
    return counts


def _sum_counts(entity_rows: Iterable[EntityRow]) -> Counter[EntityName]:
    """Return how often each name of *entity_rows* was named in whole jobs."""
    counts = Counter[EntityName]()
    for entity_row in entity_rows:
        if entity_row.period is None and entity_row.type not in NO_NAMES:
            counts[entity_row.type, entity_row.name] += entity_row.count
    return counts


def draw_entities(ax: Axes, labels: Sequence[str], counts: Sequence[int], *, most: int) -> None:
    """Draw a bar for each name, the most frequent above, its count at its end.

    *most* is the largest count of all panels, which gives them one scale.
    """
    bars = ax.barh(range(len(labels)), counts, color=style.BLUE, height=0.7, label="entities")
    ax.bar_label(bars, fmt="{:,.0f}", padding=3, fontsize=8, color=style.MUTED)
    style.label_rows(ax, labels, longest=46)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.grid(visible=False)
    ax.set_xlim(0, max(most, 1) * 1.15)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(axis="x", length=0, labelbottom=False)


def entities_figure(
    subject: Subject, names_by_type: Mapping[str, Sequence[tuple[str, int]]], *, unit: str
) -> Figure:
    """Return a panel for each type of entity, all to one scale. *unit* says what is counted."""
    types = list(names_by_type)
    most = max(count for labels in names_by_type.values() for _, count in labels)
    across = min(2, len(types))
    lengths = [len(ranked) for ranked in names_by_type.values()]
    heights = []
    for start in range(0, len(types), across):
        heights.append(max(lengths[start : start + across]))
    figure = style.new_figure(0.6 + 0.55 * len(heights) + 0.25 * sum(heights))
    ratios = [height + 1.5 for height in heights]
    panels = figure.subplots(len(heights), across, squeeze=False, height_ratios=ratios)

    for ax in panels.flat[len(types) :]:
        ax.set_axis_off()
    for index, (kind, ax) in enumerate(zip(types, panels.flat, strict=False)):
        labels, counts = zip(*names_by_type[kind], strict=True)
        draw_entities(ax, labels, counts, most=most)
        # The bars of a row have one thickness.
        ax.set_ylim(heights[index // across] - 0.4, -0.6)
        title = TYPES.get(kind, kind.replace("_", " ").capitalize())
        ax.set_title(style.without_undrawable(title), fontsize=10, color=style.MUTED)

    style.figure_title(figure, f"Named along with {subject.name} ({unit})")
    return figure


def entities_spec(
    subject: Subject, top: TopNames, *, unit: str, texts: Sequence[str]
) -> FigureSpec | None:
    """Declare the figure of the most frequent names; *texts* are samples of what was read."""
    if not top.by_type:
        return None

    caption = (
        "What a program took for names and the kinds it gave them: guesses, to be "
        "read with care. Spellings of one name are counted as one, under the kind that it has most "
        "often. A last name is counted with a full name where that name stands for a quarter of "
        "both in the same month, or in all posts of the account, and for more than all others of "
        "that last name; else it stays apart. Names that came once, dates, sums and numbers are "
        "left to the table entities."
    )
    if top.subject:
        verb = "is" if top.subject == 1 else "are"
        left_out = quantity(top.subject, "name that holds", "names that hold")
        caption += f" So {verb} {left_out} the subject itself."

    if top.account:
        verb = "is" if top.account == 1 else "are"
        left_out = quantity(top.account, "name that is", "names that are")
        caption += f" So {verb} {left_out} the subject's own."

    if any(" (also " in label for ranked in top.by_type.values() for label, _ in ranked):
        caption += " \u201cAlso\u201d names the persons with that last name, who may be meant too."
    if is_in_title_case(texts):
        caption += (
            " Headlines write every word with a capital, so common words pass for names more often "
            "than usual."
        )

    samples = []
    for kind, ranked in top.by_type.items():
        samples.append(f"{kind}: " + ", ".join(label for label, _ in ranked[:3]))
    return FigureSpec(
        name=f"{subject.slug}-entities",
        draw=partial(entities_figure, subject, top.by_type, unit=unit),
        alt=f"Bars of the most frequent names by type: {'; '.join(samples)}.",
        caption=f"{caption} All bars have one scale.",
    )


def is_in_title_case(texts: Sequence[str]) -> bool:
    """Return whether most words of four letters and more begin with a capital."""
    total = capitals = 0
    for word in re.findall(r"[^\W\d_]{4,}", " ".join(texts)):
        if word[0].lower() != word[0].upper():
            total += 1
            capitals += word[0].isupper()
    return capitals > 0.6 * total
