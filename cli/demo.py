"""``tidings demo``: the whole pipeline, embedded, on a newspaper and accounts that the project made up."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from analysis.options import Keyword
from analysis.parameters import HandlesParameters, MonthsParameters
from cli import context
from cli.control import dispatch_to_workers
from cli.progress import wait_for
from cli.stack.run import start_stack
from core.settings import Settings
from models.database import Database
from producers.imports import import_paths
from producers.submit import submit_run
from producers.trainings import plan_training, submit_training
from sources import synthetic
from sources.registry import TABLES, default_archive


def run_demo(settings: Settings, out: Path) -> int:
    """Start the stack, import, submit, wait, and lay the report in *out*; the exit status."""
    with start_stack(settings) as stack:
        db = context.database(stack, make=True)
        _import(db)
        months = submit_run(
            db,
            MonthsParameters(
                first=synthetic.FIRST_MONTH,
                last=synthetic.LAST_MONTH,
                keywords=(Keyword.parse(synthetic.KEYWORD),),
                material="News",
            ),
            (),
            name="demo: headlines",
        )
        accounts = submit_run(db, HandlesParameters(), synthetic.HANDLES, name="demo: accounts")
        digits = submit_training(
            db,
            *plan_training("feedforward", "digits", {"epochs": "10"}),
            name="demo: a network reads digits",
        )
        sine = submit_training(
            db,
            *plan_training("recurrent", "sine", {"epochs": "60"}),
            name="demo: a network follows a wave",
        )
        dispatch_to_workers(db, stack)
        status = max(wait_for(db, stack, run) for run in (months, accounts, digits, sine))
        for run, folder in (
            (months, out),
            (accounts, out / "accounts"),
            (digits, out / "digits"),
            (sine, out / "sine"),
        ):
            shutil.copytree(stack.reports / str(run), folder, dirs_exist_ok=True)
    print(f"{synthetic.NOTICE}", file=sys.stderr)
    print("the report is here; open it in a browser:", file=sys.stderr)
    print("beside it: accounts/, and two trained networks in digits/ and sine/", file=sys.stderr)
    print(out / "index.html")
    return status


def _import(db: Database) -> None:
    archive, tables = default_archive().name, TABLES.name
    headlines = import_paths(db, [synthetic.ARCHIVE], source=archive, handle=None, columns={})
    posts = import_paths(db, [synthetic.POSTS], source=tables, handle=None, columns={})
    print(
        f"imported {headlines.tally.documents:,} made-up headlines and {posts.tally.documents:,} made-up posts",
        file=sys.stderr,
    )
