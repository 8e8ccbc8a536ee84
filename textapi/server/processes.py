"""Several server processes on one address, supervised by gunicorn."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from gunicorn.app.base import BaseApplication
from prometheus_client.multiprocess import mark_process_dead

from core.settings import Settings
from textapi.server.auth import Authenticator
from textapi.server.connections import SHUTDOWN_SECONDS, Runner
from textapi.server.routes import make_app


class Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
    """Serves with several processes, which share *authenticator*, until SIGTERM or SIGINT."""

    def __init__(
        self, settings: Settings, authenticator: Authenticator, options: dict[str, Any]
    ) -> None:
        self._settings = settings
        self._authenticator = authenticator
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's options."""
        options = self._options | {
            "worker_class": "aiohttp.GunicornWebWorker",
            "graceful_timeout": int(SHUTDOWN_SECONDS),
            "timeout": 60,
            "loglevel": "warning",
            "child_exit": _remove_gauges,
            "control_socket_disable": True,
        }
        for name, value in options.items():
            # Older gunicorns have no control socket to disable.
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the function with which each process makes its application."""

        async def make_runner() -> web.AppRunner:
            app = make_app(self._settings, self._authenticator)
            return Runner(app, SHUTDOWN_SECONDS - 2)

        return make_runner


def _remove_gauges(_server: object, worker: Any) -> None:
    """Remove a dead process's gauges from the metrics."""
    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
