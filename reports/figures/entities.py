"""The entities that texts name, as bars by type."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from analysis.text.known_names import ORGANISATION, PERSON
from reports.data.entity_labels import EntityName, RunNames
from reports.data.tables.entities import (
    EntityRow,
    find_uncounted,
    sum_counts,
    sum_documents,
)
from reports.figures.bars import draw_bars
from reports.figures.marks import Axis, Chart, Layer, Mark, Picture, name_row
from reports.figures.spec import FigureSpec, Subject
from reports.words.quantities import quantity
from textapi.text.keywords import TermPattern

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
#: Cards show names of these types, with evidence.
HEADLINE_TYPES = (PERSON, ORGANISATION)


@dataclass
class NameCounts:
    """How often names were taken for one, and how many documents hold them."""

    times: Counter[EntityName] = field(default_factory=Counter)
    documents: Counter[EntityName] = field(default_factory=Counter)

    # Those whose count may be no number of documents.
    uncounted: set[EntityName] = field(default_factory=set)

    # False if a result is from before documents were counted.
    has_documents: bool = True


@dataclass(frozen=True)
class TopNames:
    """The most frequent names by type, as labelled, and how many were left out.

    *subject* names held the keyword, *account* were those of the account or term itself, *unproven*
    were taken for persons without evidence.
    """

    by_type: dict[str, list[tuple[str, int]]]
    subject: int
    account: int = 0
    unproven: int = 0

    # The names of persons and of organisations for which there is evidence.
    headlines: dict[str, list[tuple[str, int]]] = field(default_factory=dict, compare=False)

    # Whether the figures are documents; else they are how often a name was taken for one.
    has_documents: bool = field(default=True, compare=False)

    # The labels whose figure may be no number of documents, so that no list has as many.
    uncounted: frozenset[str] = field(default=frozenset(), compare=False)


def top_names(
    entity_rows: Iterable[EntityRow],
    terms: Sequence[TermPattern] = (),
    *,
    account_names: Sequence[str] = (),
    run_names: RunNames | None = None,
) -> TopNames:
    """Return the most frequent names of all jobs, the type of the most frequent name first.

    A name that holds one of *terms* or is one of *account_names* says nothing new. A name that came
    once may be a slip of the engine, so it is left out if another came twice. All names are in the
    exports. *run_names* say what each name stands for, by default these rows alone.
    """
    entity_rows = list(entity_rows)
    top = rank_names(
        sum_counts(entity_rows),
        terms,
        account_names=account_names,
        run_names=run_names,
        documents=sum_documents(entity_rows),
        uncounted=find_uncounted(entity_rows),
    )
    return replace(top, has_documents=all(row.has_documents for row in entity_rows))


def rank_names(
    counts: Mapping[EntityName, int],
    terms: Sequence[TermPattern] = (),
    *,
    account_names: Sequence[str] = (),
    run_names: RunNames | None = None,
    documents: Mapping[EntityName, int] | None = None,
    uncounted: Collection[EntityName] = (),
) -> TopNames:
    """Return the most frequent names as `top_names` does, from the *counts* of each.

    *documents* are those that hold each name, by default as many as its count; of *uncounted* names
    they may be how often each was taken for one.
    """
    run_names = run_names or RunNames.of(counts)
    subject = set()
    other_counts = {}
    for (type_, entity_name), count in counts.items():
        written_names = (entity_name, run_names.full_name(type_, entity_name))
        if any(term.search(written) for term in terms for written in written_names):
            subject.add(entity_name)
        else:
            other_counts[type_, entity_name] = count

    named_entities, account, unproven = run_names.merge(
        other_counts, account_names, documents, uncounted
    )
    least = min(2, max((entity.times for entity in named_entities), default=0))
    names_by_type: dict[str, list[tuple[str, int]]] = defaultdict(list)
    headlines: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for entity in named_entities:
        if entity.times >= least:
            names_by_type[entity.type].append((entity.label, entity.count))
            if entity.has_evidence and entity.type in HEADLINE_TYPES:
                headlines[entity.type].append((entity.label, entity.count))

    first_types = list(names_by_type.items())[:TYPES_SHOWN]
    top_types = {kind: ranked[:NAMES_PER_TYPE] for kind, ranked in first_types}
    labels = {entity.label for entity in named_entities if not entity.has_documents}
    return TopNames(
        top_types,
        len(subject),
        account,
        unproven,
        dict(headlines),
        uncounted=frozenset(labels),
    )


def count_names(entity_rows: Iterable[EntityRow]) -> dict[str | None, NameCounts]:
    """Return how often each name of *entity_rows* came in whole jobs, by keyword."""
    counts_by_keyword: dict[str | None, NameCounts] = defaultdict(NameCounts)
    for entity_row in entity_rows:
        counts = counts_by_keyword[entity_row.keyword]
        counts.times.update(sum_counts([entity_row]))
        counts.documents.update(sum_documents([entity_row]))
        counts.uncounted |= find_uncounted([entity_row])
        counts.has_documents &= entity_row.has_documents

    return counts_by_keyword


def entities_spec(
    subject: Subject, top: TopNames, *, unit: str, in_title_case: bool
) -> FigureSpec | None:
    """Declare the figure of the most frequent names; *in_title_case* says how texts are written."""
    if not top.by_type:
        return None

    counted = (
        "The figure is the number of texts that hold the name, as in the table entities; of a word "
        "that is a name too, and stands in many more, how often it was taken for one."
    )
    if not top.has_documents:
        unit = "times taken for a name"
        counted = (
            "The figure is how often it was taken for one: the results are from before the texts "
            "that hold a name were counted."
        )

    caption = (
        "Names and their kinds as a program found them: read them with care. "
        f"{counted} "
        "Spellings of one name count as one. Of texts that differ only in names or figures, the "
        "first of a month counts. Names that came once, dates and numbers are left to the table "
        "entities."
    )
    if top.subject:
        verb = "is" if top.subject == 1 else "are"
        left_out = quantity(top.subject, "name that holds", "names that hold")
        caption += f" So {verb} {left_out} the subject itself."

    if top.account:
        verb = "is" if top.account == 1 else "are"
        left_out = quantity(top.account, "name that is", "names that are")
        caption += f" So {verb} {left_out} the subject's own."

    if top.unproven:
        verb, pronoun = ("is", "it names") if top.unproven == 1 else ("are", "they name")
        left_out = quantity(top.unproven, "name without evidence", "names without evidence")
        caption += f" So {verb} {left_out} of what {pronoun}."

    labels = [label for ranked in top.by_type.values() for label, _ in ranked]
    if any(" (as " in label for label in labels):
        caption += " \u201cAs\u201d gives the number with the full name."
    if any(" (also " in label for label in labels):
        caption += " \u201cAlso\u201d names others of that last name who may be meant."
    if in_title_case:
        caption += (
            " Headlines capitalize every word, so common words are mistaken for names more often."
        )

    samples = []
    for kind, ranked in top.by_type.items():
        samples.append(f"{kind}: " + ", ".join(label for label, _ in ranked[:3]))

    title = f"Named along with {subject.name} ({unit})"
    return FigureSpec(
        name=f"{subject.slug}-entities",
        picture=Picture(panels=_chart_types(subject, top), title=title),
        alt=f"Bars of the most frequent names by type: {'; '.join(samples)}.",
        caption=f"{caption} All bars are on one scale.",
    )


def _chart_types(subject: Subject, top: TopNames) -> list[Chart]:
    """Return a panel for each type; all have one scale."""
    most = max(count for ranked in top.by_type.values() for _, count in ranked)
    charts = []
    for kind, ranked in top.by_type.items():
        marks = [_mark(subject, top, kind, *counted) for counted in ranked]
        chart = Chart(
            layers=[Layer(draw=draw_bars, marks=marks)],
            title=TYPES.get(kind, kind.replace("_", " ").capitalize()),
            names=[label for label, _ in ranked],
            values=Axis(high=1.2 * most, ticks=()),
        )
        charts.append(chart)

    return charts


def _mark(subject: Subject, top: TopNames, kind: str, label: str, count: int) -> Mark:
    """Return the bar of a name, which leads to its documents if its figure counts them."""
    has_documents = top.has_documents and label not in top.uncounted
    counted = quantity(count, subject.noun) if has_documents else f"{count:,}"
    return Mark(
        position=label,
        value=count,
        label=f"{count:,}",
        title=f"{label}: {counted}",
        row=name_row("entities", kind, label),
        documents=subject.find(name=label) if has_documents else None,
    )


def is_in_title_case(texts: Sequence[str]) -> bool:
    """Return whether most words of four letters and more begin with a capital."""
    total = capitals = 0
    for word in re.findall(r"[^\W\d_]{4,}", " ".join(texts)):
        if word[0].lower() != word[0].upper():
            total += 1
            capitals += word[0].isupper()

    return capitals > 0.6 * total
