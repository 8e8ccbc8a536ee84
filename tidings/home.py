"""A home: the folder, or the machines, where documents and runs are."""

from __future__ import annotations

import atexit
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tidings.commands import HomeCommands, TrainingCommands
from tidings.displays import html_table, link_report, text_table
from tidings.errors import TidingsError
from tidings.plan import Plan
from tidings.program import LOCAL_COMMAND, Program
from tidings.run import Run
from tidings.stack import HomeStack
from tidings.words import PathText, join

# The months of the demo's newspaper, which is made up: it ships with the program.
DEMO_ARCHIVE = Path(__file__).parents[1] / "sources" / "synthetic" / "archive"

# The display of a home has so many, the newest first.
RUNS_SHOWN = 10

# `import` ends with this status if something unreadable was left out, which its remarks name.
LEFT_OUT = 3


class ReadSummary(dict[str, Any]):
    """What `tidings import --json` prints; its display leaves out what is zero."""

    def __repr__(self) -> str:
        counts = [f"{name.replace('_', ' ')} {count}" for name, count in self.items() if count]
        return ", ".join(counts) or "read 0"


class StoredSummary(dict[str, Any]):
    """What `tidings stored --json` prints; its display shows the sources."""

    def lines(self) -> list[tuple[str, str]]:
        """Return a line for each source."""
        lines = []
        for source in self["sources"]:
            gaps = [
                first if first == last else f"{first}..{last}" for first, last in source["gaps"]
            ]
            text = f"{source['documents']:,} documents, {source['first']}..{source['last']}"
            without = f", without a document: {', '.join(gaps)}" if gaps else ""
            lines.append((source["source"], text + without))

        return lines or [("nothing", "no document is stored")]

    def __repr__(self) -> str:
        return text_table(self.lines())

    def _repr_html_(self) -> str:
        return html_table(self.lines())


class TrainingPlans(TrainingCommands[Plan]):
    """The networks that can be trained; each method returns a plan to submit."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def _call(self, command: str, options: Sequence[str], arguments: Sequence[str]) -> Plan:
        return Plan(self._program, command, join(options, arguments))


class Home(HomeCommands[Plan]):
    """Documents and runs, and the commands on them; `open` returns one."""

    def __init__(self, program: Program, stack: HomeStack | None) -> None:
        self.name, self.program, self._stack = program.name, program, stack
        self.training = TrainingPlans(program)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"home {self.name}"

    def _repr_html_(self) -> str:
        lines = [("home", self.name), *self.stored().lines()]
        links = {}
        for run in self.runs()[:RUNS_SHOWN]:
            cost = run["cost"] and f"{run['cost']['charged']:,.2f} {run['cost']['currency']}"
            parts = [run["name"], run["state"], cost]
            label = f"run {run['run']}"
            lines.append((label, ", ".join(filter(None, parts))))
            links[label] = link_report(self.program.report_page(run["run"]))

        return html_table(lines, links)

    def close(self) -> None:
        """End the stack if this home started it; calls under way are waited for."""
        self.program.close()
        if self._stack is not None:
            self._stack.close()
            atexit.unregister(self.close)

    def stored(self) -> StoredSummary:
        """Return what is stored: sources, months and gaps, outlets, sections, accounts, imports."""
        return StoredSummary(self.program.run_json(["stored"]))

    def runs(self) -> list[dict[str, Any]]:
        """List the runs, newest first."""
        runs: list[dict[str, Any]] = self.program.run_json(["runs"])
        return runs

    def run(self, number: int) -> Run:
        """Return the run of that number. Raises `CommandError` if there is none."""
        run = Run(self.program, number)
        run.status()
        return run

    def command(self, *words: str) -> str:
        """Run any other command and return what it prints: ``home.command("watch", "--list")``."""
        return self.program.run_text(words)

    def _call(self, command: str, options: Sequence[str], arguments: Sequence[str]) -> Any:
        words = join(options, arguments)
        if command == "import":
            return ReadSummary(self.program.run_json(["import", *words], statuses=(0, LEFT_OUT)))

        return Plan(self.program, command, words)


def open_home(
    home: PathText = ".tidings",
    *,
    start: bool = False,
    command: str | Sequence[str] | None = None,
) -> Home:
    """Open the folder *home*, as `TIDINGS_HOME` names it to the commands.

    With *start* its stack is brought up if it is not up already, and ended by `Home.close`, at the
    end of a ``with`` block, or when Python ends. With *command* the commands run elsewhere:
    ``"docker compose run --rm -T tidings"``, ``"ssh HOST tidings"``; *home* says nothing then.
    """
    if command is not None:
        if start:
            raise TidingsError("a stack elsewhere is started there: leave start or command out")

        prefix = shlex.split(command) if isinstance(command, str) else list(command)
        return Home(Program(prefix, {}, shlex.join(prefix)), None)

    folder = Path(os.fspath(home)).resolve()
    program = Program(LOCAL_COMMAND, {"TIDINGS_HOME": str(folder)}, str(home))
    if not start:
        return Home(program, None)

    stack = HomeStack(program, folder)
    opened = Home(program, stack)
    atexit.register(opened.close)
    stack.start()
    return opened
