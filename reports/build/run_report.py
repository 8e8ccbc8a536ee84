"""The report of a single run: what all its pages show is read, then they are written."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace

from core.atomic_files import StagedFiles
from core.enums import Grain
from reports.data.exports import ExportFolder
from reports.data.run_data import RunData
from reports.data.years import draw_by_year
from reports.figures.figure_store import FigureStore
from reports.findings.finding import FindingsBySubject
from reports.kinds import REPORT_KINDS
from reports.kinds.report_kind import RunReport
from reports.pages import atom
from reports.pages.document_list import DocumentIndex, share_parts, write_parts
from reports.pages.repeats import read_repeats
from reports.pages.summarizing import summarize_run
from reports.pages.surprises import read_surprises_section
from reports.pages.watching import read_watch_section
from reports.report_files import FEED
from reports.shared_calls import SharedCall


def read_report(
    run: RunData,
    pages: StagedFiles,
    store: FigureStore,
    exports: ExportFolder,
    executor: Executor | None = None,
) -> RunReport:
    """Read what all pages of the report of a single run show; a process may help by *executor*."""
    shared = share_parts(run, executor, exports)
    kind = REPORT_KINDS[run.kind.report]
    repeats = None
    findings: FindingsBySubject = {}
    if kind.read_findings is not None:
        repeats, findings = read_repeats(run), kind.read_findings(run)

    watch, surprises = read_watch_section(run), read_surprises_section(run, texts=exports.texts)
    summary = summarize_run(run)
    if draw_by_year(run):
        summary = replace(summary, grain=Grain.YEAR)

    documents, parts = DocumentIndex.of(summary, texts=exports.texts), None
    if run.kind.has_documents:
        parts = SharedCall(None, write_parts, summary, documents, pages, exports.last, shared)

    return RunReport(
        run=summary,
        pages=pages,
        store=store,
        exports=exports,
        title=kind.title(summary),
        shown=kind.read_pages(summary, store, exports),
        documents=documents,
        parts=parts,
        repeats=repeats,
        findings=findings,
        watch=watch,
        surprises=surprises,
        executor=executor,
    )


def write_report(report: RunReport) -> None:
    """Write the pages of the report of a single run, and the feed of a watched one."""
    REPORT_KINDS[report.run.kind.report].write_pages(report)
    if report.watch is not None and report.surprises is not None:
        feed = atom.write_feed(report.run, report.title, report.surprises.events)
        report.pages.add(FEED, feed)
