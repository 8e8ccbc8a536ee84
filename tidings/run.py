"""A run: its state, its results as tables and pictures, its report, and what people say of it."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from tidings.coding import CodingPage
from tidings.commands import RunCommands
from tidings.displays import ProgressBar
from tidings.errors import NoWorker, RunFailed, TidingsError
from tidings.packs import PackFile
from tidings.program import Program
from tidings.report import Figure, Report
from tidings.tables import read_parquet
from tidings.words import Texts, join, option, switch, texts

if TYPE_CHECKING:
    import pyarrow as pa

DONE = "done"
PAUSED = "paused"

# A stack that starts has its workers in less time, and one that is started anew, too.
NO_WORKER_SECONDS = 60.0

# `events` ends with this status if there are any.
HAS_EVENTS = 10


class Run(RunCommands):
    """A run of a home, by its *number*."""

    def __init__(self, program: Program, number: int) -> None:
        self.program, self.number = program, number

    def __index__(self) -> int:
        return self.number

    def __repr__(self) -> str:
        return f"run {self.number} of {self.program.name}"

    def status(self) -> dict[str, Any]:
        """Return the state of the run, job by job, and what it waits for."""
        status: dict[str, Any] = self.program.run_json(["status", str(self.number)])
        return status

    def wait(self) -> Run:
        """Wait until the run and its report have ended, with a bar of progress; return the run.

        An interruption (Ctrl-C, the notebook's stop) leaves the run to the workers: it goes on, and
        `wait` may be called again. Raises `RunFailed` if it does not end as done, and `NoWorker`
        after a minute in which no worker was there.
        """
        status: dict[str, Any] = {}
        worker_seen_at = monotonic()
        bar = ProgressBar(f"run {self.number}")
        try:
            with self.program.lines(["status", str(self.number), "--watch", "--json"]) as lines:
                for line in lines:
                    status = json.loads(line)
                    bar.update(status["progress"], _describe(status))
                    if status["state"] == PAUSED:
                        break

                    moment = monotonic()
                    if status["slots"] != 0:
                        worker_seen_at = moment
                    elif moment - worker_seen_at >= NO_WORKER_SECONDS:
                        raise NoWorker(
                            f"run {self.number} waits, and no worker has been there for a minute: "
                            f"{self.program.how_to_start}, and the run goes on"
                        )
        except KeyboardInterrupt:
            sys.stderr.write(f"\nrun {self.number} goes on: wait() waits again, cancel() ends it\n")
            raise
        finally:
            bar.close()

        if status["state"] != DONE:
            raise RunFailed(f"run {self.number} is {_describe(status)}")
        if status["codes"] and status["codes"]["uncoded"]:
            sys.stderr.write(f"run {self.number}: {_describe_uncoded(**status['codes'])}\n")

        return self

    def table(
        self,
        table: str,
        *,
        by: str | None = None,
        distinct: bool = False,
        without: Texts | None = None,
    ) -> pa.Table:
        """Return a table of the run as a `pyarrow.Table`: pandas, polars and DuckDB take it.

        The options are those of `export`; ``docs/exports.md`` says what the columns mean.
        """
        options = [
            *option("--by", by),
            *switch("--distinct", is_on=distinct),
            *texts("--without", without),
        ]
        words = ["export", *options, "--format=parquet", str(self.number), table]
        return read_parquet(self.program.run(words))

    def figure(self, figure: str) -> Figure:
        """Return a picture of the run's report, by its name, as "shares" or "virus-polarity"."""
        return self.report().figure(figure)

    def _call(self, command: str, options: Sequence[str], arguments: Sequence[str]) -> Any:
        words = [command, *join(options, [str(self.number), *arguments])]
        if command == "export":
            return self.program.run(words)
        if command == "events":
            return self.program.run_json(words, statuses=(0, HAS_EVENTS))
        if "--serve" in words:
            return self._serve(words)

        printed = self.program.run_text(words)
        if command == "report":
            return Report(Path(printed))

        if command == "pack":
            return PackFile(Path(printed))

        return printed if command == "label" else None

    def _serve(self, words: Sequence[str]) -> CodingPage:
        if self.program.is_here:
            return CodingPage(self.program, words)

        raise TidingsError(
            "the page would be served on the machine of the command, where no link of it leads "
            "from here, and outlive this notebook: type "
            f"`{shlex.join(['tidings', *words])}` there, or take files: out= writes the sample, "
            "file= reads what was coded"
        )


def _describe_uncoded(texts: int, uncoded: Mapping[str, int]) -> str:
    states = ", ".join(f"{state} {count:,}" for state, count in sorted(uncoded.items()))
    return f"{sum(uncoded.values()):,} of {texts:,} texts got no code: {states}"


def _describe(status: Mapping[str, Any]) -> str:
    parts = [str(status["state"])]
    parts += [f"{count} {state}" for state, count in status["jobs"].items() if count]
    reason = status["reason"] or status["waiting_for"]
    report = f"its report {status['report']}" if status["report"] else None
    return "; ".join(filter(None, [", ".join(parts), reason, report]))
