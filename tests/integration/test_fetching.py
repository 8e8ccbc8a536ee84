"""Months, accounts and searches that jobs on a real database read from replayed services."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import func, select, update

from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.kinds.searches import SearchParameters
from analysis.options import Keyword
from core.enums import DOCUMENTS, State
from core.settings import Settings
from models.crawls import COMPLETE, OPEN, Crawled, read_crawl
from models.documents import add_documents, insert_documents
from models.run_transitions import cancel_run
from models.runs import get_run
from models.tables import Call, Crawl, Document, Import, Job, JobDocument, JobStep
from producers.plan import plan_run
from tests.contract.replay import SUBJECTS, Scripted
from tests.feeds_kit import PAGES, Account, service
from tests.jobs_kit import Jobs
from textapi.messages import Engine
from workers import fetching

ANN, ANN_THERE = "ann.example", "ann@home.example"
ACCOUNTS = AccountsParameters(steps=())
MONTHS = MonthsParameters(
    first="2020-01", last="2020-01", keywords=(Keyword.parse("tide"),), steps=()
)


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Any, _sqlite_template: Any) -> str:
    """These are about services; what differs between databases has its tests."""
    path = tmp_path / "tidings.db"
    path.write_bytes(_sqlite_template.read_bytes())
    return f"{request.param}:///{path}"


class Read(Jobs):
    """The jobs of one database, and the calls that they made."""

    def identities(self) -> list[str]:
        with self.db.read() as connection:
            return list(connection.scalars(select(Document.identity)))

    def calls(self, service: str) -> int:
        with self.db.read() as connection:
            return (
                connection.scalar(select(func.sum(Call.calls)).where(Call.service == service)) or 0
            )

    def crawl(self, source: str, subject: str) -> Crawled:
        with self.db.read() as connection:
            found = read_crawl(connection, source, subject)
        assert found is not None
        return found


@contextmanager
def jobs_asking(settings: Settings, **given: Any) -> Iterator[Read]:
    with closing(Read(settings.model_copy(update=given))) as jobs:
        yield jobs


def stored_post(
    number: int, *, handle: str = "bob", text: str | None = None, source: str = "posts"
) -> dict[str, Any]:
    return {
        "identity": f"{source}:{number}",
        "source": source,
        "handle": handle,
        "author_id": None,
        "published_at": datetime(2021, 1, 1),  # noqa: DTZ001 - the column is naive UTC
        "period": "2021-01",
        "address": None,
        "text": text or f"Post {number}",
        "material": None,
        "repost": False,
    }


@pytest.mark.thorough
def test_a_killed_crawl_of_ten_thousand_posts_has_every_post_once(settings: Settings) -> None:
    account = Account(10_000)
    with service(account) as url, jobs_asking(settings, bluesky_url=url) as jobs:
        run = jobs.submit(ACCOUNTS, ANN)

        def lose_the_job(count: int) -> None:
            if count in (
                1,
                38,
                77,
            ):  # as the reconciler does with the job of a worker that was killed
                with jobs.db.write() as connection:
                    connection.execute(
                        update(Job).values(state=State.QUEUED, owner=None, lease_until=None)
                    )

        account.before_answer = lose_the_job
        ended = jobs.to_its_end(run)
        assert (ended.state, ended.result, ended.reason) == (State.DONE, None, None)
        assert ended.claims == 4
        found = jobs.identities()
        assert len(found) == len(set(found)) == 10_000
        assert len(account.requests) == jobs.calls("bluesky") == 103
        assert jobs.crawl("bluesky", f"@{ANN}").documents == 10_000


def test_a_slice_ends_between_two_pages_and_the_next_goes_on_there(settings: Settings) -> None:
    account = Account(450)
    with (
        service(account) as url,
        jobs_asking(settings, bluesky_url=url, slice_seconds=1e-9) as jobs,
    ):
        run = jobs.submit(ACCOUNTS, ANN)
        assert jobs.slice(run).state == State.QUEUED
        assert (len(jobs.identities()), jobs.crawl("bluesky", f"@{ANN}").state) == (100, OPEN)
        assert jobs.to_its_end(run).state == State.DONE
        assert (len(jobs.identities()), len(account.requests)) == (450, 5)


def test_the_next_crawl_goes_back_to_the_newest_post_known(settings: Settings) -> None:
    account = Account(450)
    with service(account) as url, jobs_asking(settings, bluesky_url=url) as jobs:
        jobs.do(ACCOUNTS, ANN)
        assert jobs.crawl("bluesky", f"@{ANN}").state == COMPLETE
        account.posts = 470
        account.requests.clear()
        assert jobs.do(ACCOUNTS, f"@{ANN.upper()}").state == State.DONE
        assert (len(jobs.identities()), len(account.requests)) == (470, 1)


def test_what_another_run_left_half_way_is_read_to_its_end_and_what_is_newer_too(
    settings: Settings,
) -> None:
    account = Account(450)
    with service(account) as url, jobs_asking(settings, bluesky_url=url) as jobs:
        first = jobs.submit(ACCOUNTS, ANN)
        account.before_answer = lambda count: cancel_run(jobs.db, first) if count == 3 else None
        assert jobs.to_its_end(first).state == State.CANCELLED
        assert len(jobs.identities()) == 200
        account.posts = 480
        assert jobs.do(ACCOUNTS, ANN).state == State.DONE
        assert len(jobs.identities()) == 480


def test_a_limit_is_kept_and_without_it_the_older_posts_come_as_well(settings: Settings) -> None:
    account = Account(450)
    with service(account) as url, jobs_asking(settings, bluesky_url=url) as jobs:
        limited = AccountsParameters(steps=(), limit=150)
        assert jobs.do(limited, ANN).state == State.DONE
        assert len(jobs.identities()) == 150
        account.posts = 460
        jobs.do(limited, ANN)
        assert len(jobs.identities()) >= 160
        jobs.do(ACCOUNTS, ANN)
        assert len(jobs.identities()) == 460


def test_an_account_of_mastodon_is_found_by_the_handle_it_was_asked_by(settings: Settings) -> None:
    account = Account(90, "mastodon", token="max_id", size=40)
    with service(account) as url, jobs_asking(settings, mastodon_url=url) as jobs:
        run = jobs.submit(ACCOUNTS, ANN_THERE)
        assert jobs.to_its_end(run).state == State.DONE
        with jobs.db.read() as connection:
            counted = connection.scalar(select(JobStep.documents).where(JobStep.step == DOCUMENTS))
            assert set(connection.scalars(select(Document.handle))) == {ANN_THERE}

        assert counted == 90
        assert jobs.calls("mastodon") == len(account.requests) == 4


@pytest.mark.thorough
def test_of_fifty_accounts_ten_that_are_gone_say_so_and_forty_are_read(settings: Settings) -> None:
    gone = {subject.name: subject.gone for subject in SUBJECTS}["bluesky"]
    states = ["not-found", "suspended", "protected"]

    async def answer(request: web.Request) -> web.StreamResponse:
        number = int(request.query["actor"].partition(".")[0][1:])
        if number % 5 == 0:
            return await gone[states[number % 3]][0].send(request)

        page = PAGES["bluesky"]([1, 2], None)
        for entry in page.value["feed"]:
            entry["post"]["uri"] += f"-of-{number}"

        return await page.send(request)

    with service(answer) as url, jobs_asking(settings, bluesky_url=url) as jobs:
        names = [f"a{number}.example" for number in range(50)]
        run = jobs.submit(ACCOUNTS, *names)
        rows = [jobs.to_its_end(run, f"@{name}") for name in names]
        assert {row.state for row in rows} == {State.DONE}
        assert [row.result for row in rows] == [
            states[number % 3] if number % 5 == 0 else None for number in range(50)
        ]
        assert rows[0].reason == "the account @a0.example does not exist on bluesky"
        assert rows[5].reason is not None
        assert "asks not to be shown" in rows[5].reason
        assert len(jobs.identities()) == 80


def test_what_is_stored_of_an_account_that_is_gone_is_still_worked_on(settings: Settings) -> None:
    gone = {subject.name: subject.gone for subject in SUBJECTS}["bluesky"]["suspended"][0]
    with service(gone.send) as url, jobs_asking(settings, bluesky_url=url) as jobs:
        add_documents(jobs.db, [stored_post(1, handle=ANN)])
        ended = jobs.do(ACCOUNTS, ANN)
        assert (ended.state, ended.result) == (State.DONE, None)
        assert ended.reason == "the account @ann.example is suspended on bluesky"


def test_a_handle_without_a_service_is_read_from_what_is_stored(settings: Settings) -> None:
    with jobs_asking(settings, x_bearer=None) as jobs:
        add_documents(jobs.db, [stored_post(1), stored_post(2, source="x")])
        ended = jobs.do(ACCOUNTS, "Bob")
        assert (ended.state, ended.result, ended.reason) == (
            State.DONE,
            None,
            "stored documents only",
        )
        ended = jobs.do(ACCOUNTS, "nobody")
        assert (ended.state, ended.result) == (State.DONE, "no-data")
        assert ended.reason == "no posts of @nobody are stored: import them"


def test_another_source_by_name_keeps_a_service_from_being_asked(settings: Settings) -> None:
    account = Account(10)
    with service(account) as url, jobs_asking(settings, bluesky_url=url) as jobs:
        add_documents(jobs.db, [stored_post(1, handle=ANN)])
        assert (
            jobs.do(AccountsParameters(steps=(), source="posts"), ANN).reason
            == "stored documents only"
        )
        assert account.requests == []


def test_a_service_that_is_away_leaves_the_job_waiting_with_what_it_has(settings: Settings) -> None:
    account = Account(450)

    async def away_on_page_three(request: web.Request) -> web.StreamResponse:
        if len(account.requests) == 2:
            return await Scripted({}, status=503, headers={"Retry-After": "900"}).send(request)

        return await account(request)

    with service(away_on_page_three) as url, jobs_asking(settings, bluesky_url=url) as jobs:
        waiting = jobs.do(ACCOUNTS, ANN)
        assert waiting.state == State.WAITING
        assert "bluesky cannot answer now (503" in waiting.reason
        assert waiting.due_at > time.time() + 800
        assert len(jobs.identities()) == 200


def linked_documents(jobs: Jobs, job: Any) -> list[str]:
    linked = select(Document.identity).join(JobDocument).where(JobDocument.job_id == job.id)
    with jobs.db.read() as connection:
        return sorted(connection.scalars(linked))


def test_a_search_links_what_x_finds_and_what_is_stored(settings: Settings) -> None:
    requests: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        requests.append(request)
        return await PAGES["x search"]([1, 2] if len(requests) == 1 else [], None).send(request)

    with (
        service(answer) as url,
        jobs_asking(settings, x_url=url, x_bearer=SecretStr("token")) as jobs,
    ):
        texts = ["The Tide is in", "@tide", "high TIDE!", "tides"]
        add_documents(
            jobs.db, [stored_post(number, text=text) for number, text in enumerate(texts)]
        )
        search = SearchParameters(steps=())
        for _ in range(2):
            run = jobs.submit(search, "tide")
            assert jobs.to_its_end(run).state == State.DONE
            found = linked_documents(jobs, jobs.row(run))
            assert found[:2] == ["posts:0", "posts:2"]
            assert [identity.partition(":")[0] for identity in found[2:]] == ["x", "x"]

        assert requests[0].query["query"] == "tide lang:en -has:links -is:retweet"
        assert requests[0].headers["Authorization"] == "Bearer token"
        assert jobs.calls("x") == 2


def test_a_search_of_one_source_has_nothing_that_an_earlier_one_found_elsewhere(
    settings: Settings,
) -> None:
    with (
        service(PAGES["x search"]([1, 2], None).send) as url,
        jobs_asking(settings, x_url=url, x_bearer=SecretStr("token")) as jobs,
    ):
        add_documents(jobs.db, [stored_post(1, text="the tide")])
        assert len(linked_documents(jobs, jobs.do(SearchParameters(steps=()), "tide"))) == 3
        of_posts = SearchParameters(steps=(), source="posts")
        plan = plan_run(jobs.db, of_posts, ["tide"], engine=Engine("x"), settings=jobs.settings)
        assert plan.documents == 1
        assert linked_documents(jobs, jobs.do(of_posts, "tide")) == ["posts:1"]


def test_a_monthly_cap_of_a_service_lets_its_jobs_wait_and_no_others(settings: Settings) -> None:
    capped = Scripted({"title": "UsageCapExceeded", "period": "Monthly"}, status=429)
    with (
        service(Archive(capped)) as url,
        jobs_asking(settings, x_url=url, x_bearer=SecretStr("token")) as jobs,
    ):
        run = jobs.submit(AccountsParameters(steps=()), "bob")
        waiting = jobs.to_its_end(run, "@bob")
        assert waiting.state == State.WAITING
        assert waiting.reason.startswith("x: the monthly cap on posts is reached")
        with jobs.db.read() as connection:
            assert get_run(connection, run).state != State.PAUSED


def test_without_a_token_a_search_is_of_what_is_stored(settings: Settings) -> None:
    with jobs_asking(settings, x_bearer=None) as jobs:
        add_documents(
            jobs.db,
            [stored_post(1, text="the tide"), stored_post(2, text="the tide", source="nyt")],
        )
        ended = jobs.do(SearchParameters(steps=()), "tide")
        assert (ended.state, ended.reason) == (State.DONE, "stored documents only")
        assert jobs.do(SearchParameters(steps=()), "ebb").result == "no-data"


# --- months ---


def month_of(days: Sequence[str], hits: int | None = None) -> Scripted:
    docs = [
        {
            "_id": f"nyt://{day}",
            "headline": {"main": f"News of {day}"},
            "pub_date": f"{day}T12:00:00+0000",
        }
        for day in days
    ]
    return Scripted(
        {"response": {"docs": docs, "meta": {"hits": len(docs) if hits is None else hits}}}
    )


class Archive:
    """Answers *answers* in turn, the last again and again."""

    def __init__(self, *answers: Scripted) -> None:
        self.answers = answers
        self.requests: list[str] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(str(request.rel_url))
        return await self.answers[min(len(self.requests), len(self.answers)) - 1].send(request)


def test_what_a_fetched_month_could_not_use_is_counted_named_and_said(settings: Settings) -> None:
    month = month_of(["2020-01-02", "2020-01-03"], hits=4)
    month.value["response"]["docs"] += [7, {"_id": "nyt://empty", "headline": {}}]
    with (
        service(Archive(month)) as url,
        jobs_asking(settings, nyt_url=url, nyt_key=SecretStr("k/1")) as jobs,
    ):
        for _ in range(2):
            run = jobs.submit(MONTHS)
            assert jobs.to_its_end(run).state == State.DONE
            with jobs.db.read() as connection:
                [row] = connection.execute(select(Import)).all()
                said = connection.scalar(
                    select(JobStep.reason).where(JobStep.job_id == jobs.row(run).id)
                )

            assert (row.path, row.source, row.read, row.added, row.empty, row.left_out) == (
                "2020-01",
                "nyt",
                2,
                2,
                1,
                1,
            )
            assert row.named == ["document 2: it is no object but a number"]
            assert (
                said
                == "1 of what was read could not be used (document 2: it is no object but a number)"
            )


def test_a_month_that_is_not_stored_is_fetched_once(settings: Settings) -> None:
    archive = Archive(month_of(["2020-01-02", "2020-01-31"]))
    with (
        service(archive) as url,
        jobs_asking(settings, nyt_url=url, nyt_key=SecretStr("k/1")) as jobs,
    ):
        for _ in range(2):
            ended = jobs.do(MONTHS)
            assert (ended.state, ended.result) == (State.DONE, None)

        assert sorted(jobs.identities()) == ["nyt:nyt://2020-01-02", "nyt:nyt://2020-01-31"]
        assert archive.requests == ["/svc/archive/v1/2020/1.json?api-key=k/1"]
        assert jobs.crawl("nyt", "2020-01").state == COMPLETE
        assert jobs.calls("nyt") == 1


def test_without_a_key_a_month_that_is_not_stored_has_no_data(settings: Settings) -> None:
    with jobs_asking(settings, nyt_key=None) as jobs:
        ended = jobs.do(MONTHS)
        assert (ended.state, ended.result) == (State.DONE, "no-data")
        assert "set TIDINGS_NYT_KEY" in ended.reason


def test_a_month_before_the_archive_has_no_data_and_is_not_asked_for(settings: Settings) -> None:
    archive = Archive(month_of([]))
    with (
        service(archive) as url,
        jobs_asking(settings, nyt_url=url, nyt_key=SecretStr("k")) as jobs,
    ):
        ended = jobs.do(MONTHS.model_copy(update={"first": "1851-08", "last": "1851-08"}))
        assert (ended.state, ended.result, archive.requests) == (State.DONE, "no-data", [])
        assert "it goes from 1851-09" in ended.reason


def test_a_month_in_which_nothing_was_printed_has_no_data_and_is_fetched_once(
    settings: Settings,
) -> None:
    archive = Archive(month_of([]))
    with (
        service(archive) as url,
        jobs_asking(settings, nyt_url=url, nyt_key=SecretStr("k")) as jobs,
    ):
        for _ in range(2):
            ended = jobs.do(MONTHS)
            assert (ended.state, ended.result) == (State.DONE, "no-data")
            assert ended.reason == "the archive has no documents of 2020-01"

        assert len(archive.requests) == 1


def test_a_month_that_is_not_whole_is_waited_for_and_nothing_of_it_is_stored(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(month_of(["2020-01-02"], hits=2), month_of(["2020-01-02", "2020-01-03"]))
    monkeypatch.setattr("workers.slice_ends.FIRST_WAIT_SECONDS", 0.0)
    with (
        service(archive) as url,
        jobs_asking(settings, nyt_url=url, nyt_key=SecretStr("k")) as jobs,
    ):
        run = jobs.submit(MONTHS)
        waiting = jobs.to_its_end(run)
        assert (waiting.state, jobs.identities()) == (State.WAITING, [])
        assert "2020-01 incomplete" in waiting.reason
        assert jobs.to_its_end(run).state == State.DONE
        assert len(jobs.identities()) == 2


def test_a_key_that_is_refused_fails_the_month_and_is_not_told(settings: Settings) -> None:
    archive = Archive(Scripted({"fault": {"faultstring": "Invalid key s3cret"}}, status=401))
    with (
        service(archive) as url,
        jobs_asking(settings, nyt_url=url, nyt_key=SecretStr("s3cret")) as jobs,
    ):
        ended = jobs.do(MONTHS)
        assert ended.state == State.FAILED
        assert "check TIDINGS_NYT_KEY" in ended.reason
        assert "s3cret" not in ended.reason


def test_the_shared_limit_holds_a_month_back(settings: Settings) -> None:
    archive = Archive(month_of(["2020-01-02"]))
    given = {"nyt_key": SecretStr("k"), "nyt_limits": "1/h"}
    with service(archive) as url, jobs_asking(settings, nyt_url=url, **given) as jobs:
        run = jobs.submit(MONTHS.model_copy(update={"last": "2020-02"}))
        months = [jobs.to_its_end(run, name) for name in ("2020-01", "2020-02")]
        done, waiting = sorted(months, key=attrgetter("state"))  # either asks first
        assert (done.state, waiting.state) == (State.DONE, State.WAITING)
        assert "nyt: limit of 1/h is reached" in waiting.reason
        assert len(archive.requests) == 1


def test_the_running_month_is_fetched_again_after_a_day(settings: Settings) -> None:
    now = datetime.now(UTC)
    archive = Archive(month_of([f"{now:%Y-%m-01}"]))
    running = MONTHS.model_copy(update={"first": f"{now:%Y-%m}", "last": f"{now:%Y-%m}"})
    with (
        service(archive) as url,
        jobs_asking(settings, nyt_url=url, nyt_key=SecretStr("k")) as jobs,
    ):
        for fetched, age in ((1, 0.0), (1, 80_000.0), (2, 90_000.0)):
            with jobs.db.write() as connection:
                connection.execute(update(Crawl).values(at=time.time() - age))

            assert jobs.do(running).state == State.DONE
            assert len(archive.requests) == fetched


def test_a_month_of_which_a_part_was_stored_is_fetched_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "BATCH", 1)
    archive = Archive(month_of(["2020-01-02", "2020-01-03", "2020-01-04"]))
    with (
        service(archive) as url,
        jobs_asking(settings, nyt_url=url, nyt_key=SecretStr("k")) as jobs,
    ):
        run = jobs.submit(MONTHS)
        stored = []

        def dies_at_the_second(*arguments: Any, **options: Any) -> int:
            stored.append(1)
            if len(stored) == 2:
                raise RuntimeError("killed")

            return insert_documents(*arguments, **options)

        monkeypatch.setattr(fetching, "insert_documents", dies_at_the_second)
        assert jobs.to_its_end(run).state == State.FAILED
        assert (len(jobs.identities()), jobs.crawl("nyt", "2020-01").state) == (1, OPEN)
        assert jobs.do(MONTHS).state == State.DONE
        assert (len(jobs.identities()), len(archive.requests)) == (3, 2)
