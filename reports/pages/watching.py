"""The first section of a watched run's report: what is new since the last one, and the events."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from analysis import grains
from analysis.kinds.kind import Unit
from core.enums import Grain
from models.watches import WatchState, read_state
from reports.data.account_rows import fill_periods
from reports.data.busiest_day import Headline, find_headline
from reports.data.run_data import RunData
from reports.data.selection import select_documents
from reports.data.tables.periods import PeriodRow, read_post_polarities, read_series
from reports.data.variants import read_variants
from reports.findings.changes import count_results, describe_changes
from reports.findings.events import (
    MOOD,
    POSTS,
    SHARE,
    WORDING,
    Event,
    Findings,
    Series,
    account_series,
    find_events,
    keyword_series,
)
from reports.words.periods import MONTHS, month_name
from reports.words.quantities import format_share, quantity, signed

# The page shows at most this many events at once, and all that are new.
SHOWN = 5
# Events are of these periods, whatever the grain of the run's series is.
GRAINS = (Grain.MONTH, Grain.WEEK)
# A sentence says what is left without repeats and bulk days where that differs so much.
NOTABLE = 0.2

# The rows of each keyword and term, those of all its terms together under None.
RowsByTerm = Mapping[tuple[str | None, str | None], Sequence[PeriodRow]]


@dataclass(frozen=True)
class ShownEvent:
    """An event in words."""

    event: Event
    text: str

    # The time at which it was first seen; None if no report has recorded it.
    at: datetime | None

    # A new event was first seen after the last update.
    is_new: bool

    # A text of its busiest day; None where the report leaves texts out.
    headline: Headline | None = None

    def as_row(self) -> dict[str, Any]:
        """Return the event as programs read it."""
        event = self.event
        return {
            "id": event.key,
            "period": event.period,
            "kind": event.kind,
            "subject": event.subject,
            "term": event.term,
            "before": round(event.before, 6),
            "now": round(event.now, 6),
            "months_before": event.periods_before,
            "new": self.is_new,
            "first_seen": None if self.at is None else f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
            "text": self.text,
            "grain": event.grain.value,
        }


@dataclass(frozen=True)
class ShownChange:
    """A large change that is no event, in words."""

    text: str
    headline: Headline | None


@dataclass(frozen=True)
class SurprisesSection:
    """The events of a run, and the largest changes that are none."""

    # The newest event comes first.
    events: list[ShownEvent]

    # The largest change comes first.
    unchecked: list[ShownChange]

    @property
    def shown(self) -> list[ShownEvent]:
        """The events that the page shows at once: all new ones, and the newest others."""
        new = [event for event in self.events if event.is_new]
        others = [event for event in self.events if not event.is_new]
        return new + others[: max(0, SHOWN - len(new))]

    @property
    def earlier(self) -> list[ShownEvent]:
        """The events that are not shown at once."""
        return [event for event in self.events if event not in self.shown]


@dataclass(frozen=True)
class WatchSection:
    """What the page of a watched run begins with, besides its events."""

    every: str

    # The day of the report that this one is compared with.
    since: str | None

    changes: list[str]


def read_watch_section(run: RunData) -> WatchSection | None:
    """Return what is new in the run; None where it is not watched."""
    with run.db.read() as connection:
        state = read_state(connection, run.id)
    if state is None:
        return None

    changes, since = [], None
    if state.counts is not None and state.counted_at is not None:
        changes = describe_changes(run.kind.unit, state.counts, count_results(run))
        since = f"{_day(state.counted_at):%Y-%m-%d}"
    return WatchSection(state.every, since, changes)


def read_surprises(run: RunData, *, texts: bool) -> SurprisesSection | None:
    """Return the events of a run over texts, with headlines where the report has *texts*."""
    if not run.kind.has_documents:
        return None
    with run.db.read() as connection:
        state = read_state(connection, run.id)
    return SurprisesSection(show_events(run, state, texts=texts), show_changes(run, texts=texts))


def show_events(run: RunData, state: WatchState | None, *, texts: bool = False) -> list[ShownEvent]:
    """Return the run's events in words, the newest first; *state* tells when they were seen.

    With *texts* each has a headline of its busiest day.
    """
    seen = state.seen if state else {}
    shown_events = []
    for event in reversed(read_findings(run).events):
        sighting = seen.get(event.key)
        is_new = state is not None and sighting is not None and 0 < sighting.number == state.updates
        at = _day(sighting.at) if sighting else None
        text = describe_event(event, run.kind.unit)
        headline = _find_headline(run, event) if texts else None
        shown_events.append(ShownEvent(event, text, at, is_new, headline))
    return shown_events


def show_changes(run: RunData, *, texts: bool = True) -> list[ShownChange]:
    """Return the largest changes that are no events, in words, each with a headline."""
    shown_changes = []
    for change in read_findings(run).changes:
        headline = _find_headline(run, change) if texts else None
        shown_changes.append(ShownChange(describe_event(change, run.kind.unit), headline))
    return shown_changes


def read_findings(run: RunData) -> Findings:
    """Return the events of a run and its largest changes, which are found once."""
    return run.selected_readings.once(read_findings, lambda: find_events(_read_series(run)))


def read_what_to_record(run: RunData) -> tuple[Mapping[str, Any], list[str]]:
    """Return the counts and the keys of events that `models.watches.record_report` keeps."""
    return count_results(run), [event.key for event in read_findings(run).events]


def _find_headline(run: RunData, event: Event) -> Headline | None:
    return find_headline(_read_judged_run(run), event.subject, event.term, event.period)


def _read_judged_run(run: RunData) -> RunData:
    """Return the run without its families of repeats and its bulk days, which decide no event.

    An account that repeats itself has said it again: all posts count.
    """
    if run.kind.unit == Unit.POST:
        return run
    return run.selected_readings.once(_read_judged_run, lambda: _select_judged(run))


def _select_judged(run: RunData) -> RunData:
    variants = read_variants(run)
    selection = run.selection
    for variant in (variants.without_families, variants.without_bulk_days):
        if variant is not None:
            selection |= variant.selection
    return run if selection == run.selection else select_documents(run, selection)


def _read_series(run: RunData) -> list[Series]:
    # The engine of a month is not stored, so moods of several engines cannot be told apart.
    with_mood = len(run.engines) <= 1
    series: list[Series] = []
    for grain in GRAINS:
        if run.kind.unit == Unit.POST:
            series += _read_account_series(run, grain, with_mood=with_mood)
        else:
            series += _read_keyword_series(run, grain, with_mood=with_mood)
    return series


def _read_account_series(run: RunData, grain: Grain, *, with_mood: bool) -> list[Series]:
    rows_by_job: dict[str | None, list[PeriodRow]] = defaultdict(list)
    for period_row in read_series(replace(run, grain=grain)):
        rows_by_job[period_row.job].append(period_row)

    series: list[Series] = []
    for job in run.jobs:
        period_rows = fill_periods(rows_by_job[job.name])
        polarities = read_post_polarities(run, job, grain)
        scored_rows = []
        for period_row in period_rows:
            scored = sum(not math.isnan(value) for value in polarities.get(period_row.period, ()))
            scored_rows.append(replace(period_row, mentions=scored))
        series += account_series(job.name, period_rows, scored_rows, with_mood=with_mood)
    return series


def _read_keyword_series(run: RunData, grain: Grain, *, with_mood: bool) -> list[Series]:
    told = _read_rows_by_term(run, grain)
    judged_run = _read_judged_run(run)
    judged = told if judged_run is run else _read_rows_by_term(judged_run, grain)
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


def _read_rows_by_term(run: RunData, grain: Grain) -> RowsByTerm:
    rows_by_term: dict[tuple[str | None, str | None], list[PeriodRow]] = defaultdict(list)
    for period_row in read_series(replace(run, grain=grain)):
        rows_by_term[period_row.keyword, period_row.term].append(period_row)
    return rows_by_term


def describe_event(event: Event, unit: Unit) -> str:
    """Return a sentence that says what departs, and from what."""
    subject, period_row = event.subject, event.row
    who = f"“{subject}”" if unit == Unit.MENTION else subject
    period = _name_period(event.period)
    share = f"{period_row.matched or 0:,} of {quantity(period_row.documents, 'document')}"

    match event.kind:
        case kind if kind == SHARE:
            return f"{who} {period}: {share}, {_compare_with_usual(event)}."
        case kind if kind == WORDING:
            return (
                f"The term “{event.term}” {period}: in {share} that mention {who}, "
                f"{_compare_with_usual(event)}."
            )
        case kind if kind == POSTS:
            return f"{who} {period}: {_compare_with_usual(event)}."
        case _:
            around = "around" if unit == Unit.MENTION else "of the posts of"
            return (
                f"The mood {around} {who} {period}: {_compare_with_usual(event)}; an index of the "
                f"engine, n = {period_row.mentions or 0:,}."
            )


def _name_period(period: str) -> str:
    if grains.grain_of(period) == Grain.MONTH:
        return f"in {month_name(period, '%B %Y')}"
    first_day = grains.first_day(period)
    return f"in the week from {first_day.day} {MONTHS[first_day.month - 1]} {first_day.year}"


def _compare_with_usual(event: Event) -> str:
    """Return both figures, and those without repeats and bulk days where these differ."""
    usual = _name_usual_periods(event)
    now = _format(event, event.now)
    if event.kind == POSTS:
        now = f"{now} posts a day" if event.now else "no post"
    figures = f"{now}, against {_format(event, event.before)} {usual}"
    if event.before == 0 and event.kind != MOOD:
        is_one = event.periods_before == 1
        periods = event.grain.value if is_one else quantity(event.periods_before, event.grain.value)
        figures = f"{now}, and none in the {periods} before"

    judged = event.judged
    if event.kind == MOOD or not _differs(event.now, judged.now, event.before, judged.before):
        return figures
    return (
        f"{figures} ({_format(event, judged.now)} against {_format(event, judged.before)} without "
        "repeats and bulk days)"
    )


def _name_usual_periods(event: Event) -> str:
    """Name the periods with which an event is compared."""
    if event.follows_usual_periods:
        if event.periods_before == 1:
            return f"in the {event.grain.value} before"
        return f"on average in the {quantity(event.periods_before, event.grain.value)} before"
    if event.periods_before == 1:
        return _name_period(event.usual_periods[0])
    return f"on average in {quantity(event.periods_before, f'earlier {event.grain.value}')}"


def _differs(now: float, judged_now: float, before: float, judged_before: float) -> bool:
    """Return whether a figure is not about the same without repeats and bulk days."""
    return abs(now - judged_now) > NOTABLE * now or abs(before - judged_before) > NOTABLE * before


def _format(event: Event, figure: float) -> str:
    if event.kind == POSTS:
        return f"{figure:.1f}"
    return signed(figure) if event.kind == MOOD else format_share(figure)


def _day(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
