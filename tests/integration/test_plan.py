"""What `tidings plan` says before anything is asked, and that it is what is asked then."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import insert

from analysis.data import MonthData
from analysis.fetcher import Fetcher
from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.kinds.searches import SearchParameters
from analysis.options import Keyword, TextOptions
from analysis.step import Step, StepResult
from core.ratelimit.notation import parse_limits
from core.settings import Settings
from models.database import Database, clock
from models.documents import DocumentScope, add_documents, days_of_month
from models.tables import Crawl, Phrase
from producers.dry_run import DryRunFetcher, ResultBuffer, run_dry
from producers.forecast import time_at_limits
from producers.plan import plan_run
from tests.databases import on_sqlite
from tests.e2e_kit import Stub
from tests.integration.test_fetching import stored_post
from tests.jobs_kit import Jobs
from textapi.messages import Engine

CENTURY = MonthsParameters(first="1851-01", last="2025-12", keywords=(Keyword.parse("tide"),))
DECADE = CENTURY.model_copy(update={"first": "2016-01"})
POSTS = [
    stored_post(number, text=f"The tide is in again, says harbour master {number % 7} of the NASA.")
    | {"repost": number % 5 == 0}
    for number in range(40)
]


@pytest.mark.parametrize(
    ("limits", "calls", "expected"),
    [
        ("", 100, (0.0, None)),
        ("10/s", 0, (0.0, None)),
        ("10/s,50000/d", 100, (10.0, "10/s")),
        ("10/s,50000/d", 50_100, (86400.0 + 10.0, "50000/d")),
        ("5/min,500/d", 2100, (4 * 86400 + 19 * 60.0, "500/d")),
        ("5/min,500/d", 400, (79 * 60.0, "5/min")),
        ("5/min,500/d", 5, (0.0, None)),
    ],
)
def test_the_slowest_window_says_how_long_it_takes(
    limits: str, calls: int, expected: tuple[float, str | None]
) -> None:
    seconds, limit = time_at_limits(parse_limits(limits), calls)
    assert (pytest.approx(seconds), limit) == expected


@on_sqlite
def test_a_whole_archive_to_be_fetched_takes_days_and_the_day_limit_says_so(db: Database) -> None:
    plan = plan_run(db, CENTURY, (), engine=Engine("tidings/1"), settings=Settings(nyt_key="k"))
    assert (plan.documents, plan.calls_to_make, plan.by_operation) == (0, 2100, {"archive": 2100})
    assert (plan.binding_service, plan.binding_limit) == ("nyt", "500/d")
    assert plan.seconds == 4 * 86400 + 19 * 60  # over on the fifth day
    assert plan.ends_at is not None
    assert not plan.exact
    assert plan.remarks == [
        "to be fetched first: 2,100 months; what is asked of their texts is not counted"
    ]


def test_one_month_is_no_plural(db: Database) -> None:
    month = CENTURY.model_copy(update={"last": CENTURY.first})
    plan = plan_run(db, month, (), engine=Engine("tidings/1"), settings=Settings())
    (remark,) = plan.remarks
    assert remark.startswith("1 month without documents will end as no-data: ")


def test_a_sentence_that_two_months_have_is_planned_once(db: Database) -> None:
    add_documents(
        db,
        [
            stored_post(month, text=f"The tide is in. It is month {month}.")
            | {
                "identity": f"nyt:{month}",
                "source": "nyt",
                "handle": None,
                "period": f"2020-0{month}",
                "published_at": datetime(2020, month, 3),  # noqa: DTZ001 - as it is stored
            }
            for month in (1, 2)
        ],
    )
    months = MonthsParameters(first="2020-01", last="2020-02", keywords=CENTURY.keywords)
    plan = plan_run(db, months, (), engine=Engine("tidings/1"), settings=Settings())
    assert plan.by_operation == {
        "sentences_with_keywords": 2,
        "polarity_by_sentence": 1,
        "most_common_phrases": 2,
        "ner": 2,
    }


def test_a_month_that_was_fetched_is_not_fetched_again(db: Database) -> None:
    with db.write() as connection:
        connection.execute(
            insert(Crawl).values(
                source="nyt", subject="1900-01", state="complete", documents=0, at=clock()
            )
        )

    one = CENTURY.model_copy(update={"first": "1900-01", "last": "1900-02"})
    assert plan_run(
        db, one, (), engine=Engine("tidings/1"), settings=Settings(nyt_key="k")
    ).by_operation == {"archive": 1}


@on_sqlite
def test_without_a_key_months_without_documents_are_named_and_nothing_is_asked(
    db: Database,
) -> None:
    plan = plan_run(db, DECADE, (), engine=Engine("tidings/1"), settings=Settings())
    assert (plan.calls_needed, plan.binding_limit, plan.ends_at) == (0, None, None)
    assert plan.remarks == [
        "120 months without documents will end as no-data: import them, or set TIDINGS_NYT_KEY"
    ]


@on_sqlite
def test_a_plan_says_how_many_of_its_months_are_through(db: Database) -> None:
    progress: list[tuple[int, int]] = []
    plan_run(
        *(db, DECADE, ()),
        engine=Engine("tidings/1"),
        settings=Settings(),
        on_progress=lambda done, jobs: progress.append((done, jobs)),
    )
    assert progress == [(done, 120) for done in range(121)]


def by_operation(jobs: Jobs, parameters: Any, *names: str) -> dict[str, int]:
    engine = Engine(str(jobs.settings.textapi_url).removeprefix("http://"))
    found = plan_run(jobs.db, parameters, names, engine=engine, settings=jobs.settings)
    return {operation: calls for operation, calls in found.by_operation.items() if calls}


@pytest.mark.parametrize(
    ("parameters", "name"),
    [(AccountsParameters(text_size=300), "bob"), (SearchParameters(text_size=300), "tide")],
)
def test_an_account_and_a_search_are_asked_just_what_was_planned(
    jobs: Jobs,
    stub: Stub,
    parameters: Any,
    name: str,
) -> None:
    add_documents(jobs.db, POSTS)
    planned = by_operation(jobs, parameters, name)
    assert sum(planned.values()) >= 10
    assert stub.counts()["calls"] == 0
    jobs.do(parameters, name)
    assert stub.counts()["operations"] == planned
    assert by_operation(jobs, parameters, name) == {}


def test_what_services_are_asked_is_a_call_at_least_for_each_and_a_price_where_posts_cost(
    db: Database,
) -> None:
    stub_settings = Settings(x_bearer="t", x_price_per_post=0.005)  # type: ignore[arg-type]
    plan = plan_run(
        db,
        AccountsParameters(limit=100),
        ("@nasa", "@esa", "@ann.example"),
        engine=Engine("tidings/1"),
        settings=stub_settings,
    )
    assert plan.by_operation == {"getAuthorFeed": 1, "posts": 2}
    assert not plan.exact
    assert plan.remarks == [
        "x is asked for 2, a call at least for each: what is new is not counted",
        "bluesky is asked for 1, a call at least for each: what is new is not counted",
        "x: at most 200 posts, for 1.00",
    ]


def test_a_step_reads_in_a_dry_run_what_another_would_store(db: Database) -> None:
    read: list[Any] = []

    async def find(_data: MonthData, _fetcher: Fetcher) -> StepResult:
        return StepResult(1, {Phrase: [{"keyword": "tide", "rank": 1, "phrase": "high tide"}]})

    async def read_rows(data: MonthData, _fetcher: Fetcher) -> StepResult:
        read.extend(await data.results.rows(Phrase))
        return StepResult(1, {})

    steps = [
        Step("find", find, tables=(Phrase,), makes_calls=False),
        Step("read", read_rows, tables=(), needs=("find",)),
    ]
    buffer = ResultBuffer(db)
    keywords = (Keyword.parse("tide"),)
    data = MonthData(
        db, DocumentScope(days=days_of_month("2020-01")), keywords, TextOptions(), buffer
    )
    asyncio.run(run_dry({"textapi": DryRunFetcher(db, "tidings/1")}, steps, data, buffer))
    assert [row["phrase"] for row in read] == ["high tide"]
