"""The command that submits a run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from analysis.kinds import kind_named
from core.enums import Grain, Grouping
from reports.data.run_data import NO_SELECTION, Selection


def submit_command(
    parameters: Any,
    job_names: Sequence[str],
    selection: Selection = NO_SELECTION,
    *,
    grain: Grain = Grain.MONTH,
    grouping: Grouping | None = None,
) -> str:
    """Return ``tidings submit …`` as a person types it."""
    kind = kind_named(parameters.kind)
    if kind.has_documents:
        shown_options = {"by": grain, "distinct": selection.distinct, "without": selection.without}
        if grouping is not None:
            shown_options["grouping"] = grouping

        parameters = parameters.model_copy(update=shown_options)

    return shlex.join(["tidings", "submit", *kind.command_words(parameters, job_names)])
