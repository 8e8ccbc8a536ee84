"""Submit a run: ``tidings submit …``."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import typer

from cli import context, trainings
from cli.options import expand_options
from cli.run_options import KINDS, RunArguments, RunOptions
from core.errors import BadInput

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_MASK_BYTES = 5 * 2**20


group = typer.Typer(
    no_args_is_help=True, help="Queue a run; its number is the last line on standard output."
)
group.add_typer(trainings.group, name="training")


def submit(arguments: RunArguments, options: RunOptions) -> None:
    """Store the run, dispatch its jobs, print its number, and wait if --wait is given."""
    from cli.progress import dispatch_and_wait
    from producers.submit import submit_run

    settings = context.load_settings()
    parameters, names = arguments.resolve(options)
    mask = _read_mask(options.mask)
    db = context.open_database(settings, create=True)
    parameters, names = arguments.check_stored(db, settings, parameters, names)
    run = submit_run(
        db,
        parameters,
        names,
        name=options.name,
        max_calls=options.max_calls,
        mask=mask,
    )
    dispatch_and_wait(db, settings, run, wait=options.wait)


for kind, arguments_type in KINDS.items():
    command = expand_options(submit, arguments=arguments_type)
    group.command(kind, help=arguments_type.__doc__)(command)


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
