"""Where one series overtakes another, and where it only seems to."""

from __future__ import annotations

from dataclasses import replace

from reports.findings.crossovers import Crossover, find_crossovers
from tests.highlight_rows import row


def series(name: str, *matched: int | None) -> tuple[str, list]:
    return name, [row(f"2020-{month:02d}", n) for month, n in enumerate(matched, 1)]


def test_an_overtaking_is_found_in_its_month_with_the_counts_of_both_sides() -> None:
    found = find_crossovers(dict([series("a", 90, 80, 10, 12), series("b", 20, 25, 60, 70)]))
    assert found == [Crossover("2020-03", "a", "b", (45, 170), (130, 22))]


def test_one_that_leads_throughout_overtakes_nobody() -> None:
    assert find_crossovers(dict([series("a", 90, 80, 99), series("b", 20, 25, 10)])) == []


def test_a_lead_that_is_significant_on_one_side_only_is_none() -> None:
    assert find_crossovers(dict([series("a", 90, 80, 10), series("b", 20, 25, 13)])) == []


def test_the_more_pairs_are_looked_at_the_clearer_each_must_be() -> None:
    pair = [series("a", 40, 12), series("b", 12, 40)]
    others = [series(f"c{number}", 1, 1) for number in range(20)]
    assert len(find_crossovers(dict(pair))) == 1
    assert ("a", "b") not in {(c.before, c.after) for c in find_crossovers(dict(pair + others))}


def test_documents_that_come_on_few_days_count_for_fewer() -> None:
    pair = dict([series("a", 90, 80, 10, 12), series("b", 20, 25, 60, 70)])
    for rows in pair.values():
        rows[:] = [replace(row, dispersion=12.0) for row in rows]
    assert find_crossovers(pair) == []


def test_cut_off_months_and_gaps_are_left_out() -> None:
    name, rows = series("b", 20, 25, None, 70)
    other = series("a", 90, 80, 10, 1)
    (crossover,) = find_crossovers(dict([other, (name, rows)]))
    assert crossover.counts_after == (70, 1)
    cut = [*rows[:3], row("2020-04", 70, cut_off=True)]
    assert find_crossovers(dict([other, (name, cut)])) == []


def test_there_is_nothing_to_overtake_of_one_series_of_one_month_or_of_none() -> None:
    assert find_crossovers({}) == []
    assert find_crossovers(dict([series("a", 90, 80)])) == []
    assert find_crossovers(dict([series("a", 90), series("b", 10)])) == []
