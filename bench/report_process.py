"""Make a report in a process of its own, for the benchmarks of reports."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from models.database import Database


def build_report(url: str, run: int, out: Path, *, with_second_process: bool = False) -> None:
    """Make the report of a run in the folder *out*."""
    from reports.build.report_folder import build  # noqa: PLC0415 - a worker imports it for its first report

    with closing(Database(url)) as db:
        build(db, [run], out, with_second_process=with_second_process)
