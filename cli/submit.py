"""Submit a run: ``tidings submit …``."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import typer

from cli import context, trainings
from cli.consent import ask_for_consent
from cli.kind_commands import group_of_kinds
from cli.masks import read_mask
from cli.messages import warn
from cli.options import RunOptions

if TYPE_CHECKING:
    from cli.run_options import RunRequest


def submit(request: RunRequest[RunOptions]) -> None:
    """Store the run, dispatch its jobs, print its number, and wait if --wait is given."""
    from cli.progress import dispatch_and_wait, note_equal_run
    from producers.submit import check_cap, submit_run

    settings, options = context.load_settings(), request.options
    mask = read_mask(options.mask)
    with closing(context.open_database(settings, create=True)) as db:
        matched = request.match_stored(db, settings)
        check_cap(matched.parameters, options.max_cost)
        ask_for_consent(db, settings, matched.parameters, is_given=options.yes)
        if options.max_cost is not None:
            # It loads what reports need, which costs other runs half a second.
            from cli.first_sample import describe_first_sample

            remark = describe_first_sample(db, matched.parameters, options.max_cost)
            if remark is not None:
                warn(remark)

        run = submit_run(
            db,
            matched.parameters,
            matched.names,
            name=options.name,
            max_calls=options.max_calls,
            max_cost=options.max_cost,
            mask=mask,
            with_report=not options.no_report,
            person=settings.person,
            purse=options.purse,
            on_equal=note_equal_run if options.once else None,
        )
        dispatch_and_wait(db, settings, run, wait=options.wait)


group = typer.Typer(
    cls=group_of_kinds(submit, RunOptions, "{kind.description}"),
    no_args_is_help=True,
    help="Queue a run; its number is the last line on standard output.",
)
group.add_typer(trainings.group, name="training")
