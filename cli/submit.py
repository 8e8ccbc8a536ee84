"""Asking for a run: ``tidings submit …``."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import typer

from cli import context
from cli.run_options import Asked, for_handles, for_months, for_search
from cli.trainings import submit_typer
from core.errors import BadInput

_PNG = b"\x89PNG\r\n\x1a\n"
LARGEST_MASK = 5 * 2**20  # bytes


def register(app: typer.Typer) -> None:
    """Give *app* the commands of this file, and those that submit trainings."""
    group = typer.Typer(
        no_args_is_help=True, help="Queue a run; its number is the last line on standard output."
    )
    group.command("months")(for_months(submit))
    group.command("handles")(for_handles(submit))
    group.command("search")(for_search(submit))
    group.add_typer(submit_typer(), name="training")
    app.add_typer(group, name="submit")


def submit(asked: Asked) -> None:
    """Write the run, tell the workers, print its number, and wait where that is wanted."""
    from cli.progress import dispatch_and_wait
    from producers.submit import submit_run

    settings = context.settings()
    db = context.database(settings, make=True)
    mask = _mask(asked.mask)
    run = submit_run(
        db, asked.parameters, asked.names, name=asked.name, max_calls=asked.max_calls, mask=mask
    )
    dispatch_and_wait(db, settings, run, wait=asked.wait)


def _mask(path: Path | None) -> bytes | None:
    if path is None:
        return None
    from PIL import Image

    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"--mask {path} cannot be read ({error.strerror})") from error
    if not content.startswith(_PNG) or len(content) > LARGEST_MASK:
        raise BadInput(f"--mask {path} is no PNG of up to {LARGEST_MASK // 2**20} MB")
    try:
        Image.open(BytesIO(content)).load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadInput(
            f"--mask {path} is a broken PNG, or one of too many points: give another"
        ) from error
    return content
