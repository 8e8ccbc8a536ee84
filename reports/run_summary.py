"""What a report says of its run besides the results: what was asked, of which texts, how far it is, what was left."""

from __future__ import annotations

import hashlib
import shlex
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from analysis import parameters as run_parameters
from core.enums import ENDED, JobKind, State
from models.database import Database
from models.runs import get_run
from models.tables import (
    Crawl,
    Document,
    Epoch,
    Import,
    Job,
    JobStep,
    Mention,
    PostPolarity,
    Report,
    Run,
    RunEngine,
    Training,
)
from reports import results
from reports.queries import fetch, of_job, read_run
from sources.registry import SOURCES
from sources.source import Credit


@dataclass(frozen=True)
class Facts:
    """The run as its report introduces it; times are UTC as people write them."""

    id: int
    name: str | None
    kind: str
    state: str
    reason: str | None
    parameters: run_parameters.Parameters
    mask: bytes | None
    created: str
    ended: str | None
    engines: list[str]  # of the Text API, whose answers the results are made of
    jobs: Counter[str]  # how many are in each state
    sources: dict[str, int]  # documents of each source
    credits: list[Credit]  # of the sources whose texts must be credited
    made_up: bool  # the project's own: every address is one of example.org, or none has one and they are marked
    first: str | None  # day of the oldest document
    last: str | None
    imports: list[Any]  # rows of `Import`, of these sources
    calls: list[results.CallRow]

    @property
    def running(self) -> bool:
        """Whether more may come."""
        return self.state not in ENDED

    @property
    def documents(self) -> int:
        """How many documents the run looks at; one that belongs to two searches counts twice."""
        return sum(self.sources.values())


def read(db: Database, run_id: int) -> Facts:
    """The facts of a run. Raises `NotFound`."""
    run = read_run(db, run_id)
    with db.read() as connection:
        row = get_run(connection, run_id)
        engines = list(
            connection.scalars(select(RunEngine.engine).where(RunEngine.run_id == run_id))
        )
        mask = connection.scalar(select(Run.mask).where(Run.id == run_id))
        states = dict(
            connection.execute(
                select(Job.state, func.count())
                .where(Job.run_id == run_id, Job.kind != JobKind.REPORT)
                .group_by(Job.state)
            ).all()
        )
    sources, credited = Counter[str](), Counter[str]()
    example, marked, addressed = 0, 0, 0
    days: list[datetime] = []
    for job in (
        run.jobs if not isinstance(run.parameters, run_parameters.TrainingParameters) else []
    ):
        statement = select(
            Document.source,
            func.count(),
            func.count(Document.address),
            func.sum(case(*_on_credited_sites(), else_=0)),
            func.sum(case((Document.address.like("%://example.org/%"), 1), else_=0)),
            func.sum(case((Document.identity.like("%:made-up-%"), 1), else_=0)),
            func.min(Document.published_at),
            func.max(Document.published_at),
        )
        for source, n, with_address, of_site, of_example, of_marked, first, last in fetch(
            db, statement.where(of_job(run, job)).group_by(Document.source)
        ):
            sources[source] += n
            addressed += with_address
            credited[source] += of_site
            example += of_example
            marked += of_marked
            days += [day for day in (first, last) if day is not None]
    made_up = example + marked > 0 and example == addressed
    imported = fetch(
        db,
        select(Import.path, Import.source, Import.read, Import.added, Import.empty, Import.left_out)
        .where(Import.source.in_(sources))
        .order_by(Import.id),
    )
    return Facts(
        id=run_id,
        name=row.name,
        kind=row.kind,
        state=row.state,
        reason=row.reason,
        parameters=run.parameters,
        mask=mask,
        created=_day(row.created_at),
        ended=_day(row.ended_at) if row.ended_at else None,
        engines=sorted(engines),
        jobs=Counter(states),
        sources=dict(sorted(sources.items())),
        credits=[
            source.credit
            for source in SOURCES
            if source.credit is not None
            and (
                credited[source.name]
                or (sources[source.name] and not addressed and not made_up)  # files may lack them
            )
        ],
        made_up=made_up,
        first=min(days).date().isoformat() if days else None,
        last=max(days).date().isoformat() if days else None,
        imports=list(imported),
        calls=list(results.calls(db, run_id)),
    )


