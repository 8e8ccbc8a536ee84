"""Accounts from their posts to their portraits, without reposts and without erased accounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import func, select, update
from typer.testing import CliRunner

import models.jobs
from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.searches import SearchParameters
from analysis.pipelines import POSTS as POSTS_PIPELINE
from analysis.steps.distinctive import NOTHING_TO_COMPARE
from cli.main import app
from core.enums import DOCUMENTS, State
from core.service_client import RetryPolicy, ServiceClient
from core.settings import Settings, environment
from models.database import clock
from models.documents import add_documents
from models.suppression_list import is_suppressed
from models.tables import Crawl, Document, Import, Job, JobStep, SuppressedName
from producers.imports import import_paths
from tests import stub_textapi
from tests.contract.replay import SUBJECTS
from tests.exports_kit import rows_of
from tests.feeds_kit import PAGES, Account, service
from tests.integration.test_fetching import stored_post
from tests.jobs_kit import Jobs
from tests.ports import reserved_port
from workers import fetching

ANN = "ann.example"
COMMAND = CliRunner()


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, _sqlite_template: Path) -> str:
    """What differs between databases has its tests."""
    path = tmp_path / "tidings.db"
    path.write_bytes(_sqlite_template.read_bytes())
    return f"{request.param}:///{path}"


@pytest.fixture
def tidings(stub_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The command line with these arguments."""
    for name, value in environment(stub_settings).items():
        if name.startswith("TIDINGS_"):
            monkeypatch.setenv(name, value)

    return lambda *arguments: COMMAND.invoke(app, list(map(str, arguments)))


def identities(jobs: Jobs) -> list[str]:
    with jobs.db.read() as connection:
        return sorted(connection.scalars(select(Document.identity)))


def done(jobs: Jobs, parameters: Any, *names: str) -> int:
    run = jobs.submit(parameters, *names)
    jobs.do_all(run)
    assert {row.state for row in jobs.rows(run)} == {State.DONE}
    return run


POSTS = [
    stored_post(1, text="The NASA tide is in at last. http://t.co/x"),
    stored_post(2, text="RT @ann: The ESA storm is over the old harbour again.") | {"repost": True},
    stored_post(3, text="The NASA tide is out again now."),
]


def test_reposts_are_kept_and_no_step_reads_them(jobs: Jobs) -> None:
    add_documents(jobs.db, POSTS)
    run = done(jobs, AccountsParameters(), "bob")
    assert [
        (row["document"], row["polarity"] is None) for row in rows_of(jobs.db, run, "documents")
    ] == [
        ("posts:1", False),
        ("posts:2", True),
        ("posts:3", False),
    ]
    assert [
        (row["type"], row["name"], row["count"])
        for row in rows_of(jobs.db, run, "entities")
        if not row["period"]
    ] == [("ORG", "NASA", 2)]
    exports = json.dumps([rows_of(jobs.db, run, table) for table in ("phrases", "summaries")])
    assert "tide" in exports
    assert "storm" not in exports
    assert "http" not in exports
    coverage = {
        row["step"]: (row["documents"], row["reason"]) for row in rows_of(jobs.db, run, "coverage")
    }
    reason = "1 of the 3 posts is a repost: moods, words and names leave it out"
    assert coverage.pop("documents") == (3, reason)
    assert coverage.pop("distinctive") == (2, NOTHING_TO_COMPARE)
    assert set(coverage.values()) == {(2, None)}
    assert jobs.row(run).reason == f"stored documents only; {reason}"
    assert [row["documents"] for row in rows_of(jobs.db, run, "periods")] == [3]


