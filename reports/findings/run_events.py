"""The events of a run: its series are read by month and by week, and judged."""

from __future__ import annotations

from dataclasses import replace

from core.enums import Grain
from reports.data.account_rows import fill_periods
from reports.data.queries import group_by
from reports.data.run_data import RunData, once
from reports.data.tables.periods import group_by_term, read_series
from reports.data.variants import read_variants
from reports.findings.events import (
    Departures,
    Series,
    account_series,
    find_events,
    keyword_series,
)

# Events are of these periods, whatever the grain of the run's series is.
GRAINS = (Grain.MONTH, Grain.WEEK)


@once
def read_surprises(run: RunData) -> Departures:
    """Return the events of a run and its largest changes."""
    return find_events(_read_series(run))


def read_judged_run(run: RunData) -> RunData:
    """Return the run without its repeats and its bulk days, which decide no event.

    An account that repeats itself has said it again: all posts count.
    """
    if not run.kind.has_mentions:
        return run

    variants, selection = read_variants(run), run.selection
    for variant in (variants.without_repeats, variants.without_bulk_days):
        if variant is not None:
            selection |= variant.selection

    return replace(run, selection=selection)


def _read_series(run: RunData) -> list[Series]:
    # The engine of a month is not stored, so moods of several engines cannot be told apart.
    with_mood = len(run.engines) <= 1
    series: list[Series] = []
    for grain in GRAINS:
        if not run.kind.has_mentions:
            series += _read_account_series(run, grain, with_mood=with_mood)
        else:
            series += _read_keyword_series(run, grain, with_mood=with_mood)

    return series


def _read_account_series(run: RunData, grain: Grain, *, with_mood: bool) -> list[Series]:
    rows_by_job = group_by("job", read_series(replace(run, grain=grain)))
    series: list[Series] = []
    for job in run.jobs:
        series += account_series(job.name, fill_periods(rows_by_job[job.name]), with_mood=with_mood)

    return series


def _read_keyword_series(run: RunData, grain: Grain, *, with_mood: bool) -> list[Series]:
    told = group_by_term(read_series(replace(run, grain=grain)))
    judged_run = read_judged_run(run)
    judged = told
    if judged_run.selection != run.selection:
        judged = group_by_term(read_series(replace(judged_run, grain=grain)))

    series: list[Series] = []
    for keyword in run.keywords:
        series += keyword_series(
            keyword.name,
            judged[keyword.name, None],
            {term: judged[keyword.name, term] for term in keyword.terms},
            told_rows=told[keyword.name, None],
            told_rows_by_term={term: told[keyword.name, term] for term in keyword.terms},
            with_mood=with_mood,
        )

    return series
