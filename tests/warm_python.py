"""Commands and workers as processes that are forked from one which has done their imports.

These take a second of each process, and tests start hundreds. A process that begins here has
arguments, an environment, a working directory, descriptors and a parent as if it had been executed,
and its module is run as ``__main__`` from its first line; the kernel shows the environment of the
first process. A command that starts a stack starts its processes in the same way. What is started
in any other way (another program, ``-c``, without ``-P``, as another user, outside of Linux) is
executed as ever.
"""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import gc
import importlib
import inspect
import io
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import psutil

from cli import command_server
from cli.stack.worker import ENVIRONMENT
from core.processes import die_with_parent
from textapi.text.language_detector import detect_languages

MODULES = {
    *("celery", "cli.command_server", "cli.main", "cli.start", "tidings.end_with_input"),
    *("tests.often_reconciling_worker", "tests.script"),
}
# These start processes, which may be the Text API.
STARTERS = {"tests.script", "tidings.end_with_input"}
STACK_COMMANDS = {"demo", "up"}
STARTS_STACK = "start=True"
SHIM = "cli.stack.exec_with_pdeathsig"
# Imported once, with all that they import. What reads the environment when it is imported is not
# among them: workers.celery, prometheus_client.
PRELOADED = (
    *("celery.bin.celery", "celery.bin.worker", "celery.apps.worker", "celery.worker.consumer"),
    *("celery.concurrency.prefork", "celery.fixups.django", "kombu.transport.redis", "psycopg"),
    *("cli.control", "cli.inspect", "cli.operations", "cli.plan", "cli.report", "cli.submit"),
    *("cli.forget", "cli.import_", "cli.code", "cli.pack", "cli.stored", "cli.trainings"),
    *("cli.watch", "sqlalchemy.dialects.postgresql", "workers.executor", "workers.runtime"),
    *("reports.build.report_folder", "sources.cc_news"),
    # What a command imports to bring a new database up to date, and to show how far it is.
    *("alembic.command", "alembic.autogenerate", "mako.template", "rich.live", "rich.spinner"),
)
# Imported when the first one is to start.
TEXTAPI = (
    *("aiohttp.web", "gunicorn.app.base", "spacy", "textblob.en", "vaderSentiment.vaderSentiment"),
    *("textapi.engine.language", "textapi.engine.polarity", "textapi.text.keywords"),
)
# These are read when an interpreter starts.
START_VARIABLES = ("PYTHON", "LC_", "LANG", "LD_", "OPENBLAS")
PR_SET_CHILD_SUBREAPER = 36
# The command line of a process is shown in the place of its first one, which this makes long.
ROOM = "-" * 500
# No descriptor of a child has so high a number.
HIGH = 200
_execute_child = subprocess.Popen._execute_child
_execute_parameters = inspect.signature(_execute_child)


class WarmPython:
    """The process that has done the imports; it starts when it is needed first."""

    def __init__(self, requests: socket.socket | None = None) -> None:
        self._requests = requests
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def start(self, request: dict[str, Any], descriptors: Sequence[int]) -> int:
        """Return the process id of a new child of this process."""
        with self._turn:
            if self._requests is None:
                self._start()

            return self._send(request, descriptors)

    def _send(self, request: dict[str, Any], descriptors: Sequence[int]) -> int:
        assert self._requests
        # For this moment, orphans of our descendants become ours: the new process is made one.
        prctl = ctypes.CDLL(None).prctl
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        try:
            socket.send_fds(self._requests, [json.dumps(request).encode()], list(descriptors))
            process_id = self._requests.recv(20)
        finally:
            prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)

        assert process_id, "the process that has done the imports has ended"
        return int(process_id)

    def _start(self) -> None:
        self._requests, theirs = _socket_pair()
        command = [sys.executable, "-P", "-m", "tests.warm_python", str(theirs.fileno())]
        command.append(ROOM)
        # What workers and the Text API have in their environment is read by imports.
        variables = dict(os.environ) | ENVIRONMENT | {"OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command, pass_fds=[theirs.fileno()], env=variables, cwd="/"
        )
        theirs.close()

    def close(self) -> None:
        """End it; processes that were started go on."""
        if self._requests and self._process:
            self._requests.close()
            self._process.wait()


def _socket_pair() -> tuple[socket.socket, socket.socket]:
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in pair:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    return pair


@contextmanager
def warm_processes() -> Iterator[None]:
    """Let `subprocess` start commands and workers from a process that has done their imports."""
    if sys.platform != "linux":
        yield
        return

    warm = WarmPython()
    with _executing(_forking_from(warm)):
        yield

    warm.close()


