"""The part of a report that describes its run: request, texts, progress, omissions."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import filterfalse
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, case, func, select

from analysis.kinds import kind_named
from analysis.languages import describe_languages
from analysis.text.mentions import all_terms
from core.enums import ENDED, Grain, Grouping, State
from core.languages import language_name
from core.prices import MICRO, format_money
from core.quantities import quantity
from models.codes import count_texts_of_run
from models.costs import models_of
from models.runs import get_run
from models.tables import Document, Import
from reports.data.archive_hash import hash_documents
from reports.data.queries import fetch_all, in_batches
from reports.data.run_data import NO_SELECTION, RunData, Selection, documents_condition
from reports.data.selection import count_without, left_out
from reports.data.sources_in_common import CommonPeriod, read_sources_in_common
from reports.data.tables.calls import CallRow, read_calls
from reports.data.tables.coverage import StepCount, count_steps
from reports.data.unread_documents import count_unread
from reports.data.years import has_yearly_findings
from reports.figures.origin import is_made_up
from reports.frames.reading import load_frames
from reports.words.quantities import NAMED, join_words
from reports.words.writing import write_sentence
from sources.registry import SOURCES
from sources.source import Credit
from textapi.engine.polarity import scores_as
from textapi.messages import Operation, languages_read
from textapi.text.keywords import pattern

# The median text of an archive of headlines or summaries has at most this many words.
SHORT_TEXT = 30

# A service is asked for a subject, which is the name of a job.
_SUBJECT = re.compile(r"\d{4}-\d{2}|@.*|search:.*", re.DOTALL)


@dataclass(frozen=True)
class AnsweringModel:
    """A language model that answered, as its server names it, and the price of its tokens."""

    name: str
    fingerprint: str
    price: str
    answers: int

    # The times of its first answer and of its last.
    began: str
    ended: str


@dataclass(frozen=True, kw_only=True)
class RunSummary(RunData):
    """A run as its report introduces it; times are UTC as people write them."""

    state: str
    reason: str | None
    created: str
    ended: str | None

    # The Unix time.
    ended_at: float | None

    job_states: Counter[str]

    # The number of documents of each source.
    sources: dict[str, int]

    # The credits of the sources whose texts must be credited.
    credits: list[Credit]

    synthetic: bool

    # The days of the oldest and of the newest document.
    first: str | None
    last: str | None

    # The median length of an archive's documents; None if the run has no archive.
    median_words: int | None

    # Rows of `Import`, the newest of each file, month or account.
    imports: list[Any]

    calls: list[CallRow]

    # The language models that answered, and what they cost, in words; "" if they cost nothing.
    models: list[AnsweringModel]
    cost: str

    # How many texts got no code from the run's language model, and why, in words; "" if each did.
    uncoded: str

    # The command that submits the run, with what is left out of its figures.
    command: str

    # The patterns that are left out, with the number of documents of each.
    without: dict[str, int]

    # The number of documents that the selection leaves out.
    left_out: int

    # The hash of all documents that the run read: see `hash_documents`.
    archive_hash: str | None

    steps: list[StepCount]

    # What several sources hold of each outlet, in all months together.
    common: list[CommonPeriod]

    # The number of documents that have no polarity because of their language, by its code.
    unread: Counter[str]

    # The same of each job, and what the selection leaves out of it.
    unread_by_job: Mapping[str, Counter[str]]
    left_out_by_job: Mapping[str, int]

    def of_job(self, job_name: str) -> RunSummary:
        """Return the summary for the page of one account or search: it tells nothing of others.

        What failed of its own job, the page says itself.
        """
        job_states = Counter(self.job_states)
        del job_states[State.FAILED]
        return replace(
            self,
            unread=self.unread_by_job[job_name],
            left_out=self.left_out_by_job.get(job_name, 0),
            job_states=job_states,
        )

    @property
    def unread_in_words(self) -> str:
        """How many documents were left out for their language: "120 documents in German"."""
        return describe_languages(self.unread, self.unit) if self.unread else ""

    @property
    def common_outlets(self) -> str:
        """The outlets that several sources hold, three by name: "The Tide and 4 more outlets"."""
        names = [common.outlet for common in self.common]
        more = len(names) - NAMED
        shown = names[:NAMED]
        return join_words([*shown, *([quantity(more, "more outlet")] if more > 0 else [])])

    @property
    def is_scanned(self) -> bool:
        """Whether texts of the run were read by machine from scanned pages."""
        archives = (source.archive for source in SOURCES if self.sources.get(source.name))
        return any(archive is not None and archive.is_scanned for archive in archives)

    @property
    def languages_read(self) -> str:
        """The languages that the engines of the run read, in words; "" if one declares none."""
        codes = self._read_by_engines()
        return join_words([language_name(code) for code in codes]) if codes else ""

    @property
    def languages_of_names(self) -> str:
        """The languages in which the engines find names and read nothing else, in words."""
        read_by_all = self._read_by_engines()
        codes = [code for code in self._read_by_engines(Operation.NER) if code not in read_by_all]
        return join_words([language_name(code) for code in codes]) if codes else ""

    def _read_by_engines(self, operation: Operation | None = None) -> list[str]:
        declared = [self.engine_languages[engine] for engine in self.engines]
        read = [languages_read(languages, operation) for languages in declared if languages]
        return sorted(frozenset.intersection(*read)) if read and len(read) == len(declared) else []

    @property
    def running(self) -> bool:
        """Whether more results may come."""
        return self.state not in ENDED

    @property
    def documents(self) -> int:
        """How many documents the run looks at; one that belongs to two searches counts twice."""
        return sum(self.sources.values())

    @property
    def is_scored_by_news(self) -> bool:
        """Whether all polarities of the run come from the engine `news`."""
        return len(self.engines) == 1 and scores_as(self.engines[0], "news")

    @property
    def polarity_reason(self) -> str:
        """Which polarity engine scored the run and why, in words; nothing but for `news`."""
        if not self.is_scored_by_news:
            return ""

        low, high = self.neutral_band
        is_chosen = getattr(self.parameters, "polarity", None) == "news"
        return write_sentence("polarity of news", is_chosen=is_chosen, low=low, high=high)

    @property
    def neutral_polarity(self) -> str:
        """What the zero of the polarity engine says, in words; nothing but for `news`."""
        if not self.is_scored_by_news:
            return ""

        low, high = self.neutral_band
        return write_sentence("neutral polarity", low=low, high=high)

    @property
    def is_of_short_texts(self) -> bool:
        """Whether the archive holds headlines or short texts, and not the articles behind them."""
        return self.median_words is not None and self.median_words <= SHORT_TEXT

    @property
    def days(self) -> int:
        """From the first day with a document to the last; 0 where none is dated."""
        if self.first is None or self.last is None:
            return 0
        return (date.fromisoformat(self.last) - date.fromisoformat(self.first)).days + 1

    @property
    def has_yearly_findings(self) -> bool:
        """Whether findings compare years, since the months are too many."""
        return has_yearly_findings(self)

    @property
    def unit(self) -> str:
        """What one of the run's documents is called."""
        return self.kind.document_noun

    @property
    def choice(self) -> str:
        """Which documents of its archives a run of months chose, in words behind their number."""
        if not self.kind.has_mentions:
            return ""

        parameters = self.month_parameters
        chosen = {
            "outlet": parameters.outlets,
            "section": parameters.sections,
            "kind": (parameters.material,) if parameters.material else (),
        }
        description = ""
        for noun, chosen_names in chosen.items():
            if len(chosen_names) > NAMED:
                description += f" of {len(chosen_names):,} {noun}s"
            elif chosen_names:
                quoted = join_words([f"“{chosen_name}”" for chosen_name in chosen_names])
                description += f" of the {noun if len(chosen_names) == 1 else noun + 's'} {quoted}"

        return description

    @property
    def keyword_example(self) -> KeywordExample | None:
        """The rule by which keywords match, shown with the run's first term without a star."""
        terms = all_terms(self.keywords)
        return find_example(terms[0]) if terms else None

    @property
    def states_in_words(self) -> str:
        """How many jobs are in each state: "22 done, 1 failed, 1 waiting"."""
        return ", ".join(f"{self.job_states[s]} {s.value}" for s in State if self.job_states[s])


