"""The command line ``tidings``: a file per group of commands.

A known error is one line on standard error and exit status 1.
"""

from __future__ import annotations

import sys

import typer

from cli import control, inspect, operations, plan, report, submit
from cli.forget import forget
from cli.import_ import import_documents
from cli.messages import warn
from cli.trainings import predict
from core.errors import TidingsError, UsageError

app = typer.Typer(
    name="tidings",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="What a text archive says about a subject, month by month and account by account.\n\n"
    "Begin with `tidings demo`, which shows it all on texts that ship with the project.",
)
for command in (
    *(operations.demo, operations.up, operations.textapi, operations.migrate, operations.doctor),
    *(import_documents, inspect.runs, inspect.status, report.report, report.export),
    *(control.pause, control.resume, control.retry, control.cancel, predict, forget),
):
    app.command(command.__name__.removesuffix("_documents"))(command)
app.add_typer(plan.group, name="plan")
app.add_typer(submit.group, name="submit")


def main() -> None:
    """Run the command that the arguments name."""
    try:
        app(standalone_mode=True)
    except TidingsError as error:
        warn(" ".join(str(error).split()))
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of the output has gone
        sys.exit(141)


if __name__ == "__main__":
    main()
