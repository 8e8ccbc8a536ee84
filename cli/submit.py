"""Submit a run: ``tidings submit …``."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import typer

from cli import context, trainings
from cli.options import expand_options
from cli.run_options import (
    HandlesArguments,
    MonthsArguments,
    RunOptions,
    RunRequest,
    SearchArguments,
    request_handles,
    request_months,
    request_search,
)
from core.errors import BadInput
from core.settings import load

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_MASK_BYTES = 5 * 2**20


group = typer.Typer(
    no_args_is_help=True, help="Queue a run; its number is the last line on standard output."
)
group.add_typer(trainings.group, name="training")


@group.command()
@expand_options
def months(arguments: MonthsArguments, options: RunOptions) -> None:
    """Who mentions a subject in the archive, by month: counts, polarity, phrases, entities."""
    submit(request_months(arguments, options))


@group.command()
@expand_options
def handles(arguments: HandlesArguments, options: RunOptions) -> None:
    """A portrait of each account: summary, phrases, entities, polarity over time."""
    submit(request_handles(arguments, options))


@group.command()
@expand_options
def search(arguments: SearchArguments, options: RunOptions) -> None:
    """What people post on a term: the same steps as for an account."""
    submit(request_search(arguments, options))


def submit(request: RunRequest) -> None:
    """Store the run, dispatch its jobs, print its number, and wait if --wait is given."""
    from cli.progress import dispatch_and_wait
    from producers.submit import submit_run

    options, settings = request.options, load()
    db = context.open_database(settings, create=True)
    run = submit_run(
        db,
        request.parameters,
        request.names,
        name=options.name,
        max_calls=options.max_calls,
        mask=_read_mask(options.mask),
    )
    dispatch_and_wait(db, settings, run, wait=options.wait)


def _read_mask(path: Path | None) -> bytes | None:
    if path is None:
        return None
    from PIL import Image

    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"--mask {path} cannot be read ({error.strerror})") from error
    if not content.startswith(PNG_SIGNATURE) or len(content) > MAX_MASK_BYTES:
        raise BadInput(f"--mask {path} is no PNG of up to {MAX_MASK_BYTES // 2**20} MB")

    try:
        Image.open(BytesIO(content)).load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        hint = "is a broken PNG, or one of too many points: give another"
        raise BadInput(f"--mask {path} {hint}") from error
    return content
