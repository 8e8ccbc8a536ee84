"""Language work of concurrent requests, read together: a batch at a time, in one thread, beside the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from core.logs import get_logger
from textapi.engine import entities, language, phrases
from textapi.server.guards import HttpError
from textapi.server.metrics import BATCH_TEXTS, WAITING_CHARACTERS

WINDOW_SECONDS = 0.015  # how long the first request of a batch waits for others
BATCH_CHARACTERS = 12_000  # a batch of so much text takes some 0.1 s
MAX_WAITING_CHARACTERS = 600_000  # some 6 s of work: who comes then is sent away
REQUEST_CHARACTERS = 200  # what a request costs beside its text
RETRY_SECONDS = 2.0

_WORK: dict[language.Purpose, Callable[..., list[Any]]] = {
    "entities": entities.entities,
    "phrases": phrases.phrases,
}
_log = get_logger(__name__)


class LoadShedder:
    """How much text may be in work at a time, so that a server sheds load rather than grows."""

    def __init__(self, characters: int = MAX_WAITING_CHARACTERS) -> None:
        self._limit = characters
        self._taken = 0

    @contextmanager
    def take(self, text: str) -> Iterator[None]:
        """Hold room for *text*, or raise `HttpError` (503). An empty room takes any text."""
        cost = len(text) + REQUEST_CHARACTERS
        if self._taken and self._taken + cost > self._limit:
            raise HttpError(
                503, "too many texts are waiting: try again later", retry_after=RETRY_SECONDS
            )
        self._taken += cost
        WAITING_CHARACTERS.inc(cost)
        try:
            yield
        finally:
            self._taken -= cost
            WAITING_CHARACTERS.dec(cost)


@dataclass
class _Wish:
    purpose: language.Purpose
    text: str
    arrived: float
    answer: asyncio.Future[Any] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Reader:
    """Owns the language model and the one thread that uses it; `start` and `stop` it within the event loop."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "language")
        self._wishes: deque[_Wish] = deque()
        self._something_to_do = asyncio.Event()
        self._main: asyncio.Task[None] | None = None
        self.is_ready = False
        self.fault: str | None = None  # why the model could not be loaded

    def start(self) -> None:
        """Begin to load the model; requests that come meanwhile wait."""
        self._main = asyncio.get_running_loop().create_task(self._work())

    async def stop(self) -> None:
        """End; whoever still waits is sent away."""
        if self._main is not None:
            self._main.cancel()
            await asyncio.wait([self._main])
        self._send_away("the server is ending: try again")
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def ask(self, purpose: language.Purpose, text: str) -> Any:
        """What the engine says of *text*, read together with the texts of other requests."""
        if self.fault is not None:
            raise HttpError(503, self.fault)
        wish = _Wish(purpose, text, asyncio.get_running_loop().time())
        self._wishes.append(wish)
        self._something_to_do.set()
        return await wish.answer  # where the client has gone, it is cancelled and never read

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            model = await loop.run_in_executor(self._thread, _load)
        except Exception as error:  # noqa: BLE001  # whatever it is, the other endpoints go on
            self.fault = str(error)
            _log.exception("the language model could not be loaded")
            self._send_away(self.fault)
            return
        self.is_ready = True
        while True:
            await self._something_to_do.wait()
            await asyncio.sleep(self._wishes[0].arrived + WINDOW_SECONDS - loop.time())
            batch = self._next_batch()
            if batch:
                await self._answer(model, batch)

    def _next_batch(self) -> list[_Wish]:
        batch: list[_Wish] = []
        size = 0
        while self._wishes and (not batch or size + len(self._wishes[0].text) <= BATCH_CHARACTERS):
            wish = self._wishes.popleft()
            if not wish.answer.done():
                batch.append(wish)
                size += len(wish.text)
        if not self._wishes:
            self._something_to_do.clear()
        return batch

    async def _answer(self, model: language.Language, batch: list[_Wish]) -> None:
        loop = asyncio.get_running_loop()
        for purpose, work in _WORK.items():
            wishes = [wish for wish in batch if wish.purpose == purpose]
            if not wishes:
                continue
            BATCH_TEXTS.observe(len(wishes))
            try:
                answers = await loop.run_in_executor(
                    self._thread, work, model, [wish.text for wish in wishes]
                )
            except Exception as error:  # noqa: BLE001  # each request answers for itself
                for wish in wishes:
                    if not wish.answer.done():
                        wish.answer.set_exception(error)
                continue
            for wish, answer in zip(wishes, answers, strict=True):
                if not wish.answer.done():
                    wish.answer.set_result(answer)

    def _send_away(self, reason: str) -> None:
        while self._wishes:
            wish = self._wishes.popleft()
            if not wish.answer.done():
                wish.answer.set_exception(HttpError(503, reason, retry_after=RETRY_SECONDS))


def _load() -> language.Language:
    model = language.load()
    for work in _WORK.values():  # the first text is slow
        work(model, ["The weary crews of New York waited for the President's answer in April."])
    return model
