"""Erased documents are in no table, and results are as if they had never been stored."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, select, update
from typer.testing import CliRunner

from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.kinds.searches import SearchParameters
from analysis.options import Keyword
from cli.main import app
from core.enums import State, StepState
from core.errors import NotFound
from core.settings import Settings, environment
from models import erasure
from models.answers import Batch, read_answers, store_batch
from models.crawls import COMPLETE, move_crawl
from models.database import Database, clock
from models.documents import add_documents
from models.erasure import documents_by_account, forget_run
from models.job_transitions import claim_job
from models.jobs import freeze_documents, set_step
from models.run_transitions import cancel_run
from models.runs import get_run
from models.tables import Answer, Base, Call, Crawl, Document, Job, JobStep, Run, RunErasure
from reports.data.exports import write
from tests.databases import new_sqlite
from tests.e2e_kit import Stub
from tests.jobs_kit import Jobs

MONTHS = MonthsParameters(
    first="2020-02",
    last="2020-03",
    keywords=(Keyword.parse("covid:covid-19"), Keyword.parse("doctors")),
    steps=("keywords", "polarity", "phrases", "entities", "summary"),
    text_size=100,
)
HEADLINES = {
    "nyt:1": "Covid-19 Is Named by NATO.",
    "nyt:2": "Doctors Fear COVID; Zeppelins Fill Up. The Zeppelins and Covid Are Back!",
    "nyt:3": "Post-Covid Plans Are Made. Covid Is Not Over, Doctors of UNICEF Say.",
    "nyt:4": "Covid Goes Away.",
}
POSTS = {
    "posts:1": ("ann", "The NASA tide is in. All is zeppelins here."),
    "posts:2": ("ann", "Zeppelins again, says NASA."),
    "posts:3": ("bob", "The tide is out, says NATO."),
}
TABLES = ("mentions", "periods", "phrases", "entities", "summaries", "documents", "coverage")


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:
    with closing(Jobs(stub_settings)) as opened:
        store(opened)
        yield opened


@pytest.fixture
def forget(stub_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """``tidings forget`` with these arguments."""
    for name, value in environment(stub_settings).items():
        if name.startswith("TIDINGS_"):
            monkeypatch.setenv(name, value)

    return lambda *arguments: CliRunner().invoke(app, ["forget", *map(str, arguments)])


def store(jobs: Jobs, *, without: tuple[str, ...] = ()) -> None:
    rows = [
        row(identity, "nyt", None, text)
        for identity, text in HEADLINES.items()
        if identity not in without
    ]
    rows += [
        row(identity, "posts", *post) for identity, post in POSTS.items() if identity not in without
    ]
    add_documents(jobs.db, rows)


def row(identity: str, source: str, handle: str | None, text: str) -> dict[str, Any]:
    day = datetime(2020, 3 if identity == "nyt:4" else 2, 10)  # noqa: DTZ001 - the column is naive UTC
    author = f"id of {handle}" if handle else None
    return {
        "identity": identity, "source": source, "handle": handle, "author_id": author,
        "published_at": day, "period": f"{day:%Y-%m}", "address": None, "text": text,
        "material": None, "repost": False,
    }  # fmt: skip


def export(jobs: Jobs, run: int) -> dict[str, str]:
    tables = {}
    for table in TABLES:
        out = io.BytesIO()
        write(jobs.db, run, table, "jsonl", out)
        tables[table] = out.getvalue().decode()

    return tables


def complete_run(jobs: Jobs, parameters: Any, *names: str) -> int:
    run = jobs.submit(parameters, *names)
    jobs.do_all(run)
    assert state_of(jobs, run) == State.DONE
    return run


def state_of(jobs: Jobs, run: int) -> str:
    with jobs.db.read() as connection:
        return str(get_run(connection, run).state)


def export_without(
    jobs: Jobs, tmp_path: Path, parameters: Any, *names: str, without: tuple[str, ...]
) -> dict[str, str]:
    """Export the same run from a database that never had the documents *without*."""
    url = new_sqlite(tmp_path / "other.db")
    with closing(Jobs(jobs.settings.model_copy(update={"database_url": url}))) as other:
        store(other, without=without)
        return export(other, complete_run(other, parameters, *names))


def tables_with(jobs: Jobs, word: str) -> list[str]:
    """Return the tables that hold *word* anywhere."""
    with jobs.db.read() as connection:
        return [
            table.name
            for table in Base.metadata.sorted_tables
            if any(word in str(row).casefold() for row in connection.execute(select(table)))
        ]


def test_an_erased_document_leaves_nothing_behind_and_its_run_is_as_if_it_had_never_been_stored(
    jobs: Jobs, forget: Callable[..., Any], tmp_path: Path
) -> None:
    with jobs.db.write() as connection:
        connection.execute(delete(Document).where(Document.source == "posts"))

    run = complete_run(jobs, MONTHS)
    assert {"documents", "answers", "mentions", "summaries"} <= set(tables_with(jobs, "zeppelins"))
    result = forget("--document", "nyt:2")
    assert result.exit_code == 0, result.output
    assert tables_with(jobs, "zeppelins") == []
    assert [(job.name, job.state) for job in jobs.rows(run)] == [
        ("2020-02", "queued"),
        ("2020-03", "done"),
    ]
    assert state_of(jobs, run) == State.RUNNING
    jobs.do_all(run)
    with jobs.db.read() as connection:
        assert get_run(connection, run).state == State.DONE
        assert get_run(connection, run).reason.startswith("1 document forgotten on request, 20")
        assert str(connection.scalar(select(RunErasure.reason))).startswith("1 document forgotten")

    expected = export_without(jobs, tmp_path, MONTHS, without=("nyt:2", *POSTS))
    assert export(jobs, run) == expected
    assert '"documents":2,' in expected["periods"].replace(" ", "")


def test_an_answer_that_comes_after_the_erasure_of_its_text_is_not_kept(
    jobs: Jobs, forget: Callable[..., Any]
) -> None:
    run = jobs.submit(MONTHS)
    job = jobs.row(run, "2020-02")
    at_work = claim_job(
        jobs.db, job.id, owner="a", lease_seconds=20, has_exited=lambda _owner: False
    )
    assert at_work is not None
    with jobs.db.write() as connection:
        scope = {"job_id": job.id, "newest": 100}
        freeze_documents(connection, **scope)
        set_step(
            connection, jobs.db, at_work, step="documents", state=StepState.COMPLETE, documents=3
        )

    assert forget("--document", "nyt:2").exit_code == 0
    answers = {b"k" * 16: '["Zeppelins again"]', b"n" * 16: "0.5"}
    store_batch(jobs.db, at_work, Batch(answers=answers), service="textapi", credential="c")
    with jobs.db.read() as connection:
        assert read_answers(connection, list(answers)) == {b"n" * 16: "0.5"}


def test_what_an_account_posts_while_it_is_erased_stays_away(
    jobs: Jobs, forget: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    look_for_answers = erasure._quotable_texts

    def post_meanwhile(*arguments: Any) -> set[str]:
        add_documents(jobs.db, [row("posts:99", "posts", "ann", "Posted meanwhile")])
        return look_for_answers(*arguments)

    monkeypatch.setattr(erasure, "_quotable_texts", post_meanwhile)
    assert forget("--handle", "ann").exit_code == 0
    assert tables_with(jobs, "posted meanwhile") == []


def test_an_answer_that_is_stored_while_its_text_is_erased_goes_too(
    jobs: Jobs, forget: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = jobs.submit(MONTHS)
    at_work = claim_job(
        jobs.db,
        jobs.row(run, "2020-02").id,
        owner="a",
        lease_seconds=20,
        has_exited=lambda _owner: False,
    )
    assert at_work is not None
    answers = {b"k" * 16: f'["{HEADLINES["nyt:2"]}"]', b"n" * 16: '["Of another text."]'}
    look_for_answers = erasure._quoting_answers
    looks = []

    def store_meanwhile(*arguments: Any, **named: Any) -> Any:
        looks.append(look_for_answers(*arguments, **named))
        if len(looks) == 1:
            batch = Batch(answers=answers)
            store_batch(jobs.db, at_work, batch, service="textapi", credential="c")

        return looks[-1]

    monkeypatch.setattr(erasure, "_quoting_answers", store_meanwhile)
    assert forget("--document", "nyt:2").exit_code == 0
    with jobs.db.read() as connection:
        assert read_answers(connection, list(answers)).keys() == {b"n" * 16}


def test_answers_that_do_not_quote_it_are_not_requested_again(
    jobs: Jobs,
    forget: Callable[..., Any],
    stub: Stub,
) -> None:
    run = complete_run(jobs, MONTHS)
    before = stub.counts()["operations"]
    assert forget("--document", "nyt:2").exit_code == 0
    jobs.do_all(run)
    after = stub.counts()["operations"]
    assert after["sentences_with_keywords"] == before["sentences_with_keywords"]
    assert after.get("polarity_by_sentence") == before.get("polarity_by_sentence")


def test_an_erased_account_has_no_portrait_and_the_others_keep_theirs(
    jobs: Jobs, forget: Callable[..., Any], tmp_path: Path
) -> None:
    both = complete_run(jobs, AccountsParameters(), "ann", "bob")
    search = complete_run(jobs, SearchParameters(), "tide")
    with jobs.db.write() as connection:
        move_crawl(connection, jobs.db, "bluesky", "@ann", state=COMPLETE, documents=2)
        move_crawl(connection, jobs.db, "bluesky", "@bob", state=COMPLETE, documents=1)
        connection.execute(delete(Document).where(Document.source == "nyt"))
        connection.execute(
            update(Document).where(Document.identity == "posts:2").values(handle="ann_before")
        )

    assert forget("--handle", "@ANN").exit_code == 0
    for word in ("zeppelins", "nasa"):
        assert tables_with(jobs, word) == []

    ann, bob = jobs.rows(both)
    assert (ann.state, ann.result) == ("done", "no-data")
    assert bob.state == "queued"  # its words were compared with those of ann
    assert "2 documents forgotten on request" in ann.reason
    assert state_of(jobs, search) == State.RUNNING
    jobs.do_all(both)
    jobs.do_all(search)
    assert state_of(jobs, both) == State.DONE
    assert tables_with(jobs, "zeppelins") == []
    with jobs.db.read() as connection:
        assert connection.scalars(select(Crawl.subject)).all() == ["@bob"]
        assert set(connection.scalars(select(JobStep.state).where(JobStep.job_id == ann.id))) == {
            "no-data"
        }
        queued = select(Job.run_id).where(Job.kind == "report", Job.state == "queued")
        assert set(connection.scalars(queued)) == {both, search}

    expected = export_without(
        jobs, tmp_path, SearchParameters(), "tide", without=("posts:1", "posts:2", *HEADLINES)
    )
    tables = export(jobs, search)
    assert {name: text.replace(f'"run": {search}', '"run": 1').replace(f'"run":{search}', '"run":1')
            for name, text in tables.items()} == expected  # fmt: skip


def test_an_erased_run_is_removed_with_its_report_and_keeps_its_calls_counted(
    jobs: Jobs, forget: Callable[..., Any]
) -> None:
    kept = complete_run(jobs, AccountsParameters(), "bob")
    run = complete_run(jobs, MONTHS)
    for name in (str(kept), str(run), f"{kept}-{run}", "mine"):
        folder = jobs.settings.reports / name
        folder.mkdir(parents=True)
        (folder / "index.html").write_text('<meta name="generator" content="Tidings">')

    with jobs.db.read() as connection:
        answers = len(connection.execute(select(Answer.id)).all())
        calls = sum(connection.scalars(select(Call.calls)))

    assert forget(run).exit_code == 0
    assert sorted(path.name for path in jobs.settings.reports.iterdir()) == [str(kept), "mine"]
    with jobs.db.read() as connection:
        for table in Base.metadata.sorted_tables:
            for column in ("run_id", "job_id"):
                if column in table.c and table.name != "calls":
                    owners = {number for (number,) in connection.execute(select(table.c[column]))}
                    mine = {job.id for job in jobs.rows(kept)} if column == "job_id" else {kept}
                    assert owners <= mine, table.name

        assert len(connection.execute(select(Answer.id)).all()) == answers
        assert sum(connection.scalars(select(Call.calls))) == calls
        assert run in set(connection.scalars(select(Call.run_id)))
        assert len(connection.execute(select(Document.id)).all()) == len(HEADLINES) + len(POSTS)


def test_the_number_of_a_forgotten_run_is_given_to_no_other(
    jobs: Jobs, forget: Callable[..., Any]
) -> None:
    first, second = jobs.submit(MONTHS), jobs.submit(MONTHS)
    assert forget(second).exit_code == 0
    third = jobs.submit(MONTHS)
    assert third > second
    for run in (third, first):
        assert forget(run).exit_code == 0

    assert jobs.submit(MONTHS) > third
    with pytest.raises(NotFound):
        forget_run(jobs.db, second)


def test_the_documents_of_an_account_are_found_by_indexes(tmp_path: Path) -> None:
    url = new_sqlite(tmp_path / "tidings.db")
    db = Database(url)
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        statements.append((statement, parameters))

    add_documents(db, [row("posts:1", "posts", "ann", "One."), row("posts:2", "posts", "bob", "B")])
    event.listen(db.engine, "before_cursor_execute", note)
    with db.read() as connection:
        assert len(documents_by_account(connection, "ann")) == 1

    plans: list[str] = []
    with closing(db), db.read() as connection:
        for statement, parameters in statements.copy():  # the listener adds to it
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans += [step.detail for step in plan if "documents" in step.detail]

    assert len(plans) == 3
    assert all("(handle=?" in plan or "(author_id=?" in plan for plan in plans)


def test_a_cancelled_run_stays_cancelled(jobs: Jobs, forget: Callable[..., Any]) -> None:
    run = jobs.submit(MONTHS.model_copy(update={"last": "2020-04"}))
    with jobs.db.write() as connection:  # its message is on its way: no other slice takes it along
        last = update(Job).where(Job.name == "2020-04")
        connection.execute(last.values(dispatched_at=clock() + 60))

    jobs.to_its_end(run, "2020-02")
    cancel_run(jobs.db, run)
    assert forget("--document", "nyt:2").exit_code == 0
    assert tables_with(jobs, "zeppelins") == ["documents"]  # two posts speak of them too
    assert state_of(jobs, run) == State.CANCELLED
    with jobs.db.read() as connection:
        assert connection.scalar(select(Run.ended_at).where(Run.id == run)) is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "one of them alone"),
        ((1, "--handle", "ann"), "one of them alone"),
        ((99,), "there is no run 99"),
        (("--document", "nyt:none"), "there is no document 'nyt:none'"),
        (("--handle", "nobody"), "no document of @nobody is stored"),
    ],
)
def test_what_is_not_stored_cannot_be_erased(
    jobs: Jobs, forget: Callable[..., Any], arguments: tuple[object, ...], message: str
) -> None:
    result = forget(*arguments)
    assert result.exception is not None
    assert message in str(result.exception)
    with jobs.db.read() as connection:
        assert len(connection.execute(select(Document.id)).all()) == len(HEADLINES) + len(POSTS)
