"""A search in words: what was found, and which share of all that is."""

from __future__ import annotations

import math

from core.quantities import quantity
from reports.stats.estimates import Estimate
from workers.document_search import DocumentSearch, SearchState


def describe_progress(search: DocumentSearch, state: SearchState) -> str:
    """Return what was found, and which share of all it is once that is known somehow."""
    found = f"found {quantity(state.progress.found, 'document')}"
    texts = f"{state.texts_read:,} of {quantity(state.texts, 'text')} read"
    if state.progress.known_recall is None:
        return f"{found}: {texts}, too few to say which share of all that is"

    whole = "all" if search.model is None else f"all that {search.model} would find"
    return f"{found}: that is {format_share(state.progress.known_recall)} of {whole}; {texts}"


def format_share(estimate: Estimate) -> str:
    """Return a share with its interval in percent, rounded down where it is not all."""
    value, low, high = (
        math.floor(100 * share) if share < 1 else 100
        for share in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} % ({low} to {high} %)"