@dataclass(frozen=True)
class KeywordExample:
    """A term, a text in which it is found, and one in which it is not."""

    term: str
    matching: str
    different: str


def find_example(term: str) -> KeywordExample:
    """Return texts that show what the *term* matches, each tried with the rule itself."""
    rule = pattern(term)
    matching = next(filter(rule.search, (f"{term.title()}\u2019s", term)))
    different = next(filterfalse(rule.search, (f"{term}s", f"{term}-2", f"@{term}")))
    return KeywordExample(term, matching, different)


def _read_imports(run: RunData, sources: Collection[str]) -> list[Any]:
    """Return the newest record of each file, month or account that was read for the run.

    A record is named by a file, else by the month, handle or search that a service was asked for;
    a folder that holds documents of several sources names them all.
    """
    job_names = {job.name for job in run.jobs}
    columns = (Import.path, Import.source, Import.empty, Import.left_out)
    newest: dict[tuple[str, str], Any] = {}
    for import_row in fetch_all(run.db, select(*columns).order_by(Import.id)):
        is_of_run = import_row.path in job_names or not _SUBJECT.fullmatch(import_row.path)
        if is_of_run and not set(sources).isdisjoint(import_row.source.split(",")):
            newest[import_row.path, import_row.source] = import_row

    return list(newest.values())