def test_an_erasure_counts_reposts_anew_and_leaves_what_the_service_said(
    jobs: Jobs, tidings: Callable[..., Any]
) -> None:
    add_documents(jobs.db, POSTS)
    run = done(jobs, AccountsParameters(), "bob")
    said = "it says; that 9 posts are reposts: moods, words and names leave them out"
    is_step = JobStep.step == DOCUMENTS
    with jobs.db.write() as connection:
        connection.execute(update(JobStep).where(is_step).values(fetch_remark=said))

    def reason() -> str:
        return {row["step"]: row["reason"] for row in rows_of(jobs.db, run, "coverage")}[
            "documents"
        ]

    assert tidings("forget", "--document", "posts:1").exit_code == 0
    assert reason() == f"{said}; 1 of the 2 posts is a repost: moods, words and names leave it out"
    assert tidings("forget", "--document", "posts:2").exit_code == 0
    assert reason() == said


def test_a_handle_is_shown_as_it_was_typed_and_found_without_case(
    jobs: Jobs, tidings: Callable[..., Any], tmp_path: Path
) -> None:
    anns_post = stored_post(4, text="The harbour is calm.") | {"handle": "ann"}
    add_documents(jobs.db, [*POSTS, anns_post])
    run = done(jobs, AccountsParameters(), "BoB", "bob", "ann")
    assert {row["job"] for row in rows_of(jobs.db, run, "periods")} == {"@bob", "@ann"}
    assert {row["handle"] for row in rows_of(jobs.db, run, "documents")} == {"bob", "ann"}

    out = tmp_path / "report"
    assert tidings("report", run, "--out", out).exit_code == 0
    assert '<h1 dir="auto">@BoB</h1>' in (out / "@bob.html").read_text(encoding="utf-8")
    front_page = (out / "index.html").read_text(encoding="utf-8")
    assert '<a href="@bob.html">@BoB</a>' in front_page
    assert ">@ann</a>" in front_page


def test_of_a_search_too_reposts_are_left_out(jobs: Jobs) -> None:
    add_documents(jobs.db, POSTS)
    run = done(jobs, SearchParameters(), "storm")
    coverage = {row["step"]: row["documents"] for row in rows_of(jobs.db, run, "coverage")}
    assert coverage.pop("documents") == 1
    assert coverage == dict.fromkeys(POSTS_PIPELINE.default_names, 0)
    assert rows_of(jobs.db, run, "entities") == rows_of(jobs.db, run, "phrases") == []


def test_an_account_is_compared_with_the_posts_of_the_others_before_these_begin(
    jobs: Jobs,
) -> None:
    ann = [stored_post(n, text="The harbour is calm.") | {"handle": "ann"} for n in (4, 5, 6)]
    bob = [stored_post(n, text="The station is loud.") for n in (7, 8, 9)]
    add_documents(jobs.db, ann + bob)
    run = jobs.submit(AccountsParameters(), "ann", "bob")
    # Another worker will get its message, however long this slice takes.
    dispatched = update(Job).where(Job.name == "@bob").values(dispatched_at=clock() + 60.0)
    with jobs.db.write() as connection:
        connection.execute(dispatched)

    assert jobs.slice(run, "@ann").state == State.DONE
    assert jobs.row(run, "@bob").state == State.QUEUED
    words = {
        row["word"]: row for row in rows_of(jobs.db, run, "distinctive") if row["job"] == "@ann"
    }
    counts = {word: (row["count"], row["reference_count"]) for word, row in words.items()}
    assert counts == {"harbour": (3, 0), "calm": (3, 0), "station": (0, 3), "loud": (0, 3)}
    assert words["harbour"]["g2"] == -words["station"]["g2"] > 0


def test_an_account_is_compared_with_a_bounded_number_of_others(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.jobs, "MOST_COMPARED", 1)
    for first, handle in ((4, "ann"), (7, "ben"), (10, "cid")):
        posts = [stored_post(first + n, text=f"The {handle}words.") for n in range(3)]
        add_documents(jobs.db, [post | {"handle": handle} for post in posts])

    run = done(jobs, AccountsParameters(), "ann", "ben", "cid")
    words: dict[str, set[str]] = {}
    for row in rows_of(jobs.db, run, "distinctive"):
        words.setdefault(row["job"], set()).add(row["word"])

    assert words == {
        "@ann": {"annwords", "benwords"},
        "@ben": {"annwords", "benwords"},
        "@cid": {"annwords", "cidwords"},
    }


