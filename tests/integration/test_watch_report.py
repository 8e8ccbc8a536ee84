"""The report of a watched run begins with what is new; its events are told once."""

from __future__ import annotations

import calendar
import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, select
from typer.testing import CliRunner

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from cli.main import app
from cli.report_folders import remove_reports
from core.enums import JobKind
from core.settings import Settings, environment
from models.documents import add_documents
from models.tables import Job, WatchEvent
from models.watches import read_state, start_watch, unsent_events
from producers.watches import check_due_watches
from tests.jobs_kit import Jobs
from tests.json_kit import differences
from tests.reference_pages import MODELS
from tests.watch_kit import work
from workers import watching
from workers.executor import work_one_slice

PATH = "/hook/not-to-be-logged"
FEVER = MonthsParameters(
    first="2020-01", last="2020-02", keywords=(Keyword.parse("fever"),), steps=("keywords",)
)
WORDS = (
    "amber", "bread", "candle", "dusk", "ember", "field", "garden", "harbor", "island",
    "kettle", "ladder", "meadow", "needle", "orchard", "pencil", "quarry", "ribbon", "saddle",
    "umbrella", "valley", "window", "yellow", "anchor", "basket", "copper", "dollar", "engine",
    "granite", "hammer", "iron", "jungle", "kitchen", "lantern", "marble", "nickel", "orange",
)  # fmt: skip
ATOM = "{http://www.w3.org/2005/Atom}"
SENTENCE = "Fever rose to 50.0 % of documents in March 2020 (31 of 62); before, there was none."
# Its count leads to its documents.
LINK = '<a class="count" href="documents.html#subject=fever&amp;period=2020-03">31</a>'
ON_PAGE = SENTENCE.replace("31", LINK).replace(" %", "\xa0%")


