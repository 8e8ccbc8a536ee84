"""How the report of a kind of run is made: what its pages show is read, then they are written."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from core.atomic_files import StagedFiles
from reports.data.exports import ExportFolder
from reports.data.kept_documents import JobParts
from reports.data.run_data import RunData
from reports.figures.figure_store import FigureStore
from reports.findings.finding import FindingsBySubject
from reports.pages import page
from reports.pages.document_list import DocumentIndex
from reports.pages.repeats import Repeats
from reports.pages.run_summary import RunSummary
from reports.pages.surprises import SurprisesSection
from reports.pages.watching import WatchSection
from reports.shared_calls import SharedCall
from reports.words.document_queries import DOCUMENT_LIST


@dataclass(frozen=True)
class RunReport:
    """What the pages of a run's report show, and where its pages, figures and tables go.

    Runs side by side have nothing *shown* of their own and no list of documents, and as trainings
    no *repeats* and no *findings*; only the report of one watched run has a *watch*. A process may
    help by *executor*.
    """

    run: RunSummary
    pages: StagedFiles
    store: FigureStore
    exports: ExportFolder

    # The title of the front page, and what `ReportKind.read_pages` has read.
    title: str = ""
    shown: Any = None

    # The list of documents: its index, and what writes its parts and adds them to the index.
    documents: DocumentIndex | None = None
    parts: SharedCall[dict[str, JobParts]] | None = None

    repeats: Repeats | None = None
    findings: FindingsBySubject = field(default_factory=dict)
    watch: WatchSection | None = None
    surprises: SurprisesSection | None = None
    executor: Executor | None = None

    def write(
        self,
        file_name: str,
        template: str,
        page_values: object,
        title: str,
        *,
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
            made=self.run.ended_at,
            **more,
        )

        self.pages.add(file_name, html.encode())
        self.store.progress.count_page()

    def write_document_list(self) -> None:
        """Write the page that lists the run's documents, and the parts that it loads."""
        if self.parts is not None:
            self.parts.result()

        title, script = f"All {self.run.kind.document_noun}s", "documents.js"
        self.write(DOCUMENT_LIST, "documents.html", self.documents, title, own_script=script)


@dataclass(frozen=True)
class ReportKind:
    """How the report of one kind of run is made.

    *title* returns the title of the front page, *read_pages* all that its pages show, which
    *write_pages* writes. A kind without *read_findings* shows no repeats either.
    """

    title: Callable[[RunSummary], str]
    read_pages: Callable[[RunData, FigureStore, ExportFolder], Any]
    write_pages: Callable[[RunReport], None]
    read_findings: Callable[[RunData], FindingsBySubject] | None = None
