"""Events: what departs from a series' own past, with false alarms bounded for each subject."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import chain
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import grains
from analysis.grains import list_months
from analysis.kinds import kind_named
from core.enums import Grain
from reports.data.tables.periods import PeriodRow
from reports.findings.changes import describe_changes
from reports.findings.event_sentences import describe_recurring, fold_events, state_event
from reports.findings.events import (
    GRAIN_PARTS,
    LEVEL,
    MOST_CHANGES,
    Event,
    Series,
    account_series,
    find_events,
    keyword_series,
)
from reports.findings.measures import MOOD, POSTS, SHARE, WORDING
from reports.stats.intervals import wilson_interval
from reports.stats.surprise import MONTHS, Count, Judge, compare_shares, find_surprises
from tests.interval_kit import interval_of

MENTIONS, ACCOUNTS = kind_named("months"), kind_named("handles")
BENCH = Path(__file__).parents[2] / "bench"
QUIET = [(30, 3000)] * 6
# Counts of a subject in months of 3,000 documents, with quiet and with loud ones.
COUNTS = st.lists(st.sampled_from([0, 3, 20, 28, 30, 33, 90, 400]), min_size=2, max_size=20)


def tell(event: Event) -> str:
    return state_event([event], MENTIONS, "Fog").whole


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        return importlib.import_module("events")


def make_row(
    period: str, matched: int, documents: int, polarities: Sequence[float] = ()
) -> PeriodRow:
    share: tuple[float | None, ...] = (None,) * 3
    if documents:
        share = (matched / documents, *wilson_interval(matched, documents))

    labels = (1, period, None, "k", None, "complete")
    counts = (documents, matched, len(polarities) or matched)
    mood = interval_of(polarities)
    return PeriodRow(*labels, *counts, *share, *mood, period, polarity_n=len(polarities))


def make_rows(counts: Sequence[tuple[int, int]], grain: Grain = Grain.MONTH) -> list[PeriodRow]:
    periods = list_months("2020-01", "2029-12")
    if grain == Grain.WEEK:
        periods = grains.list_periods("2020-W01", "2029-W52")
    return [make_row(period, *count) for period, count in zip(periods, counts, strict=False)]


def share_events(rows: Sequence[PeriodRow]) -> list[Event]:
    return find_events([Series("k", SHARE, rows)]).events


def test_a_share_that_grows_fivefold_is_an_event_and_its_return_is_none() -> None:
    (event,) = share_events(make_rows([*QUIET, (150, 3000), (30, 3000), (31, 3000)]))
    assert (event.period, event.before, event.now) == ("2020-07", 0.01, 0.05)
    assert event.periods_before == 6


def test_an_event_does_not_hide_the_next_since_the_past_leaves_it_out() -> None:
    rows = make_rows([*QUIET, (300, 3000), *QUIET, (100, 3000)])
    assert [(event.period, event.before) for event in share_events(rows)] == [
        ("2020-07", 0.01),
        ("2021-02", 0.01),
    ]


def is_zero(count: Count) -> bool:
    return not count.matched


def make_december_rows(*decembers: int) -> list[PeriodRow]:
    counts: list[tuple[int, int]] = []
    for december in decembers:
        counts += [*[(30, 3000)] * 11, (december, 3000)]
    return make_rows(counts)


def test_a_subject_of_every_december_is_a_surprise_until_two_years_had_it() -> None:
    surprises = find_events([Series("k", SHARE, make_december_rows(150, 140, 170))])
    assert [event.period for event in surprises.events] == ["2020-12", "2021-12"]
    assert [event.period for event in surprises.recurring] == ["2022-12"]
    assert surprises.changes == []
    assert tell(surprises.events[-1]).endswith("1.0 % is usual. (5.0 % in December 2020)")
    assert describe_recurring(surprises.recurring[-1], MENTIONS, "Fog") == "Fog in December 2022"


def test_a_december_far_beyond_those_of_other_years_is_a_surprise_and_names_the_highest() -> None:
    (*_, event) = share_events(make_december_rows(150, 120, 900))
    assert tell(event) == (
        "Fog rose to 30.0 % of documents in December 2022 (900 of 3,000); 1.0 % is usual. "
        "(5.0 % in December 2020)"
    )


def test_a_month_as_usual_a_year_ago_is_no_season_whatever_the_level_is_now() -> None:
    rows = make_rows([*QUIET, *[(150, 3000)] * 12, (30, 3000)])
    surprises = find_events([Series("k", SHARE, rows)])
    assert [event.period for event in surprises.events][-1] == "2021-07"
    assert surprises.recurring == []


def test_a_week_of_a_season_may_be_a_week_earlier_or_later_than_a_year_before() -> None:
    def make_year(week: int) -> list[tuple[int, int]]:
        return [(80 if number == week else 10, 700) for number in range(52)]

    years = [make_year(week) for week in (40, 41, 41, 45)]
    rows = make_rows(list(chain.from_iterable(years)), Grain.WEEK)
    surprises = find_events([Series("k", SHARE, rows)])
    assert [event.period for event in surprises.events] == ["2020-W41", "2021-W41", "2023-W45"]
    assert [event.period for event in surprises.recurring] == ["2022-W41"]


@given(COUNTS)
def test_an_earlier_year_takes_surprises_away_and_brings_none(counts: list[int]) -> None:
    """Without rows of an earlier year there is no season, and each departure is a surprise."""
    rows = make_rows([(count, 3000) for count in counts])
    judgements = Series("k", SHARE, rows).judge()
    measures = [Count(count, 3000) for count in counts]
    level = LEVEL * SHARE.level_part * GRAIN_PARTS[Grain.MONTH]
    unaware = find_surprises(measures, Judge(compare_shares, is_zero), MONTHS, level)
    assert [judgement.departs for judgement in judgements] == [
        judgement.is_surprise for judgement in unaware
    ]
    for judgement in judgements:
        assert judgement.is_surprise <= judgement.departs
        assert all(place <= judgement.place - 12 for place in judgement.season_places)


def test_a_level_of_three_months_is_the_new_usual_one() -> None:
    rows = make_rows([*QUIET, *[(150, 3000)] * 8])
    events = share_events(rows)
    assert [event.period for event in events] == ["2020-07", "2020-08", "2020-09"]
    (*_, back) = share_events([*rows, *make_rows([(0, 1)] * 14 + [(20, 3000)])[-1:]])
    assert (back.period, back.before) == ("2021-03", 0.05)


def test_after_a_burst_of_three_months_the_former_level_is_the_usual_one() -> None:
    rows = make_rows([*QUIET, *[(150, 3000)] * 3, *QUIET, (100, 3000)])
    events = share_events(rows)
    assert [event.period for event in events] == ["2020-07", "2020-08", "2020-09", "2021-04"]
    assert events[-1].before == 0.01


def test_a_lasting_fall_is_seen() -> None:
    rows = make_rows([(260, 5000), (250, 5000), (270, 5000), (255, 5000), *[(65, 5000)] * 5])
    assert share_events(rows)[0].period == "2020-05"
    assert len(share_events(rows)) == 3


def test_a_first_appearance_is_seen_after_a_single_month_without_it() -> None:
    events = share_events(make_rows([(0, 5000), (17, 5000), (60, 5000)]))
    assert [(event.period, event.before) for event in events] == [
        ("2020-02", 0.0),
        ("2020-03", 0.0),
    ]
    assert tell(events[0]) == (
        "Fog rose to 0.34 % of documents in February 2020 (17 of 5,000); before, there was none."
    )


def test_a_month_after_an_only_other_is_no_event_where_both_have_matches() -> None:
    assert share_events(make_rows([(30, 3000), (300, 3000)])) == []


def test_protests_of_a_june_are_an_event_after_three_months() -> None:
    counts = [(25, 3528), (20, 3611), (20, 3096), (158, 3165)]
    (event,) = share_events(make_rows(counts))
    assert tell(event) == (
        "Fog rose to 5.0 % of documents in April 2020 (158 of 3,165); 0.64 % is usual."
    )


def test_a_gap_and_a_month_that_is_cut_off_are_neither_judged_nor_expected_of_others() -> None:
    rows = make_rows([*QUIET, (0, 3000), (300, 400), (30, 3000)])
    rows[6] = replace(rows[6], documents=0, matched=None, share=None)
    rows[7] = replace(rows[7], cut_off=True)
    assert share_events(rows) == []
    rows[6] = make_rows([*QUIET, (0, 3000)])[6]
    assert [event.period for event in share_events(rows)] == ["2020-07"]


def test_a_month_of_many_documents_with_the_same_share_is_no_event() -> None:
    assert share_events(make_rows([*QUIET, (300, 30_000), (3, 300)])) == []


def test_what_months_differ_by_is_expected_of_the_next() -> None:
    uneven = [(10, 3000), (180, 3000), (20, 3000), (240, 3000), (45, 3000), (80, 3000)]
    assert share_events(make_rows([*uneven, (300, 3000)])) == []
    even = [(64, 3000)] * 6
    assert len(share_events(make_rows([*even, (300, 3000)]))) == 1


def test_a_share_of_nearly_all_documents_is_judged_by_those_without() -> None:
    rows = make_rows([(2900, 3000), (2905, 3000), (2895, 3000), (2900, 3000), (2500, 3000)])
    (event,) = share_events(rows)
    assert event.before == pytest.approx(29 / 30)


def test_a_week_is_an_event_with_a_key_and_a_sentence_of_its_own() -> None:
    rows = make_rows([(10, 700)] * 10 + [(80, 700)], Grain.WEEK)
    (event,) = share_events(rows)
    assert (event.period, event.grain, event.periods_before) == ("2020-W11", Grain.WEEK, 10)
    assert tell(event) == (
        "Fog rose to 11.4 % of documents in the week from 9 March 2020 (80 of 700); 1.4 % is usual."
    )


def test_months_in_a_row_are_one_event_to_a_reader() -> None:
    rows = make_rows([(0, 5000)] * 6 + [(50, 4444), (15, 6353), (233, 4722)])
    (group,) = fold_events(share_events(rows))
    assert state_event(group, MENTIONS, "Fog").whole == (
        "Fog rose to 4.9 % of documents in September 2020 (233 of 4,722); before, there was none. "
        "(also in July 2020 to August 2020)"
    )


def test_a_month_and_its_weeks_are_one_event_and_the_month_says_it() -> None:
    months = share_events(make_rows([*QUIET, (300, 3000)]))
    weeks = share_events(make_rows([(10, 700)] * 27 + [(140, 700)], Grain.WEEK))
    fall = share_events(make_rows([(1500, 3000)] * 6 + [(300, 3000)]))
    groups = fold_events([*weeks, *months, *fall])
    assert [[event.period for event in group] for group in groups] == [
        ["2020-07", "2020-W28"],
        ["2020-07"],
    ]
    assert state_event(groups[0], MENTIONS, "Fog").whole == (
        "Fog rose to 10.0 % of documents in July 2020 (300 of 3,000); 1.0 % is usual. "
        "(20.0 % in the week from 6 July 2020)"
    )


def test_of_weeks_in_a_row_the_first_is_told_and_the_one_that_departs_furthest_is_named() -> None:
    weeks = [(10, 700)] * 10
    for later, furthest in (((75, 700), ""), ((140, 700), "20.0 % in the week from 16 March 2020")):
        rows = make_rows([*weeks, (80, 700), later, (70, 700)], Grain.WEEK)
        (event,) = share_events(rows)
        assert event.period == "2020-W11"
        assert tell(event).endswith(f"is usual. ({furthest})" if furthest else "is usual.")


def test_a_later_week_is_not_named_with_an_event_that_it_does_not_follow() -> None:
    rows = make_rows([(10, 700)] * 10 + [(80, 700)] + [(10, 700)] * 10 + [(160, 700)], Grain.WEEK)
    first, second = share_events(rows)
    assert (first.furthest, second.furthest) == (None, None)


def test_months_of_long_ago_do_not_count() -> None:
    rows = make_rows([(100, 3000)] * 5 + [(60, 3000)] * 13 + [(400, 3000)])
    assert share_events(rows)[-1].before == pytest.approx(0.02)


def test_documents_that_are_left_out_decide_nothing_and_both_figures_are_told() -> None:
    whole = make_rows([*QUIET, (150, 3000)])
    judged = make_rows([*QUIET, (33, 2900)])
    assert find_events([Series("k", SHARE, judged, whole)]).events == []

    judged = make_rows([*QUIET, (110, 2900)])
    (event,) = find_events([Series("k", SHARE, judged, whole)]).events
    assert tell(event) == (
        "Fog rose to 5.0 % of documents in July 2020 (150 of 3,000); 1.0 % is usual. "
        "(without repeats and bulk days 3.8 %)"
    )


def test_a_mood_that_moves_is_an_event() -> None:
    rng = np.random.default_rng(1)
    months = list_months("2020-01", "2020-06")
    rows = [make_row(month, 300, 3000, rng.normal(-0.1, 0.3, 300).tolist()) for month in months]
    assert find_events([Series("k", MOOD, rows)]).events == []
    moved = make_row("2020-07", 300, 3000, rng.normal(0.3, 0.3, 300).tolist())
    (event,) = find_events([Series("k", MOOD, [*rows, moved])]).events
    assert (event.measure, event.period) == (MOOD, "2020-07")
    assert tell(event) == (
        "The engine's mood score for Fog rose to +0.33 in July 2020 (300 mentions); −0.11 is usual."
    )


def test_moods_of_several_engines_are_not_watched() -> None:
    rows = make_rows(QUIET)
    measures = {series.measure for series in keyword_series("k", rows, {}, with_mood=False)}
    assert measures == {SHARE}
    (series,) = account_series("@a", rows, with_mood=False)
    assert series.measure == POSTS


def test_a_month_without_posts_is_a_zero_of_an_account() -> None:
    counts = [(75, 75), (72, 72), (80, 80), (71, 71), (74, 74), (70, 70), (0, 0), (75, 75)]
    rows = make_rows(counts)
    (event,) = find_events(account_series("@a", rows)).events
    assert (event.measure, event.period, event.now) == (POSTS, "2020-07", 0.0)
    assert state_event([event], ACCOUNTS, "@A").whole == (
        "@A published less in July 2020: 0.0 posts a day; 2.4 is usual."
    )


def test_two_terms_that_tell_the_same_event_are_told_once() -> None:
    rows = make_rows([(400, 3000)] * 6)
    first = make_rows([(300, 3000)] * 5 + [(10, 3000)])
    second = make_rows([(100, 3000)] * 5 + [(390, 3000)])
    series = keyword_series("k", rows, {"a": first, "b": second})
    (event,) = find_events(series).events
    assert (event.measure, event.period) == (WORDING, "2020-06")
    assert event.row.documents == 400
    assert "of the documents on Fog in June 2020 (10 of 400)" in tell(event)


def test_the_largest_changes_are_listed_below_and_the_newest_is_among_them() -> None:
    quiet = make_rows([(30, 3000), (33, 3000), (28, 3000)] * 4)
    series = []
    for number in range(MOST_CHANGES):
        rows = list(quiet)
        rows[5] = replace(rows[5], matched=77 + number)
        series.append(Series(f"early {number}", SHARE, rows))

    newest = list(quiet)
    newest[-1] = replace(newest[-1], matched=60)
    findings = find_events([*series, Series("new", SHARE, newest)])
    assert findings.events == []
    assert len(findings.changes) == MOST_CHANGES
    assert findings.changes[0].subject == f"early {MOST_CHANGES - 1}"
    assert (findings.changes[-1].subject, findings.changes[-1].period) == ("new", "2020-12")


# The counts of a month that departs a little, beside an even twelve, and whether it is listed.
LISTED = {
    "a rise to 20 documents": ((9, 3000), (20, 3000), True),
    "a rise to 9 documents": ((2, 3000), (9, 3000), False),
    "a fall to none of 20": ((20, 3000), (5, 3000), True),
    "a fall to none of 6": ((6, 3000), (0, 3000), False),
}


@pytest.mark.parametrize("case", LISTED.values(), ids=LISTED)
def test_a_change_is_listed_if_ten_documents_are_on_its_higher_side(
    case: tuple[tuple[int, int], tuple[int, int], bool],
) -> None:
    usual, odd, is_listed = case
    departures = find_events([Series("k", SHARE, make_rows([usual] * 12 + [odd]))])
    assert [change.period for change in departures.changes] == ["2021-01"] * is_listed
    assert departures.events == []


def test_a_week_of_a_month_that_is_told_is_not_listed_again() -> None:
    months = make_rows([*QUIET, (150, 3000)])
    weeks = make_rows([(7, 700), (8, 700), (6, 700)] * 9 + [(18, 700)], Grain.WEEK)
    findings = find_events([Series("k", SHARE, weeks)])
    assert [change.period for change in findings.changes] == ["2020-W28"]
    together = find_events([Series("k", SHARE, months), Series("k", SHARE, weeks)])
    assert [event.period for event in together.events] == ["2020-07"]
    assert together.changes == []


def test_a_key_says_nothing_of_its_subject_and_tells_events_apart() -> None:
    (event,) = share_events(make_rows([*QUIET, (150, 3000)]))
    assert len(event.key) == 32
    assert event.key == replace(event, now=0.5).key
    different = {"subject": "o", "measure": MOOD, "term": "t", "period": "2020-08"}
    keys = {replace(event, **{name: value}).key for name, value in different.items()}
    assert len(keys | {event.key}) == 5


@given(COUNTS, st.lists(COUNTS, max_size=4))
def test_another_subject_changes_nothing_of_the_events_of_the_first(
    counts: list[int], others: list[list[int]]
) -> None:
    series = Series("k", SHARE, make_rows([(count, 3000) for count in counts]))
    other_series = [
        Series(f"o{number}", SHARE, make_rows([(count, 3000) for count in other]))
        for number, other in enumerate(others)
    ]
    together = find_events([*other_series, series]).events
    assert [event for event in together if event.subject == "k"] == find_events([series]).events


@given(COUNTS, st.integers(0, 20), st.sampled_from([Grain.MONTH, Grain.WEEK]))
def test_no_event_is_taken_back_when_later_periods_arrive(
    counts: list[int], known: int, grain: Grain
) -> None:
    rows = make_rows([(count, 3000) for count in counts], grain)
    # Later weeks of an event may depart further than those that are known.
    early, late = (
        [replace(event, furthest=None) for event in share_events(known_rows)]
        for known_rows in (rows[:known], rows)
    )
    assert early == [event for event in late if event in early]
    known_periods = {row.period for row in rows[:known]}
    assert early == [event for event in late if event.period in known_periods]


@pytest.mark.parametrize("null", ["documents", "memory of 3 days", "memory of 10 days"])
def test_series_in_which_nothing_changes_have_an_event_in_at_most_5_percent(
    bench: ModuleType, null: str
) -> None:
    """Of 60 series at most 8: were it 5 %, more would have one in 0.3 % of all seeds."""
    rng = np.random.default_rng(1)
    subject = bench.Subject(0.01, ())
    first = grains.first_day("2010-W01")
    with_event = 0
    for _ in range(60):
        dealt = bench.make_null(rng, null, 24 * 30, subject, None)
        with_event += bool(bench.find_share_surprises(*dealt, first).events)

    assert with_event <= bench.most_by_chance(60) == 8


def test_a_share_that_grows_fivefold_is_seen(bench: ModuleType) -> None:
    rng = np.random.default_rng(1)
    first = grains.first_day("2010-W01")
    october = slice(*((date(2011, month, 1) - first).days for month in (10, 11)))
    seen = 0
    for _ in range(30):
        matched, documents = bench.make_null(
            rng, "memory of 3 days", 24 * 30, bench.Subject(0.01, ()), None
        )
        matched[october] *= 5
        months = {
            event.period for event in bench.find_share_surprises(matched, documents, first).events
        }
        seen += "2011-10" in months

    assert seen >= 24


def test_changes_name_what_is_new_of_documents_and_keywords() -> None:
    before = {"": {"2020-01": 10, "2020-02": 5}, "fever": {"2020-01": 2}, "ferry": {"2020-01": 1}}
    now = {
        "": {"2020-01": 10, "2020-02": 8, "2020-03": 1},
        "fever": {"2020-01": 2, "2020-02": 1},
        "ferry": {"2020-01": 1},
    }
    assert describe_changes(MENTIONS, before, now) == [
        "4 new documents: 3 in February 2020 and 1 in March 2020.",
        "“fever”: 1 new document mentions it, 3 in all.",
        "“ferry” is in no new document.",
    ]
    assert describe_changes(MENTIONS, now, now) == ["No documents are new."]


def test_changes_name_accounts_and_what_was_erased() -> None:
    before = {"@ann": {"2020-01": 3}, "@bob": {"2020-01": 1}}
    now = {"@ann": {"2020-01": 1}, "@bob": {"2020-01": 1}, "@eve": {"2020-02": 1}}
    assert describe_changes(ACCOUNTS, before, now) == [
        "@ann: 2 fewer posts, in January 2020.",
        "@eve: 1 new post, in February 2020.",
        "1 of 3 accounts has no new posts.",
    ]
    assert describe_changes(ACCOUNTS, now, now) == ["No posts are new."]


def test_only_the_last_of_many_months_are_named() -> None:
    months = list_months("2020-01", "2020-06")
    now = {"": dict.fromkeys(months, 2)}
    assert describe_changes(MENTIONS, {"": {}}, now) == [
        "12 new documents: 6 in 3 months before, 2 in April 2020, 2 in May 2020 and 2 in June 2020."
    ]


def test_a_feed_is_xml_whatever_a_keyword_holds() -> None:
    from datetime import UTC, datetime  # noqa: PLC0415
    from types import SimpleNamespace  # noqa: PLC0415

    from reports.pages.atom import NAMESPACE, write_feed  # noqa: PLC0415
    from reports.pages.surprises import ShownEvent  # noqa: PLC0415

    (event,) = share_events(make_rows([*QUIET, (150, 3000)]))
    text = "<b>&\x01 \ufffe “k”"
    at = datetime(2020, 8, 2, 6, tzinfo=UTC)
    run = SimpleNamespace(id=1, created_at=5.0, ended_at=None)
    content = write_feed(run, text, [ShownEvent(event, text, at, is_new=True)])  # type: ignore[arg-type]
    feed = ET.fromstring(content)  # noqa: S314 - our own
    assert feed.findtext(f"{{{NAMESPACE}}}title") == "<b>&\ufffd \ufffd “k”"
    assert feed.findtext(f"{{{NAMESPACE}}}updated") == "2020-08-02T06:00:00Z"
