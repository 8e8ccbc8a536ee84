"""The entities that texts name, as bars by type."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from analysis.text.known_names import ORGANISATION, PERSON
from reports.data.entity_labels import EntityName, RunNames
from reports.data.tables.entities import EntityRow, find_uncounted, sum_counts, sum_documents
from reports.figures.marks import Axis, Chart, Layer, Mark, Picture, name_row
from reports.figures.shapes import draw_bars
from reports.figures.spec import FigureSpec, Subject
from reports.words.quantities import quantity
from reports.words.writing import write_sentence
from textapi.text.keywords import TermPattern

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

    def add(self, entity_rows: Sequence[EntityRow]) -> None:
        """Count the names of whole jobs."""
        self.times.update(sum_counts(entity_rows))
        self.documents.update(sum_documents(entity_rows))
        self.uncounted |= find_uncounted(entity_rows)
        self.has_documents &= all(row.has_documents for row in entity_rows)


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
    counts = NameCounts()
    counts.add(list(entity_rows))
    return rank_names(counts, terms, account_names=account_names, run_names=run_names)


def rank_names(
    counts: NameCounts,
    terms: Sequence[TermPattern] = (),
    *,
    account_names: Sequence[str] = (),
    run_names: RunNames | None = None,
    most_types: int = 6,
    most_names: int = 8,
) -> TopNames:
    """Return the most frequent names as `top_names` does, from the *counts* of each.

    There are at most so many types, with at most so many names each.
    """
    run_names = run_names or RunNames.of(counts.times)
    subject = set()
    other_counts = {}
    for (type_, entity_name), count in counts.times.items():
        written_names = (entity_name, run_names.full_name(type_, entity_name))
        if any(term.search(written) for term in terms for written in written_names):
            subject.add(entity_name)
        else:
            other_counts[type_, entity_name] = count

    named_entities, account, unproven = run_names.merge(
        other_counts, account_names, counts.documents, counts.uncounted
    )
    least = min(2, max((entity.times for entity in named_entities), default=0))
    names_by_type: dict[str, list[tuple[str, int]]] = defaultdict(list)
    headlines: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for entity in named_entities:
        if entity.times >= least:
            names_by_type[entity.type].append((entity.label, entity.count))
            if entity.has_evidence and entity.type in HEADLINE_TYPES:
                headlines[entity.type].append((entity.label, entity.count))

    first_types = list(names_by_type.items())[:most_types]
    top_types = {kind: ranked[:most_names] for kind, ranked in first_types}
    labels = {entity.label for entity in named_entities if not entity.has_documents}
    return TopNames(
        top_types,
        len(subject),
        account,
        unproven,
        dict(headlines),
        has_documents=counts.has_documents,
        uncounted=frozenset(labels),
    )


def count_names(entity_rows: Iterable[EntityRow]) -> dict[str | None, NameCounts]:
    """Return how often each name of *entity_rows* came in whole jobs, by keyword."""
    counts_by_keyword: dict[str | None, NameCounts] = defaultdict(NameCounts)
    for entity_row in entity_rows:
        counts_by_keyword[entity_row.keyword].add([entity_row])

    return counts_by_keyword


def entities_spec(subject: Subject, top: TopNames, *, unit: str) -> FigureSpec | None:
    """Declare the figure of the most frequent names; the *unit* is what is counted."""
    if not top.by_type:
        return None

    labels = [label for ranked in top.by_type.values() for label, _ in ranked]
    kinds = {
        "names in a picture": 1,
        "names in headlines": subject.noun != "post",
        "counted names": top.has_documents,
        "names taken": not top.has_documents,
        "names counted once": 1,
        "names of the subject": top.subject,
        "names of the account": top.account,
        "names without evidence": top.unproven,
        "names with as": sum(" (as " in label for label in labels),
        "names with also": sum(" (also " in label for label in labels),
    }
    sentences = [write_sentence(kind, n=n) for kind, n in kinds.items() if n]
    if not top.has_documents:
        unit = "times taken for a name"

    samples = []
    for kind, ranked in top.by_type.items():
        samples.append(f"{kind}: " + ", ".join(label for label, _ in ranked[:3]))

    title = f"Named along with {subject.name} ({unit})"
    return FigureSpec(
        name=f"{subject.slug}-entities",
        picture=Picture(panels=_chart_types(subject, top), title=title),
        alt=f"Bars of the most frequent names by type: {'; '.join(samples)}.",
        caption=f"{' '.join(sentences)} All bars are on one scale.",
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