def test_a_forgotten_repost_is_no_longer_counted(jobs: Jobs, tidings: Callable[..., Any]) -> None:
    add_documents(jobs.db, POSTS)
    run = done(jobs, AccountsParameters(), "bob")
    assert tidings("forget", "--document", "posts:2").exit_code == 0
    jobs.do_all(run)
    coverage = {
        row["step"]: (row["documents"], row["reason"]) for row in rows_of(jobs.db, run, "coverage")
    }
    assert coverage["documents"] == (2, None)


@pytest.mark.thorough
def test_of_fifty_accounts_ten_are_gone_and_forty_have_a_portrait(stub_settings: Settings) -> None:
    gone = {subject.name: subject.gone for subject in SUBJECTS}["bluesky"]
    states = ["not-found", "suspended", "protected"]

    async def answer(request: web.Request) -> web.StreamResponse:
        number = int(request.query["actor"].partition(".")[0][1:])
        if number % 5 == 0:
            return await gone[states[number % 3]][0].send(request)

        page = PAGES["bluesky"]([1, 2, 3], None)
        for entry in page.value["feed"]:
            entry["post"]["uri"] += f"-of-{number}"
            entry["post"]["record"]["text"] = f"The NASA tide number {number} is in at last."

        return await page.send(request)

    with (
        service(answer) as url,
        closing(Jobs(stub_settings.model_copy(update={"bluesky_url": url}))) as jobs,
    ):
        names = [f"a{number:02}.example" for number in range(50)]
        run = done(jobs, AccountsParameters(), *names)
        summaries = {row["job"]: row["summary"] for row in rows_of(jobs.db, run, "summaries")}
        entities = {
            row["job"]: row["name"]
            for row in rows_of(jobs.db, run, "entities")
            if row["period"] is None
        }
        periods = {
            f"@{row['handle']}": row["polarity_mean"] for row in rows_of(jobs.db, run, "periods")
        }
        portraits = sorted(f"@{name}" for number, name in enumerate(names) if number % 5)
        assert len(portraits) == 40
        assert sorted(summaries) == sorted(entities) == sorted(periods) == portraits
        assert summaries["@a07.example"] == "The NASA tide number 7 is in at last."
        assert None not in periods.values()
        ended = {row.name: (row.result, row.reason) for row in jobs.rows(run)}
        reasons = {name: why for name, (result, why) in ended.items() if result in states}
        assert len(reasons) == 10
        assert all(
            name.removeprefix("@") in why and "bluesky" in why for name, why in reasons.items()
        )


def test_a_question_that_is_refused_takes_no_other_answer_with_it(stub_settings: Settings) -> None:
    operations: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.Response(status=404)

        operations.append(request.path.rpartition("/")[2])
        if operations[-1] == "ner":
            return web.json_response({"error": "no"}, status=403)

        return web.json_response(stub_textapi.answer(operations[-1], await request.json()))

    with (
        service(answer) as url,
        closing(Jobs(stub_settings.model_copy(update={"textapi_url": url}))) as jobs,
    ):
        add_documents(jobs.db, POSTS)
        run = jobs.submit(AccountsParameters(), "bob")
        assert jobs.to_its_end(run).state == State.FAILED
        coverage = {row["step"]: row["state"] for row in rows_of(jobs.db, run, "coverage")}
        assert coverage == {
            "documents": "complete",
            "distinctive": "no-data",
            "summary": "complete",
            "phrases": "complete",
            "entities": "failed",
            "polarity": "complete",
        }
        assert {name: operations.count(name) for name in set(operations)} == {
            "summarize": 1,
            "most_common_phrases": 1,
            "polarity_by_sentence": 1,
            "text_polarity": 1,
            "ner": 1,
        }


