"""The groups of a run, by outlet, section or kind, and the days on which outlets have documents."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from functools import partial

import numpy as np
from numpy.typing import NDArray

from analysis.kinds.months import MonthsParameters
from core.enums import Grouping
from models.origins import ORIGIN_FIELDS, OriginKey, read_origins
from reports.data.groupings import name_group, origin_column
from reports.data.month_counts import read_documents, read_stored, reads_choice
from reports.data.run_data import RunData, RunJob


def list_groups(run: RunData) -> list[str]:
    """Return the groups of a run, in the order of code points; none where it has no grouping.

    They are those that documents of its months have, and those that its parameters name.
    """
    if run.grouping is None:
        return []

    return run.readings.once(list_groups, partial(_find_groups, run, run.grouping))


def _find_groups(run: RunData, grouping: Grouping) -> list[str]:
    group_names: set[str] = set()
    for job in run.jobs:
        group_names.update(name_origins(run, grouping, read_documents(run, job).origins))

    folded = {group_name.casefold() for group_name in group_names}
    chosen = _choose(run.month_parameters, grouping)
    absent = [group_name for group_name in chosen if group_name.casefold() not in folded]
    return sorted([*group_names, *absent])


def _choose(parameters: MonthsParameters, grouping: Grouping) -> Collection[str]:
    match grouping:
        case Grouping.OUTLET:
            return parameters.outlets
        case Grouping.SECTION:
            return parameters.sections
        case Grouping.KIND:
            return () if parameters.material is None else (parameters.material,)


def name_origins(run: RunData, grouping: Grouping, origins: NDArray[np.int32]) -> list[str]:
    """Return the name of the group of each origin."""
    return [name_group(stored_name) for stored_name in _read_names(run, grouping, origins)]


def _read_names(run: RunData, grouping: Grouping, origins: NDArray[np.int32]) -> list[str]:
    """Return what is stored of each origin, "" where it is not known; each origin is read once."""
    keys: dict[int, OriginKey] = run.readings.once(_read_names, dict)
    origin_ids = origins.tolist()
    missing = set(origin_ids) - keys.keys()
    if missing:
        with run.db.read() as connection:
            keys.update(read_origins(connection, missing))

    field = ORIGIN_FIELDS.index(origin_column(grouping).key)
    return [keys[origin_id][field] for origin_id in origin_ids]


def place_groups(
    run: RunData, origins: NDArray[np.int32], groups: Sequence[str]
) -> NDArray[np.int64]:
    """Return the place of the group of each origin; 0 for an origin of none of *groups*."""
    if not groups or run.grouping is None:
        return np.zeros(len(origins), np.int64)

    places = {group_name: place for place, group_name in enumerate(groups, 1)}
    group_names = name_origins(run, run.grouping, origins)
    return np.array([places.get(group_name, 0) for group_name in group_names], np.int64)


def list_stored_days(run: RunData, job: RunJob) -> dict[str, tuple[int, ...]]:
    """Return the days of a month, from 1, of each outlet's documents that the run does not read.

    A day stands there once for each document. They tell gaps from zeros, and whether the archive
    ends within the month. A run that reads every section and material needs none.
    """
    if not run.kind.has_mentions or not reads_choice(run):
        return {}

    unread = read_stored(run, job).subtract(read_documents(run, job))
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    outlets = _read_names(run, Grouping.OUTLET, unread.origins)
    columns = (unread.days.tolist(), unread.documents.tolist())
    for outlet, ordinal, documents in zip(outlets, *columns, strict=True):
        counts[outlet][date.fromordinal(ordinal).day] += documents

    return {outlet: tuple(sorted(days.elements())) for outlet, days in sorted(counts.items())}
