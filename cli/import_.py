"""Documents in and out: ``tidings import``."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import context
from core.errors import UsageError

if TYPE_CHECKING:
    from producers.imports import Imported

LEFT_OUT = 3  # exit status where something unreadable was left out
NAMED_LINES = 20


def register(app: typer.Typer) -> None:
    """Give *app* the commands of this file."""
    app.command("import")(import_)


def import_(
    paths: Annotated[
        list[Path], typer.Argument(help="Files or folders; .gz too.", show_default=False)
    ],
    source: Annotated[
        str | None,
        typer.Option(help="nyt, x, bluesky, mastodon or posts; found by looking where not given."),
    ] = None,
    handle: Annotated[
        str | None, typer.Option(help="The account that posted what a file holds.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=NAME", help="Which column holds text, published_at, handle, id."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Read documents from files. Importing the same twice adds nothing.

    The exit status is 3 when something unreadable was left out, 0 when documents were merely empty.
    """
    from producers.imports import import_paths

    columns = dict(pair.partition("=")[::2] for pair in column or [])
    if not all(columns.values()):
        raise UsageError("--column wants FIELD=NAME, as text=headline")
    if missing := [path for path in paths if not path.exists()]:
        raise UsageError(f"there is no {missing[0]}")
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    with (
        closing(context.database(context.settings(), make=True)) as db,
        console.status("importing") as status,
    ):
        done = import_paths(
            db,
            paths,
            source=source,
            handle=handle,
            columns=columns,
            on_progress=lambda count: status.update(f"importing: {count:,} documents read"),
        )
    tally = done.tally
    counts: dict[str, Any] = {
        "read": tally.documents,
        "added": done.added,
        "known": tally.documents - done.added - done.forgotten,
        "forgotten": done.forgotten,
        "empty": tally.empty,
        "left_out": tally.left_out,
        "wrong_times": tally.wrong_times,
        "replaced_characters": tally.replaced_characters,
    }
    _tell(done)
    if as_json:
        print(json.dumps(counts))
    else:
        print(
            f"{tally.documents:,} documents read, {done.added:,} of them new; "
            f"{tally.empty:,} empty, {tally.left_out:,} left out"
        )
    if tally.left_out:
        raise typer.Exit(LEFT_OUT)


def _tell(done: Imported) -> None:
    """What a person should know of an import besides its counts, on stderr."""
    tally = done.tally
    for remark in tally.remarks[:NAMED_LINES]:
        print(f"tidings: {remark}", file=sys.stderr)
    for left_out in done.left_out[:NAMED_LINES]:
        print(f"tidings: left out: {left_out}", file=sys.stderr)
    if len(done.left_out) > NAMED_LINES:
        print(f"tidings: and {tally.left_out - NAMED_LINES:,} more were left out", file=sys.stderr)
    if tally.wrong_times:
        print(
            f"tidings: {tally.wrong_times:,} of the documents read have a time that their service cannot have meant: "
            "they are in no month",
            file=sys.stderr,
        )
    if done.forgotten:
        print(
            f"tidings: {done.forgotten:,} of the documents read were forgotten on request and stay away: "
            "`tidings forget --lift` lets them come back",
            file=sys.stderr,
        )