@pytest.mark.parametrize("stored", [True, False])
def test_an_account_whose_service_stays_away_is_made_of_what_is_stored_and_says_so(
    stub_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    stored: bool,
) -> None:
    quick = partial(ServiceClient, retry_policy=RetryPolicy(attempts=2, first_wait=0.0))
    monkeypatch.setattr(fetching, "ServiceClient", quick)
    url = f"http://127.0.0.1:{reserved_port()}"
    away = f"bluesky at {url} does not answer (Connection refused): is it running?"
    with closing(Jobs(stub_settings.model_copy(update={"bluesky_url": url}))) as jobs:
        if stored:
            add_documents(jobs.db, [stored_post(1) | {"handle": ANN}])

        run = jobs.submit(AccountsParameters(steps=("polarity",)), ANN)
        waiting = jobs.slice(run)
        assert (waiting.state, waiting.reason) == (State.WAITING, away)

        with jobs.db.write() as connection:
            columns = {"due_at": clock(), "waiting_since": Job.waiting_since - 3600}
            connection.execute(update(Job).values(columns))

        ended = jobs.to_its_end(run)
        if not stored:
            reason = f"{away} (tried for 60 minutes)"
            assert (ended.state, ended.reason) == (State.FAILED, reason)
            return

        reason = f"stored documents only, since {away}"
        assert (ended.state, ended.reason) == (State.DONE, reason)
        assert [row["documents"] for row in rows_of(jobs.db, run, "periods")] == [1]
        (first_step, *_) = rows_of(jobs.db, run, "coverage")
        assert (first_step["step"], first_step["reason"]) == ("documents", reason)


# --- what was forgotten stays away ---


def test_an_erased_account_is_neither_fetched_nor_imported_again(
    stub_settings: Settings,
    tidings: Callable[..., Any],
    tmp_path: Path,
) -> None:
    account = Account(3)
    with (
        service(account) as url,
        closing(Jobs(stub_settings.model_copy(update={"bluesky_url": url}))) as jobs,
    ):
        add_documents(jobs.db, [stored_post(9)])
        done(jobs, AccountsParameters(steps=()), ANN)
        assert tidings("forget", "--handle", f"@{ANN}").exit_code == 0
        assert identities(jobs) == ["posts:9"]
        account.requests.clear()
        ended = jobs.do(AccountsParameters(steps=()), ANN)
        assert (ended.state, ended.result, account.requests) == (State.DONE, "no-data", [])
        assert ended.reason == (
            "@ann.example was forgotten on request: "
            "`tidings forget --handle ann.example --lift` lets it come back"
        )
        posts = tmp_path / "posts.jsonl"
        rows = [
            {"id": "1", "handle": "Ann.Example", "text": "I am here", "date": "2021-01-01"},
            {"id": "2", "handle": "Cleo", "text": "So am I", "date": "2021-01-01"},
        ]
        posts.write_text("\n".join(map(json.dumps, rows)))
        result = tidings("import", posts, "--json")
        assert (result.exit_code, json.loads(result.stdout)) == (0, json.loads(result.stdout) | {
            "read": 2, "added": 1, "known": 0, "forgotten": 1})  # fmt: skip
        assert "1 of the documents read were forgotten on request and stay away" in result.stderr
        assert identities(jobs) == ["posts:2", "posts:9"]
        assert tidings("forget", "--handle", "ANN.example", "--lift").exit_code == 0
        with jobs.db.read() as connection:
            assert connection.scalar(select(func.count()).select_from(SuppressedName)) == 0

        assert jobs.do(AccountsParameters(steps=()), ANN).result is None
        assert len(identities(jobs)) == 5


