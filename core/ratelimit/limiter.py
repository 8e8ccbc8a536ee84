"""What a service allows all workers together: a log in Redis of the calls under way and made.

Each window (second, minute, day) is a sorted set of calls, scored by the time at which the call stops counting. A call
enters every window or none, in one script. While it is in flight its entry is held 3 s + the window ahead, renewed each
second; when the response comes the entry is set to that moment + the window (told by its age, so that telling it a
little later costs nothing, and never too early: Redis reads its clock after the age was taken). The service counted
the call before it answered, so its own window cannot be exceeded, however late anything arrives here.

A Redis that lost its memory (another run id than the one noted) means that nobody knows what was called: nobody calls
until one process has waited out the short windows and refilled the long ones from the table of calls.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.errors import BrokerAway, CapReached, TidingsError
from core.metrics import count_wait
from core.rate_limit_notation import LONG_WINDOW_SECONDS, Window
from core.ratelimit.scripts import CLOSE, KNOWN, REFILL, STAMP, TAKE

HOLD_MS = 3000  # how long an entry outlives its last renewal, beside the window itself
RENEW_SECONDS = 1.0
SEND_WITHIN_SECONDS = (
    2.0  # an entry not used by then is given back: it may lapse before the service counts the call
)
STAMP_SECONDS = 0.02  # late is free: an entry is told with its age
LOCK_MS = 2000  # renewed by the process that finds out what was called; who dies at it holds the others up no longer
TAKE_AGAIN_SECONDS = 0.004  # entries that open one by one are taken a few at a time
SPACING = 0.75  # of a window's even spacing: what a slow moment left unused is made up for
SPACING_TOLERANCE_MS = 10.0
LONGEST_WAIT_SECONDS = 20.0  # who would wait longer comes back later instead of holding a worker
STOCK_SECONDS = (
    0.05  # entries are taken so far ahead where the limit does not bind, and given back when older
)
STOCK_MOST = 64
CLOSED_CHECK_SECONDS = 0.25
REDIS_AWAY_SECONDS = 5.0


def _spacing_ms(windows: Sequence[Window]) -> tuple[float, float]:
    """How far apart calls are, and how far ahead of that they may be; long windows are used as fast as one likes."""
    if not windows or windows[0].seconds >= LONG_WINDOW_SECONDS:
        return 0.0, 0.0
    spacing = SPACING * windows[0].seconds * 1000 / windows[0].calls
    return spacing, max(spacing, SPACING_TOLERANCE_MS)


History = Callable[[float], Awaitable[Sequence[tuple[int, int]]]]


class RateLimiter:
    """One process's way through the shared limit of one service and credential.

    *history* gives ``(minute, calls)`` of the last so many seconds from the table of calls, and what may be in flight.
    Use within one event loop; `aclose` at its end.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        service: str,
        credential: str,
        windows: Sequence[Window],
        history: History,
    ) -> None:
        self.service = service
        self.windows = tuple(windows)
        self._redis = redis
        self._history = history
        base = f"tidings:limit:{service}:{credential}"
        self._epoch, self._closed, self._probe, self._spaced, self._lock = (
            f"{base}:{part}" for part in ("epoch", "closed", "probe", "spaced", "rebuild")
        )
        self._sets = [f"{base}:{window.seconds}s" for window in self.windows]
        self._spacing_ms = _spacing_ms(self.windows)
        self._take = redis.register_script(TAKE)
        self._stamp = redis.register_script(STAMP)
        self._close = redis.register_script(CLOSE)
        self._refill = redis.register_script(REFILL)
        self._known = redis.register_script(KNOWN)
        self._next_id = random.getrandbits(52)  # a double in Lua holds 53 bits
        self._waiting: deque[asyncio.Future[tuple[int, float]]] = deque()
        self._stock: deque[tuple[int, float]] = (
            deque()
        )  # entries ahead of their calls, and when they were taken
        self._stock_size = 0
        self._called_since = 0  # calls since the last take, by which the stock is measured
        self._taken_at = 0.0
        self._in_flight: set[int] = set()
        self._answered: list[
            tuple[int, bool, float]
        ] = []  # entry, whether it went well, when (monotonic)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._looking = asyncio.Lock()
        self._look_again_at = 0.0
        self._opens_at = 0.0

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Wait until one call is allowed, and hold its place until the block is left.

        Raises `CapReached` where the wait is longer than a worker should stand still.
        """
        began = time.monotonic()
        if not self.windows:
            tries_first = await self._wait_while_closed()
            count_wait(self.service, time.monotonic() - began)
            yield
            if tries_first:
                with suppress(RedisError):  # another tries again in a few seconds
                    await self._stamp_ids({}, hold_ms=0, ok=True)
            return
        entry = await self._entry()
        count_wait(self.service, time.monotonic() - began)
        self._in_flight.add(entry)
        self._ensure("renew", self._renew)
        ok = False
        try:
            yield
            ok = True
        finally:
            self._in_flight.discard(entry)
            self._give_back(entry, ok=ok)

    async def close(self, seconds: float) -> None:
        """The service said to be left alone for so long: nobody calls it before."""
        self._opens_at = max(self._opens_at, time.monotonic() + seconds)
        self._look_again_at = min(self._look_again_at, self._opens_at)
        self._stock_size = 0
        with suppress(RedisError):
            await self._return_unused(0.0)
        with suppress(
            RedisError
        ):  # a closing that cannot be told still holds here, through the caller's own wait
            await self._close(keys=[self._closed, self._probe], args=[int(seconds * 1000)])

    async def aclose(self) -> None:
        """Stamp what was answered, and stop."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
        with suppress(RedisError):
            await self._send_stamps()
            await self._return_unused(0.0)

    async def _entry(self) -> int:
        """An entry in every window, no older than a call may be when it is sent."""
        self._called_since += 1
        while self._stock:
            entry, taken_at = self._stock.popleft()
            if time.monotonic() - taken_at <= STOCK_SECONDS:
                if 2 * len(self._stock) < self._stock_size:
                    self._ensure("dispatch", self._dispatch)
                return entry
            self._stock.appendleft((entry, taken_at))
            break
        while True:
            future: asyncio.Future[tuple[int, float]] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            self._ensure("dispatch", self._dispatch)
            try:
                entry, taken_at = await future
            except asyncio.CancelledError:
                if future.done() and not future.cancelled() and future.exception() is None:
                    self._give_back(future.result()[0], ok=False)
                raise
            if time.monotonic() - taken_at <= SEND_WITHIN_SECONDS:
                return entry
            with suppress(RedisError):
                for name in self._sets:
                    await self._redis.zrem(name, entry)

    async def _dispatch(self) -> None:
        """Take entries for all who wait, in one call for as many as there are."""
        away_since: float | None = None
        while self._waiting or 2 * len(self._stock) < self._stock_size:
            try:
                await self._take_once()
                away_since = None
            except RedisError as error:
                away_since = away_since or time.monotonic()
                if time.monotonic() - away_since > LONGEST_WAIT_SECONDS:
                    self._refuse(
                        BrokerAway(
                            f"Redis does not answer ({type(error).__name__}): is the stack up?"
                        )
                    )
                    return
                await asyncio.sleep(0.5)
            except TidingsError as error:
                self._refuse(error)
                return

    async def _take_once(self) -> None:
        self._waiting = deque(
            future for future in self._waiting if not future.done()
        )  # the others were cancelled
        wanted = len(self._waiting) + max(0, self._stock_size - len(self._stock))
        if not wanted:
            return
        first, self._next_id = self._next_id, self._next_id + wanted
        asked_at = time.monotonic()
        granted, wait_us, what = await self._take(
            keys=[self._epoch, self._closed, self._probe, self._spaced, *self._sets],
            args=[
                wanted,
                first,
                HOLD_MS,
                *self._spacing_ms,
                *(n for w in self.windows for n in (w.calls, w.seconds * 1000)),
            ],
        )
        for entry in range(first, first + granted):
            future = self._next_waiting()
            if future is None:
                self._stock.append((entry, asked_at))
            else:
                future.set_result((entry, asked_at))
        self._measure_stock(asked_at, binds=granted < wanted)
        if self._stock:
            self._ensure("stock", self._return_old)
        if granted == 0 and self._waiting:
            await self._stand_back(wait_us / 1e6, what)
        elif granted < wanted:
            await asyncio.sleep(TAKE_AGAIN_SECONDS)

    def _measure_stock(self, now: float, *, binds: bool) -> None:
        """As many as half of `STOCK_SECONDS` is enough for at the present rate; none where the limit binds."""
        rate = self._called_since / max(now - self._taken_at, 1e-3)
        self._stock_size = 0 if binds else min(int(rate * STOCK_SECONDS / 2), STOCK_MOST)
        self._called_since, self._taken_at = 0, now

    async def _return_old(self) -> None:
        while self._stock:
            await asyncio.sleep(STOCK_SECONDS)
            with suppress(RedisError):  # they lapse by themselves
                await self._return_unused(STOCK_SECONDS)

    async def _return_unused(self, older_than: float) -> None:
        """Give back entries of the stock: no call was made for them."""
        now, unused = time.monotonic(), []
        while self._stock and now - self._stock[0][1] >= older_than:
            unused.append(self._stock.popleft()[0])
        for name in self._sets if unused else ():
            await self._redis.zrem(name, *unused)

    async def _stand_back(self, seconds: float, what: int) -> None:
        if what == -2:
            await self._rebuild()
        elif seconds > LONGEST_WAIT_SECONDS:
            self._refuse(self._cap(seconds, what))
        elif what == -1:
            await asyncio.sleep(seconds + random.uniform(0, min(1.0, seconds)))
        else:
            await asyncio.sleep(max(seconds, 0.001))

    def _cap(self, seconds: float, what: int) -> CapReached:
        until = time.time() + seconds
        at = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M UTC")
        why = "is closed" if what == -1 else f"limit of {self.windows[what - 1]} is reached"
        return CapReached(f"{self.service}: {why} until {at}", service=self.service, until=until)

    def _refuse(self, error: Exception) -> None:
        while (future := self._next_waiting()) is not None:
            future.set_exception(error)

    def _next_waiting(self) -> asyncio.Future[tuple[int, float]] | None:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                return future
        return None

    async def _wait_while_closed(self) -> bool:
        """Without a limit only a closed service holds a call back; looked at now and then, not at each call.

        True for the one call that is let through to try whether the service is back.
        """
        while time.monotonic() >= self._look_again_at or self._opens_at > time.monotonic():
            async with self._looking:  # who comes while one looks waits for what it sees
                if time.monotonic() >= self._look_again_at and await self._look_whether_closed():
                    return True
            wait = self._opens_at - time.monotonic()
            if wait <= 0:
                break
            if wait > LONGEST_WAIT_SECONDS:
                raise self._cap(wait, -1)
            await asyncio.sleep(min(wait + random.uniform(0, 0.5), CLOSED_CHECK_SECONDS))
        return False

    async def _look_whether_closed(self) -> bool:
        tries_first = False
        try:
            closed = await self._redis.get(self._closed)
            if closed is None:
                self._opens_at = 0.0
            else:
                self._next_id += 1
                granted, wait_us, _ = await self._take(
                    keys=[self._epoch, self._closed, self._probe, self._spaced],
                    args=[1, self._next_id, HOLD_MS, 0, 0],
                )
                tries_first = bool(granted)
                self._opens_at = time.monotonic() + (
                    CLOSED_CHECK_SECONDS if granted else wait_us / 1e6
                )
        except RedisError:  # without Redis there is no limit that a call could break, nor a reason to ask it each time
            self._look_again_at = time.monotonic() + REDIS_AWAY_SECONDS
        else:
            self._look_again_at = time.monotonic() + CLOSED_CHECK_SECONDS
            if self._opens_at:  # who is closed looks before it calls
                self._look_again_at = min(self._look_again_at, self._opens_at)
        return tries_first

    async def _renew(self) -> None:
        while self._in_flight:
            await asyncio.sleep(RENEW_SECONDS)
            if self._in_flight:
                with suppress(RedisError):  # the next second tries again; the entry outlives three
                    await self._stamp_ids(
                        dict.fromkeys(self._in_flight, 0.0), hold_ms=HOLD_MS, ok=False
                    )

    def _give_back(self, entry: int, *, ok: bool) -> None:
        self._answered.append((entry, ok, time.monotonic()))
        self._ensure("stamp", self._stamp_answered)

    async def _stamp_answered(self) -> None:
        while self._answered:
            await asyncio.sleep(STAMP_SECONDS)
            try:
                await self._send_stamps()
            except RedisError:
                await asyncio.sleep(0.2)

    async def _send_stamps(self) -> None:
        batch, self._answered = self._answered, []
        try:
            if batch:
                now = time.monotonic()
                ages = {entry: (now - at) * 1000 for entry, _, at in batch}
                await self._stamp_ids(ages, hold_ms=0, ok=any(ok for _, ok, _ in batch))
        except BaseException:
            self._answered = batch + self._answered
            raise

    async def _stamp_ids(self, ages_ms: Mapping[int, float], *, hold_ms: int, ok: bool) -> None:
        pairs = (n for pair in ages_ms.items() for n in pair)
        await self._stamp(
            keys=[self._closed, self._probe, *self._sets],
            args=[hold_ms, int(ok), *(w.seconds * 1000 for w in self.windows), *pairs],
        )

    async def _rebuild(self) -> None:
        """Nobody knows what was called: one process finds out, the others look again in a moment."""
        token = str(random.getrandbits(52))
        if not await self._redis.set(self._lock, token, nx=True, px=LOCK_MS):
            await asyncio.sleep(0.2)
            return
        keeper = asyncio.create_task(self._keep_lock())
        try:
            run = (await self._redis.info("server"))["run_id"]
            short = [
                window.seconds for window in self.windows if window.seconds < LONG_WINDOW_SECONDS
            ]
            # what other processes have in flight is back in the sets with their next renewal, what they have stored
            # is in the table with their next flush: both within a second
            unknown_for = await self._unknown_for(run)
            await asyncio.sleep(max(0.0, max(short, default=0) + 1.2 * RENEW_SECONDS - unknown_for))
            for window, name in zip(self.windows, self._sets, strict=True):
                if window.seconds >= LONG_WINDOW_SECONDS:
                    rows = await self._history(window.seconds + 60)
                    calls = (n for row in rows for n in row)
                    if not await self._refill(
                        keys=[self._lock, name], args=[token, window.seconds * 1000, *calls]
                    ):
                        return  # it was lost on the way: another finds out
            await asyncio.sleep(1.2 * RENEW_SECONDS)
            await self._known(keys=[self._lock, self._epoch, self._unknown(run)], args=[token, run])
        finally:
            keeper.cancel()

    async def _unknown_for(self, run: str) -> float:
        """Seconds since somebody first saw that this life of Redis knows nothing: nobody has called since."""
        seconds, microseconds = await self._redis.time()
        now = seconds + microseconds / 1e6
        name = self._unknown(run)
        if await self._redis.set(name, now, nx=True, ex=600):
            return 0.0
        return float(now - float(await self._redis.get(name) or now))

    def _unknown(self, run: str) -> str:
        return f"{self._epoch}:unknown:{run}"

    async def _keep_lock(self) -> None:
        """A process that is killed while it finds out holds the others up no longer than the lock lasts."""
        while True:
            await asyncio.sleep(LOCK_MS / 4000)
            with suppress(RedisError):
                await self._redis.pexpire(self._lock, LOCK_MS)

    def _ensure(self, name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        task = self._tasks.get(name)
        if task is None or task.done():
            self._tasks[name] = asyncio.create_task(work())
