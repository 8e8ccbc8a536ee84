"""The first section of a watched run's report: what is new since the last one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models.watches import read_state
from reports.data.run_data import RunData
from reports.findings.changes import count_results, describe_changes
from reports.findings.run_events import read_surprises


@dataclass(frozen=True)
class WatchSection:
    """What the page of a watched run begins with, besides its events."""

    every: str

    # The day of the report that this one is compared with.
    since: str | None

    changes: list[str]


def read_watch_section(run: RunData) -> WatchSection | None:
    """Return what is new in the run; None where it is not watched."""
    state = run.db.fetch(read_state, run.id)

    if state is None:
        return None

    changes, since = [], None
    if state.counts is not None and state.counted_at is not None:
        changes = describe_changes(run.kind, state.counts, count_results(run))
        since = f"{datetime.fromtimestamp(state.counted_at, UTC):%Y-%m-%d}"

    return WatchSection(state.every, since, changes)


def read_what_to_record(run: RunData) -> tuple[Mapping[str, Any], list[str]]:
    """Return the counts and the keys of events that `models.watches.record_report` keeps."""
    return count_results(run), [event.key for event in read_surprises(run).events]
