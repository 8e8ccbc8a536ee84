"""How the report of a kind of run is made: its pages, its figures and its findings."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any

from core.atomic_files import StagedFiles
from reports.data.exports import ExportFolder
from reports.data.kept_documents import JobParts
from reports.data.run_data import RunData
from reports.figures.figure_store import FigureStore
from reports.findings.finding import FindingsBySubject
from reports.pages import page
from reports.pages.document_list import DocumentIndex, write_parts
from reports.pages.repeats import Repeats
from reports.pages.run_summary import RunSummary
from reports.pages.surprises import SurprisesSection
from reports.pages.watching import WatchSection
from reports.shared_calls import SharedCall
from reports.words.document_queries import DOCUMENT_LIST


@dataclass(frozen=True)
class RunReport:
    """A run whose report is made, and where its pages, figures and tables go.

    Trainings, and runs side by side, have no *repeats* and no *findings* of their own; only the
    report of one watched run has a *watch*. A process may help by *executor*, and make the *parts*
    of the list of documents: see `share_parts`.
    """

    run: RunSummary
    pages: StagedFiles
    store: FigureStore
    exports: ExportFolder
    repeats: Repeats | None
    findings: FindingsBySubject
    watch: WatchSection | None
    surprises: SurprisesSection | None
    executor: Executor | None = None
    parts: SharedCall[dict[str, JobParts]] | None = None

    # What is remembered of the parts of the list of documents, by the job.
    kept_parts: dict[str, JobParts] = field(default_factory=dict)

    def write(
        self,
        file_name: str,
        template: str,
        page_values: object,
        *,
        title: str,
        own_script: str | None = None,
        **more: Any,
    ) -> None:
        """Write a page; *own_script* is the file of a script that this page alone has."""
        html = page.render(
            template,
            own_script=own_script,
            title=title,
            page=page_values,
            summary=self.run,
            repeats=self.repeats,
            findings=self.findings,
            watch=self.watch,
            surprises=self.surprises,
            files=self.exports.files(),
            texts=self.exports.texts,
            made=self.run.ended,
            **more,
        )

        self.pages.add(file_name, html.encode())
        self.store.progress.count_page()

    def write_document_list(self) -> None:
        """Write the page that lists the run's documents, and the parts that it loads."""
        titles = {job.name: self.run.kind.job_title(job.name, job.options) for job in self.run.jobs}
        index = DocumentIndex.of(self.run, titles, texts=self.exports.texts)
        last = self.exports.last
        if self.parts is not None:
            last = replace(last, parts=self.parts.result())

        self.kept_parts.update(write_parts(self.run, index, self.pages, last))

        self.write(
            DOCUMENT_LIST,
            "documents.html",
            index,
            title=f"All {self.run.kind.document_noun}s",
            own_script="documents.js",
        )


@dataclass(frozen=True)
class ReportKind:
    """How the report of one kind of run is made.

    *title* returns the title of the front page. A kind without *read_findings* shows no repeats
    either.
    """

    title: Callable[[RunSummary], str]
    write_pages: Callable[[RunReport], None]
    read_findings: Callable[[RunData], FindingsBySubject] | None = None
