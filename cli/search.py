"""Search a run's documents for a category of a codebook: ``tidings code RUN --find ABOUT=yes``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.wanted import parse_sought
from cli import context
from cli.coding import check_terminal, record_coding
from cli.coding_page.command import serve_texts
from cli.coding_request import CodingRequest
from cli.coding_terminal import code_in_terminal
from cli.messages import inform, show
from core.enums import MODEL
from core.errors import UsageError
from core.quantities import quantity
from models.codes import PERSON, Coding
from models.database import Database
from models.runs import get_run
from producers.code_sample import SampledText
from reports.stats.search_recall import SearchProgress
from workers.document_search import DocumentSearch, SearchState
from workers.search_words import describe_progress, format_share


def find_documents(
    request: CodingRequest, find: str, recall: float, *, port: int | None = None
) -> None:
    """Let people read until *recall* of what belongs to the category *find* is found.

    Where a language model has searched for it, they check a random part. They code in the terminal,
    or with a *port* a batch on a page in the browser. Raises `UsageError`.
    """
    if request.file or request.out or request.program:
        raise UsageError(
            "--find reads in the terminal or with --serve: leave --file and --out away"
        )

    codebook = request.read_codebook()
    sought = parse_sought(codebook, find)
    if port is None:
        check_terminal()

    settings = context.load_settings()
    with closing(context.open_database(settings)) as db:
        if port is None:
            record_coding(db, codebook, request.run, settings.person)

        model = _find_model(db, request.run, codebook, f"{sought}")
        search = DocumentSearch(db, request.run, codebook, sought, model)
        questions = _keep_questions(codebook, sought.category.variable)
        reading = _Reading(db, request, search, questions, port)
        if model is None:
            reading.read(recall)
        else:
            reading.check(model)


def _find_model(db: Database, run_id: int, codebook: Codebook, sought: str) -> str | None:
    """Return the language model by which a run searches for the same; None if none does."""
    parameters = db.fetch(get_run, run_id).parameters
    coder: str = parameters.get("coder") or ""
    searched = (parameters.get("codebook"), parameters.get("find"))
    is_by_model = coder.startswith(MODEL) and searched == (codebook.hash.hex(), sought)
    return coder if is_by_model else None


def _keep_questions(codebook: Codebook, name: str) -> Codebook:
    """Return the codebook with what is sought alone, and the questions on which that depends."""
    kept = []
    wanted: str | None = name
    for variable in reversed(codebook.variables):
        if variable.name == wanted:
            kept.append(variable)
            wanted = variable.condition.variable if variable.condition else None

    return codebook.model_copy(update={"variables": tuple(reversed(kept))})


@dataclass(frozen=True)
class _Reading:
    """People who read for a search, in the terminal or on the page of a *port*."""

    db: Database
    request: CodingRequest
    search: DocumentSearch
    questions: Codebook
    port: int | None

    def read(self, recall: float) -> None:
        """Read a batch after the other until *recall* is reached, or somebody stops."""
        while True:
            state = self._show_progress(recall)
            if state.has_ended(recall):
                self._show_end(state.progress)
                return
            if not self._code(self.search.plan_batch(state.progress.plan_draws(recall))):
                if self.port is not None:
                    self._show_progress(recall)
                    inform("the same command goes on from here")

                return

    def check(self, model: str) -> None:
        """Read a random part of what a *model* read, and what people would say of its search."""
        state = self.search.look()
        show(describe_progress(self.search, state))
        self._code(self.search.list_check(self.request.n))
        check = self.search.check()
        if check.precision is not None:
            show(f"people put {format_share(check.precision)} of what {model} found into it, too")
        if check.recall is not None:
            share = format_share(check.recall)
            show(f"by {quantity(check.read, 'text')} that people read it found {share} of all")

    def _code(self, texts: Sequence[SampledText]) -> bool:
        """Let people code *texts*; return whether more may follow in the terminal."""
        codebook_id = self.search.search.codebook_id
        if self.port is not None:
            serve_texts(
                self.db,
                self.request,
                self.questions,
                codebook_id,
                texts,
                port=self.port,
                doubles=0.0,
            )
            return False

        coding = Coding(self.request.run, codebook_id, f"{PERSON}{self.request.coder}")
        return code_in_terminal(self.db, self.questions, coding, texts, is_part=True)

    def _show_progress(self, recall: float) -> SearchState:
        state = self.search.look()
        show(describe_progress(self.search, state))
        if state.progress.known_recall is not None and not state.progress.has_reached(recall):
            remaining = quantity(state.progress.count_to_read(recall), "text")
            show(f"about {remaining} more until {100 * recall:g} % is sure, by the present rate")

        return state

    def _show_end(self, progress: SearchProgress) -> None:
        estimate, run = progress.estimate_recall(), self.request.run
        if progress.unread and progress.found:
            missed = progress.found / estimate.value - progress.found
            most = progress.found / estimate.low - progress.found
            unread = quantity(progress.unread, "document")
            show(f"{unread} unread, of which about {missed:,.0f} belong to it, at most {most:,.0f}")

        inform(f"`tidings export {run} found` lists what was found")
        if progress.found:
            query, share = self.search.suggest_query()
            if query:
                inform(f"a query to begin with, which finds {100 * share:.0f} % of it: {query}")
