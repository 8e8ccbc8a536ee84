"""Sites on loopback that have feeds, and looks at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from aiohttp import web
from sqlalchemy import select

from analysis.kinds.feeds import FeedsParameters
from core.enums import State
from core.settings import Settings
from models.tables import Document, JobDocument
from tests.feeds_kit import service
from tests.jobs_kit import Jobs

NO_STEPS = FeedsParameters(steps=())
Answer = Callable[[web.Request], web.StreamResponse]


class Site:
    """Answers by path, and the requests that it had."""

    def __init__(self, **answers: str | bytes | Answer) -> None:
        self.answers: dict[str, str | bytes | Answer] = answers
        self.requests: list[web.Request] = []
        self.url = ""

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        answer = self.answers.get(request.path.strip("/").replace("/", "_").replace(".", "_"))
        if answer is None:
            return web.Response(status=404)
        if callable(answer):
            return answer(request)

        body = answer if isinstance(answer, bytes) else answer.encode()
        return web.Response(body=body, content_type="application/xml")

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


@contextmanager
def looking(
    settings: Settings, limits: str = "1000/s", **answers: str | bytes | Answer
) -> Iterator[tuple[Jobs, Site]]:
    site = Site(**answers)
    quick = settings.model_copy(update={"feeds_limits": limits})
    with service(site) as url, closing(Jobs(quick)) as jobs:
        site.url = url
        yield jobs, site


def look(jobs: Jobs, site: Site, *paths: str) -> list[Any]:
    """Look once at each of the feeds; return their jobs."""
    run = jobs.submit(NO_STEPS, *(f"{site.url}/{path}" for path in paths))
    jobs.do_all(run)
    rows = jobs.rows(run)
    assert {row.state for row in rows} == {State.DONE}
    return rows


def texts(jobs: Jobs, job: int | None = None) -> list[str]:
    documents = select(Document.text).order_by(Document.id)
    if job is not None:
        documents = documents.join(JobDocument).where(JobDocument.job_id == job)
    with jobs.db.read() as connection:
        return list(connection.scalars(documents))
