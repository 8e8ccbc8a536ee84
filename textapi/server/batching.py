"""Dynamic batching: the language work of concurrent requests, done together.

Short texts have a thread and a model, long ones another: a headline never waits behind a book.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

from prometheus_client import Gauge

from core.errors import StackError
from core.logs import get_logger
from textapi.engine import entities, language, phrases
from textapi.engine.name_models import NameModel, NameModels
from textapi.server.errors import HttpError
from textapi.server.metrics import BATCH_TEXTS
from textapi.text.size import count_lines, count_words

# The first request of a batch waits this long for others.
WINDOW_SECONDS = 0.015
# A batch has this many words, signs and lines: some 12,000 characters, 0.15 s of work.
BATCH_WORDS = 3_000
RETRY_SECONDS = 2.0

_log = get_logger(__name__)


class LoadShedder:
    """Bounds what is in work, so that a server refuses requests rather than grows."""

    def __init__(self, bound: int, gauge: Gauge) -> None:
        self._bound = bound
        self._gauge = gauge
        self._used = 0

    @contextmanager
    def admit(self, cost: int) -> Iterator[None]:
        """Hold room for *cost*. Raises `HttpError` (503) if there is none; the first always has."""
        if self._used and self._used + cost > self._bound:
            raise HttpError(
                503, "too many texts are waiting: try again later", retry_after=RETRY_SECONDS
            )

        self._used += cost
        self._gauge.inc(cost)
        try:
            yield
        finally:
            self._used -= cost
            self._gauge.dec(cost)


@dataclass
class _PendingText:
    purpose: language.Purpose
    text: str
    words: int
    arrived: float
    answer: asyncio.Future[Any]

    def resolve(self, answer: Any) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def reject(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Batcher:
    """Owns the language models and their threads; `start` and `stop` it within the event loop."""

    def __init__(self, name_models: Mapping[str, NameModel]) -> None:
        self._short_texts = _Lane("short-language", NameModels(name_models))
        self._long_texts = _Lane("long-language", NameModels(name_models))

    @property
    def is_ready(self) -> bool:
        """Whether the model is loaded."""
        return self._short_texts.is_ready

    @property
    def failure(self) -> str | None:
        """Why the model could not be loaded."""
        return self._short_texts.failure

    def start(self) -> None:
        """Begin to load the model; requests wait meanwhile."""
        self._short_texts.start()

    async def stop(self) -> None:
        """Stop, and reject the requests that still wait."""
        await self._short_texts.stop()
        await self._long_texts.stop()

    async def submit(self, purpose: language.Purpose, text: str) -> Any:
        """Return the engine's answer for *text*. Raises `HttpError` (503) if there is no model."""
        words = count_words(text) + count_lines(text)
        if words <= BATCH_WORDS:
            return await self._short_texts.submit(purpose, text, words)

        # The first long text loads the second model.
        self._long_texts.start()
        return await self._long_texts.submit(purpose, text, words)


class _Lane:
    """A model and the thread that reads one batch after the other with it."""

    def __init__(self, name: str, name_models: NameModels) -> None:
        self._work: dict[language.Purpose, Callable[..., list[Any]]] = {
            "entities": partial(entities.entities, names=name_models),
            "phrases": phrases.phrases,
        }
        self._thread = ThreadPoolExecutor(1, name)
        self._queue: deque[_PendingText] = deque()
        self._is_filled = asyncio.Event()
        self._main: asyncio.Task[None] | None = None
        self.is_ready = False
        self.failure: str | None = None

    def start(self) -> None:
        if self._main is None:
            self._main = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        if self._main is not None:
            self._main.cancel()
            await asyncio.wait([self._main])

        self._reject_all("the server is ending: try again")
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def submit(self, purpose: language.Purpose, text: str, words: int) -> Any:
        if self.failure is not None:
            raise HttpError(503, self.failure)

        loop = asyncio.get_running_loop()
        pending = _PendingText(purpose, text, words, loop.time(), loop.create_future())
        self._queue.append(pending)
        self._is_filled.set()
        # The answer is cancelled, and then never read, when the client has gone.
        return await pending.answer

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            model = await loop.run_in_executor(self._thread, self._load_model)
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
            for purpose in self._work:
                await self._answer(model, purpose, batch)

    def _take_batch(self) -> list[_PendingText]:
        batch: list[_PendingText] = []
        size = 0
        while self._queue and (not batch or size + self._queue[0].words <= BATCH_WORDS):
            pending = self._queue.popleft()
            if not pending.answer.done():
                batch.append(pending)
                size += pending.words

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
            answers = await loop.run_in_executor(self._thread, self._work[purpose], model, texts)
        except StackError as error:
            # The model of one text's language: the others are answered.
            if len(batch) == 1:
                batch[0].reject(HttpError(503, str(error)))
            else:
                for pending in batch:
                    await self._answer(model, purpose, [pending])
        except Exception as error:  # noqa: BLE001  # each request answers for itself
            for pending in batch:
                pending.reject(error)
        else:
            for pending, answer in zip(batch, answers, strict=True):
                pending.resolve(answer)

    def _load_model(self) -> language.Language:
        model = language.load()
        # The first text is slow.
        for work in self._work.values():
            work(model, ["The weary crews of New York waited for the President's answer in April."])

        return model

    def _reject_all(self, reason: str) -> None:
        while self._queue:
            self._queue.popleft().reject(HttpError(503, reason, retry_after=RETRY_SECONDS))