def summarize_run(run: RunData) -> RunSummary:
    """Read what a report says of a run besides its results."""
    with run.db.read() as connection:
        stored_run = get_run(connection, run.id)

    sources, on_site, addressed, days = _count_documents(run)
    total = sources.total()
    left_out_by_job = {}
    for job in run.jobs if run.selection else ():
        left_out_of_job = _count_sources(run, left_out(run, job))
        left_out_by_job[job.name] = left_out_of_job.total()
        sources.subtract(left_out_of_job)

    unread_by_job = count_unread(run)

    synthetic = is_made_up(run)
    archive_hash = hash_documents(run)
    calls = list(read_calls(run))

    return RunSummary(
        **vars(run),
        state=stored_run.state,
        reason=stored_run.reason,
        created=_format_minute(run.created_at),
        ended=_format_minute(stored_run.ended_at) if stored_run.ended_at else None,
        ended_at=stored_run.ended_at,
        job_states=Counter(job.state for job in run.jobs),
        sources={source: documents for source, documents in sorted(sources.items()) if documents},
        credits=_credits(sources, on_site, has_addresses=addressed > 0 or synthetic),
        synthetic=synthetic,
        first=min(days).date().isoformat() if days else None,
        last=max(days).date().isoformat() if days else None,
        median_words=_find_median_length(run) if run.keywords else None,
        imports=_read_imports(run, sources),
        calls=calls,
        models=_read_models(run),
        cost=_describe_cost(calls),
        uncoded=_describe_uncoded(run),
        command=submit_command(
            run.parameters,
            [job.name for job in run.jobs],
            run.selection,
            grain=run.grain,
            grouping=run.grouping,
        ),
        without=count_without(run),
        left_out=total - sources.total(),
        archive_hash=archive_hash,
        steps=count_steps(run),
        common=[period for period in read_sources_in_common(run) if period.period is None],
        unread=sum(unread_by_job.values(), Counter()),
        unread_by_job=unread_by_job,
        left_out_by_job=left_out_by_job,
    )


def _read_models(run: RunData) -> list[AnsweringModel]:
    with run.db.read() as connection:
        answering = models_of(connection, run.id)

    return [
        AnsweringModel(
            name=used.model,
            fingerprint=used.fingerprint,
            price=used.price,
            answers=used.answers,
            began=_format_minute(used.began_at),
            ended=_format_minute(used.seen_at),
        )
        for used in answering
    ]


