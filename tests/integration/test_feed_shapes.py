"""What is read of feeds in the shapes that the wild has."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

import pytest
from aiohttp import web
from sqlalchemy import select

from analysis.kinds.feeds import FeedsParameters
from core.enums import State, TextPart
from core.settings import Settings
from models.documents import quoted_text
from models.tables import Document, Job, JobDocument, Origin
from tests.feed_shapes import SHAPES
from tests.feeds_kit import service
from tests.jobs_kit import Jobs

NO_STEPS = FeedsParameters(steps=())


def stories_by_feed(jobs: Jobs) -> dict[str, list[tuple[str, str | None, datetime, str]]]:
    columns = (Job.name, quoted_text(TextPart.HEADLINE), Document.address, Document.published_at)
    documents = select(*columns, Origin.outlet).join(JobDocument, JobDocument.job_id == Job.id)
    documents = documents.join(Document, Document.id == JobDocument.document_id)
    stories: dict[str, list[tuple[str, str | None, datetime, str]]] = {}
    with jobs.db.read() as connection:
        for row in connection.execute(documents.join(Origin, Origin.id == Document.origin_id)):
            stories.setdefault(row[0], []).append(tuple(row[1:]))  # type: ignore[arg-type]

    return stories


@pytest.mark.thorough
def test_each_of_forty_feeds_is_read_as_people_read_it(settings: Settings) -> None:
    assert len(SHAPES) >= 40
    shapes = {f"/{number}/feed": shape for number, shape in enumerate(SHAPES)}

    async def answer(request: web.Request) -> web.StreamResponse:
        shape = shapes[request.path]
        # Addresses are relative, so that each feed has stories of its own.
        body = shape.body.replace(b"/a", f"/{request.path[1:-5]}/a".encode())
        if shape.body.startswith((b"\x1f\x8b", b"\xff\xfe")):
            body = shape.body
        return web.Response(body=body, headers={"Content-Type": shape.content_type})

    began = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    quick = settings.model_copy(update={"feeds_limits": "1000/s"})
    with service(answer) as url, closing(Jobs(quick)) as jobs:
        run = jobs.submit(NO_STEPS, *(url + path for path in shapes))
        jobs.do_all(run)
        rows = {row.name.removeprefix(url): row for row in jobs.rows(run)}
        stored = {name.removeprefix(url): found for name, found in stories_by_feed(jobs).items()}

    assert {row.state for row in rows.values()} == {State.DONE}
    for path, shape in shapes.items():
        assert shape.remark in (rows[path].reason or "")
        found = stored.get(path, [])
        assert [story[0] for story in found] == [story[0] for story in shape.stories], shape.name
        for (_, address, time, outlet), (_, link, expected) in zip(
            found, shape.stories, strict=True
        ):
            expected_address = link and urljoin(url, link.replace("/a", f"{path[:-5]}/a"))
            assert address in (expected_address, link and urljoin(url, link)), shape.name
            assert outlet == shape.outlet, shape.name
            if expected is None:
                assert timedelta(0) <= time - began < timedelta(minutes=1), shape.name
                assert "1 without a date" in rows[path].reason
            else:
                assert time == datetime.fromisoformat(expected), shape.name
