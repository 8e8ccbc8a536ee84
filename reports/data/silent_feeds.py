"""The feeds of a run of months that had fallen silent when they were looked at last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, func, select

from analysis.kinds import kind_named
from analysis.kinds.feeds import Feeds
from analysis.silence import describe_silence
from models.tables import Crawl, Document, Job, JobDocument, Origin
from reports.data.queries import fetch_all, fetch_scalars
from reports.data.run_data import RunData
from sources.registry import FEEDS_SOURCE

# The rhythm of a feed is that of its newest stories.
_MOST_STORIES = 5000


@dataclass(frozen=True, slots=True)
class SilentFeed:
    """A feed by the name of its outlet, else its address, and since when it is silent."""

    title: str
    description: str


def read_silent_feeds(run: RunData) -> list[SilentFeed]:
    """Return the feeds that had fallen silent by the run's last day, or by the last look at them.

    They are those of the run's sources and outlets, by their titles.
    """
    return sorted(_find_silent_feeds(run), key=lambda feed: feed.title)


def _find_silent_feeds(run: RunData) -> Iterator[SilentFeed]:
    last_days = [job.last_day for job in run.jobs if job.last_day is not None]
    if not last_days:
        return

    end = datetime.combine(max(last_days), time(), UTC) + timedelta(days=1)
    looks = select(Crawl.subject, Crawl.at).where(Crawl.source == FEEDS_SOURCE.name)
    for address, looked_at in fetch_all(run.db, looks.order_by(Crawl.subject)):
        now = min(datetime.fromtimestamp(looked_at, UTC), end)
        described = describe_silence(_read_times(run, address, now), now)
        if described is not None:
            newest_job = (
                select(Job.options).where(_is_of_feed(address)).order_by(Job.id.desc()).limit(1)
            )
            (options,) = fetch_scalars(run.db, newest_job)
            title = kind_named(Feeds.name).job_title(address, options)
            yield SilentFeed(title, described)


def _is_of_feed(address: str) -> ColumnElement[bool]:
    """Return the condition on the jobs that look at a feed."""
    return and_(Job.kind == Feeds.job_kind, Job.name == address)


def _read_times(run: RunData, address: str, now: datetime) -> list[datetime]:
    """Return the times of the stories before *now* that looks at a feed found."""
    parameters = run.month_parameters
    statement = (
        select(Document.published_at)
        .join(JobDocument, JobDocument.document_id == Document.id)
        .join(Job, Job.id == JobDocument.job_id)
        .where(_is_of_feed(address))
        .where(Document.source.in_(parameters.sources))
        .where(Document.published_at < now.replace(tzinfo=None))
    )
    if parameters.outlets:
        names = [outlet.casefold() for outlet in parameters.outlets]
        of_outlet = statement.join(Origin, Origin.id == Document.origin_id)
        statement = of_outlet.where(func.lower(Origin.outlet).in_(names))

    newest = statement.distinct().order_by(Document.published_at.desc()).limit(_MOST_STORIES)
    return [at.replace(tzinfo=UTC) for at in fetch_scalars(run.db, newest)]
