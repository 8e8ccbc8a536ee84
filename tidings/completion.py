"""Tab in IPython: the texts that an argument takes, as editors complete them from the types."""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any

from tidings.commands import HomeCommands
from tidings.run import Run

# The beginning of a text in a call of a method: the name of its parameter, unless it is the first.
_TEXT = re.compile(r"\.(?P<method>\w+)\((?:.*\b(?P<parameter>\w+)=)?[\"']$")


def complete_texts() -> None:
    """Let Tab complete texts, if this is IPython."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    if not shell:
        return

    def match(text: str) -> list[str]:
        line = shell.Completer.line_buffer
        call = _TEXT.search(line.removesuffix(text))
        texts = list_texts(call["method"], call["parameter"]) if call else []
        return [listed for listed in texts if listed.startswith(text)]

    shell.Completer.custom_matchers.append(match)


def list_texts(method: str, parameter: str | None) -> list[str]:
    """Return the texts that a parameter of a method takes, by default its first parameter."""
    declared = getattr(Run, method, None) or getattr(HomeCommands, method, None)
    if declared is None:
        return []

    _, *parameters = inspect.signature(declared).parameters.values()
    named = [each for each in parameters if each.name == parameter] or parameters[:1]
    return re.findall(r"['\"]([\w,-]+)['\"]", str(named[0].annotation)) if named else []
