"""What a kind of run is: one object holds everything in which kinds differ."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from sqlalchemy import Connection, Row

from analysis.data import MonthData, PostData, ResultReader
from analysis.frozen_model import FrozenModel
from analysis.kinds.coding import match_coder
from analysis.languages import settle_languages
from analysis.options import Keyword, TextOptions, declared_option, list_fields
from analysis.step import Pipeline
from core.enums import QUEUE_TEXT, Grain
from models.database import Database
from models.documents import DocumentScope
from models.jobs import Claim
from models.runs import NewJob
from sources.source import PostReader, Source

if TYPE_CHECKING:
    from core.settings import Settings

P = TypeVar("P", bound=FrozenModel)
TextP = TypeVar("TextP", bound=TextOptions)


@dataclass(frozen=True)
class Argument:
    """The argument of ``tidings submit KIND``; several texts if *is_list*.

    If *reads_input*, a dash stands for the lines of standard input.
    """

    name: str
    metavar: str
    help: str
    is_list: bool = True
    reads_input: bool = False


@dataclass(frozen=True)
class CrawlTarget:
    """The account, term or feed that a job reads, and the source that has it."""

    source: Source
    reader: PostReader
    subject: str

    # The outlet as the user calls it.
    outlet: str | None = None


@dataclass(frozen=True)
class Matched(Generic[P]):
    """Parameters and names as the stored documents spell them, and what the user should know."""

    parameters: P
    names: Sequence[str]
    remarks: Sequence[str] = ()


@dataclass(frozen=True)
class PlannedJob:
    """What a job would work on; *data* is None if nothing is stored.

    *source_calls* are the sources that would be called, each with the operation.
    """

    documents: int
    data: MonthData | PostData | None
    source_calls: Sequence[tuple[Source, str]] = ()


@dataclass(frozen=True)
class News:
    """What a watched run has to do: jobs that are due again, and the names of new jobs.

    *parameters* are those of the run that change with it.
    """

    due: Sequence[int] = ()
    added: Sequence[str] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)


class Kind(ABC, Generic[P]):
    """A kind of run. Workers, the command line, plans, watches and reports find it by its name.

    Its jobs are messages for the Celery task *job_kind*, its *report* is one of `reports.kinds`. A
    time slice takes along up to *companions* queued jobs of the same run.
    """

    name: ClassVar[str]
    job_kind: ClassVar[str]
    report: ClassVar[str]
    job_noun: ClassVar[str]
    job_nouns: ClassVar[str]
    description: ClassVar[str]
    parameters: type[P]
    queue: ClassVar[str]
    pipeline: ClassVar[Pipeline] = Pipeline(())
    companions: ClassVar[int] = 0

    # Whether its jobs work on documents, step by step: it is a `DocumentKind` then.
    has_documents: ClassVar[bool] = False

    # Whether its results are of mentions of keywords; else they are of whole documents.
    has_mentions: ClassVar[bool] = False

    # Whether its results are networks.
    has_networks: ClassVar[bool] = False

    # The grain of the periods that its report lists: of its jobs, where these are periods.
    grain: ClassVar[Grain] = Grain.MONTH

    # What one of its documents is called.
    document_noun: ClassVar[str] = "document"

    # Whether texts repeat each other that share no more than a fixed head or tail.
    has_families: ClassVar[bool] = True

    def read_parameters(self, stored: Mapping[str, Any]) -> P:
        """Return the parameters that `Run.parameters` holds. Raises ValueError for other ones."""
        if stored.get("kind") != self.name:
            raise ValueError(f"the parameters are not those of a run of {self.name}")

        fields = dict(stored)
        # Earlier versions could ask about some texts at once before they asked by batches.
        if fields.pop("batch_after", None) is not None:
            fields["batch"] = True

        return self.parameters.model_validate(fields)

    def keywords(self, parameters: P) -> tuple[Keyword, ...]:  # noqa: ARG002 - months have some
        """Return the keywords that are looked for."""
        return ()

    def is_job_name(self, name: str) -> bool:  # noqa: ARG002 - kinds differ in what they allow
        """Return whether a job can be called so."""
        return True

    def new_jobs(self, parameters: P, subjects: Sequence[str]) -> list[NewJob]:
        """Return the jobs of a run over *subjects*, each name once."""
        job_names = dict.fromkeys(self.job_names(parameters, subjects))
        return [self.new_job(job_name, parameters, {}) for job_name in job_names]

    def new_job(self, job_name: str, parameters: P, options: Mapping[str, Any]) -> NewJob:
        """Return a job with its scope, which its columns hold from then on."""
        scope = self.scope(job_name, parameters)
        return NewJob(self.job_kind, job_name, options, self.queue, scope)

    def scope(self, job_name: str, parameters: P) -> DocumentScope:  # noqa: ARG002
        """Return which documents a job works on: those of some days, or of a handle.

        Those of a job with neither are linked to it.
        """
        return DocumentScope.of_run(vars(parameters))

    def job_title(self, job_name: str, options: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return what readers call a job, by its name and its stored *options*."""
        return job_name

    @abstractmethod
    def job_names(self, parameters: P, subjects: Sequence[str]) -> Sequence[str]:
        """Return the natural names of a run's jobs."""

    def subject(self, job_name: str) -> str:
        """Return what a job is about, as a source knows it."""
        return job_name

    def command_words(self, parameters: P, job_names: Sequence[str]) -> list[str]:
        """Return the words after ``tidings submit`` for such a run, without the defaults."""
        command = [self.name, *self.argument_words(parameters, job_names)]
        for field_name, field_info in list_fields(self.parameters):
            declared = declared_option(field_info)
            option_value = getattr(parameters, field_name)
            if field_name == "coder":
                option_value = getattr(parameters, "coders_as_written", option_value)
            if field_info.annotation is Grain:
                grain = None if option_value == field_info.default else option_value
                chosen = filter(None, (grain, getattr(parameters, "grouping", None)))
                if series := ",".join(chosen):
                    command += ["--by", series]
            elif declared is not None and option_value != field_info.default:
                command += declared.words(field_name, option_value)

        return command

    def argument_words(
        self,
        parameters: P,  # noqa: ARG002
        job_names: Sequence[str],
    ) -> list[str]:
        """Return the words for the argument, and for fields that declare no option."""
        return list(job_names)


