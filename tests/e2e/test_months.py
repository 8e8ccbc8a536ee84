"""From headlines to exports, through a real broker, a real worker process and real HTTP."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from cli.stack.supervised_process import SupervisedProcess
from core.settings import Settings
from models.database import Database
from models.run_transitions import resume_run
from models.runs import get_run
from producers.imports import import_paths
from producers.plan import plan_run
from producers.status import run_status
from producers.submit import submit_run
from reports.data.exports import write
from tests.databases import new_database
from tests.e2e_kit import Stub, dispatch_to_workers, run_to_its_end, write_archive
from tests.plan_kit import call_counts, plan_submitted_run
from tests.services import empty_valkey, running_worker, wait_until
from textapi.messages import Engine

HEADLINES = {
    "2020-01-03": ["A Quiet Day in the Valley", "Coronavirus Reaches the Coast. The Town Waits."],
    "2020-02-10": ["Covid-19 Is Named", "Doctors Fear COVID; Covid Wards Fill Up"],
    "2020-02-11": [
        "Post-Covid Plans Are Made. Covid Is Not Over, Doctors Say.",
        "The CovidTracker Grows",
    ],
    "2020-03-01": ["Nothing of the JobKind Is Said Here"],
}
PARAMETERS = MonthsParameters(
    first="2020-01",
    last="2020-04",
    keywords=(Keyword.parse("covid:covid-19,coronavirus"), Keyword.parse("doctors")),
)


@pytest.fixture
def db(stub_settings: Settings) -> Iterator[Database]:
    with closing(Database(stub_settings.database)) as database:
        yield database


@pytest.fixture
def archive(stub_settings: Settings, db: Database, tmp_path: Path) -> Settings:
    import_headlines(db, tmp_path)
    return stub_settings


def import_headlines(db: Database, folder: Path) -> None:
    paths = [write_archive(folder / "archive", HEADLINES)]
    done = import_paths(db, paths, source=None, handle=None, columns={})
    assert (done.stored.added, done.tally.left_out) == (7, 0)


@dataclass(frozen=True)
class Ended:
    """A run that several tests export and none changes."""

    settings: Settings
    run: int

    def export(self, table: str) -> list[dict[str, Any]]:
        return exported(self.settings, self.run, table)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ended(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ended]:
    """A run to its end by a worker, on either database."""
    folder = tmp_path_factory.mktemp("ended")
    with ExitStack() as stack:
        url = stack.enter_context(new_database(request, folder, request.param))
        redis_url = empty_valkey(request.getfixturevalue("_valkey"))
        stub: Stub = request.getfixturevalue("_stub")
        stub.clear()
        settings = Settings(
            home=folder / "home", database_url=url, redis_url=redis_url, textapi_url=stub.url
        )
        with closing(Database(url)) as db:
            import_headlines(db, folder)

        with running_worker(settings):
            run = run_to_its_end(settings, PARAMETERS)

        yield Ended(settings, run)


def exported(stub_settings: Settings, run: int, table: str) -> list[dict[str, Any]]:
    out = io.BytesIO()
    with closing(Database(stub_settings.database)) as db:
        write(db, run, table, "jsonl", out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_every_mention_is_found_once_and_points_at_its_document(ended: Ended) -> None:
    mentions = ended.export("mentions")
    rows = [(m["period"], m["keyword"], m["term"], m["position"], m["sentence"]) for m in mentions]
    assert rows == [
        ("2020-01", "covid", "coronavirus", 1, "Coronavirus Reaches the Coast."),
        ("2020-02", "covid", "covid-19", 1, "Covid-19 Is Named"),
        ("2020-02", "covid", "covid", 1, "Doctors Fear COVID; Covid Wards Fill Up"),
        ("2020-02", "doctors", "doctors", 1, "Doctors Fear COVID; Covid Wards Fill Up"),
        ("2020-02", "covid", "covid", 1, "Post-Covid Plans Are Made."),
        ("2020-02", "covid", "covid", 2, "Covid Is Not Over, Doctors Say."),
        ("2020-02", "doctors", "doctors", 2, "Covid Is Not Over, Doctors Say."),
    ]
    assert all(m["sentence"] in m["text"] and m["polarity"] is not None for m in mentions)


def test_a_phrase_is_counted_in_the_documents_that_mention_its_keyword(ended: Ended) -> None:
    texts: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for row in ended.export("mentions"):
        mentioning = texts.setdefault((row["period"], row["keyword"]), set())
        mentioning.add((row["document"], row["text"].casefold()))

    phrases = ended.export("phrases")
    assert {row["keyword"] for row in phrases if row["count"]} == {"covid", "doctors"}
    for row in phrases:
        mentioning = texts[row["job"], row["keyword"]]
        assert row["count"] == sum(row["phrase"] in text for _, text in mentioning)


def test_a_month_without_documents_is_a_gap_and_one_without_mentions_a_true_zero(
    ended: Ended,
) -> None:
    rows = [
        row for row in ended.export("periods") if row["keyword"] == "covid" and row["term"] is None
    ]
    assert [
        (r["period"], r["state"], r["documents"], r["matched"], r["mentions"]) for r in rows
    ] == [
        ("2020-01", "complete", 2, 1, 1),
        ("2020-02", "complete", 4, 3, 4),
        ("2020-03", "complete", 1, 0, 0),
        ("2020-04", "no-data", 0, None, None),
    ]
    assert rows[2]["polarity_mean"] is None


def test_plan_counts_the_calls_exactly_and_the_same_run_again_makes_none(
    archive: Settings, db: Database, stub: Stub, start_worker: Callable[..., SupervisedProcess]
) -> None:
    engine = Engine(stub.url.removeprefix("http://"))
    planned = plan_run(db, PARAMETERS, (), engine=engine, settings=archive)
    assert stub.counts()["calls"] == 0
    start_worker(archive)
    first = run_to_its_end(archive, PARAMETERS)
    made = stub.counts()
    assert (made["calls"], made["repeated"]) == (planned.calls_to_make, 0)
    again = plan_submitted_run(db, first, engine=engine, settings=archive)
    assert call_counts(db, first) == again.needed_by_operation
    second = run_to_its_end(archive, PARAMETERS)
    assert stub.counts()["calls"] == made["calls"]
    assert plan_run(db, PARAMETERS, (), engine=engine, settings=archive).calls_to_make == 0
    for table in ("mentions", "periods", "phrases", "entities", "coverage"):
        assert [row | {"run": second} for row in exported(archive, first, table)] == exported(
            archive, second, table
        )

    # a further term makes only its own calls: one a day with documents, and those of new matches
    more = PARAMETERS.model_copy(
        update={"keywords": (*PARAMETERS.keywords, Keyword.parse("nobody-says-this"))}
    )
    run_to_its_end(archive, more)
    assert stub.counts()["calls"] - made["calls"] == 4


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("faults", "says"),
    [
        ({"status": 401}, "set TIDINGS_TEXTAPI_KEY"),
        ({"body": "<html>We are closed</html>"}, "answered with what is no JSON"),
    ],
)
def test_a_service_that_does_not_answer_fails_the_job_with_a_remedy(
    archive: Settings,
    db: Database,
    stub: Stub,
    start_worker: Callable[..., SupervisedProcess],
    faults: dict[str, Any],
    says: str,
) -> None:
    stub.faults(**faults)
    start_worker(archive)
    run = run_to_its_end(
        archive, PARAMETERS.model_copy(update={"first": "2020-02", "last": "2020-02"})
    )
    rows = exported(archive, run, "periods")
    assert {row["state"] for row in rows} == {"failed"}
    status = run_status(db, archive, run)
    assert status.state == "failed"
    assert says in status.details[0].reason


@pytest.mark.thorough
def test_a_cap_on_calls_is_kept_and_reported(
    archive: Settings, db: Database, stub: Stub, start_worker: Callable[..., SupervisedProcess]
) -> None:
    start_worker(archive)
    run = submit_run(db, PARAMETERS, (), max_calls=2)
    dispatch_to_workers(db, archive)

    def state() -> str:
        with db.read() as connection:
            return str(get_run(connection, run).state)

    wait_until(lambda: state() == "paused", seconds=60, what="the pause")
    with db.read() as connection:
        assert "cap of 2 calls is reached" in get_run(connection, run).reason

    assert stub.counts()["calls"] == 2
    resume_run(db, run, max_calls=100)
    dispatch_to_workers(db, archive)
    wait_until(lambda: state() == "done", seconds=60, what="the end")


@pytest.mark.thorough
def test_posts_of_a_handle_become_a_portrait(
    stub_settings: Settings,
    db: Database,
    tmp_path: Path,
    start_worker: Callable[..., SupervisedProcess],
) -> None:
    posts = tmp_path / "posts.jsonl"
    posts.write_text(
        "\n".join(
            json.dumps(
                {
                    "id": str(i),
                    "handle": "Pilot",
                    "created_at": f"2021-0{1 + i % 2}-01T00:00:00Z",
                    "text": text,
                }
            )
            for i, text in enumerate(
                ["The NASA tide is in. All is well.", "Fog again", "The NASA tide is out"]
            )
        )
    )
    import_paths(db, [posts], source="posts", handle=None, columns={})
    start_worker(stub_settings)
    run = run_to_its_end(stub_settings, AccountsParameters(), "@PILOT", "nobody")
    assert [
        (p["period"], p["documents"], p["state"])
        for p in exported(stub_settings, run, "periods")
        if p["handle"] == "pilot"
    ] == [
        ("2021-01", 2, "complete"),
        ("2021-02", 1, "complete"),
    ]
    whole = [e for e in exported(stub_settings, run, "entities") if e["period"] is None]
    assert [(e["type"], e["name"], e["count"], e["rank"]) for e in whole] == [("ORG", "NASA", 2, 1)]
    assert len(exported(stub_settings, run, "documents")) == 3
    assert exported(stub_settings, run, "summaries")[0]["summary"]
    states = {
        row["job"]: row["state"]
        for row in exported(stub_settings, run, "coverage")
        if row["step"] == "documents"
    }
    assert states == {"@nobody": "no-data", "@pilot": "complete"}
