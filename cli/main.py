"""The command line ``tidings``: a file per group of commands.

A known error prints one line on standard error and ends with status 1, wrong usage with status 2.
"""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Annotated

import typer
from typer import Exit, Option
from typer.exceptions import TyperException

from cli import codebook, control, export, inspect, operations, plan, report, submit
from cli.code import code
from cli.costs import acts, costs
from cli.figure import figure
from cli.forget import forget
from cli.help_groups import GroupedCommands
from cli.import_ import import_documents
from cli.limits import limits
from cli.messages import drop_output, prepare_streams, warn
from cli.pack import pack, verify
from cli.stored import stored
from cli.trainings import predict
from cli.watch import events, watch
from core.errors import FULL_DISK, TidingsError, UsageError
from core.garbage import collect_seldom

app = typer.Typer(
    name="tidings",
    cls=GroupedCommands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="What a text archive says about a subject, month by month and account by account.\n\n"
    "Begin with `tidings demo`, which shows it all on texts that ship with the project; for your "
    "own, `tidings up` in one window, `tidings import` and `tidings submit` in another.",
)


def _show_version(*, is_wanted: bool) -> None:
    if is_wanted:
        print(f"tidings {metadata.version('tidings')}")
        raise Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        Option(
            "--version", help="Show the version and exit.", is_eager=True, callback=_show_version
        ),
    ] = False,
) -> None:
    """Take the options that need no command."""


for command in (
    *(operations.demo, operations.up, operations.textapi, operations.migrate, operations.doctor),
    *(import_documents, inspect.runs, inspect.status, stored, report.report, export.export),
    *(control.pause, control.resume, control.retry, control.cancel, watch, events),
    *(predict, forget, code, figure, pack, verify, costs, acts, limits),
):
    app.command(command.__name__.removesuffix("_documents"))(command)
app.command("label")(code)
app.add_typer(codebook.group, name="codebook")
app.add_typer(plan.group, name="plan")
app.add_typer(submit.group, name="submit")


def main() -> None:
    """Run the command that the arguments name."""
    prepare_streams()
    collect_seldom()

    try:
        status = app(prog_name="tidings", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except TidingsError as error:
        warn(" ".join(str(error).split()))
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except TyperException as error:
        _show_wrong_usage(error)
        sys.exit(2)
    except typer.Abort:
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of the output has gone.
        drop_output()
        sys.exit(141)
    except OSError as error:
        drop_output()
        remedy = ": make room on its disk" if error.errno in FULL_DISK else ""
        target = error.filename or "the output"
        warn(f"{target} cannot be used: {error.strerror or error}{remedy}")
        sys.exit(1)

    sys.exit(status or 0)


def _show_wrong_usage(error: TyperException) -> None:
    message = error.format_message()
    # A group of commands was called without a command; the message is its help.
    if "\n\n" in message:
        print(message, file=sys.stderr)
        return

    command = getattr(getattr(error, "ctx", None), "command_path", "tidings")
    sentence = " ".join(message.split()).removesuffix(".")
    warn(f"{sentence}: `{command} --help` says what it takes")


if __name__ == "__main__":
    main()
