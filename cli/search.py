"""Search a run's documents for a category of a codebook: ``tidings code RUN --find ABOUT=yes``."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from analysis.codebooks.wanted import parse_wanted
from cli import context
from cli.coding import CodingRequest, check_terminal, code_in_terminal, record_coding
from cli.messages import inform, show
from core.errors import UsageError
from core.quantities import quantity

if TYPE_CHECKING:
    from analysis.codebooks.codebook import Codebook
    from producers.document_search import DocumentSearch, SearchState
    from reports.stats.search_recall import SearchProgress

# A wider interval of recall says nothing.
_WIDEST = 0.6


def find_documents(
    request: CodingRequest, find: str, recall: float, *, port: int | None = None
) -> None:
    """Let people read until *recall* of what belongs to the category *find* is found.

    They code in the terminal, or with a *port* a batch on a page in the browser. Raises
    `UsageError`.
    """
    from cli.coding_page.command import serve_texts
    from models.codes import PERSON, Coding
    from producers.document_search import DocumentSearch

    if request.file or request.out or request.program:
        raise UsageError(
            "--find reads in the terminal or with --serve: leave --file and --out away"
        )

    codebook = request.read_codebook()
    keyword, _, category = find.rpartition(":") if codebook.asks_of_keyword else ("", "", find)
    (sought,) = parse_wanted(codebook, [category], "--find")
    questions = _keep_questions(codebook, sought.variable)
    if port is None:
        check_terminal()

    settings = context.load_settings()
    with closing(context.open_database(settings)) as db:
        if port is None:
            record_coding(db, codebook, request.run, settings.person)

        search = DocumentSearch(db, request.run, codebook, sought, keyword or None)
        codebook_id = search.search.codebook_id
        while True:
            state = search.look()
            progress = make_progress(state)
            _say_progress(state, progress, recall)
            if progress.has_reached(recall) or state.texts_read == state.texts:
                _say_end(search, progress, request.run)
                return

            batch = search.plan_batch(progress.choose_share(recall))
            if port is not None:
                serve_texts(db, request, questions, codebook_id, batch, port=port, doubles=0.0)
                state = search.look()
                _say_progress(state, make_progress(state), recall)
                inform("the same command goes on from here")
                return

            coding = Coding(request.run, codebook_id, f"{PERSON}{request.coder}")
            if not code_in_terminal(db, questions, coding, batch, is_part=True):
                return


def _keep_questions(codebook: Codebook, name: str) -> Codebook:
    """Return the codebook with what is sought alone, and the questions on which that depends."""
    kept = []
    wanted: str | None = name
    for variable in reversed(codebook.variables):
        if variable.name == wanted:
            kept.append(variable)
            wanted = variable.condition.variable if variable.condition else None

    return codebook.model_copy(update={"variables": tuple(reversed(kept))})


def make_progress(state: SearchState) -> SearchProgress:
    """Return what the draws of a search tell of its recall."""
    from reports.stats.search_recall import ChanceDraws, SearchProgress

    draws = ChanceDraws(
        state.unread_before.astype(float), state.found_before.astype(float), state.are_hits
    )
    return SearchProgress(
        state.documents, state.read, state.found, draws, state.top_read, state.top_found
    )


def _say_progress(state: SearchState, progress: SearchProgress, recall: float) -> None:
    """Say what was found, and which share of all it is once that is known somehow."""
    found = f"found {quantity(progress.found, 'document')}"
    texts = f"{state.texts_read:,} of {quantity(state.texts, 'text')} read"
    estimate = progress.estimate_recall()
    if estimate.high - estimate.low > _WIDEST:
        show(f"{found}: {texts}, too few to say which share of all that is")
        return

    interval = f"{_percent(estimate.low)} to {_percent(estimate.high)} %"
    show(f"{found}: that is {_percent(estimate.value)} % ({interval}) of all; {texts}")
    if not progress.has_reached(recall):
        remaining = quantity(progress.count_to_read(recall), "text")
        show(f"about {remaining} more until {100 * recall:g} % is sure, by the present rate")


def _say_end(search: DocumentSearch, progress: SearchProgress, run: int) -> None:
    estimate = progress.estimate_recall()
    if progress.unread and progress.found:
        missed = progress.found / estimate.value - progress.found
        most = progress.found / estimate.low - progress.found
        unread = quantity(progress.unread, "document")
        show(f"{unread} unread, of which about {missed:,.0f} belong to it, at most {most:,.0f}")

    inform(f"`tidings export {run} found` lists what was found")
    if progress.found:
        query, share = search.suggest_query()
        if query:
            inform(f"a query to begin with, which finds {100 * share:.0f} % of it: {query}")


def _percent(share: float) -> str:
    """Return a share in percent, rounded down where that is not all."""
    return f"{int(100 * share)}" if share < 1 else "100"
