"""Connections: what is refused is not read, what is malformed not quoted, slow readers are cut."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from aiohttp import web

from core.errors import StackError
from core.logs import get_logger
from textapi.server import metrics
from textapi.server.errors import locate
from textapi.server.responses import error_response
from textapi.server.validation import BODY_SECONDS

# Requests in work have this long to finish.
SHUTDOWN_SECONDS = 30.0
# A client has this long to take its answer.
SEND_SECONDS = 30.0
# A request has this long for its head, from the connection or its first byte on, as for its body.
HEAD_SECONDS = BODY_SECONDS
# A client that still sends has this long to take its refusal.
LINGER_SECONDS = 1.0
KEEPALIVE_SECONDS = 75.0
# Clients may leave this many bytes of answers untaken.
MAX_UNSENT = 64_000_000

_log = get_logger("textapi.access")


class Runner(web.AppRunner):
    """Serves an application; at the end requests in work have *shutdown_seconds*.

    *make_refusal* returns the answer of a status where the application gives none.
    """

    def __init__(
        self,
        app: web.Application,
        shutdown_seconds: float,
        make_refusal: Callable[[int], web.Response] = error_response,
    ) -> None:
        super().__init__(app, shutdown_timeout=shutdown_seconds)
        self._make_refusal = make_refusal

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        return _Server(
            server.request_handler,
            self._make_refusal,
            request_factory=server.request_factory,
            handler_cancellation=True,
        )


def serve_until_stopped(
    make_runner: Callable[[], Runner],
    host: str,
    port: int,
    on_start: Callable[[int], None] = lambda _: None,
) -> None:
    """Serve until SIGTERM or SIGINT; *on_start* is called with the port when it is served.

    Raises `StackError` if the address cannot be used.
    """

    async def serve() -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)

        runner = make_runner()
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            on_start(runner.addresses[0][1])
            await stopped.wait()
        finally:
            await runner.cleanup()

    try:
        asyncio.run(serve())
    except OSError as error:
        raise StackError(
            f"{host}:{port} cannot be served ({error.strerror}): choose another --port"
        ) from error


class _Server(web.Server):
    def __init__(
        self, handler: Any, make_refusal: Callable[[int], web.Response], **options: Any
    ) -> None:
        super().__init__(handler, **options)
        self.make_refusal = make_refusal
        self.slow_readers = _SlowReaders()

    def __call__(self) -> web.RequestHandler:
        return _Connection(self)


class _SlowReaders:
    """The connections whose answers the kernel could not take at once, the longest waiting first.

    One that needs too long is cut; so are the first ones while all need too much memory.
    """

    def __init__(self) -> None:
        self._timers: dict[asyncio.Transport, asyncio.TimerHandle] = {}

    def add(self, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        self._timers[transport] = loop.call_later(SEND_SECONDS, self._cut, transport)
        while len(self._timers) > 1 and self._count_unsent() > MAX_UNSENT:
            self._cut(next(iter(self._timers)))

    def remove(self, transport: asyncio.Transport) -> None:
        timer = self._timers.pop(transport, None)
        if timer is not None:
            timer.cancel()

    def _count_unsent(self) -> int:
        return sum(transport.get_write_buffer_size() for transport in self._timers)

    def _cut(self, transport: asyncio.Transport) -> None:
        self.remove(transport)
        _log.warning("slow reader cut", unsent=transport.get_write_buffer_size())
        transport.abort()


class _Connection(web.RequestHandler):
    __slots__ = ("_head_timer", "_make_refusal", "_slow_readers", "_watched")

    _watched: asyncio.Transport

    def __init__(self, server: _Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # as web.run_app takes it
            auto_decompress=False,
            keepalive_timeout=KEEPALIVE_SECONDS,
            # The library would read what was refused in this time.
            lingering_time=0,
        )
        self._slow_readers = server.slow_readers
        self._make_refusal = server.make_refusal
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._watched = cast("asyncio.Transport", transport)
        # An answer counts as sent when the kernel has all of it: none stays here unwatched.
        self._watched.set_write_buffer_limits(0)
        self._wait_for_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._slow_readers.remove(self._watched)
        self._stop_waiting_for_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read *data*; the library bounds how long a head is, but not how long it takes to come."""
        heads_before = self._request_count
        super().data_received(data)
        if self._request_count > heads_before:
            self._stop_waiting_for_head()
        elif self._is_idle():
            # What came after an answer begins another head.
            self._wait_for_head()

    def _is_idle(self) -> bool:
        """Return whether no request is in work: the library waits for the next one."""
        return self._waiter is not None and not self._waiter.done()

    def _wait_for_head(self) -> None:
        if self._head_timer is None:
            loop = asyncio.get_running_loop()
            self._head_timer = loop.call_later(HEAD_SECONDS, self.force_close)

    def _stop_waiting_for_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._slow_readers.add(self._watched)

    def resume_writing(self) -> None:
        self._slow_readers.remove(self._watched)
        super().resume_writing()

    def log_exception(self, *_args: Any, exc_info: BaseException | None = None, **_: Any) -> None:
        """Log where a fault of the connection came from, without its message."""
        _log.error("fault", kind=type(exc_info).__name__, at=locate(exc_info))

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  # it quotes what was sent
    ) -> web.StreamResponse:
        """Answer what is no HTTP in our own words, and log no more than the kind of the fault."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun")

        metrics.REQUESTS.labels("none", status).inc()
        _log.info("malformed", status=status, kind=type(exc).__name__)
        response = self._make_refusal(status)
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send *resp*. Where the body was not read, read no more and close the connection."""
        # The library raised this before our own code ran, and it quotes a header.
        if isinstance(resp, web.HTTPException):
            resp = self._make_refusal(resp.status)
        if not request.content.at_eof():
            resp.force_close()

        finished = await super().finish_response(request, resp, start_time)

        still_comes = not request.content.is_eof()
        if still_comes and self.transport is not None and not self.transport.is_closing():
            # If it closed at once, the connection would be reset, and the client might miss the
            # refusal.
            self.pause_reading()
            # The client may have gone.
            with suppress(OSError):
                self.transport.write_eof()

            await asyncio.sleep(LINGER_SECONDS)

        return finished
