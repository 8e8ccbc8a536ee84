"""The list of commands in ``tidings --help``, grouped by purpose."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

GROUPS = {
    "Look": (
        *("demo", "stored", "runs", "status", "costs", "acts", "report", "events"),
        *("code", "label", "codebook"),
        *("export", "figure", "pack", "verify", "predict"),
    ),
    "Run": ("plan", "submit", "pause", "resume", "retry", "cancel", "watch"),
    "Data": ("import", "forget"),
    "System": ("up", "limits", "doctor", "textapi", "migrate"),
}


class GroupedCommands(TyperGroup):
    """The commands under a heading for each group of `GROUPS`."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands in the order of the groups."""
        grouped = [command_name for group_names in GROUPS.values() for command_name in group_names]
        return grouped + [
            command_name
            for command_name in super().list_commands(ctx)
            if command_name not in grouped
        ]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's signature
        """Write each group with the short help of its commands."""
        width = max(map(len, self.commands))
        for heading, group_names in GROUPS.items():
            definitions = []
            for command_name in group_names:
                text = self.commands[command_name].get_short_help_str(formatter.width - width - 6)
                definitions.append((command_name.ljust(width), text))

            with formatter.section(heading):
                formatter.write_dl(definitions)