def _forking_from(warm: WarmPython) -> Callable[..., None]:
    """Return what `subprocess` does to start a process: have it forked, where that is possible."""

    def execute(process: Any, *arguments: Any) -> None:
        bound = _execute_parameters.bind(process, *arguments).arguments
        command = _find_command(bound)
        if command is None:
            _execute_child(process, *arguments)
            return

        parent, module, words = command
        # Without a pipe or a file of its own, a process has the standard streams of its parent.
        standard = []
        for number, name in enumerate(("p2cread", "c2pwrite", "errwrite")):
            standard.append(number if bound[name] == -1 else bound[name])

        request = {
            "parent": os.getpid(),
            "dies_with": parent,
            "module": module,
            "words": words,
            "folder": str(Path.cwd() / Path(bound["cwd"] or ".")),
            "variables": dict(os.environ if bound["env"] is None else bound["env"]),
            "is_leader": bool(bound["start_new_session"]),
            "descriptors": [0, 1, 2, *bound["pass_fds"]],
        }
        process.pid = warm.start(request, [*standard, *bound["pass_fds"]])
        process._child_created = True
        pipes = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        process._close_pipe_fds(*(bound[name] for name in pipes))

    return execute


def executed_processes() -> AbstractContextManager[None]:
    """Let `subprocess` start everything as ever."""
    return _executing(_execute_child)


@contextmanager
def _executing(execute: Callable[..., None]) -> Iterator[None]:
    original = subprocess.Popen._execute_child
    subprocess.Popen._execute_child = execute  # type: ignore[method-assign]
    try:
        yield
    finally:
        subprocess.Popen._execute_child = original  # type: ignore[method-assign]


def _find_command(bound: dict[str, Any]) -> tuple[int | None, str, list[str]] | None:
    """Return the parent to die with, the module and its arguments, None if it is to be executed."""
    arguments, variables = bound["args"], bound["env"]
    is_plain = not (
        isinstance(arguments, str | bytes)
        or bound["shell"]
        or bound["executable"]
        or bound["preexec_fn"]
        or (bound["uid"], bound["gid"], bound["gids"]) != (None, None, None)
    )
    if not is_plain or any(not isinstance(word, str | bytes) for word in arguments):
        return None
    if variables is not None and _start_variables(variables) != _start_variables(os.environ):
        return None

    words, parent = list(map(os.fsdecode, arguments)), None
    if words[:4] == [sys.executable, "-P", "-m", SHIM]:
        parent, words = int(words[4]), words[5:]
    if words[:3] != [sys.executable, "-P", "-m"] or words[3] not in MODULES:
        return None

    return parent, words[3], words[4:]


def _start_variables(variables: Any) -> dict[str, str]:
    return {
        name: value for name, value in variables.items() if str(name).startswith(START_VARIABLES)
    }


