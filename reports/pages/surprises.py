"""The surprises of a run as its page lists them: events, and the largest changes that are none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, TypedDict

from models.watches import WatchState, read_state
from reports.data.busiest_day import Headline, find_headline
from reports.data.run_data import RunData
from reports.findings.event_sentences import describe_event, describe_recurring
from reports.findings.events import Event
from reports.findings.run_events import read_judged_run, read_surprises
from reports.words.writing import write_sentence

# The page shows at most this many events at once, and all that are new.
SHOWN = 5
# And at most this many that come every year.
SHOWN_RECURRING = 10


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

    # A text of its busiest day; None where the report leaves texts out.
    headline: Headline | None = None

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

    # A sentence names what departs and is told by no event, since two earlier years had it too.
    recurring: str = ""

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


def read_surprises_section(run: RunData, *, texts: bool) -> SurprisesSection | None:
    """Return the events of a run over texts, with headlines where the report has *texts*."""
    if not run.kind.has_documents:
        return None

    with run.db.read() as connection:
        state = read_state(connection, run.id)

    return SurprisesSection(
        show_events(run, state, texts=texts), show_changes(run, texts=texts), describe_season(run)
    )


def show_events(run: RunData, state: WatchState | None, *, texts: bool = False) -> list[ShownEvent]:
    """Return the run's events in words, the newest first; *state* tells when they were seen.

    With *texts* each has a headline of its busiest day.
    """
    seen = state.seen if state else {}
    shown_events = []
    for event in reversed(read_surprises(run).events):
        sighting = seen.get(event.key)
        is_new = state is not None and sighting is not None and 0 < sighting.number == state.updates
        at = datetime.fromtimestamp(sighting.at, UTC) if sighting else None
        text = _describe(run, event)
        headline = _find_headline(run, event) if texts else None
        shown_events.append(ShownEvent(event, text, at, is_new, headline))

    return shown_events


def show_changes(run: RunData, *, texts: bool = True) -> list[ShownChange]:
    """Return the largest changes that are no events, in words, each with a headline."""
    shown_changes = []
    for change in read_surprises(run).changes:
        headline = _find_headline(run, change) if texts else None
        shown_changes.append(ShownChange(_describe(run, change), headline))

    return shown_changes


def describe_season(run: RunData) -> str:
    """Return a sentence that names what comes every year, the newest; "" if nothing does."""
    recurring = read_surprises(run).recurring
    if not recurring:
        return ""

    titles = _read_titles(run)
    clauses = [
        describe_recurring(event, run.kind, titles.get(event.subject, ""))
        for event in recurring[-SHOWN_RECURRING:]
    ]
    unnamed = len(recurring) - len(clauses)
    if unnamed:
        clauses.insert(0, write_sentence("earlier recurring", n=unnamed))

    return write_sentence("recurring", clauses=clauses)


def _describe(run: RunData, event: Event) -> str:
    """Return the sentence on an event; an account is written as at `submit`."""
    return describe_event(event, run.kind, _read_titles(run).get(event.subject, ""))


def _read_titles(run: RunData) -> dict[str, str]:
    """Return what readers call each account or search, by the name of its job."""
    return {job.name: run.kind.job_title(job.name, job.options) for job in run.jobs}


def _find_headline(run: RunData, event: Event) -> Headline | None:
    return find_headline(read_judged_run(run), event.subject, event.term, event.period)
