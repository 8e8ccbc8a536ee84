"""A group with a command for each kind of run over texts, made when the group is asked for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from typer import Typer
from typer.core import TyperGroup
from typer.main import get_group


def group_of_kinds(command: Callable[..., None], help_text: str) -> type[Any]:
    """Return the class of a group that has *command* for each kind, besides its own commands.

    *command* gets a `RunRequest`, *help_text* is formatted with the kind. The kinds load the steps,
    which takes too long for every start.
    """

    class KindCommands(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:
            self._add_kinds()
            return super().list_commands(ctx)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            if cmd_name not in self.commands:
                self._add_kinds()
            return super().get_command(ctx, cmd_name)

        def _add_kinds(self) -> None:
            from analysis.kinds import KINDS
            from cli.run_options import command_of_kind

            app = Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
            for kind in KINDS:
                if kind.has_documents and kind.name not in self.commands:
                    kind_help = help_text.format(kind=kind)
                    app.command(kind.name, help=kind_help)(command_of_kind(command, kind))
            if app.registered_commands:
                app.callback()(lambda: None)
                made = get_group(app).commands
                self.commands = {**made, **self.commands}

    return KindCommands