def _describe_uncoded(run: RunData) -> str:
    with run.db.read() as connection:
        texts = count_texts_of_run(connection, run.id)

    return "" if texts is None else texts.describe() or ""


def _describe_cost(calls: Sequence[CallRow]) -> str:
    """Return what the calls cost, with the most that those without an answer can have cost."""
    paid = [call for call in calls if call.currency is not None]
    if not paid:
        return ""

    currency = paid[0].currency or ""
    cost = round(sum(call.cost or 0 for call in paid) * MICRO)
    unanswered = round(sum(call.charged or 0 for call in paid) * MICRO) - cost
    words = format_money(cost, currency)
    if unanswered:
        words += f", and at most {format_money(unanswered, currency)} for calls without an answer"

    return words


def _credits(sources: Counter[str], on_site: Counter[str], *, has_addresses: bool) -> list[Credit]:
    """Return the credits of texts from a credited site, and of those whose files lack addresses."""
    due = []
    for source in SOURCES:
        is_unmarked = sources[source.name] > 0 and not has_addresses
        if source.credit is not None and (on_site[source.name] or is_unmarked):
            due.append(source.credit)

    return due


def _count_documents(
    run: RunData,
) -> tuple[Counter[str], Counter[str], int, list[datetime]]:
    """Return documents by source, those on credited sites, how many have an address; days."""
    statement = select(
        Document.source,
        func.count(),
        func.count(Document.address),
        func.sum(case(*_credited_addresses(), else_=0)),
        func.min(Document.published_at),
        func.max(Document.published_at),
    ).group_by(Document.source)
    sources, on_site = Counter[str](), Counter[str]()
    addressed = 0
    days: list[datetime] = []

    for job in run.collecting_jobs:
        source_rows = fetch_all(run.db, statement.where(documents_condition(run, job)))
        for source, documents, addresses, credited, oldest, newest in source_rows:
            sources[source] += documents
            addressed += addresses
            on_site[source] += credited
            days += [day for day in (oldest, newest) if day]

    return sources, on_site, addressed, days


def _find_median_length(run: RunData) -> int | None:
    """Return the median length of the documents, in words; None without a text."""
    lengths = [load_frames(run, job).chosen["words"].drop_nulls() for job in run.collecting_jobs]
    ordered = pl.concat(lengths).sort()
    return ordered[len(ordered) // 2] if len(ordered) else None


def _count_sources(run: RunData, documents: Iterable[int]) -> Counter[str]:
    counts = Counter[str]()
    statement = select(Document.source, func.count()).group_by(Document.source)
    for batch in in_batches(documents):
        counts.update(dict(map(tuple, fetch_all(run.db, statement.where(Document.id.in_(batch))))))

    return counts


def _credited_addresses() -> list[tuple[ColumnElement[bool], int]]:
    """Return the cases of documents whose address is on their source's own site."""
    cases: list[tuple[ColumnElement[bool], int]] = []
    for source in SOURCES:
        if source.credit is not None:
            is_on_site = Document.address.like(f"%://%{source.credit.site}/%")
            cases.append(((Document.source == source.name) & is_on_site, 1))

    return cases


def submit_command(
    parameters: Any,
    job_names: Sequence[str],
    selection: Selection = NO_SELECTION,
    *,
    grain: Grain = Grain.MONTH,
    grouping: Grouping | None = None,
) -> str:
    """Return ``tidings submit …`` as a person types it."""
    kind = kind_named(parameters.kind)
    if kind.has_documents:
        shown_options = {"by": grain, "distinct": selection.distinct, "without": selection.without}
        if grouping is not None:
            shown_options["grouping"] = grouping

        parameters = parameters.model_copy(update=shown_options)

    return shlex.join(["tidings", "submit", *kind.command_words(parameters, job_names)])


def _format_minute(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
