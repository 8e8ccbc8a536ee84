"""Dispatch a run and wait for its end, with progress on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from threading import Event, Thread

import typer
from rich.console import Console
from rich.status import Status
from sqlalchemy import select

from cli.control import dispatch
from cli.messages import inform, warn
from core.enums import ENDED, NO_CODES, State
from core.process_identity import has_exited
from core.progress import listening
from core.quantities import quantity
from core.settings import Settings
from models.codes import count_texts_of_run
from models.database import Database
from models.jobs import count_live_slots, job_counts, progress_of
from models.runs import LOOK_JOB, get_run
from models.tables import Job
from producers.status import blocking_reason
from reports.report_files import INDEX

POLL_SECONDS = 0.25

# The time between two lines of progress if no terminal shows it; a notebook shows the last one.
LINE_SECONDS = 3.0

UNFINISHED = (State.QUEUED, State.RUNNING, State.WAITING)

# Progress that does not change is printed again after this time.
REPEAT_SECONDS = 30.0

# A terminal shows for how many seconds the progress has been the same, from so many on.
SILENT_SECONDS = 2.0

# This exit status follows Ctrl-C.
INTERRUPTED = 130

# A command waits this long for the first worker.
NO_WORKER_SECONDS = 20.0

# A shorter wait of a run is not reported.
LASTING_SECONDS = 2.0


def dispatch_and_wait(db: Database, settings: Settings, run: int, *, wait: bool) -> None:
    """Dispatch a stored run, print its number, and with *wait* exit when it has ended.

    The number is the last line on standard output, after an interruption too.
    """
    try:
        dispatched = dispatch(db, settings)
        succeeded = not wait or (dispatched and wait_for(db, settings, run))
    except KeyboardInterrupt:
        # The terminal shows ^C on the line of the progress.
        inform("")
        warn(
            f"run {run} goes on: `tidings status {run} --watch` shows it, `tidings cancel {run}` "
            "ends it"
        )
        print(run)
        raise typer.Exit(INTERRUPTED) from None

    if wait and dispatched:
        _show_results(settings, run)

    print(run)
    raise typer.Exit(int(not succeeded))


def note_equal_run(run: int) -> None:
    """Say that `--once` takes a run that is there already."""
    inform(f"run {run} is there already with the same options and name, and is taken with its caps")


def _show_results(settings: Settings, run: int) -> None:
    """Print where the run's page is, and what can be done next."""
    page = settings.reports / str(run) / INDEX
    if page.is_file():
        inform(f"the report: {page.resolve()}")
    else:
        inform(f"`tidings report {run}` writes the report and prints its page")

    inform(f"next: `tidings export {run} TABLE` for numbers, `tidings status {run}` for its jobs")


def wait_for(db: Database, settings: Settings, run: int) -> bool:
    """Wait until every job of the run, the report too, has ended; return whether all are done.

    A job whose texts got no code at all has not done what it was submitted for.
    """
    reasons = WaitingReasons(run)
    started = time.monotonic()
    progress = 0.0
    with progress_display(f"run {run}") as display:
        while True:
            with db.read() as connection:
                stored_run = get_run(connection, run)
                counts = job_counts(connection, run)
                # A sample that grows, or a training that goes on after a crash, repeats work.
                progress = max(progress, progress_of(connection, run))

            has_ended = stored_run.state in ENDED

            if has_ended and not any(counts.get(state) for state in UNFINISHED):
                break
            if stored_run.state == State.PAUSED:
                warn(f"run {run} is paused: {stored_run.reason or 'by hand'}")
                return False

            waited = time.monotonic() - started
            if waited > NO_WORKER_SECONDS and not count_live_slots(db, has_exited):
                warn("no worker is running: start the stack with `tidings up`")
                return False

            display.update(_describe_progress(progress, counts))
            # A run that has ended only waits for its report.
            reasons.report(None if has_ended else blocking_reason(db, settings, run))
            time.sleep(POLL_SECONDS)

        display.update(_describe_progress(progress, counts), is_last=progress >= 1)

    return _report_outcome(db, run)


