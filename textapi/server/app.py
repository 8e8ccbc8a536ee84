"""Start and shutdown of the server: one process, or several under gunicorn."""

from __future__ import annotations

import os
import shutil
import tempfile

from prometheus_client import values

from core import logs
from core.errors import SettingsError
from core.ratelimit.notation import parse_call_limits
from core.settings import Settings
from textapi.engine import language
from textapi.engine.name_models import find_name_models
from textapi.server.auth import Authenticator

_log = logs.get_logger(__name__)


def serve(settings: Settings, host: str = "127.0.0.1", port: int = 8765, workers: int = 1) -> None:
    """Serve the Text API until SIGTERM or SIGINT, then finish the requests in work.

    Raises `SettingsError` without a key, `StackError` if the model or the address cannot be used.
    """
    if not settings.textapi_keys:
        raise SettingsError(
            "the Text API has no key to accept: set TIDINGS_TEXTAPI_KEYS, separated by commas"
        )

    keys = [key.get_secret_value() for key in settings.textapi_keys]
    authenticator = Authenticator(keys, parse_call_limits(settings.textapi_key_limit))

    logs.configure(settings)
    # Numpy reads this when it is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    language.find_model()
    find_name_models(settings.spacy_models)
    polarity = settings.textapi_polarity or "as requests prefer"
    _log.info("the Text API starts", host=host, port=port, workers=workers, polarity=polarity)
    if workers == 1:
        _serve_here(settings, authenticator, host, port)
    else:
        _serve_with_gunicorn(settings, authenticator, host, port, workers)


def _serve_here(settings: Settings, authenticator: Authenticator, host: str, port: int) -> None:
    # Metrics are counted in the process that imports these modules.
    from textapi.server.connections import (  # noqa: PLC0415
        SHUTDOWN_SECONDS,
        Runner,
        serve_until_stopped,
    )
    from textapi.server.routes import make_app  # noqa: PLC0415

    serve_until_stopped(
        lambda: Runner(make_app(settings, authenticator), SHUTDOWN_SECONDS), host, port
    )


def _serve_with_gunicorn(
    settings: Settings, authenticator: Authenticator, host: str, port: int, workers: int
) -> None:
    parent = os.getpid()
    folder = tempfile.mkdtemp(prefix="tidings-textapi-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    # prometheus-client reads that name when it is imported, which the command line has done.
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    try:
        from textapi.server.processes import Gunicorn  # noqa: PLC0415

        options = {"bind": f"{host}:{port}", "workers": workers}
        Gunicorn(settings, authenticator, options).run()
    finally:
        # An ending worker passes here too, while others still count.
        if os.getpid() == parent:
            shutil.rmtree(folder, ignore_errors=True)
