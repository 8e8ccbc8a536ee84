"""Run the commands of Tidings: in this environment, or behind `docker compose run` or ssh."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from tidings.displays import ProgressBar
from tidings.errors import CommandError, TidingsError, UsageError
from tidings.server import IS_POSSIBLE, CommandServer
from tidings.tables import FRAME_FILE, FRAME_FOLDER
from tidings.words import add_switch

# With -P nothing in the working folder, such as a `core.py` of yours, is imported.
LOCAL_COMMAND = (sys.executable, "-P", "-m", "cli.main")

WRONG_USAGE = 2

SECOND_COMMAND = 2

_MARK = "tidings: "

# A line in which a command says how much is done, and the table that it got as a file.
_PROGRESS = re.compile(r"(?:import|planning|(?:export|run|report|pack|events) [\w ]+): ")
_FRAME_PATH = re.compile(rf"\S*/{FRAME_FOLDER}\w+/{FRAME_FILE}")

# A command that is interrupted has this long to end, as after Ctrl-C; then it is ended.
_SECONDS_TO_END = 2.0

# Jupyter lets figures be drawn into the notebook; commands draw into files.
_VARIABLES_OF_NOTEBOOKS = ("MPLBACKEND",)


def show_remark(remark: str) -> None:
    """Show what a command remarks on standard error."""
    sys.stderr.write(f"{_MARK}{remark}\n")


class Program:
    """The command `tidings` on the home *name*.

    *command* are its first words, *variables* its environment.
    """

    def __init__(self, command: Sequence[str], variables: Mapping[str, str], name: str) -> None:
        self.command, self.name = tuple(command), name
        environment = {**os.environ, **variables}
        for variable in _VARIABLES_OF_NOTEBOOKS:
            environment.pop(variable, None)

        self.environment = environment
        self._server: CommandServer | None = None
        self._commands = 0

    @property
    def is_here(self) -> bool:
        """Whether the commands run in this environment, and not behind a prefix."""
        return self.command == LOCAL_COMMAND

    def check_is_here(self) -> None:
        """Raise `TidingsError` where the commands do not see the files of this machine."""
        if not self.is_here:
            raise TidingsError(
                "a table comes and goes as a file of this machine, and the command runs on another "
                "one: give it a file there by file= or as the path, and take one by out="
            )

    def report_page(self, run: int) -> Path:
        """Return where the workers put the report of a run, if the home is on this machine."""
        return Path(self.environment.get("TIDINGS_HOME", "")) / "reports" / f"{run}" / "index.html"

    @property
    def how_to_start(self) -> str:
        """The words that say how the stack of the home is started."""
        if self.is_here:
            return f"`tidings.open({self.name!r}, start=True)` starts a stack"

        return f"`{self.name} up` starts a stack there"

    def run(
        self,
        words: Sequence[str],
        *,
        statuses: Collection[int] = (0,),
        on_remark: Callable[[str], object] = show_remark,
    ) -> bytes:
        """Return what the command prints; *on_remark* gets each of its remarks.

        Raises `UsageError`, and `CommandError` if it ends with another status than *statuses*. An
        interruption ends the command.
        """
        line, descriptors = self._quick_line(words)
        with subprocess.Popen(  # noqa: S603 - our own program, or the user's prefix
            line,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=descriptors,
        ) as process:
            remarks: list[str] = []
            reader = Thread(target=_read_remarks, args=(process, remarks), daemon=True)
            reader.start()
            try:
                assert process.stdout is not None  # noqa: S101 - a pipe
                printed = process.stdout.read()
                reader.join()
            except BaseException:
                _end(process)
                raise

        self.check(words, process.returncode, remarks, statuses)
        for remark in remarks:
            if remark.startswith(_MARK):
                on_remark(remark.removeprefix(_MARK))

        return printed

    def run_text(
        self, words: Sequence[str], *, on_remark: Callable[[str], object] = show_remark
    ) -> str:
        """Return what the command prints as text, which may be a path of any bytes."""
        return os.fsdecode(self.run(words, on_remark=on_remark)).rstrip("\n")

    def run_json(self, words: Sequence[str], **options: Any) -> Any:
        """Return what the command prints with `--json`; *options* are those of `run`."""
        return json.loads(self.run(add_switch(words, "--json"), **options))

    @contextmanager
    def lines(self, words: Sequence[str]) -> Iterator[Iterator[str]]:
        """Yield the lines that a command prints while it runs; end it when the block ends.

        Raises `CommandError` from the lines if the command fails.
        """
        line, descriptors = self._quick_line(words)
        with subprocess.Popen(  # noqa: S603 - as above
            line,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            pass_fds=descriptors,
        ) as process:
            try:
                yield self._read_lines(words, process)
            finally:
                process.terminate()

    def start(self, words: Sequence[str]) -> subprocess.Popen[str]:
        """Start a command that goes on until its standard input is closed."""
        command = [sys.executable, "-P", "-m", "tidings.end_with_input", *self.line(words)]
        return subprocess.Popen(  # noqa: S603 - as above
            command,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _read_lines(self, words: Sequence[str], process: subprocess.Popen[str]) -> Iterator[str]:
        assert process.stdout is not None  # noqa: S101 - both are pipes
        assert process.stderr is not None  # noqa: S101
        yield from process.stdout
        remarks = process.stderr.read().splitlines()
        self.check(words, process.wait(), remarks)

    def close(self) -> None:
        """End the server of commands."""
        if self._server is not None:
            self._server.close()

    def _quick_line(self, words: Sequence[str]) -> tuple[list[str], list[int]]:
        """Return all words and the descriptors that they need, by the server if it is ready.

        Who runs a second command runs more: the server is started then.
        """
        self._commands += 1
        if self._commands == SECOND_COMMAND and self.is_here and IS_POSSIBLE:
            self._server = CommandServer(self.environment)

        server_command = self._server.command if self._server is not None else None
        if self._server is None or server_command is None:
            return self.line(words), []

        return [*server_command, *words], [self._server.descriptor]

    def line(self, words: Sequence[str]) -> list[str]:
        """Return all words; those for ssh are quoted, since a shell reads them at its other end."""
        is_over_ssh = Path(self.command[0]).name == "ssh"
        return [*self.command, *(map(shlex.quote, words) if is_over_ssh else words)]

    def check(
        self,
        words: Sequence[str],
        status: int,
        remarks: Sequence[str],
        statuses: Collection[int] = (0,),
    ) -> None:
        """Raise `UsageError` or `CommandError` unless *status* is one of *statuses*."""
        if status in statuses:
            return

        last_remark = remarks[-1].removeprefix(_MARK) if remarks else ""
        sentence = last_remark or f"`tidings {shlex.join(words)}` ended with status {status}"
        kind = UsageError if status == WRONG_USAGE else CommandError
        raise kind(sentence, status=status, command=["tidings", *words])


def _read_remarks(process: subprocess.Popen[bytes], remarks: list[str]) -> None:
    """Collect the remarks of a command, and show those that say how far it is."""
    bar = None
    for line in process.stderr or ():
        remark = _FRAME_PATH.sub(FRAME_FILE, line.decode(errors="replace").rstrip())
        remarks.append(remark)
        if _PROGRESS.match(remark):
            bar = bar or ProgressBar("")
            bar.show(remark)

    if bar is not None:
        bar.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a command as Ctrl-C does, and end it if it goes on."""
    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        process.send_signal(end)
        try:
            process.wait(timeout=_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            continue

        return
