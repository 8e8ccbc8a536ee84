"""Several server processes on one address, kept by gunicorn: started anew when one dies, ended together."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from gunicorn.app.base import BaseApplication
from prometheus_client.multiprocess import mark_process_dead

from textapi.engine.polarity import Mode
from textapi.server.guards import Keys
from textapi.server.routes import make_app

SHUTDOWN_SECONDS = 30


def run(mode: Mode, keys: Keys, host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT; *keys* is shared by all processes."""
    _Gunicorn(mode, keys, {"bind": f"{host}:{port}", "workers": workers}).run()


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
    def __init__(self, mode: Mode, keys: Keys, options: dict[str, Any]) -> None:
        self._mode = mode
        self._keys = keys
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        settings = self._options | {
            "worker_class": "aiohttp.GunicornWebWorker",
            "graceful_timeout": SHUTDOWN_SECONDS,
            "timeout": 60,
            "loglevel": "warning",
            "child_exit": _forget,
            "control_socket_disable": True,
        }
        for name, value in settings.items():
            if name in self.cfg.settings:  # older gunicorns have no control socket to switch off
                self.cfg.set(name, value)

    def load(self) -> Any:
        async def runner() -> web.AppRunner:
            return web.AppRunner(
                make_app(self._mode, self._keys),
                access_log=None,
                handler_cancellation=True,
                shutdown_timeout=SHUTDOWN_SECONDS - 2,
            )

        return runner


def _forget(_server: object, worker: Any) -> None:
    """Take a dead process's gauges out of the metrics."""
    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
