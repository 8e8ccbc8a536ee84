"""The entry of the program ``tidings``: Ctrl-C ends it without a traceback, whenever it comes."""

from __future__ import annotations

import os
import signal
import sys
from threading import Timer
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

INTERRUPTED = 130
AGAIN_SECONDS = 0.05


def main() -> None:
    """Run the command line.

    While modules are loaded, nothing has begun, and after the command, nothing is left to do: the
    system may end the process then. The parent may have set Ctrl-C to be ignored, as a shell does
    for commands in the background.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        _run_command()
        return

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.excepthook = _show_exception
    sys.unraisablehook = _show_unraisable
    try:
        _run_command()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _run_command() -> None:
    from cli.main import main as run_command

    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)

    run_command()


def _show_exception(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)


def _show_unraisable(unraisable: UnraisableHookArgs) -> None:
    """Repeat an interruption that came where none can be raised, for example in a destructor."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        timer = Timer(AGAIN_SECONDS, os.kill, (os.getpid(), signal.SIGINT))
        timer.daemon = True
        timer.start()
    else:
        sys.__unraisablehook__(unraisable)


if __name__ == "__main__":
    main()
