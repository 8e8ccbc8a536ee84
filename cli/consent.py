"""Ask once before texts are sent to a server of language models outside this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from cli.messages import inform, warn
from core.errors import UsageError

if TYPE_CHECKING:
    from core.settings import Settings
    from models.database import Database


def ask_for_consent(db: Database, settings: Settings, parameters: Any, *, is_given: bool) -> None:
    """Say what leaves the machine if a model elsewhere codes, and record that it may.

    A server is asked about once, and once more if the address begins with http; *is_given* is the
    answer. Raises `UsageError` without one.
    """
    if not getattr(parameters, "has_model_coder", False):
        return

    from language_models.client import leaves_machine, name_consent, name_server
    from models.costs import has_consent, note_consent

    url = settings.model_url or ""
    server, consent = name_server(url), name_consent(url)
    if not leaves_machine(url) or db.fetch(has_consent, consent):
        return

    warn(
        f"texts leave this machine: each text that {parameters.coder} codes is sent to {server} "
        "with the questions of the codebook. No date, address or name of a source is"
    )
    if consent != server:
        warn(
            f"http://{server} is not encrypted: texts and TIDINGS_MODEL_KEY travel in the clear; "
            "write https in TIDINGS_MODEL_URL if the server has it"
        )

    if not is_given:
        if not sys.stdin.isatty():
            raise UsageError(f"nothing was sent to {server}: give --yes if the texts may be")
        if not typer.confirm("Send them?", err=True):
            raise UsageError(f"nothing was sent to {server}, and nothing is submitted")

    note_consent(db, consent)
    inform(f"texts may be sent to {consent} from now on")
