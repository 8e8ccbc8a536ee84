"""The surprises of a run as its page lists them: events, and the largest changes that are none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, TypedDict

from analysis import grains
from models.watches import WatchState, read_state
from reports.data.busiest_day import Headline, find_headline, find_shared_phrase
from reports.data.run_data import RunData
from reports.data.subject_names import read_subject_names
from reports.findings.event_sentences import describe_recurring, fold_events, state_event
from reports.findings.events import Event
from reports.findings.finding import Finding
from reports.findings.measures import SHARE
from reports.findings.run_events import read_judged_run, read_surprises
from reports.words.periods import MONTHS
from reports.words.quantities import LISTED, NAMED
from reports.words.writing import write_sentence


class EventRow(TypedDict):
    """A month or a week that departs from the past of its series; the exit status is 10 then."""

    id: Annotated[str, "The same for the same event."]
    period: Annotated[str, "Month `YYYY-MM` or week `YYYY-Www`."]
    kind: Annotated[str, "What departs."]
    subject: Annotated[str, "Keyword or account."]
    term: Annotated[str | None, "Word, where it is of one."]
    before: Annotated[float, "Usual value."]
    now: Annotated[float, "Value of the period."]
    months_before: Annotated[int, "Number of usual months, or weeks, before."]
    new: Annotated[bool, "Whether the last update of a watched run brought it."]
    first_seen: Annotated[str | None, "When a watch saw it first."]
    text: Annotated[str, "The event in words."]
    grain: Annotated[str, "`month` or `week`."]


@dataclass(frozen=True)
class ShownEvent:
    """An event in words."""

    event: Event
    text: str

    # The time at which it was first seen; None if no report has recorded it.
    at: datetime | None

    # A new event was first seen after the last update.
    is_new: bool

    def as_row(self) -> EventRow:
        """Return the event as programs read it."""
        event = self.event
        return EventRow(
            id=event.key,
            period=event.period,
            kind=event.measure.name,
            subject=event.subject,
            term=event.term,
            before=round(event.before, 6),
            now=round(event.now, 6),
            months_before=event.periods_before,
            new=self.is_new,
            first_seen=None if self.at is None else f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
            text=self.text,
            grain=event.grain.value,
        )


@dataclass(frozen=True)
class EventLine:
    """What a reader takes for one event, or a large change that is none: a line of the list."""

    finding: Finding
    headline: Headline | None = None
    is_new: bool = False


@dataclass(frozen=True)
class SurprisesSection:
    """The events of a run, and the largest changes that are none."""

    # The newest event comes first; of the lines, those that are new.
    events: list[ShownEvent]
    lines: list[EventLine]

    # The largest change comes first.
    unchecked: list[EventLine]

    # A sentence names what departs and is told by no event, since two earlier years had it too.
    recurring: str = ""

    @property
    def most_shown(self) -> int:
        """How many lines the page shows at once: all new ones, and the newest others."""
        return max(LISTED, sum(line.is_new for line in self.lines))


def read_surprises_section(run: RunData, *, texts: bool) -> SurprisesSection | None:
    """Return the events of a run over texts, with headlines where the report has *texts*."""
    if not run.kind.has_documents:
        return None

    state = run.db.fetch(read_state, run.id)

    events = show_events(run, state)
    lines = sorted(list_events(run, events, texts=texts), key=lambda line: not line.is_new)
    return SurprisesSection(events, lines, list_changes(run, texts=texts), describe_season(run))


def show_events(run: RunData, state: WatchState | None) -> list[ShownEvent]:
    """Return the run's events in words, the newest first; *state* tells when they were seen."""
    seen = state.seen if state else {}
    names = read_subject_names(run)
    shown_events = []
    for event in reversed(read_surprises(run).events):
        sighting = seen.get(event.key)
        is_new = state is not None and sighting is not None and 0 < sighting.number == state.updates
        at = datetime.fromtimestamp(sighting.at, UTC) if sighting else None
        text = state_event([event], run.kind, names[event.subject]).whole
        shown_events.append(ShownEvent(event, text, at, is_new))

    return shown_events


def list_events(
    run: RunData, shown_events: Sequence[ShownEvent], *, texts: bool = False
) -> list[EventLine]:
    """Return a line for each event as readers know it, the newest first."""
    new_keys = {shown.event.key for shown in shown_events if shown.is_new}
    groups = fold_events([shown.event for shown in shown_events])
    return [
        _make_line(run, group, texts=texts, is_new=any(event.key in new_keys for event in group))
        for group in reversed(groups)
    ]


def list_changes(run: RunData, *, texts: bool = True) -> list[EventLine]:
    """Return a line for each of the largest changes that are no events, with a headline.

    What only goes on with an event, as the month after it, is told by that.
    """
    departures = read_surprises(run)
    groups = fold_events([*departures.events, *departures.changes])
    untold = [group for group in groups if not any(event in departures.events for event in group)]
    untold.sort(key=lambda group: group[0].order_by_size)
    return [_make_line(run, group, texts=texts) for group in untold]


def _make_line(
    run: RunData, group: Sequence[Event], *, texts: bool, is_new: bool = False
) -> EventLine:
    event = group[0]
    finding = state_event(group, run.kind, read_subject_names(run)[event.subject])
    headline = None
    if texts:
        headline = find_headline(read_judged_run(run), event.subject, event.term, event.period)

    return EventLine(finding, headline, is_new)


def describe_season(run: RunData) -> str:
    """Return a sentence that names what comes every year, the newest; "" if nothing does."""
    recurring = read_surprises(run).recurring
    if not recurring:
        return ""

    names = read_subject_names(run)
    clauses = [
        describe_recurring(event, run.kind, names[event.subject]) for event in recurring[-NAMED:]
    ]
    unnamed = len(recurring) - len(clauses)
    if unnamed:
        clauses.append(write_sentence("more recurring", n=unnamed))

    return write_sentence("recurring", clauses=clauses)


def read_notes(run: RunData) -> dict[str, dict[str, str]]:
    """Return for each keyword the periods in which its share rose, with a day and its phrase.

    They are those of its events and large changes; the least probable come first.
    """
    departures = read_surprises(run)
    rises = [
        event
        for event in (*departures.events, *departures.changes)
        if event.measure == SHARE and event.is_rise
    ]
    notes: dict[str, dict[str, str]] = defaultdict(dict)
    for event, *_ in sorted(fold_events(rises), key=lambda group: group[0].order_by_size):
        shared = find_shared_phrase(read_judged_run(run), event.subject, event.period)
        if shared is not None and shared[1]:
            day, phrase = shared
            note = f"{day.day} {MONTHS[day.month - 1][:3]}: {phrase}"
            notes[event.subject].setdefault(grains.period_of(day, run.grain), note)

    return notes
