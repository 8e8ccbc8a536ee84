"""Newspaper pages of the Library of Congress, month by month, at its limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import func, select

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import State
from core.settings import Settings
from models.database import clock
from models.jobs import remark_on_step
from models.tables import Call, Document, Job, Origin
from producers.plan import plan_run
from reports.data.run_data import load_run
from reports.data.tables.coverage import read_coverage
from tests.e2e_kit import Stub
from tests.feeds_kit import service
from tests.jobs_kit import Jobs
from tests.loc_kit import Library
from textapi.messages import Engine


def months(first: str, last: str) -> MonthsParameters:
    keywords = (Keyword.parse("harbour"),)
    return MonthsParameters(
        first=first, last=last, keywords=keywords, sources=("loc",), steps=("keywords",)
    )


@contextmanager
def asking(settings: Settings, library: Library, slice_seconds: float = 30.0) -> Iterator[Jobs]:
    changed = {"loc_limits": "1000/s", "slice_seconds": slice_seconds}
    with service(library) as url:
        addresses = {"loc_url": url, "loc_text_url": url, "loc_query": "location_state=ohio"}
        with closing(Jobs(settings.model_copy(update=changed | addresses))) as jobs:
            yield jobs


def test_a_month_is_searched_page_by_page_and_each_text_is_read_once(
    stub_settings: Settings, stub: Stub
) -> None:
    library, engine = Library(230), Engine(stub.url.removeprefix("http://"))
    with asking(stub_settings, library) as jobs:
        parameters = months("1900-02", "1900-02")
        plan = plan_run(jobs.db, parameters, (), engine=engine, settings=jobs.settings)
        assert any("1 month; each page found is a call more" in text for text in plan.remarks)
        row = jobs.do(parameters)
        assert row.state == State.DONE
        with jobs.db.read() as connection:
            columns = (Document.identity, Document.address, Document.text, Document.published_at)
            documents = select(*columns, Origin.outlet, Origin.section, Origin.language)
            joined = documents.join(Origin, Origin.id == Document.origin_id)
            first, *others = connection.execute(joined.order_by(Document.id)).all()
            counts = select(Call.operation, func.sum(Call.calls)).where(Call.service == "loc")
            calls = {row[0]: row[1] for row in connection.execute(counts.group_by(Call.operation))}

        assert len(others) == 229
        assert first.identity == "loc:sn80000000/1900-02-01/ed-1/1"
        assert first.address == "https://www.loc.gov/resource/sn80000000/1900-02-01/ed-1/?sp=1"
        assert first.text.startswith("The storm broke the harbour wall.")
        assert first.published_at.isoformat() == "1900-02-01T00:00:00"
        assert first.outlet == "Lorn herald (Lorn, Ohio)"
        assert (first.section, first.language) == ("front page", "english")
        assert calls == {"search": 3, "text": 230}
        assert set(library.asked.values()) == {1}
        assert library.queries[0] == {
            "location_state": "ohio", "dl": "page", "fo": "json", "at": "results,pagination",
            "start_date": "1900-02-01", "end_date": "1900-02-28", "c": "100", "sp": "1",
        }  # fmt: skip

        # The month is complete: it is not asked again.
        jobs.do(parameters)
        assert sum(library.asked.values()) == 233


def test_a_month_goes_on_where_its_slice_ended(stub_settings: Settings) -> None:
    library = Library(12)
    with asking(stub_settings, library, slice_seconds=0.01) as jobs:
        run = jobs.submit(months("1900-02", "1900-02"))
        slices = 0
        while jobs.row(run).state != State.DONE:
            jobs.slice(run)
            slices += 1

        assert slices > 3
        assert set(library.asked.values()) == {1}
        assert sum(library.asked.values()) == 13


def test_who_asks_too_often_is_left_alone_for_five_minutes(stub_settings: Settings) -> None:
    library = Library(2)
    library.refuse["text"] = 1
    with asking(stub_settings, library) as jobs:
        run = jobs.submit(months("1900-02", "1900-02"))
        row = jobs.slice(run)
        assert row.state == State.WAITING
        assert "the limit of calls (20 a minute) is reached" in row.reason
        with jobs.db.read() as connection:
            now = connection.scalar(select(clock()))
            due = connection.scalar(select(Job.due_at).where(Job.id == row.id))

        assert 290 < float(due or 0) - float(now or 0) <= 301
        assert sum(library.asked.values()) == 1


def test_months_outside_of_the_collection_are_refused_without_a_call(
    stub_settings: Settings,
) -> None:
    library = Library(2)
    with asking(stub_settings, library) as jobs:
        row = jobs.do(months("1964-01", "1964-01"))
        assert (row.state, row.result) == (State.DONE, "no-data")
        assert "it goes from 1756-10 to 1963-12" in row.reason
        assert not library.asked


def test_a_month_says_what_its_wrong_letters_cost(stub_settings: Settings) -> None:
    with asking(stub_settings, Library(60, wrong_letters=0.1)) as jobs:
        run = jobs.submit(months("1900-02", "1900-02"))
        jobs.to_its_end(run)
        with jobs.db.read() as connection:
            remark = remark_on_step(connection, jobs.row(run).id, "documents")

        assert remark is not None
        assert remark.startswith("read by machine: ")
        documents, *others = read_coverage(load_run(jobs.db, run))
        share = documents.dictionary_share
        assert share is not None
        assert 0 < share < 0.9
        assert f"{100 * share:.0f} % of the words of four letters and more" in remark
        assert {row.dictionary_share for row in others} == {None}
