"""The report of a single run: what all its pages show is read, then they are written."""

from __future__ import annotations

from concurrent.futures import Executor

from core.atomic_files import StagedFiles
from reports.data.exports import ExportFolder
from reports.data.run_data import RunData
from reports.figures.figure_store import FigureStore
from reports.findings.finding import FindingsBySubject
from reports.kinds import REPORT_KINDS
from reports.kinds.report_kind import RunReport
from reports.pages import atom
from reports.pages.document_list import share_parts
from reports.pages.repeats import read_repeats
from reports.pages.summarizing import summarize_run
from reports.pages.surprises import read_surprises_section
from reports.pages.watching import read_watch_section
from reports.report_files import FEED


def read_report(
    run: RunData,
    pages: StagedFiles,
    store: FigureStore,
    exports: ExportFolder,
    executor: Executor | None = None,
) -> RunReport:
    """Read what all pages of the report of a single run show; a process may help by *executor*."""
    parts = share_parts(run, executor, exports)
    repeats = None
    findings: FindingsBySubject = {}
    read_findings = REPORT_KINDS[run.kind.report].read_findings
    if read_findings is not None:
        repeats, findings = read_repeats(run), read_findings(run)

    watch, surprises = read_watch_section(run), read_surprises_section(run, texts=exports.texts)
    summary = summarize_run(run)
    return RunReport(
        summary, pages, store, exports, repeats, findings, watch, surprises, executor, parts
    )


def write_report(report: RunReport) -> None:
    """Write the pages of the report of a single run, and the feed of a watched one."""
    kind = REPORT_KINDS[report.run.kind.report]
    kind.write_pages(report)
    if report.watch is not None and report.surprises is not None:
        feed = atom.write_feed(report.run, kind.title(report.run), report.surprises.events)
        report.pages.add(FEED, feed)
