"""Submit a run: ``tidings submit …``."""

from __future__ import annotations

from contextlib import closing

import typer

from cli import context, trainings
from cli.masks import read_mask
from cli.options import expand_options
from cli.run_options import KINDS, RunArguments, RunOptions

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
    mask = read_mask(options.mask)
    with closing(context.open_database(settings, create=True)) as db:
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