class DocumentKind(Kind[TextP]):
    """A kind of run whose jobs work on documents, step by step.

    The documents of a job are those of a month or an account. If neither tells them, the kind
    defines `find_stored`; what it finds is linked to the job.
    """

    argument: ClassVar[Argument]

    # What a plan says of calls that it estimates by our own engine, where another one is asked.
    estimates: ClassVar[str]
    queue = QUEUE_TEXT
    has_documents = True

    @abstractmethod
    def read_argument(self, texts: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """Return the parameters and the names of subjects in the argument of a command.

        Raises `UsageError`.
        """

    def archives(self, parameters: TextP) -> tuple[Source, ...]:  # noqa: ARG002
        """Return the archives whose month is read for a job; none for a kind over posts."""
        return ()

    def crawl_target(
        self,
        job_name: str,  # noqa: ARG002 - kinds differ in what they ask
        parameters: TextP,  # noqa: ARG002
        settings: Settings,  # noqa: ARG002
    ) -> CrawlTarget | None:
        """Return what is read from a service; None if only stored documents are used."""
        return None

    def find_stored(
        self,
        connection: Connection,  # noqa: ARG002
        job_name: str,  # noqa: ARG002
        parameters: TextP,  # noqa: ARG002
        after: int,  # noqa: ARG002
    ) -> tuple[int | None, list[int]]:
        """Search the next stored documents, with ids above *after*, for documents of the job.

        Return the last id that was examined (None at the end), and the ids of the job's documents.
        A kind whose documents a month or an account tells does not define it.
        """
        return None, []

    def found_by_services(
        self,
        connection: Connection,  # noqa: ARG002
        job_name: str,  # noqa: ARG002
        parameters: TextP,  # noqa: ARG002
    ) -> list[int]:
        """Return the stored documents that services found for jobs of this name.

        They are linked besides those of `find_stored`, since a service has rules of its own.
        """
        return []

    def describe_documents(
        self,
        connection: Connection,  # noqa: ARG002 - feeds say more
        job_id: int,  # noqa: ARG002
    ) -> str | None:
        """Return what readers should know of the documents that are linked to a job."""
        return None

    def match_stored(
        self,
        db: Database,
        settings: Settings,
        parameters: TextP,
        subjects: Sequence[str],
        named_fields: Collection[str],  # noqa: ARG002 - kinds differ in what they look up
    ) -> Matched[TextP]:
        """Return parameters and subjects as the stored documents spell them.

        The parameters have the hash of their codebook. *named_fields* are those that the user has
        named. Raises `UsageError`.
        """
        matched = match_coder(
            db,
            settings,
            self.name,
            self.pipeline,
            parameters,
            keyword_names=[entry.name for entry in self.keywords(parameters)],
        )
        return Matched(matched, subjects)

    @abstractmethod
    async def load_data(
        self, db: Database, claim: Claim, scope: DocumentScope, parameters: TextP
    ) -> MonthData | PostData:
        """Return what the steps of the claimed job work on, the documents of *scope*."""

    def plan_job(
        self,
        db: Database,
        job: NewJob,
        parameters: TextP,
        *,
        settings: Settings,
        results: ResultReader,
    ) -> PlannedJob:
        """Return what a job would work on: the stored documents of its scope."""
        if not job.scope.is_linked:
            settle_languages(db, job.scope)

        return self.plan_stored(db, job, parameters, settings=settings, results=results)

    @abstractmethod
    def plan_stored(
        self,
        db: Database,
        job: NewJob,
        parameters: TextP,
        *,
        settings: Settings,
        results: ResultReader,
    ) -> PlannedJob:
        """Return what a job would work on, whose documents have their languages."""

    @abstractmethod
    def describe_plan(
        self,
        parameters: TextP,
        settings: Settings,
        asked: Mapping[Source, int],
        jobs_without_data: int,
    ) -> list[str]:
        """Return remarks on a plan: on sources that are called, and on jobs without documents."""

    @abstractmethod
    def find_news(
        self,
        connection: Connection,
        settings: Settings,
        parameters: TextP,
        jobs: Sequence[Row[Any]],
        *,
        seen: int,
        now: float,
    ) -> News:
        """Return what is new for a watched run whose *jobs* have ended.

        Earlier checks have seen the documents with an id up to *seen*.
        """
