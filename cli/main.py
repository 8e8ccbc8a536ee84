"""The command line ``tidings``: one file per group of commands; a known error is one line and exit status 1."""

from __future__ import annotations

import sys

import typer

from cli import control, forget, import_, look, plan, submit, textapi_server, trainings
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
for group in (textapi_server, import_, plan, submit, look, control, trainings, forget):
    group.register(app)


def main() -> None:
    """Run the command that the arguments name."""
    try:
        app(standalone_mode=True)
    except UsageError as error:
        _say_and_exit(error, 2)
    except TidingsError as error:
        _say_and_exit(error, 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has gone; there is nobody left to tell
        sys.exit(141)


def _say_and_exit(error: TidingsError, status: int) -> None:
    print(f"tidings: {' '.join(str(error).split())}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()
