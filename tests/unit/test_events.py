"""Events: what departs from the months before, with false alarms bounded."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from analysis.kinds.kind import Unit
from analysis.kinds.months import list_months
from reports.data.tables.periods import PeriodRow
from reports.findings.changes import describe_changes
from reports.findings.events import (
    LEVEL,
    Departure,
    Event,
    Series,
    account_series,
    find_events,
    judge_mood,
    judge_share,
    keyword_series,
)
from reports.stats.comparing import Share, compare_shares
from reports.stats.intervals import polarity_interval, wilson_interval

BENCH = Path(__file__).parents[2] / "bench"
SERIES = 200
QUIET = [(30, 3000)] * 6


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
    counts = (documents, matched, len(polarities) or matched)
    mood = polarity_interval(polarities)
    return PeriodRow(1, period, None, "k", None, "complete", *counts, *share, *mood, period)


def make_rows(counts: Sequence[tuple[int, int]]) -> list[PeriodRow]:
    months = list_months("2020-01", "2029-12")
    return [make_row(month, *count) for month, count in zip(months, counts, strict=False)]


def share_events(rows: Sequence[PeriodRow]) -> list[Event]:
    return find_events([Series("k", "share", rows, judge_share)])


def test_a_share_that_triples_is_an_event_and_its_return_is_none() -> None:
    rows = make_rows([*QUIET, (90, 3000), (30, 3000), (31, 3000)])
    (event,) = share_events(rows)
    assert (event.period, event.before, event.now) == ("2020-07", 0.01, 0.03)
    assert event.months_before == 6


def test_the_first_appearance_of_a_word_needs_one_month_before() -> None:
    rows = make_rows([(0, 3000), (40, 3000), (400, 3000)])
    assert share_events(rows)[0].period == "2020-02"


def test_a_month_after_an_only_other_is_no_event_where_both_have_matches() -> None:
    assert share_events(make_rows([(30, 3000), (300, 3000)])) == []


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
    uneven = [(20, 3000), (90, 3000), (30, 3000), (120, 3000), (45, 3000), (80, 3000)]
    assert share_events(make_rows([*uneven, (150, 3000)])) == []
    even = [(64, 3000)] * 6
    assert len(share_events(make_rows([*even, (150, 3000)]))) == 1


def test_months_of_long_ago_do_not_count() -> None:
    rows = make_rows([(300, 3000)] * 5 + [(30, 3000)] * 13 + [(95, 3000)])
    assert share_events(rows)[-1].before == pytest.approx(0.01)


def test_a_burst_of_one_day_counts_for_less() -> None:
    rows = make_rows([*QUIET, (75, 3000)])
    assert len(share_events(rows)) == 1
    bursts = [replace(row, dispersion=6.0) for row in rows]
    assert share_events(bursts) == []


def test_all_that_is_watched_shares_one_level() -> None:
    """A month just sure enough by itself is none beside a hundred other keywords."""
    rows = make_rows([*QUIET, (52, 3000)])
    series = [Series("k", "share", rows, judge_share)]
    quiet = make_rows([*QUIET, (30, 3000)])
    others = [Series(f"o{number}", "share", quiet, judge_share) for number in range(99)]
    assert len(find_events(series)) == 1
    assert find_events([*series, *others]) == []


def test_the_fourth_month_that_is_judged_gets_a_twentieth_of_five_percent() -> None:
    for excess, expected in ((1 - 1e-9, 1), (1 + 1e-6, 0)):
        granted = LEVEL / (4 * 5) / 2 * excess

        def judge(_: object, now: PeriodRow, granted: float = granted) -> Departure:
            return Departure(granted if now.period == "2020-05" else 1.0, 0.0, 0.0)

        rows = make_rows(QUIET[:5])
        found = find_events([Series(name, "share", rows, judge) for name in "ab"])
        assert len(found) == 2 * expected


def test_a_mood_that_moves_is_an_event() -> None:
    rng = np.random.default_rng(1)
    months = list_months("2020-01", "2020-06")
    rows = [make_row(month, 150, 3000, rng.normal(-0.1, 0.3, 150).tolist()) for month in months]
    assert find_events([Series("k", "mood", rows, judge_mood)]) == []
    moved = make_row("2020-07", 150, 3000, rng.normal(0.15, 0.3, 150).tolist())
    (event,) = find_events([Series("k", "mood", [*rows, moved], judge_mood)])
    assert (event.kind, event.period) == ("mood", "2020-07")


def test_a_month_without_posts_is_a_zero_of_an_account() -> None:
    months = list_months("2020-01", "2020-08")
    days = {month: [2, 3] * 14 for month in months}
    days["2020-07"] = [0] * 28
    rows = [make_row(month, sum(days[month]), sum(days[month])) for month in months]
    (event,) = find_events(account_series("@a", rows, rows, days))
    assert (event.kind, event.period, event.before, event.now) == ("posts", "2020-07", 2.5, 0.0)


def test_a_term_that_takes_over_is_an_event_of_wording() -> None:
    rows = make_rows([(200, 3000)] * 5)
    first = make_rows([(150, 3000)] * 4 + [(60, 3000)])
    second = make_rows([(50, 3000)] * 4 + [(140, 3000)])
    found = find_events(keyword_series("k", rows, {"a": first, "b": second}))
    assert {(event.kind, event.term, event.period) for event in found} == {
        ("wording", "a", "2020-05"), ("wording", "b", "2020-05"),
    }  # fmt: skip
    assert {event.row.documents for event in found} == {200}


def test_the_p_value_is_that_of_two_shares_where_months_are_alike() -> None:
    rows = make_rows([*QUIET, (60, 3000)])
    comparison = compare_shares([Share("before", 180, 18_000), Share("now", 60, 3000)])
    assert comparison is not None
    departure = judge_share(rows[:6], rows[6])
    assert departure is not None
    assert departure.p_value == pytest.approx(float(comparison.single[0, 1]))


def test_a_key_says_nothing_of_its_subject_and_tells_events_apart() -> None:
    (event,) = share_events(make_rows([*QUIET, (90, 3000)]))
    assert len(event.key) == 32
    assert event.key == replace(event, now=0.5).key
    different = {"subject": "o", "kind": "mood", "term": "t", "period": "2020-08"}
    keys = {replace(event, **{name: value}).key for name, value in different.items()}
    assert len(keys | {event.key}) == 5


@pytest.mark.parametrize("number", [0, 2, 3, 4, 7])
def test_permuted_months_have_an_event_in_at_most_5_percent(bench: ModuleType, number: int) -> None:
    """Of 200 series at most 19: were it 5 %, more would have one in 0.3 % of all seeds."""
    rng = np.random.default_rng(number)
    size = bench.SIZES[number]
    with_event = sum(bool(bench.find_keyword_events(rng, size)) for _ in range(SERIES))
    assert with_event <= bench.most_by_chance(SERIES) == 19


def test_a_doubled_share_of_a_usual_size_is_seen(bench: ModuleType) -> None:
    rng = np.random.default_rng(1)
    size = bench.Size("", [3000] * 12, 0.03)
    effect = bench.Effect(factor=2.0)
    seen = 0
    for _ in range(30):
        found = bench.find_keyword_events(rng, size, effect)
        seen += any((each.kind, each.period) == ("share", size.periods[-2]) for each in found)
    assert seen >= 26


def test_changes_name_what_is_new_of_documents_and_keywords() -> None:
    before = {"": {"2020-01": 10, "2020-02": 5}, "fever": {"2020-01": 2}, "ferry": {"2020-01": 1}}
    now = {
        "": {"2020-01": 10, "2020-02": 8, "2020-03": 1},
        "fever": {"2020-01": 2, "2020-02": 1},
        "ferry": {"2020-01": 1},
    }
    assert describe_changes(Unit.MENTION, before, now) == [
        "4 new documents: 3 in February 2020 and 1 in March 2020.",
        "“fever”: 1 new document mentions it, 3 in all.",
        "“ferry”: no new document mentions it.",
    ]
    assert describe_changes(Unit.MENTION, now, now) == ["No documents are new."]


def test_changes_name_accounts_and_what_was_erased() -> None:
    before = {"@ann": {"2020-01": 3}, "@bob": {"2020-01": 1}}
    now = {"@ann": {"2020-01": 1}, "@bob": {"2020-01": 1}, "@eve": {"2020-02": 1}}
    assert describe_changes(Unit.POST, before, now) == [
        "@ann: 2 posts fewer, in January 2020.",
        "@eve: 1 new post, in February 2020.",
        "1 of 3 has no new posts.",
    ]
    assert describe_changes(Unit.POST, now, now) == ["No posts are new."]


def test_only_the_last_of_many_months_are_named() -> None:
    months = list_months("2020-01", "2020-06")
    now = {"": dict.fromkeys(months, 2)}
    assert describe_changes(Unit.MENTION, {"": {}}, now) == [
        "12 new documents: 6 in 3 months before, 2 in April 2020, 2 in May 2020 and 2 in June 2020."
    ]


def test_a_feed_is_xml_whatever_a_keyword_holds() -> None:
    from datetime import UTC, datetime  # noqa: PLC0415
    from types import SimpleNamespace  # noqa: PLC0415

    from reports.pages.atom import NAMESPACE, write_feed  # noqa: PLC0415
    from reports.pages.watching import ShownEvent  # noqa: PLC0415

    (event,) = share_events(make_rows([*QUIET, (90, 3000)]))
    text = "<b>&\x01 \ufffe “k”"
    at = datetime(2020, 8, 2, 6, tzinfo=UTC)
    run = SimpleNamespace(id=1, created_at=5.0, ended_at=None)
    content = write_feed(run, text, [ShownEvent(event, text, at, is_new=True)])  # type: ignore[arg-type]
    feed = ET.fromstring(content)  # noqa: S314 - our own
    assert feed.findtext(f"{{{NAMESPACE}}}title") == "<b>&\ufffd \ufffd “k”"
    assert feed.findtext(f"{{{NAMESPACE}}}updated") == "2020-08-02T06:00:00Z"