def test_the_list_of_the_forgotten_names_nobody(jobs: Jobs, tidings: Callable[..., Any]) -> None:
    add_documents(jobs.db, [stored_post(1) | {"author_id": "did:plc:bob"}])
    assert tidings("forget", "--handle", "bob").exit_code == 0
    with jobs.db.read() as connection:
        listed = connection.execute(select(SuppressedName)).all()
        assert is_suppressed(connection, "bob")

    assert len(listed) == 3  # the account, its document, its author
    assert not any(b"bob" in (row.name + row.account) for row in listed)


def test_an_account_that_takes_another_name_stays_away_as_well(
    jobs: Jobs, tidings: Callable[..., Any]
) -> None:
    author = {"author_id": "did:plc:bob"}
    add_documents(jobs.db, [stored_post(1) | author])
    assert tidings("forget", "--handle", "bob").exit_code == 0
    stored = add_documents(
        jobs.db,
        [
            stored_post(2, handle="robert") | author,
            stored_post(3, handle="robert"),
            stored_post(1, handle="x"),
        ],
    )
    assert (stored.added, stored.forgotten, identities(jobs)) == (1, 2, ["posts:3"])


def test_a_forgotten_document_stays_away_and_its_account_does_not(
    jobs: Jobs, tidings: Callable[..., Any]
) -> None:
    add_documents(jobs.db, [stored_post(1), stored_post(2)])
    assert tidings("forget", "--document", "posts:1").exit_code == 0
    stored = add_documents(jobs.db, [stored_post(1), stored_post(2), stored_post(3)])
    assert (stored.added, stored.forgotten) == (1, 1)
    assert tidings("forget", "--document", "posts:1", "--lift").exit_code == 0
    assert add_documents(jobs.db, [stored_post(1)]).added == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--handle", "bob", "--lift"), "@bob was not forgotten"),
        (("--document", "posts:1", "--lift"), "posts:1 was not forgotten"),
        ((1, "--lift"), "--lift is for accounts and documents"),
    ],
)
def test_what_was_not_forgotten_cannot_be_lifted(
    tidings: Callable[..., Any],
    arguments: tuple[object, ...],
    message: str,
) -> None:
    result = tidings("forget", *arguments)
    assert result.exception is not None
    assert message in str(result.exception)


# --- what could not be read ---


def test_what_an_import_leaves_out_is_counted_and_named(jobs: Jobs, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "posts.jsonl").write_text(
        '{"id": "1", "text": "One"}\n{"id": "2", "text"\n{"id": "3", "text": ""}\n'
    )
    import_paths(jobs.db, [folder], source=None, handle="bob", columns={})
    with jobs.db.read() as connection:
        [row] = connection.execute(select(Import)).all()

    assert (row.path, row.read, row.added, row.empty, row.left_out) == ("in", 1, 1, 1, 1)
    assert [name.partition(": ")[0] for name in row.named] == ["in/posts.jsonl, document 1"]


def test_posts_that_a_crawl_could_not_read_are_counted_and_named(stub_settings: Settings) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        at = int(request.query.get("cursor", 5))
        page = PAGES["bluesky"]([at, at - 1], str(at - 2) if at > 3 else None)
        page.value["feed"][0] = {"post": {"uri": 7}}
        return await page.send(request)

    with (
        service(answer) as url,
        closing(Jobs(stub_settings.model_copy(update={"bluesky_url": url}))) as jobs,
    ):
        ended = jobs.do(AccountsParameters(steps=()), ANN)
        with jobs.db.read() as connection:
            [row] = connection.execute(select(Import)).all()
            assert connection.scalar(select(Crawl.documents)) == 2

        assert (row.path, row.source, row.read, row.added, row.left_out) == (
            f"@{ANN}",
            "bluesky",
            2,
            2,
            2,
        )
        why = "document 0: it is no post of Bluesky: it has no uri or no record"
        assert row.named == [why, why]
        assert ended.reason == f"2 of what was read could not be used ({why}, {why})"
