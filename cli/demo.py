"""``tidings demo``: the whole pipeline on the embedded stack, with synthetic documents."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from cli import context
from cli.control import dispatch
from cli.demo_runs import code_headlines, submit_runs
from cli.messages import inform, show_path
from cli.progress import progress_display, wait_for
from cli.report_folders import remember_folder
from cli.stack.run import start_stack
from core.settings import Settings
from models.database import Database
from producers.imports import import_paths
from reports.build.manifest import refuse_foreign_page
from reports.build.report_folder import build
from reports.build.second_process import open_second_process
from reports.report_files import INDEX
from sources import synthetic
from sources.registry import FALLBACK_SOURCE, SOURCES, default_archive

# The demo's home is in the report's folder, where commands that are typed there look for it.
HOME = ".tidings"

_TEXTAPI_SETTINGS = (
    *("textapi_url", "textapi_key", "textapi_limits"),
    *("textapi_keys", "textapi_key_limit"),
)


def demo_settings(out: Path) -> Settings:
    """Return the demo's own settings, which ignore all addresses, keys and limits that are set.

    So the demo uses the embedded stack alone, and calls no service.
    """
    fields = ["database_url", "redis_url", "reports_dir", *_TEXTAPI_SETTINGS]
    for service in filter(None, (source.service for source in SOURCES)):
        fields += filter(None, (service.url, service.limits, service.key))

    defaults = {field: Settings.model_fields[field].get_default() for field in fields}
    return context.load_settings(home=out / HOME, **defaults)


def run_demo(settings: Settings, out: Path) -> int:
    """Start the stack, import, submit, wait, and copy the reports to *out*; return the status."""
    refuse_foreign_page(out / INDEX)
    with (
        start_stack(settings) as stack_settings,
        closing(context.open_database(stack_settings, create=True)) as db,
    ):
        _import_documents(db)
        runs = submit_runs(db, out)
        dispatch(db, stack_settings)
        succeeded = [wait_for(db, stack_settings, run) for run in runs.values()]
        for folder, run in runs.items():
            if folder == out:
                code_headlines(db, run)
                with progress_display("the report"), open_second_process() as executor:
                    build(db, [run], out, executor=executor)
            else:
                shutil.copytree(stack_settings.reports / str(run), folder, dirs_exist_ok=True)

            remember_folder(stack_settings, folder)

    inform(synthetic.NOTICE)
    inform("the report is here; open it in a browser:")
    inform("beside it: accounts/, and a trained network in sine/")
    inform(f"its documents and runs are apart from yours: `tidings runs` in {out} lists them")
    show_path(out / INDEX)
    return int(not all(succeeded))


def _import_documents(db: Database) -> None:
    archive, tables = default_archive().name, FALLBACK_SOURCE.name
    headlines = import_paths(db, [synthetic.ARCHIVE], source=archive, handle=None, columns={})
    accounts = import_paths(db, [synthetic.POSTS], source=tables, handle=None, columns={})
    inform(
        f"imported {headlines.tally.documents:,} synthetic headlines "
        f"and {accounts.tally.documents:,} synthetic posts"
    )
