"""The selection of documents that a run's figures leave out: repeats and unwanted patterns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import polars as pl

from core.errors import UsageError
from reports.data.repeats import read_families, read_patterns
from reports.data.run_data import RunData, RunJob, Selection, once
from reports.data.stories import find_held_before
from reports.frames.reading import load_frames


def check_found(run: RunData, selection: Selection) -> None:
    """Raise `UsageError` if the run does not have a pattern of *selection*."""
    if selection and not run.kind.has_documents:
        raise UsageError(
            f"run {run.id} is a training, which has no documents to choose from: leave out "
            "--distinct and --without"
        )

    for pattern, pattern_place in find_places(replace(run, selection=selection)).items():
        if pattern_place is None:
            raise UsageError(
                f"--without {pattern}: no repeated text of run {run.id} is like it; the section "
                "Repeats of its report names the largest patterns"
            )


def left_out(run: RunData, job: RunJob) -> Collection[int]:
    """Return the ids of the documents of *job* that the run's selection leaves out."""
    return _leave_out(run, job) if run.selection else ()


def find_places(run: RunData) -> dict[str, int | None]:
    """Return the place of each pattern that the selection leaves out, by the text that names it.

    The place is None if no pattern of the run is like it.
    """
    return {text: read_patterns(run).find(text) for text in run.selection.without}


def count_without(run: RunData) -> dict[str, int]:
    """Return how many documents each pattern has that is left out, by its text as it is shown."""
    patterns = read_patterns(run).patterns if run.selection.without else ()
    counts = {}
    for pattern, pattern_place in find_places(run).items():
        if pattern_place is None:
            counts[pattern] = 0
        else:
            counts[patterns[pattern_place].text] = patterns[pattern_place].size

    return counts


@once
def _leave_out(run: RunData, job: RunJob) -> frozenset[int]:
    documents = load_frames(run, job).chosen.lazy()
    is_unwanted = pl.col("day").is_in(sorted(run.selection.days))
    if run.selection.distinct or run.selection.without:
        documents = documents.join(read_families(run, job).lazy(), on="document", how="left")
        places = [place for place in find_places(run).values() if place is not None]
        is_unwanted |= pl.col("place").is_in(places)
    if run.selection.distinct:
        is_unwanted |= pl.col("is_repeat")
    if run.selection.stories:
        is_unwanted |= pl.col("document").is_in(find_held_before(run, job))

    return frozenset(documents.filter(is_unwanted).collect()["document"])
