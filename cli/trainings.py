"""Trained networks: ``tidings predict``."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Give *app* the commands of this file."""
    _ = app
