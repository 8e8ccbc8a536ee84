"""The parts of the embedded stack, started, watched and ended as one."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr
from sqlalchemy.engine import make_url

from cli.stack import valkey
from cli.stack.ports import free_port, http_answers
from cli.stack.supervised_process import Child
from core import enums
from core.errors import BrokerAway, StackError
from core.settings import Settings, environment, private_folder, stack_file, write_private

START_SECONDS = 60.0
LOOK_SECONDS = 0.1
APPLICATION = "workers.celery:app"  # as `workers`, but an error while it is imported is not hidden
WORKER_ENVIRONMENT = {"REMAP_SIGTERM": "SIGQUIT"}  # else SIGTERM waits for the whole task

Say = Callable[[str], None]


class Stack:
    """Valkey, the database, the Text API, workers and Flower, as far as the settings do not name others.

    `start`, `watch` and `end` are called one after the other on one thread that outlives the stack (the kernel ends
    the children together with the thread that started them); `ask_to_end` from anywhere, signal handlers included.
    *workers* is how many jobs are worked on at a time. After `start`, `settings` hold every address.
    """

    def __init__(
        self, settings: Settings, *, workers: int, flower: bool, lock: int, say: Say
    ) -> None:
        self.settings = settings
        self.flower_url: str | None = None
        self.children: list[Child] = []
        self._workers, self._flower, self._lock, self._say = workers, flower, lock, say
        self._logs = private_folder(settings.home / "logs")
        self._ending = False

    def start(self) -> bool:
        """Start every part and wait until each answers; False when asked to end meanwhile.

        Raises `StackError`; `end` is to be called all the same.
        """
        begun = time.monotonic()
        broker = self._start_valkey()
        textapi = self._start_textapi()
        self._migrate()
        if broker:
            self._wait_for(broker, lambda: valkey.answers(str(self.settings.redis_url)))
        flower = self._start_flower() if self._flower else None
        worker, name = self._start_worker()
        if textapi:
            self._wait_for(textapi, lambda: http_answers(f"{self.settings.textapi_url}/ready"))
        self._wait_for(worker, lambda: worker_answers(str(self.settings.redis_url), name))
        if flower:
            self._wait_for(flower, lambda: http_answers(f"{self.flower_url}/healthcheck"))
        if self._ending:
            return False
        self._publish()
        self._say(f"the stack is up after {time.monotonic() - begun:.1f} s")
        return True

    def watch(self) -> None:
        """Start again what dies, until `ask_to_end`."""
        while not self._ending:
            for child in self.children:
                if remark := child.revive():
                    self._say(remark)
            time.sleep(LOOK_SECONDS)

    def ask_to_end(self) -> None:
        """Have `start` and `watch` return soon."""
        self._ending = True

    def end(self) -> None:
        """End every part, those first that lean on others; what does not end in its time is killed."""
        stack_file(self.settings.home).unlink(missing_ok=True)
        for child in reversed(self.children):
            child.ask_to_end()
            child.wait()

    def _start(self, child: Child) -> Child:
        self.children.append(child)
        child.start()
        return child

    def _child(self, name: str, command: list[str], extra: dict[str, str], grace: float) -> Child:
        return Child(
            name, command, environment(self.settings) | extra, self._logs, self._lock, grace
        )

    def _know(self, **addresses: object) -> None:
        self.settings = self.settings.model_copy(update=addresses)

    def _start_valkey(self) -> Child | None:
        if url := self.settings.redis_url:
            if not valkey.answers(url):
                raise BrokerAway(
                    f"Redis at {without_password(url)} does not answer, or not with this password"
                )
            return None
        port, password = free_port(), secrets.token_urlsafe(24)
        configuration = valkey.configure(
            self.settings.home / "valkey", port=port, password=password
        )
        child = self._start(
            self._child("valkey", [str(valkey.binary()), str(configuration)], {}, 5.0)
        )
        self._know(redis_url=valkey.address(port, password))
        return child

    def _start_textapi(self) -> Child | None:
        if self.settings.textapi_url:
            return None
        port, key = free_port(), self.settings.textapi_key or SecretStr(secrets.token_urlsafe(24))
        keys = ",".join(k.get_secret_value() for k in (key, *self.settings.textapi_keys))
        command = [*_python("cli.main"), "textapi", "--host", "127.0.0.1", "--port", str(port)]
        child = self._start(self._child("textapi", command, {"TIDINGS_TEXTAPI_KEYS": keys}, 5.0))
        self._know(textapi_url=f"http://127.0.0.1:{port}", textapi_key=key)
        return child

    def _migrate(self) -> None:
        from models.database import migrate

        migrate(self.settings.database)
        self._know(database_url=_absolute(self.settings.database))
        self._say("the database's tables are up to date")

    def _start_worker(self) -> tuple[Child, str]:
        name = f"tidings-{os.getpid()}@{socket.gethostname()}"
        command = worker_command(name, workers=self._workers, log_level=self.settings.log_level)
        return self._start(self._child("worker", command, WORKER_ENVIRONMENT, 10.0)), name

    def _start_flower(self) -> Child:
        port, password = free_port(), secrets.token_urlsafe(12)
        command = [
            *_python("celery"),
            "-A",
            APPLICATION,
            "flower",
            "--address=127.0.0.1",
            f"--port={port}",
        ]
        options = {"FLOWER_BASIC_AUTH": f"tidings:{password}"}
        child = self._start(self._child("flower", command, options, 3.0))
        self.flower_url = f"http://tidings:{password}@127.0.0.1:{port}"
        return child

    def _wait_for(self, child: Child, answers: Callable[[], bool]) -> None:
        begun = time.monotonic()
        while not self._ending and not answers():
            if how := child.ended():
                raise StackError(
                    f"{child.name} {how} before it was ready ({child.last_words()}): see {child.log}"
                )
            if time.monotonic() - begun > START_SECONDS:
                raise StackError(
                    f"{child.name} was not ready within {START_SECONDS:.0f} s: see {child.log}"
                )
            time.sleep(LOOK_SECONDS / 2)
        if not self._ending:
            self._say(f"{child.name} is ready")

    def _publish(self) -> None:
        key = self.settings.textapi_key
        known = {
            "pid": os.getpid(),
            "database_url": self.settings.database,
            "redis_url": self.settings.redis_url,
            "textapi_url": self.settings.textapi_url,
            "textapi_key": key.get_secret_value() if key else None,
            "flower_url": self.flower_url,
        }
        found = {name: value for name, value in known.items() if value is not None}
        write_private(stack_file(self.settings.home), json.dumps(found, indent=1) + "\n")


def worker_command(name: str, *, workers: int, log_level: str) -> list[str]:
    """The command that starts a Celery worker *name* for all queues, with *workers* processes."""
    command = [*_python("celery"), "-A", APPLICATION, "worker", "--queues", ",".join(enums.QUEUES)]
    command += ["--concurrency", str(workers), "--hostname", name, "--loglevel", log_level]
    return [
        *command,
        "--without-mingle",
        "--without-gossip",
    ]  # they cost a second, and it has no one to talk to


def worker_answers(redis_url: str, name: str) -> bool:
    """Whether the Celery worker *name* can be reached over the broker at *redis_url*."""
    from celery import Celery
    from kombu.exceptions import OperationalError

    with Celery("look", broker=redis_url, set_as_current=False) as app, suppress(OperationalError):
        return bool(app.control.ping(destination=[name], timeout=0.5, limit=1))
    return False


def _absolute(url: str) -> str:
    """The address of a database, good wherever a process stands."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and address.database:
        address = address.set(database=str(Path(address.database).resolve()))
    return address.render_as_string(hide_password=False)


def without_password(url: str) -> str:
    """An address fit to be shown."""
    parts = urlsplit(url)
    if not parts.password:
        return url
    return url.replace(
        f"{parts.username}:{parts.password}@", f"{parts.username}@" if parts.username else "", 1
    )


def _python(module: str) -> list[str]:
    return [
        sys.executable,
        "-P",
        "-m",
        module,
    ]  # -P: a folder of the user's named like one of ours is not imported
