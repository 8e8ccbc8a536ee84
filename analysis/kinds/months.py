"""Runs over the months of archives: who mentions a subject in each."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, Field
from sqlalchemy import Connection, Row

from analysis import grains
from analysis.data import MonthData, ResultReader
from analysis.job_data import StoredResults, codebook_reader, read_coding_network
from analysis.kinds.kind import Argument, DocumentKind, Matched, News, PlannedJob
from analysis.kinds.stored_months import newest_by_day, read_stored_month
from analysis.kinds.stored_names import are_english_news, match_names, match_words
from analysis.options import CommandOption, Keyword, TextOptions, WantedName
from analysis.pipelines import MONTHS
from core.enums import Grouping, SamplePeriod, TextPart, Within
from core.errors import UsageError
from core.printing import printable
from core.quantities import quantity
from models.database import Database
from models.documents import (
    DocumentScope,
    count_documents,
    has_documents,
)
from models.jobs import Claim
from models.runs import NewJob
from sources.registry import archives, default_archive, source_named
from sources.source import Archive, Source

if TYPE_CHECKING:
    from core.settings import Settings

PERIOD = re.compile(r"^[12]\d{3}-(0[1-9]|1[0-2])$")

Period = Annotated[str, Field(pattern=PERIOD.pattern)]


class MonthsParameters(TextOptions):
    """The parameters of `submit months`.

    Without outlets, sections or a material, documents of all of them count.
    """

    kind: str = "months"
    first: Period
    last: Period
    keywords: tuple[Keyword, ...] = Field(min_length=1)
    sources: Annotated[
        tuple[str, ...],
        CommandOption(
            flag="--source",
            metavar="NAME,NAME",
            choices=tuple(source.name for source in archives()),
            is_separated=True,
            help=f"The archives: {', '.join(source.name for source in archives())}. By default "
            f"{default_archive().name}; with --outlet those that have them, and where it holds "
            "nothing, those that are stored.",
        ),
    ] = (default_archive().name,)
    outlets: Annotated[
        tuple[str, ...],
        CommandOption(
            flag="--outlet",
            metavar="NAME,NAME",
            help="Only documents of these outlets; case ignored. `tidings stored` lists them. A "
            "comma within the name of a stored outlet separates nothing.",
        ),
    ] = ()
    sections: Annotated[
        tuple[str, ...],
        CommandOption(
            flag="--section",
            metavar="NAME",
            help="Only documents of this section; may be given again.",
        ),
    ] = ()
    material: Annotated[
        str | None,
        CommandOption(
            help="Only documents of this kind (type_of_material), as News; case ignored."
        ),
    ] = None
    text: Annotated[
        TextPart,
        CommandOption(
            help="What is read of each document: its headline, its abstract where the archive has "
            "one, or both."
        ),
    ] = TextPart.HEADLINE
    limit: Annotated[
        int | None,
        Field(ge=1, le=2**31 - 1),
        CommandOption(
            help="Fetch at most so many documents each.",
            idle="archives are fetched by whole months",
        ),
    ] = None
    grouping: Grouping | None = None
    wanted: Annotated[
        tuple[WantedName, ...],
        Field(max_length=1000),
        CommandOption(
            flag="--for",
            metavar="share:CATEGORY,...",
            help="The shares that --within SHARE is about; by default those of all categories.",
            is_separated=True,
        ),
    ] = ()
    wanted_by: Annotated[
        SamplePeriod | None,
        CommandOption(
            flag="--per",
            choices=(SamplePeriod.MONTH, SamplePeriod.QUARTER, SamplePeriod.YEAR),
            metavar="month|quarter|year",
            help="The periods of a sample: the shares of each are to be known --within SHARE, too. "
            "By default the whole run alone, or the months or years of --by.",
        ),
    ] = None
    mask_keyword: Annotated[
        bool,
        CommandOption(
            flag="--no-mask",
            is_negated=True,
            step="polarity",
            help="Score mentions with the keyword's terms in them; they are masked by default.",
        ),
    ] = True
    steps: Annotated[
        tuple[str, ...],
        AfterValidator(MONTHS.sort_names),
        CommandOption(
            help=f"Comma-separated, of: {', '.join(sorted(MONTHS.names))}.", is_separated=True
        ),
    ] = MONTHS.default_names


class Months(DocumentKind[MonthsParameters]):
    """Months of archives, a job for each."""

    name = "months"
    job_kind = "month"
    report = "months"
    job_noun, job_nouns = "month", "months"
    description = (
        "Who mentions a subject in the archive, by month: counts, polarity, phrases, entities."
    )
    has_mentions = True
    estimates = "keyword calls are exact, the others are estimated with our own matcher"
    argument = Argument(
        "months",
        "FROM..TO",
        "Months, as 2020-01..2021-12, both included; or one, 2020-03.",
        is_list=False,
    )
    parameters = MonthsParameters

    # A range of its jobs' periods, and one of them.
    examples: ClassVar[tuple[str, str]] = ("2020-01..2021-12", "2020-03")
    pipeline = MONTHS
    # A month's first calls fill the last of another's.
    companions = 1

    def read_parameters(self, stored: Mapping[str, Any]) -> MonthsParameters:
        """Return the stored parameters.

        Runs that were stored before terms could be masked were scored without masks. Runs from
        before there were several archives, which a pack may hold, name their only one in `source`.
        """
        fields = {"mask_keyword": False, **stored}
        if source := fields.pop("source", None):
            fields["sources"] = (source,)

        return super().read_parameters(fields)

    def keywords(self, parameters: MonthsParameters) -> tuple[Keyword, ...]:
        """Return the keywords that are looked for."""
        return parameters.keywords

    def archives(self, parameters: MonthsParameters) -> tuple[Source, ...]:
        """Return the archives whose months are read."""
        return tuple(map(source_named, parameters.sources))

    def read_argument(self, texts: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """Return the first period and the last."""
        (text,) = texts
        first, dots, last = text.partition("..")
        last = last if dots else first
        if not (self.is_job_name(first) and self.is_job_name(last)):
            many, one = self.examples
            raise UsageError(
                f"{printable(text)} is no range of {self.job_nouns}: write FROM..TO, as {many}, "
                f"or one {self.job_noun}, as {one}"
            )

        if first > last:
            raise UsageError(f"{first} is after {last}: write {last}..{first}")

        return {"first": first, "last": last}, []

    def is_job_name(self, name: str) -> bool:
        """Return whether *name* is a period of the kind's grain."""
        return grains.is_period(name, self.grain)

    def job_names(
        self,
        parameters: MonthsParameters,
        subjects: Sequence[str],  # noqa: ARG002
    ) -> list[str]:
        """Return every period of the run."""
        return grains.list_periods(parameters.first, parameters.last)

    def scope(self, job_name: str, parameters: MonthsParameters) -> DocumentScope:
        """Return the documents that the run's archives have of a period."""
        days = grains.days_of(job_name)
        chosen = super().scope(job_name, parameters)
        sources = parameters.sources
        return replace(chosen, days=(days[0], days[-1]), sources=sources)

    def argument_words(
        self,
        parameters: MonthsParameters,
        job_names: Sequence[str],  # noqa: ARG002
    ) -> list[str]:
        """Return the months, and the keywords as they are written."""
        arguments = [f"{parameters.first}..{parameters.last}"]
        for keyword in parameters.keywords:
            arguments += ["--keyword", keyword.as_written]

        if any(keyword.within == Within.DOCUMENT for keyword in parameters.keywords):
            arguments += ["--match", Within.DOCUMENT]
        if parameters.half_width is not None:
            arguments += ["--within", f"{parameters.half_width:g}"]

        return arguments

    def match_stored(
        self,
        db: Database,
        settings: Settings,
        parameters: MonthsParameters,
        subjects: Sequence[str],
        named_fields: Collection[str],
    ) -> Matched[MonthsParameters]:
        """Return archives and names as they are stored, and say what stars stand for.

        Raises `UsageError` if a name has no document and none is fetched, if a star stands for too
        many words, and if no document holds a phrase that looks like a query.
        """
        remarks: list[str] = []
        typed = {
            "outlet": parameters.outlets,
            "section": parameters.sections,
            "material": () if parameters.material is None else (parameters.material,),
        }
        are_named = "sources" in named_fields
        sources, spelled = match_names(
            db, settings, parameters.sources, typed, remarks, are_named=are_named
        )
        update = {
            "sources": sources,
            "outlets": spelled["outlet"],
            "sections": spelled["section"],
            "material": next(iter(spelled["material"]), None),
        }
        parameters = parameters.model_copy(update=update)
        scopes = [job.scope for job in self.new_jobs(parameters, ())]
        keywords = match_words(db, sources, parameters.keywords, scopes, remarks)
        parameters = parameters.model_copy(update={"keywords": keywords})
        parameters = self.choose_polarity_engine(db, parameters)
        matched = super().match_stored(db, settings, parameters, subjects, named_fields)
        return replace(matched, remarks=remarks)

    def choose_polarity_engine(
        self, db: Database, parameters: MonthsParameters
    ) -> MonthsParameters:
        """Prefer the engine `news` for archives of English news: readers agree with it more."""
        if "polarity" not in parameters.steps:
            return parameters
        if not are_english_news(db, parameters.sources, parameters.outlets):
            return parameters

        return parameters.model_copy(update={"polarity": "news"})

    async def load_data(
        self, db: Database, claim: Claim, scope: DocumentScope, parameters: MonthsParameters
    ) -> MonthData:
        """Return the month of *scope*."""
        results = StoredResults(db, claim.job_id, parameters.text)
        month_data = _month_data(db, scope, parameters, results)
        if parameters.coding_network is not None:
            month_data.read_network = partial(read_coding_network, db, parameters.coding_network)

        return month_data

    def plan_stored(
        self,
        db: Database,
        job: NewJob,
        parameters: MonthsParameters,
        *,
        settings: Settings,
        results: ResultReader,
    ) -> PlannedJob:
        """Return the stored documents of a period, and the archives that would be called for it."""
        scope = job.scope
        source_calls = []
        with db.read() as connection:
            is_stored = has_documents(connection, scope.of_all_kinds)
            documents = count_documents(connection, scope) if is_stored else 0
            for source in self.archives(parameters) if scope.newest_document is None else ():
                if source.archive is not None and source.fetches_months(settings):
                    for month in _months_begun(job, parameters):
                        stored_month = read_stored_month(connection, source, month)
                        if stored_month.is_to_be_fetched(source.archive, time.time()):
                            source_calls.append((source, source.archive.operation))

        if not is_stored:
            return PlannedJob(documents, None, source_calls)

        return PlannedJob(documents, _month_data(db, scope, parameters, results), source_calls)

    def describe_plan(
        self,
        parameters: MonthsParameters,
        settings: Settings,  # noqa: ARG002 - archives cost nothing
        asked: Mapping[Source, int],
        jobs_without_data: int,
    ) -> list[str]:
        """Return remarks on names not looked for, on months without documents or to be fetched."""
        remarks = [keyword.lone_star for keyword in parameters.keywords if keyword.lone_star]
        if len(parameters.sources) > 1:
            order = ", ".join(parameters.sources)
            remarks.append(f"a story that several of {order} hold counts once, as the first has it")

        if jobs_without_data:
            sources = self.archives(parameters)
            keys = [source.key_variable for source in sources if source.key_variable]
            advice = f", or set {' or '.join(keys)}" if keys else ""
            empty = quantity(jobs_without_data, self.job_noun)
            remarks.append(f"{empty} without documents will end as no-data: import them{advice}")

        if asked:
            by_page = [s for s in asked if s.archive is not None and s.archive.pages is not None]
            texts = "each page found is a call more; " if by_page else ""
            remarks.append(
                f"to be fetched first: {quantity(sum(asked.values()), 'month')}; "
                f"{texts}what is asked of their texts is not counted"
            )

        return remarks

    def find_news(
        self,
        connection: Connection,
        settings: Settings,
        parameters: MonthsParameters,
        jobs: Sequence[Row[Any]],
        *,
        seen: int,
        now: float,
    ) -> News:
        """Return the jobs that may have new documents, and the periods that have begun since.

        The run is extended to the present if its months can be fetched, else to the newest
        document.
        """
        newest = newest_by_day(connection, parameters.sources, seen)
        fetched: list[tuple[Source, Archive]] = []
        for source in self.archives(parameters):
            archive = source.archive
            if archive is not None and archive.grows and source.fetches_months(settings):
                fetched.append((source, archive))

        present = grains.period_of(datetime.fromtimestamp(now, UTC).date(), self.grain)
        due = []
        for job in jobs:
            documents = (newest[day] for day in newest if job.first_day <= day <= job.last_day)
            has_news = max(documents, default=0) > (job.newest_document or 0)
            # A clock that was ahead may have added periods that have not begun.
            for source, archive in fetched if job.name <= present else ():
                for month in DocumentScope.of_job(job, {}).months:
                    stored_month = read_stored_month(connection, source, month)
                    has_news = has_news or stored_month.is_to_be_fetched(archive, now)

            if has_news:
                due.append(job.id)

        begun = [grains.period_of(day, self.grain) for day in newest]
        last = present if fetched else max(filter(present.__ge__, begun), default="")
        added = grains.list_periods(parameters.last, last)[1:] if last > parameters.last else []
        return News(due, added, {"last": added[-1]} if added else {})


def _month_data(
    db: Database, scope: DocumentScope, parameters: MonthsParameters, results: ResultReader
) -> MonthData:
    return MonthData(
        db,
        scope,
        parameters.keywords,
        parameters,
        results,
        mask_keyword=parameters.mask_keyword,
        read_codebook=codebook_reader(db, parameters),
    )


def _months_begun(job: NewJob, parameters: MonthsParameters) -> list[str]:
    """Return the months that no earlier job of the run reads: each is fetched once."""
    months = job.scope.months
    begun = max(grains.first_day(parameters.first), grains.first_day(months[0]))
    return months if job.scope.days is not None and begun in job.scope.days else months[1:]
