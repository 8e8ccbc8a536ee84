"""Dynamic batching: the language work of concurrent requests, done together in one thread."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from core.logs import get_logger
from textapi.engine import entities, language, phrases
from textapi.server.errors import HttpError
from textapi.server.metrics import BATCH_TEXTS, WAITING_CHARACTERS

WINDOW_SECONDS = 0.015  # how long the first request of a batch waits for others
BATCH_CHARACTERS = 12_000  # some 0.1 s of work
MAX_WAITING_CHARACTERS = 600_000  # some 6 s of work
REQUEST_CHARACTERS = 200  # what a request costs beside its text
RETRY_SECONDS = 2.0

_WORK: dict[language.Purpose, Callable[..., list[Any]]] = {
    "entities": entities.entities,
    "phrases": phrases.phrases,
}
_log = get_logger(__name__)


class LoadShedder:
    """Bounds the text in work, so that a server refuses requests rather than grows."""

    def __init__(self) -> None:
        self._used = 0

    @contextmanager
    def admit(self, text: str) -> Iterator[None]:
        """Hold room for *text*. Raises `HttpError` (503) if there is none; the first always has."""
        cost = len(text) + REQUEST_CHARACTERS
        if self._used and self._used + cost > MAX_WAITING_CHARACTERS:
            raise HttpError(
                503, "too many texts are waiting: try again later", retry_after=RETRY_SECONDS
            )

        self._used += cost
        WAITING_CHARACTERS.inc(cost)
        try:
            yield
        finally:
            self._used -= cost
            WAITING_CHARACTERS.dec(cost)


@dataclass
class _PendingText:
    purpose: language.Purpose
    text: str
    arrived: float
    answer: asyncio.Future[Any]

    def resolve(self, answer: Any) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def reject(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Batcher:
    """Owns the language model and its thread; `start` and `stop` it within the event loop."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "language")
        self._queue: deque[_PendingText] = deque()
        self._is_filled = asyncio.Event()
        self._main: asyncio.Task[None] | None = None
        self.is_ready = False
        self.failure: str | None = None  # why the model could not be loaded

    def start(self) -> None:
        """Begin to load the model; requests wait meanwhile."""
        self._main = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop, and reject the requests that still wait."""
        if self._main is not None:
            self._main.cancel()
            await asyncio.wait([self._main])
        self._reject_all("the server is ending: try again")
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def submit(self, purpose: language.Purpose, text: str) -> Any:
        """Return the engine's answer for *text*, read together with other requests' texts."""
        if self.failure is not None:
            raise HttpError(503, self.failure)

        loop = asyncio.get_running_loop()
        pending = _PendingText(purpose, text, loop.time(), loop.create_future())
        self._queue.append(pending)
        self._is_filled.set()
        return await pending.answer  # cancelled, and then never read, when the client has gone

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            model = await loop.run_in_executor(self._thread, _load_model)
        except Exception as error:  # noqa: BLE001  # whatever it is, the other endpoints go on
            self.failure = str(error)
            _log.exception("the language model could not be loaded")
            self._reject_all(self.failure)
            return

        self.is_ready = True
        while True:
            await self._is_filled.wait()
            await asyncio.sleep(self._queue[0].arrived + WINDOW_SECONDS - loop.time())
            batch = self._take_batch()
            for purpose in _WORK:
                await self._answer(model, purpose, batch)

    def _take_batch(self) -> list[_PendingText]:
        batch: list[_PendingText] = []
        size = 0
        while self._queue and (not batch or size + len(self._queue[0].text) <= BATCH_CHARACTERS):
            pending = self._queue.popleft()
            if not pending.answer.done():
                batch.append(pending)
                size += len(pending.text)

        if not self._queue:
            self._is_filled.clear()
        return batch

    async def _answer(
        self, model: language.Language, purpose: language.Purpose, batch: list[_PendingText]
    ) -> None:
        batch = [pending for pending in batch if pending.purpose == purpose]
        if not batch:
            return
        BATCH_TEXTS.observe(len(batch))
        texts = list(map(attrgetter("text"), batch))
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._thread, _WORK[purpose], model, texts)
        except Exception as error:  # noqa: BLE001  # each request answers for itself
            for pending in batch:
                pending.reject(error)
        else:
            for pending, answer in zip(batch, answers, strict=True):
                pending.resolve(answer)

    def _reject_all(self, reason: str) -> None:
        while self._queue:
            self._queue.popleft().reject(HttpError(503, reason, retry_after=RETRY_SECONDS))


def _load_model() -> language.Language:
    model = language.load()
    for work in _WORK.values():  # the first text is slow
        work(model, ["The weary crews of New York waited for the President's answer in April."])
    return model
