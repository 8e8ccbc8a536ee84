"""The services of the embedded stack, started, watched and stopped together."""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy.engine import make_url

from cli.stack import valkey
from cli.stack.ports import free_port, http_answers
from cli.stack.supervised_process import SupervisedProcess
from cli.stack.worker import APPLICATION, ENVIRONMENT, python_module, worker_answers, worker_command
from core.addresses import without_password
from core.errors import BrokerAway, StackError
from core.settings import Settings, environment, private_folder, stack_file, write_private

START_SECONDS = 60.0
POLL_SECONDS = 0.1

# A worker takes 2 s to end jobs, 8 s to end calls, and some more to exit.
WORKER_GRACE_SECONDS = 15.0
# The Text API gets no address or key of another service.
TEXTAPI_SETTINGS = (
    *("home", "log_format", "log_level", "spacy_models", "textapi_polarity", "textapi_key_limit"),
)


class EmbeddedStack:
    """Valkey, the database, the Text API, workers and Flower, unless the settings name others.

    `start`, `watch` and `stop` must be called one after the other on one thread that outlives the
    stack: the kernel ends the processes together with the thread that started them. `request_stop`
    may be called from anywhere, signal handlers included. *workers* is the number of jobs that run
    at a time, *lock* the descriptor of the stack's lock, *show* prints a line for the user. After
    `start`, `settings` hold every address.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        workers: int,
        flower: bool,
        lock: int,
        show: Callable[[str], None],
    ) -> None:
        self.settings = settings
        self.flower_url: str | None = None
        self._workers, self._flower, self._lock, self._show = workers, flower, lock, show
        self._processes: list[SupervisedProcess] = []
        self._logs = private_folder(settings.home / "logs")
        self._is_stopping = False

    def start(self) -> bool:
        """Start every service and wait until each answers; return False if stopped meanwhile.

        Raises `StackError`; `stop` must be called all the same.
        """
        started = time.monotonic()
        broker = self._start_valkey()
        textapi = self._start_textapi()
        self._migrate()
        if broker:
            self._wait_for(broker, partial(valkey.answers, str(self.settings.redis_url)))

        flower = self._start_flower() if self._flower else None
        worker_name = f"tidings-{os.getpid()}@{socket.gethostname()}"
        command = worker_command(
            worker_name, workers=self._workers, log_level=self.settings.log_level
        )
        worker = self._start("worker", command, ENVIRONMENT, grace=WORKER_GRACE_SECONDS)
        if textapi:
            self._wait_for(textapi, partial(http_answers, f"{self.settings.textapi_url}/ready"))

        self._wait_for(worker, partial(worker_answers, str(self.settings.redis_url), worker_name))
        if flower:
            self._wait_for(flower, partial(http_answers, f"{self.flower_url}/healthcheck"))

        if self._is_stopping:
            return False

        self._write_stack_file()
        self._show(f"the stack is up after {time.monotonic() - started:.1f} s")
        return True

    def watch(self) -> None:
        """Restart processes that end, until `request_stop`."""
        while not self._is_stopping:
            for process in self._processes:
                if message := process.restart_if_ended():
                    self._show(message)

            time.sleep(POLL_SECONDS)

    def request_stop(self) -> None:
        """Make `start` and `watch` return soon."""
        self._is_stopping = True

    def stop(self) -> None:
        """Stop every process, dependants first; kill those that do not end in time."""
        stack_file(self.settings.home).unlink(missing_ok=True)
        for process in reversed(self._processes):
            process.terminate()
            process.wait()

    def _start(
        self,
        process_name: str,
        command: Sequence[str],
        variables: dict[str, str],
        *,
        grace: float = 5.0,
        settings: Collection[str] | None = None,
    ) -> SupervisedProcess:
        """Start a process, which gets only these *settings* (by default all) and *variables*."""
        process_environment = environment(self.settings, settings) | variables
        process = SupervisedProcess(
            process_name, command, process_environment, self._logs, self._lock, grace
        )
        self._processes.append(process)
        process.start()
        return process

    def _update_settings(self, **addresses: object) -> None:
        self.settings = self.settings.model_copy(update=addresses)

    def _start_valkey(self) -> SupervisedProcess | None:
        if url := self.settings.redis_url:
            if not valkey.answers(url):
                raise BrokerAway(
                    f"Redis at {without_password(url)} does not answer, or not with this password"
                )

            return None

        port, password = free_port(), secrets.token_urlsafe(24)
        folder = self.settings.home / "valkey"
        configuration = valkey.configure(folder, port=port, password=password)
        command = [str(valkey.binary()), str(configuration)]
        process = self._start("valkey", command, {}, settings=())
        self._update_settings(redis_url=valkey.address(port, password))
        return process

    def _start_textapi(self) -> SupervisedProcess | None:
        if self.settings.textapi_url:
            return None

        port, key = free_port(), self.settings.textapi_key or SecretStr(secrets.token_urlsafe(24))
        keys = [secret.get_secret_value() for secret in (key, *self.settings.textapi_keys)]
        command = [*python_module("cli.main"), "textapi", "--host=127.0.0.1", f"--port={port}"]
        variables = {"TIDINGS_TEXTAPI_KEYS": ",".join(keys)}
        process = self._start("textapi", command, variables, settings=TEXTAPI_SETTINGS)
        self._update_settings(textapi_url=f"http://127.0.0.1:{port}", textapi_key=key)
        return process

    def _migrate(self) -> None:
        from models.database import migrate

        migrate(self.settings.database)
        self._update_settings(database_url=_absolute(self.settings.database))
        self._show("the database's tables are up to date")

    def _start_flower(self) -> SupervisedProcess:
        port, password = free_port(), secrets.token_urlsafe(12)
        command = [*python_module("celery"), "-A", APPLICATION, "flower"]
        command += ["--address=127.0.0.1", f"--port={port}"]
        variables = {"FLOWER_BASIC_AUTH": f"tidings:{password}"}
        process = self._start("flower", command, variables, grace=3.0)
        self.flower_url = f"http://tidings:{password}@127.0.0.1:{port}"
        return process

    def _wait_for(self, process: SupervisedProcess, answers: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._is_stopping and not answers():
            process_name, hint = process.name, f"see {process.log}"
            if end := process.describe_end():
                last_line = process.last_log_line()
                raise StackError(f"{process_name} {end} before it was ready ({last_line}): {hint}")

            if time.monotonic() > deadline:
                raise StackError(
                    f"{process_name} was not ready within {START_SECONDS:.0f} s: {hint}"
                )

            time.sleep(POLL_SECONDS / 2)

        if not self._is_stopping:
            self._show(f"{process.name} is ready")

    def _write_stack_file(self) -> None:
        key = self.settings.textapi_key
        contents = {
            "pid": os.getpid(),
            "database_url": self.settings.database,
            "redis_url": self.settings.redis_url,
            "textapi_url": self.settings.textapi_url,
            "textapi_key": key.get_secret_value() if key else None,
            "flower_url": self.flower_url,
        }
        known = {field: content for field, content in contents.items() if content is not None}
        write_private(stack_file(self.settings.home), json.dumps(known, indent=1) + "\n")


def _absolute(database_url: str) -> str:
    """Return the address with an absolute path: processes of the stack run in other folders."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        url = url.set(database=str(Path(url.database).resolve()))

    return url.render_as_string(hide_password=False)