def _on_credited_sites() -> list[tuple[ColumnElement[bool], int]]:
    """Return what holds for documents whose address is on their source's own site."""
    conditions: list[tuple[ColumnElement[bool], int]] = []
    for source in SOURCES:
        if source.credit is not None:
            on_site = Document.address.like(f"%://%{source.credit.site}/%")
            conditions.append(((Document.source == source.name) & on_site, 1))
    return conditions


def fingerprint(db: Database, run_id: int) -> str:
    """Changes whenever anything that the run's report shows has changed; cheap to ask."""
    jobs = select(Job.id).where(Job.run_id == run_id)
    asked_for = (
        select(Run.state, Run.reason, Run.name, Run.ended_at).where(Run.id == run_id),
        select(Job.id, Job.state, Job.reason, Job.ended_at, Job.claims)
        .where(Job.run_id == run_id, Job.kind != JobKind.REPORT)
        .order_by(Job.id),
        select(JobStep.job_id, JobStep.step, JobStep.state, JobStep.documents, JobStep.at)
        .where(JobStep.job_id.in_(jobs))
        .order_by(JobStep.job_id, JobStep.step),
        select(func.count(), func.count(Mention.polarity)).where(Mention.job_id.in_(jobs)),
        select(func.count()).where(PostPolarity.job_id.in_(jobs)),
        select(func.max(Document.id), func.count()).select_from(Document),
        select(func.max(Import.id), func.sum(Import.added)),
        select(func.max(Crawl.at)),
        select(func.count(Training.weights)).where(Training.job_id.in_(jobs)),
        select(Report.stale).where(Report.run_id == run_id),
        select(func.count()).where(Epoch.job_id.in_(jobs)),
        select(RunEngine.engine).where(RunEngine.run_id == run_id).order_by(RunEngine.engine),
    )
    found = [[tuple(row) for row in fetch(db, statement)] for statement in asked_for]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def command(parameters: run_parameters.Parameters, names: list[str]) -> str:
    """``tidings submit …`` as one types it; *names* are a run's handles or search terms."""
    words = ["tidings", "submit"]
    if isinstance(parameters, run_parameters.MonthsParameters):
        words += ["months", f"{parameters.first}..{parameters.last}"]
        for keyword in parameters.keywords:
            others = ",".join(term for term in keyword.terms if term != keyword.name)
            words += ["--keyword", f"{keyword.name}:{others}" if others else keyword.name]
        words += _option("material", parameters.material)
    elif isinstance(parameters, run_parameters.TrainingParameters):
        words += ["training", parameters.network, "--data", parameters.data]
        for name, value in sorted(parameters.options.items()):
            words += _option(name, value)
    else:
        words += [parameters.kind, *names, *_option("source", parameters.source)]
    if isinstance(parameters, run_parameters.TextOptions):
        words += _unusual(parameters)
    return shlex.join(words)


def _unusual(parameters: run_parameters.TextOptions) -> list[str]:
    """The options that are not as they are by default."""
    words: list[str] = []
    for name in ("steps", "phrases", "proportion", "text_size", "max_words", "limit"):
        value = getattr(parameters, name)
        if value != type(parameters).model_fields[name].default:
            words += _option(name, value)
    return words


def _option(name: str, value: Any) -> list[str]:
    if value is None:
        return []
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return [f"--{name.replace('_', '-')}", text]


def states_in_words(jobs: Counter[str]) -> str:
    """How many jobs are in each state: "22 done, 1 failed, 1 waiting"."""
    return ", ".join(f"{jobs[state]} {state.value}" for state in State if jobs[state])


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