def main() -> None:
    """Do the imports, fork for each request, and run its module in the new process."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    requests = socket.socket(fileno=int(sys.argv[1]))
    _import_all(PRELOADED)
    # The first text loads a model, which takes half a second.
    detect_languages(["A tide."])
    gc.freeze()
    request = _serve(requests)
    if request is None:
        os._exit(0)

    request = _serve_starter(request)
    _become(request)
    # Other programs may import what is the main module of this one.
    sys.modules.pop(request["module"], None)
    try:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
        _exit(0)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            raise

        _exit(ended.code or 0)


def _exit(status: int) -> NoReturn:
    """End as an interpreter does, without giving back each object, which takes 0.2 s."""
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except OSError:
            status = status or 120

    os._exit(status & 0xFF)


def _serve(requests: socket.socket) -> dict[str, Any] | None:
    """Answer requests; return one in its new process, None when there will be no more."""
    while True:
        text, descriptors, _flags, _address = socket.recv_fds(requests, 1 << 20, 64)
        if not text:
            return None

        _import_all(_find_extras(json.loads(text)))

        reader, writer = os.pipe()
        if between := os.fork():
            os.close(writer)
            os.waitpid(between, 0)
            requests.send(os.read(reader, 20))
            for descriptor in (*descriptors, reader):
                os.close(descriptor)
        elif os.fork():
            os._exit(0)
        else:
            request: dict[str, Any] = json.loads(text)
            _join(request)
            # Whoever starts a process may signal its group at once.
            os.write(writer, str(os.getpid()).encode())
            requests.detach()
            _take(descriptors, request["descriptors"])
            return request


def _starts_stack(request: dict[str, Any]) -> bool:
    words = request["words"]
    if request["module"] in STARTERS:
        return bool(STACK_COMMANDS & set(words)) or STARTS_STACK in words[0]
    return request["module"] in {"cli.main", "cli.start"} and words[:1] in [["demo"], ["up"]]


def _find_extras(request: dict[str, Any]) -> Sequence[str]:
    """Return what few modules and commands import."""
    if request["module"] == "cli.command_server":
        return command_server.PRELOADED

    is_textapi = request["module"] == "cli.main" and request["words"][:1] == ["textapi"]
    has_its_own = "TIDINGS_TEXTAPI_URL" not in request["variables"]
    return TEXTAPI if is_textapi or (_starts_stack(request) and has_its_own) else ()


def _import_all(modules: Sequence[str]) -> None:
    if set(modules) <= sys.modules.keys():
        return

    for module in modules:
        importlib.import_module(module)

    if modules is TEXTAPI:
        _load_models()

    gc.collect()
    gc.freeze()


def _load_models() -> None:
    """Load what a Text API loads in its first two seconds: each server has two language models."""
    from textapi.engine import language  # noqa: PLC0415 - time that only a Text API needs
    from textapi.engine.polarity import text_polarity  # noqa: PLC0415

    text_polarity("A good beginning.")
    text_polarity("A good beginning.", "news")
    load, loaded = language.load, [language.load(), language.load()]
    language.load = lambda: loaded.pop() if loaded else load()


def _serve_starter(request: dict[str, Any]) -> dict[str, Any]:
    """Let a child fork what a process starts; return the request that this process is for."""
    if request["module"] not in STARTERS and not _starts_stack(request):
        return request

    ours, theirs = _socket_pair()
    if os.fork():
        theirs.close()
        execute = _forking_from(WarmPython(ours))
        subprocess.Popen._execute_child = execute  # type: ignore[method-assign]
        return request

    # No signal to the group of the starter ends the child, and whoever reads what the starter
    # writes does not wait for it.
    os.setsid()
    ours.close()
    with Path(os.devnull).open("r+b") as nothing:
        for number in range(3):
            os.dup2(nothing.fileno(), number)

    _close_descriptors(but={0, 1, 2, theirs.fileno()})
    nested_request = _serve(theirs)
    if nested_request is None:
        os._exit(0)

    return _serve_starter(nested_request)


def _join(request: dict[str, Any]) -> None:
    """Wait for the parent to be the one that asked; take the place that it gives.

    Nobody needs the process of a parent that has been killed since.
    """
    while os.getppid() != request["parent"]:
        if not psutil.pid_exists(request["parent"]):
            os._exit(1)

        time.sleep(0.0005)

    if request["is_leader"]:
        os.setsid()
    if request["dies_with"] is not None:
        die_with_parent(request["dies_with"])

    os.chdir(request["folder"])


def _take(descriptors: Sequence[int], numbers: Sequence[int]) -> None:
    """Give *descriptors* the *numbers*, and close all others."""
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, HIGH) for descriptor in descriptors]
    for descriptor, number in zip(moved, numbers, strict=True):
        os.dup2(descriptor, number)

    _close_descriptors(but=set(numbers))


def _close_descriptors(but: set[int]) -> None:
    for opened in sorted(int(path.name) for path in Path("/proc/self/fd").iterdir()):
        if opened not in but:
            with suppress(OSError):
                os.close(opened)


def _become(request: dict[str, Any]) -> None:
    """Take on what a process has from its parent when it is executed."""
    os.environ.clear()
    os.environ.update(request["variables"])
    time.tzset()
    tempfile.tempdir = None
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = [request["module"], *request["words"]]
    _show_command([sys.executable, "-P", "-m", *sys.argv])

    encoding, errors = sys.stdout.encoding, sys.stdout.errors
    sys.stdin = sys.__stdin__ = open(0, encoding=encoding, errors=errors, closefd=False)  # noqa: SIM115
    for name, number, its_errors in (("stdout", 1, errors), ("stderr", 2, "backslashreplace")):
        binary = open(number, "wb", closefd=False)  # noqa: SIM115
        is_immediate = bool(request["variables"].get("PYTHONUNBUFFERED"))
        stream = io.TextIOWrapper(
            binary,
            encoding=encoding,
            errors=its_errors,
            line_buffering=number == 2 or binary.isatty(),
            write_through=is_immediate,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _show_command(words: Sequence[str]) -> None:
    """Let the kernel show *words* as the command of this process."""
    # proc_pid_stat(5): the addresses of the first and behind the last byte, fields 48 and 49.
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    start, end = int(fields[45]), int(fields[46])
    shown = b"\0".join(map(os.fsencode, words))[: end - start - 1]
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, shown, len(shown))


if __name__ == "__main__":
    main()