class Webhook(HTTPServer):
    """A receiver on loopback that keeps what it was sent and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.status = 200
        self.received: list[Any] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}{PATH}"


class _Receiver(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(json.loads(body))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, _sqlite_template: Path) -> str:
    """What differs between databases has its tests in `test_watch`."""
    path = tmp_path / "tidings.db"
    path.write_bytes(_sqlite_template.read_bytes())
    return f"{request.param}:///{path}"


@pytest.fixture
def jobs(stub_settings: Settings, webhook: Webhook) -> Iterator[Jobs]:
    address = SecretStr(webhook.url)
    with closing(Jobs(stub_settings.model_copy(update={"webhook_url": address}))) as opened:
        for month in (1, 2):
            publish_month(opened, month)

        yield opened


@pytest.fixture
def tidings(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """``tidings`` with these arguments."""
    for name, value in environment(jobs.settings).items():
        if name.startswith("TIDINGS_"):
            monkeypatch.setenv(name, value)

    return lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)))


def publish_month(jobs: Jobs, month: int, *, fever: bool = False, storm: bool = False) -> None:
    """Store two documents for each day of a month; one mentions the fever or the storm, or none."""
    rows = []
    for day in range(1, calendar.monthrange(2020, month)[1] + 1):
        for number in range(2):
            at = datetime(2020, month, day, 12)  # noqa: DTZ001 - the column is naive UTC
            news = "Fever" if fever else "Storm" if storm else "Ferry"
            subject = news if number else "Ferry"
            # Texts of one pattern would be a family of repeats, which decides no event.
            words = random.Random(100 * month + 2 * day + number).sample(WORDS, 6)
            text = f"{' '.join(words[:3])} {subject} {' '.join(words[3:])}."
            rows.append({
                "identity": f"nyt:{month}-{day}-{number}", "source": "nyt", "handle": None,
                "author_id": None, "published_at": at, "period": f"2020-{month:02}",
                "address": None, "text": text, "material": "News",
                "repost": False,
            })  # fmt: skip

    add_documents(jobs.db, rows)


def make_report(jobs: Jobs, run: int) -> Path:
    with jobs.db.read() as connection:
        of_run = (Job.run_id == run, Job.kind == JobKind.REPORT)
        ids = connection.scalars(select(Job.id).where(*of_run)).all()

    for job_id in ids:
        work_one_slice(jobs.runtime, job_id)

    return jobs.settings.reports / str(run)


def watched_run(jobs: Jobs, parameters: MonthsParameters = FEVER) -> int:
    """Return a run over two months without fever that is watched and has its report."""
    run = jobs.submit(parameters)
    work(jobs, run)
    with jobs.db.write() as connection:
        start_watch(connection, jobs.db, run, every="day", max_calls=None, now=0.0)

    make_report(jobs, run)
    return run


def update_in(jobs: Jobs, run: int, month: int) -> None:
    now = datetime.fromisoformat(f"2020-{month:02}-28T00:00:00+00:00").timestamp()
    assert check_due_watches(jobs.db, jobs.settings, now=now) == 1
    work(jobs, run)


def test_the_report_begins_with_what_is_new_and_its_event_is_told_once(
    jobs: Jobs,
    webhook: Webhook,
    tidings: Callable[..., Any],
) -> None:
    run = watched_run(jobs)
    folder = jobs.settings.reports / str(run)
    assert "Its next report says what is new" in (folder / "index.html").read_text()
    assert webhook.received == []
    none = tidings("events", run, "--new")
    assert (none.exit_code, none.stdout) == (0, "")
    assert f"run {run} has no new event: no whole month or week departs" in none.stderr

    publish_month(jobs, 3, fever=True)
    update_in(jobs, run, 3)
    make_report(jobs, run)
    page = (folder / "index.html").read_text()
    beginning = page.index("What is new</h2>")
    assert page.index("<h1>") < page.index("<figure") < beginning < page.index('id="brief"')
    assert "<li>62 new documents: in March 2020.</li>" in page
    assert "<li>“fever”: 31 new documents mention it, 31 in all.</li>" in page
    assert "<br><q>" in page
    assert f"<strong>New.</strong> {ON_PAGE}" in page
    assert "unless three come in a row" in page

    feed = ET.parse(folder / "events.atom").getroot()  # noqa: S314 - our own
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == SENTENCE
    (message,) = webhook.received
    assert (message["run"], [row["text"] for row in message["events"]]) == (run, [SENTENCE])
    shown = tidings("events", run, "--new")
    assert (shown.exit_code, shown.stdout) == (10, f"{SENTENCE}\n")

    publish_month(jobs, 4)
    update_in(jobs, run, 4)
    make_report(jobs, run)
    page = (folder / "index.html").read_text()
    assert "New.</strong>" not in page
    assert ON_PAGE in page
    assert len(webhook.received) == 1
    assert tidings("events", run, "--new").exit_code == 0
    listed = tidings("events", run, "--json")
    assert listed.exit_code == 10
    assert not list(differences(json.loads(listed.stdout), MODELS["events"]))
    id_ = ET.parse(folder / "events.atom").getroot().find(f"{ATOM}entry").findtext(f"{ATOM}id")  # type: ignore[union-attr] # noqa: S314
    assert id_ == entry.findtext(f"{ATOM}id")


@pytest.mark.parametrize("status", [500, pytest.param(302, marks=pytest.mark.thorough)])
def test_a_webhook_that_fails_stops_no_report_and_is_tried_again(
    status: int, jobs: Jobs, webhook: Webhook, capfd: pytest.CaptureFixture[str]
) -> None:
    run = watched_run(jobs)
    webhook.status = status
    publish_month(jobs, 3, fever=True)
    update_in(jobs, run, 3)
    folder = make_report(jobs, run)
    assert ON_PAGE in (folder / "index.html").read_text()
    with jobs.db.read() as connection:
        assert len(unsent_events(connection, run)) == 1

    printed = "".join(capfd.readouterr())
    assert f"status {status}" in printed
    assert PATH not in printed

    webhook.status = 204
    publish_month(jobs, 4)
    update_in(jobs, run, 4)
    make_report(jobs, run)
    assert [message["events"][0]["text"] for message in webhook.received] == [SENTENCE] * 2
    with jobs.db.read() as connection:
        assert unsent_events(connection, run) == []


def look_in(jobs: Jobs, month: int) -> int:
    """Look at the watched runs in another month; return how many got jobs to do."""
    now = datetime.fromisoformat(f"2020-{month:02}-28T00:00:00+00:00").timestamp()
    return check_due_watches(jobs.db, jobs.settings, now=now)


@pytest.mark.thorough
def test_unsent_events_go_out_at_every_look_until_the_webhook_has_taken_them(
    jobs: Jobs, webhook: Webhook
) -> None:
    run = watched_run(jobs)
    webhook.status = 500
    publish_month(jobs, 3, fever=True)
    update_in(jobs, run, 3)
    folder = make_report(jobs, run)
    written_at = (folder / "index.html").stat().st_mtime_ns

    for month in (4, 5, 6):
        assert look_in(jobs, month) == 1
        make_report(jobs, run)

    assert len(webhook.received) == 4

    webhook.status = 200
    assert look_in(jobs, 7) == 1
    make_report(jobs, run)
    assert [message["events"][0]["text"] for message in webhook.received] == [SENTENCE] * 5
    assert look_in(jobs, 8) == 0
    make_report(jobs, run)
    assert len(webhook.received) == 5
    assert (folder / "index.html").stat().st_mtime_ns == written_at
    with jobs.db.read() as connection:
        assert read_state(connection, run).updates == 1  # type: ignore[union-attr]


@pytest.mark.thorough
def test_a_look_leaves_a_report_job_that_is_still_queued_alone(
    jobs: Jobs, webhook: Webhook
) -> None:
    run = watched_run(jobs)
    webhook.status = 500
    publish_month(jobs, 3, fever=True)
    update_in(jobs, run, 3)
    make_report(jobs, run)
    assert look_in(jobs, 4) == 1
    assert look_in(jobs, 5) == 0
    webhook.status = 200
    make_report(jobs, run)
    assert len(webhook.received) == 2


@pytest.mark.thorough
def test_events_are_sent_the_oldest_first_in_messages_of_bounded_size(
    jobs: Jobs, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    keywords = (Keyword.parse("storm"), Keyword.parse("fever"))
    run = watched_run(jobs, FEVER.model_copy(update={"keywords": keywords}))
    webhook.status = 500
    publish_month(jobs, 3, fever=True)
    update_in(jobs, run, 3)
    make_report(jobs, run)
    assert len(webhook.received) == 1
    with jobs.db.write() as connection:
        # An event that an erasure took away is stored, and no report shows it.
        lost_event = {"run_id": run, "key": "lost", "number": 1, "at": 0.0, "is_sent": False}
        connection.execute(insert(WatchEvent), [lost_event])

    publish_month(jobs, 4, storm=True)
    update_in(jobs, run, 4)
    make_report(jobs, run)
    (_, refused) = webhook.received
    periods = [event["period"] for event in refused["events"]]
    assert periods == ["2020-03", "2020-04"]

    webhook.status = 200
    webhook.received.clear()
    monkeypatch.setattr(watching, "EVENTS_PER_MESSAGE", 1)
    assert look_in(jobs, 5) == 1
    make_report(jobs, run)
    assert [len(message["events"]) for message in webhook.received] == [1, 1]
    assert [message["events"][0]["period"] for message in webhook.received] == periods
    assert look_in(jobs, 6) == 0
    with jobs.db.read() as connection:
        assert unsent_events(connection, run) == []


def test_a_look_without_a_webhook_queues_nothing_for_events(jobs: Jobs) -> None:
    run = watched_run(jobs)
    with jobs.db.write() as connection:
        event = {"run_id": run, "key": "unsent", "number": 1, "at": 0.0, "is_sent": False}
        connection.execute(insert(WatchEvent), [event])

    jobs.settings = jobs.settings.model_copy(update={"webhook_url": None})
    assert look_in(jobs, 4) == 0


def test_a_report_that_is_removed_takes_its_feed_with_it(jobs: Jobs) -> None:
    run = watched_run(jobs)
    folder = jobs.settings.reports / str(run)
    assert (folder / "events.atom").is_file()
    remove_reports(jobs.settings, [run])
    assert not folder.exists()


def test_the_page_of_a_run_that_is_not_watched_says_nothing_of_watches(jobs: Jobs) -> None:
    run = jobs.submit(FEVER)
    work(jobs, run)
    folder = make_report(jobs, run)
    page = (folder / "index.html").read_text()
    assert "What is new" not in page
    assert '<h2 id="surprises">Surprises</h2>' in page
    assert "No single month or week stands out from the past of its series." in page
    assert not (folder / "events.atom").exists()
