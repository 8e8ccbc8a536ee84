"""A group with a command for each kind of run over texts, which are made when they are needed."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

from typer import Typer
from typer.core import TyperGroup
from typer.main import get_group

from cli.options import DeclaredCommand, RunOptions


def group_of_kinds(
    run: Callable[[Any], None], options: type[RunOptions], help_text: str
) -> type[Any]:
    """Return the class of a group that has a command for each kind, besides its own commands.

    *run* gets a `RunRequest` with *options*; *help_text* is formatted with the kind. The kinds load
    the steps, which takes too long for every start.
    """

    class KindCommands(TyperGroup):
        _own_commands: MutableMapping[str, Any]
        _kind_commands: dict[str, Any] | None = None

        @property
        def commands(self) -> MutableMapping[str, Any]:
            if self._kind_commands is None:
                self._kind_commands = _make_commands(run, options, help_text)
            return {**self._kind_commands, **self._own_commands}

        @commands.setter
        def commands(self, commands: MutableMapping[str, Any]) -> None:
            self._own_commands = commands

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            if cmd_name in self._own_commands:
                return self._own_commands[cmd_name]
            return super().get_command(ctx, cmd_name)

    return KindCommands


def _make_commands(
    run: Callable[[Any], None], options: type[RunOptions], help_text: str
) -> dict[str, Any]:
    from analysis.kinds import DOCUMENT_KINDS
    from cli.run_options import declare_command

    app = Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    for kind in DOCUMENT_KINDS:
        add_command = app.command(kind.name, cls=DeclaredCommand, help=help_text.format(kind=kind))
        add_command(declare_command(kind, options, run))

    return dict(get_group(app).commands)
