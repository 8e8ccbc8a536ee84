"""Events: months and weeks that depart from what their series' own past lets one expect.

A month or week of a series is an event if

1. it is whole and of a run whose documents are known: without repeats and bulk days, a mean only
   of at least 30 polarities of one engine (see `run_events` and `measures`),
2. it departs from the usual periods before it (`reports.stats.surprise`, points 1 to 3),
3. it lies beyond the same period of earlier years, too, where two or more had it (point 4),
4. both at its part of the subject's error budget (point 5): a share, or posts, has four fifths,
   another subject changes nothing,
5. it is no further week of what the week before began, and its wording is told once,
6. with repeats and bulk days it still differs by a tenth, and a rise is to five documents or more.

Whatever is told of an event is told once and not taken back, so each period is judged by those
before it alone. Below the events stand the largest changes that are none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property

from analysis import grains
from core.enums import Grain
from reports.data.tables.periods import PeriodRow
from reports.findings.measures import MOOD, POSTS, SHARE, WORDING, Measure, Rows
from reports.stats.intervals import LEVEL
from reports.stats.surprise import MONTHS, SEASON_YEARS, WEEKS, Departure, Judgement, ListSeason

# The probability of any false event of a subject is at most `LEVEL`, in ten years. Months and weeks
# have these parts of a measure's part of it.
GRAIN_PARTS = {Grain.MONTH: 0.75, Grain.WEEK: 0.25}

# So many changes that are no events are listed, and none that is more probable than the level.
MOST_CHANGES = 10


@dataclass(frozen=True)
class Series:
    """Something that is counted or measured period by period."""

    # A keyword, or the name of a job.
    subject: str

    measure: Measure

    # The rows that are judged: without repeats and bulk days.
    rows: Rows

    # The same rows of the whole run, whose figures are told; *rows* where nothing is left out.
    told_rows: Rows = ()

    # Only a series of wording has a term, of so many of its subject.
    term: str | None = None
    terms: int = 1

    @cached_property
    def periods(self) -> list[str]:
        """The sorted periods of the judged rows."""
        return sorted(row.period for row in self.rows)

    @cached_property
    def told_rows_by_period(self) -> dict[str, PeriodRow]:
        """The rows whose figures are told."""
        return {row.period: row for row in (*self.rows, *self.told_rows)}

    def judge(self) -> list[Judgement]:
        """Judge each period of the series."""
        if not self.rows:
            return []

        grain = grains.grain_of(self.periods[0])
        level = LEVEL * self.measure.level_part * GRAIN_PARTS[grain] / self.terms
        memory = MONTHS if grain == Grain.MONTH else WEEKS
        rows = sorted(self.rows, key=lambda row: row.period)
        return self.measure.judge(rows, memory, level, seasons_of(self.periods))

    def tell(self, judgement: Judgement) -> Event:
        """Return a judged period with the figures of the whole run."""
        told_row = self.told_rows_by_period[self.periods[judgement.place]]
        usual_periods = [self.periods[place] for place in judgement.usual_places]
        before = judgement.departure.before
        if self.told_rows:
            before = self.measure.pool(
                [self.told_rows_by_period[period] for period in usual_periods]
            )

        season = {}
        for period in (self.periods[place] for place in judgement.season_places):
            season[period] = self.measure.pool([self.told_rows_by_period[period]])

        return Event(
            subject=self.subject,
            measure=self.measure,
            term=self.term,
            period=told_row.period,
            before=before,
            now=self.measure.pool([told_row]),
            row=told_row,
            usual_periods=tuple(usual_periods),
            judged=judgement.departure,
            season=season,
        )


def seasons_of(periods: Sequence[str]) -> ListSeason:
    """Return a function of a place among sorted *periods*: the places of its season, year by year.

    The week of the same day of the year and the weeks beside it are the same weeks, since holidays
    and finals move from year to year.
    """
    places = {period: place for place, period in enumerate(periods)}
    return lambda place: _list_season(periods[place], places)


def _list_season(period: str, places: Mapping[str, int]) -> list[list[int]]:
    grain, start = grains.grain_of(period), grains.first_day(period)
    weeks = (0, -1, 1) if grain == Grain.WEEK else (0,)
    season = []
    for years in range(1, SEASON_YEARS + 1):
        # The week before the first day of the year 1 has no date.
        if start.year <= years + 1:
            break

        # The 29th of February has no day of its own in other years.
        same_day = start.replace(year=start.year - years, day=min(start.day, 28))
        days = [same_day + timedelta(weeks=offset) for offset in weeks]
        same_periods = [grains.period_of(day, grain) for day in days]
        season.append([places[same] for same in same_periods if same in places])

    return season


@dataclass(frozen=True)
class Event:
    """A month or a week that departs from those before it."""

    subject: str
    measure: Measure
    term: str | None
    period: str
    before: float
    now: float
    row: PeriodRow

    # The usual periods before, with which it is compared.
    usual_periods: tuple[str, ...]

    # The same comparison without repeats and bulk days, on which it was judged.
    judged: Departure

    # The same periods of earlier years, the latest first, with their rates or mean polarities in
    # the whole run.
    season: Mapping[str, float] = field(default_factory=dict)

    # Of the weeks in a row that it begins, the one that departs furthest; None if it does itself.
    furthest: Event | None = None

    @property
    def grain(self) -> Grain:
        """Whether it is a month or a week."""
        return grains.grain_of(self.period)

    @property
    def is_rise(self) -> bool:
        """Whether it lies above the periods before, and not below."""
        return self.now > self.before

    @property
    def periods_before(self) -> int:
        """How many usual periods it is compared with."""
        return len(self.usual_periods)

    @property
    def is_worth_telling(self) -> bool:
        """Whether the figures of the whole run differ enough for a sentence."""
        return self.measure.is_worth_telling(self.before, self.now, self.row)

    @property
    def last_day(self) -> date:
        """The day after which it could be told."""
        return grains.days_of(self.period)[-1]

    @property
    def key(self) -> str:
        """A digest that names the event without saying what it is about."""
        identity = "\n".join((self.subject, self.measure.name, self.term or "", self.period))
        return hashlib.sha256(identity.encode()).hexdigest()[:32]

    def continues(self, previous: Event | None) -> bool:
        """Return whether it is a week more of what the week before began, which is told once."""
        if previous is None or self.grain != Grain.WEEK:
            return False

        is_next = grains.next_period(previous.period) == self.period
        return is_next and self.is_rise == previous.is_rise

    def followed_by(self, later: Event) -> Event:
        """Return the event with a *later* week of those in a row that it begins."""
        choose = max if self.is_rise else min
        furthest = choose(self.furthest or self, later, key=lambda week: week.now)
        return replace(self, furthest=None if furthest is self else furthest)

    def overlaps(self, other: Event) -> bool:
        """Return whether the two are of the same subject and measure, and share a day."""
        if (self.subject, self.measure) != (other.subject, other.measure):
            return False

        first_days = grains.first_day(self.period), grains.first_day(other.period)
        return max(first_days) <= min(self.last_day, other.last_day)

    @property
    def order_by_time(self) -> tuple[date, float, str, str]:
        """The oldest comes first, of those of one day the surest."""
        return self.last_day, self.judged.p_value, self.subject, self.measure.name

    @property
    def order_by_size(self) -> tuple[float, str, str, str]:
        """The least probable comes first."""
        return self.judged.p_value, self.period, self.subject, self.term or ""


@dataclass(frozen=True)
class Departures:
    """What departs from the past, in three lists."""

    # The oldest comes first, of those of one day the surest.
    events: list[Event] = field(default_factory=list)

    # The largest changes that are no events; the largest comes first.
    changes: list[Event] = field(default_factory=list)

    # What departs from the periods before, and not from the same ones of two earlier years or more.
    recurring: list[Event] = field(default_factory=list)


def find_events(series: Iterable[Series]) -> Departures:
    """Return the events of all *series*, and the largest changes that are none."""
    found = Departures()
    for watched in series:
        _find_in_series(watched, found)

    # What one term of a subject gains others lose: the surest tells it.
    surest = {}
    for event in sorted(found.events, key=lambda event: event.order_by_size, reverse=True):
        surest[event.subject, event.measure.name, event.period] = event

    events = sorted(surest.values(), key=lambda event: event.order_by_time)
    changes = _choose_changes(found.changes, events)
    return Departures(events, changes, _choose_recurring(found.recurring, events))


def _find_in_series(watched: Series, found: Departures) -> None:
    """Add the events of one series to those found, of weeks in a row the first; and its changes."""
    is_first_told = False
    previous: Event | None = None
    for judgement in watched.judge():
        if judgement.is_surprise:
            event = watched.tell(judgement)
            if not event.continues(previous):
                is_first_told = event.is_worth_telling
                if is_first_told:
                    found.events.append(event)
            elif is_first_told:
                found.events[-1] = found.events[-1].followed_by(event)

            previous = event
        elif judgement.departs:
            found.recurring.append(watched.tell(judgement))
        elif judgement.is_out_of_season and judgement.departure.p_value <= LEVEL:
            change = watched.tell(judgement)
            figures = change.before, change.now, change.row
            if change.is_worth_telling and watched.measure.is_worth_listing(*figures):
                found.changes.append(change)


def _choose_changes(
    candidates: Sequence[Event], events: Sequence[Event], improbable: float = 0.01
) -> list[Event]:
    """Return the largest changes, and the newest if it is improbable; none that an event tells."""
    untold: list[Event] = []
    for change in sorted(candidates, key=lambda change: change.order_by_size):
        if not any(change.overlaps(told) for told in (*events, *untold)):
            untold.append(change)

    changes = untold[:MOST_CHANGES]
    large = [change for change in untold if change.judged.p_value <= improbable]
    if large:
        newest = max(large, key=lambda change: change.last_day)
        if newest not in changes:
            changes[-1] = newest

    return changes


def _choose_recurring(in_season: Sequence[Event], events: Sequence[Event]) -> list[Event]:
    """Return what comes every year by time: months first, and weeks that none of them tells."""
    recurring: list[Event] = []
    for candidate in sorted(in_season, key=lambda event: (event.grain == Grain.WEEK, event.period)):
        is_told = any(candidate.overlaps(told) for told in (*events, *recurring))
        if candidate.is_worth_telling and not is_told:
            recurring.append(candidate)

    return sorted(recurring, key=lambda event: event.order_by_time)


def keyword_series(
    keyword: str,
    keyword_rows: Rows,
    rows_by_term: Mapping[str, Rows],
    *,
    told_rows: Rows = (),
    told_rows_by_term: Mapping[str, Rows] | None = None,
    with_mood: bool = True,
) -> list[Series]:
    """Return what is watched of a keyword by one grain: its share, mood, and each term's share.

    A term's share is the share of the documents that mention the keyword. *keyword_rows* count all
    terms together. The *told_rows* are the same of the whole run, see `Series`.
    """
    series = [Series(keyword, SHARE, keyword_rows, told_rows)]
    if with_mood:
        series.append(Series(keyword, MOOD, keyword_rows, told_rows))

    if len(rows_by_term) > 1:
        for term, term_rows in rows_by_term.items():
            told_term_rows = (told_rows_by_term or {}).get(term, ())
            judged = _share_of_keyword(term_rows, keyword_rows)
            told = _share_of_keyword(told_term_rows, told_rows)
            series.append(Series(keyword, WORDING, judged, told, term, len(rows_by_term)))

    return series


def _share_of_keyword(term_rows: Rows, keyword_rows: Rows) -> list[PeriodRow]:
    """Return the rows of a term, of the documents that mention its keyword."""
    matched = {period_row.period: period_row.matched or 0 for period_row in keyword_rows}
    return [
        replace(period_row, documents=matched.get(period_row.period, 0)) for period_row in term_rows
    ]


def account_series(job_name: str, post_rows: Rows, *, with_mood: bool = True) -> list[Series]:
    """Return what is watched of an account or a search: its posts a day, and their mood."""
    series = [Series(job_name, POSTS, post_rows)]
    if with_mood:
        series.append(Series(job_name, MOOD, post_rows))

    return series
