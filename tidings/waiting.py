"""Wait for runs: one or several under one bar, blocking or awaited."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

from tidings.displays import ProgressBar
from tidings.errors import NoWorker, RunFailed

if TYPE_CHECKING:
    from tidings.run import Run

DONE, PAUSED = "done", "paused"

# In these states a run's texts are still to be worked on.
UNFINISHED = {"queued", "running", "waiting"}

# A stack that starts has its workers in less time, and one that is started anew, too.
NO_WORKER_SECONDS = 60.0


class Waiting:
    """Runs that are waited for together, with their reports or without."""

    def __init__(self, runs: Sequence[Run], *, report: bool) -> None:
        self._runs, self._report = runs, report
        self._statuses: dict[int, dict[str, Any]] = {}

        # What the commands print, the number of the run with it; None ends the waiting.
        self._printed: SimpleQueue[tuple[int, dict[str, Any] | Exception | None] | None] = (
            SimpleQueue()
        )

    def wait(self) -> None:
        """Return when all have ended. Raises `RunFailed` and `NoWorker`."""
        numbers = ", ".join(str(run.number) for run in self._runs)
        subject = f"run{'s' * (len(self._runs) > 1)} {numbers}"
        bar = ProgressBar(subject)
        try:
            with ExitStack() as stack:
                for run in self._runs:
                    words = ["status", str(run.number), "--watch", "--json"]
                    lines = stack.enter_context(run.program.lines(words))
                    Thread(target=self._read, args=(run.number, lines), daemon=True).start()

                self._follow(bar)
        except KeyboardInterrupt:
            sys.stderr.write(f"\n{subject} goes on: wait() waits again, cancel() ends it\n")
            raise
        finally:
            bar.close()

    async def wait_beside(self) -> None:
        """Wait in another thread, so that other coroutines go on; ends with the awaiting task."""
        # A script that does not await is spared the time of its import.
        import asyncio  # noqa: PLC0415

        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def tell(error: BaseException | None) -> None:
            if not ended.done():
                ended.set_exception(error) if error else ended.set_result(None)

        def wait() -> None:
            end: Exception | None = None
            try:
                self.wait()
            except Exception as error:  # noqa: BLE001 - the awaiting task raises it
                end = error

            # The loop of a task that was cancelled may be closed.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(tell, end)

        Thread(target=wait, daemon=True).start()
        try:
            await ended
        finally:
            self._printed.put(None)

    def _read(self, number: int, lines: Iterator[str]) -> None:
        """Put what the command of a run prints into the queue, its end and its error, too."""
        end: Exception | None = None
        try:
            for line in lines:
                self._printed.put((number, json.loads(line)))
        except Exception as error:  # noqa: BLE001 - the thread that waits raises it
            end = error

        self._printed.put((number, end))

    def _follow(self, bar: ProgressBar) -> None:
        """Show the progress until all runs have ended; check how they did."""
        worker_seen_at = monotonic()
        waiting = {run.number for run in self._runs}
        while waiting:
            printed = self._printed.get()
            if printed is None:
                return

            number, status = printed
            if isinstance(status, Exception):
                raise status
            if status is not None:
                self._statuses[number] = status
                shares = [known["progress"] for known in self._statuses.values()]
                bar.update(sum(shares) / len(self._runs), self._describe())

            if status is None or self._has_ended(status):
                waiting.discard(number)
                continue

            moment = monotonic()
            if status["slots"] != 0:
                worker_seen_at = moment
            elif moment - worker_seen_at >= NO_WORKER_SECONDS:
                raise NoWorker(
                    f"run {number} waits, and no worker has been there for a minute: "
                    f"{self._runs[0].program.how_to_start}, and the run goes on"
                )

        self._check()

    def _has_ended(self, status: dict[str, Any]) -> bool:
        """Return whether a run is not waited for any more, though its command may go on."""
        return status["state"] == PAUSED or not (self._report or status["state"] in UNFINISHED)

    def _describe(self) -> str:
        if len(self._runs) == 1:
            (status,) = self._statuses.values()
            return describe(status)

        states = [status["state"] for status in self._statuses.values()]
        return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))

    def _check(self) -> None:
        """Raise `RunFailed` if a run is not done; say how many texts got no code."""
        failed = []
        for number, status in self._statuses.items():
            if status["state"] != DONE:
                failed.append(f"run {number} is {describe(status)}")
            elif status["codes"] and (uncoded := status["codes"]["uncoded"]):
                states = ", ".join(f"{state} {count:,}" for state, count in sorted(uncoded.items()))
                texts = f"{sum(uncoded.values()):,} of {status['codes']['texts']:,} texts"
                sys.stderr.write(f"run {number}: {texts} got no code: {states}\n")

        if failed:
            raise RunFailed("; ".join(failed))


def describe(status: Mapping[str, Any]) -> str:
    """Return the state of a run, how many jobs are in which, and what it waits for."""
    parts = [str(status["state"])]
    parts += [f"{count} {state}" for state, count in status["jobs"].items() if count]
    reason = status["reason"] or status["waiting_for"]
    report = f"its report {status['report']}" if status["report"] else None
    return "; ".join(filter(None, [", ".join(parts), reason, report]))