class ProgressLines:
    """Prints the progress in a line every few seconds, if it has changed.

    The first line comes at once, or with *is_often_short* when a few seconds have gone by.
    `repeat` prints how much is done, and since when the work goes on, where no line came for long.
    """

    def __init__(self, subject: str, *, is_often_short: bool = False) -> None:
        self._subject = subject
        self._began_at = time.monotonic()
        self._progress = self._printed = ""
        self._printed_at = self._began_at if is_often_short else float("-inf")

    def update(self, progress: str, *, is_last: bool = False) -> None:
        """Show how much is done."""
        self._progress = progress
        moment = time.monotonic()
        if progress != self._printed and (is_last or moment - self._printed_at >= LINE_SECONDS):
            inform(f"{self._subject}: {progress}")
            self._printed, self._printed_at = progress, moment

    def repeat(self, ended: Event) -> None:
        """Print the progress again and again until *ended* is set."""
        while not ended.wait(REPEAT_SECONDS):
            moment = time.monotonic()
            if self._progress and moment - self._printed_at >= REPEAT_SECONDS:
                seconds = quantity(round(moment - self._began_at), "second")
                inform(f"{self._subject}: {self._progress}, {seconds} so far")
                self._printed, self._printed_at = self._progress, moment


class ProgressOfTerminal:
    """Shows the progress in one line of a terminal, which it updates.

    `repeat` shows how long the same work has been going on.
    """

    def __init__(self, subject: str, status: Status) -> None:
        self._status = status
        self._shown, self._shown_at = subject, time.monotonic()
        self._subject = subject

    def update(self, progress: str, *, is_last: bool = False) -> None:  # noqa: ARG002
        """Show how much is done."""
        self._shown, self._shown_at = f"{self._subject}: {progress}", time.monotonic()
        self._status.update(self._shown)

    def repeat(self, ended: Event) -> None:
        """Show the seconds since the last update, until *ended* is set."""
        while not ended.wait(1):
            seconds = time.monotonic() - self._shown_at
            if seconds >= SILENT_SECONDS:
                self._status.update(f"{self._shown}, {seconds:.0f} s")


@contextmanager
def progress_display(
    subject: str, *, is_often_short: bool = False
) -> Iterator[ProgressLines | ProgressOfTerminal]:
    """Show the progress of *subject* on standard error, as long as the context lasts.

    What work in the context says of its progress is shown, too. Where no terminal shows it, work
    that *is_often_short* has no line if it ends in a few seconds.
    """
    with ExitStack() as stack:
        display: ProgressLines | ProgressOfTerminal
        if sys.stderr is None or not sys.stderr.isatty():
            display = ProgressLines(subject, is_often_short=is_often_short)
        else:
            status = Console(stderr=True, highlight=False).status(subject)
            display = ProgressOfTerminal(subject, stack.enter_context(status))

        ended = Event()
        repeating = Thread(target=display.repeat, args=(ended,), daemon=True)
        repeating.start()
        stack.callback(repeating.join)
        stack.callback(ended.set)
        stack.enter_context(listening(display.update))
        yield display


def _describe_progress(progress: float, counts: Mapping[str, int]) -> str:
    parts = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    return f"{progress:.0%} ({parts})"


class WaitingReasons:
    """Prints why a run waits: each lasting reason once, also where it comes again."""

    def __init__(self, run: int) -> None:
        self._run = run
        self._reason: str | None = None
        self._since = time.monotonic()
        self._printed: set[str] = set()

    def report(self, reason: str | None) -> None:
        """Print *reason* if the run has waited for it for a while; None if it does not wait."""
        moment = time.monotonic()
        if reason != self._reason:
            self._reason, self._since = reason, moment
        if reason and reason not in self._printed and moment - self._since >= LASTING_SECONDS:
            warn(f"run {self._run} waits: {reason}")
            self._printed.add(reason)


def _report_outcome(db: Database, run: int) -> bool:
    columns = (Job.name, Job.first_day, Job.state, Job.result, Job.reason)
    query = select(*columns).where(Job.run_id == run)
    with db.read() as connection:
        jobs = connection.execute(query.order_by(Job.id)).all()
        texts = count_texts_of_run(connection, run)

    for job in jobs:
        if job.state == State.FAILED:
            warn(f"{job.name} failed: {job.reason}")
        elif job.result:
            warn(f"{job.name}: {job.result}: {job.reason}")
        elif job.state == State.DONE and job.reason and (job.first_day or job.name == LOOK_JOB):
            # What it says is of texts.
            warn(f"{job.name}: {job.reason}")

    if texts is not None and texts.uncoded:
        warn(
            f"run {run}: {texts.describe()}; `tidings export {run} codes` has the state of each, "
            "and what to change is in docs/models.md"
        )

    are_done = all(job.state == State.DONE for job in jobs)
    return are_done and not any(job.result == NO_CODES for job in jobs)
