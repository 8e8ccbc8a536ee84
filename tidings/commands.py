"""The commands as methods, with the parameters that `commands.pyi` declares.

The stub is written by tests/reference_pages.py from the declarations of the commands. A subclass
has `_call`, which gets the command, the words of its options and those of its arguments.
"""

from __future__ import annotations

from tidings.methods import read_declarations

_classes = read_declarations()
HomeCommands = _classes["HomeCommands"]
TrainingCommands = _classes["TrainingCommands"]
RunCommands = _classes["RunCommands"]
TableName = _classes["TableName"]
GroupingName = _classes["GroupingName"]
By = _classes["By"]
