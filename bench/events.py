"""How often events are false, and how often true ones are seen.

``python bench/events.py [--series N] [--folder FOLDER]`` shuffles documents, mentions, terms and
polarities over the months, so that nothing is true of any month: at most 5 % of such series may
show an event, in all their months together. Then it measures how often a share that doubles, and a
mean polarity that moves, is seen in its month. FOLDER holds months of the NYT archive: three months
before its first are made up of the sizes of the others, and the word appears in the third.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import harness
import numpy as np
from findings import (
    ACCOUNTS,
    DOCUMENTS,
    NOTHING,
    SIZES,
    WANTED,
    Account,
    Effect,
    Size,
    deal,
    deal_account,
    make_row,
    most_by_chance,
)

from reports.data.daily_counts import measure_dispersion, no_documents
from reports.data.tables.periods import PeriodRow
from reports.findings.events import Event, account_series, find_events, judge_share, keyword_series
from reports.findings.events import Series as EventSeries
from sources.base import SourceDocument
from sources.registry import source_named
from textapi.text.keywords import pattern

LONG = Size("240 months, 1 %", DOCUMENTS * 24, 0.01)
GAPS = 3  # months of a series with gaps that have no data
MENTIONS = (90, 150, 300)  # a month
MONTHS = (4, 12, 24, 120)
WORDS = ("covid", "covid-19", "coronavirus")


def find_keyword_events(
    rng: np.random.Generator, size: Size, effect: Effect = NOTHING, *, gaps: int = 0
) -> list[Event]:
    """Return the events of two keywords, one with two terms, of which *effect* alone is true."""
    dealt = deal(rng, size, effect)
    missing = set(rng.choice(len(dealt.rows), gaps, replace=False).tolist()) if gaps else set()
    rows = list(drop_months(dealt.rows, missing))
    by_term = {term: list(drop_months(of_term, missing)) for term, of_term in dealt.by_term.items()}
    other = list(drop_months(deal(rng, size).rows, missing))
    return find_events([*keyword_series("k", rows, by_term), *keyword_series("o", other, {})])


def drop_months(rows: Sequence[PeriodRow], missing: set[int]) -> Iterator[PeriodRow]:
    """Yield *rows*, those at the places *missing* as months without data."""
    for place, row in enumerate(rows):
        if place in missing:
            yield replace(row, documents=0, matched=None, mentions=None, polarity_mean=None)
        else:
            yield row


def find_account_events(rng: np.random.Generator, account: Account) -> list[Event]:
    """Return the events of an account whose days are dealt to months at random."""
    rows, days = deal_account(rng, account)
    return find_events(account_series("@a", rows, rows, days))


def measure_errors(rng: np.random.Generator, series: int) -> bool:
    """Print in how many permuted series there is any event; return whether they are too many."""
    harness.remark(f"{series:,} permuted series of each size; with any event")
    cases: list[tuple[str, int, Callable[[], list[Event]]]] = []
    for size in SIZES:
        cases.append((size.name, series, partial(find_keyword_events, rng, size)))
    for account in ACCOUNTS:
        cases.append((account.name, series, partial(find_account_events, rng, account)))

    with_gaps = partial(find_keyword_events, rng, SIZES[3], gaps=GAPS)
    cases.append((f"{SIZES[3].name}, {GAPS} gaps", series, with_gaps))
    cases.append((LONG.name, max(1, series // 5), partial(find_keyword_events, rng, LONG)))

    too_many = False
    for name, count, find in cases:
        with_event = sum(bool(find()) for _ in range(count))
        harness.print_share(f"any event: {name}", with_event / count, most=WANTED)
        too_many |= with_event > most_by_chance(count)
    return too_many


def measure_power(rng: np.random.Generator, series: int) -> None:
    """Print how often the last month but one is an event where its share or its mood changed."""
    harness.remark(f"power: {series} series; the share doubles, or polarity is 0.15 higher")
    for months in MONTHS:
        for mentions in MENTIONS:
            for dispersion in (1.0, 2.0):
                size = Size("", [3000] * months, mentions / 3000, dispersion=dispersion)
                period = size.periods[-2]
                seen = {"share": 0, "mood": 0}
                for kind, effect in (("share", Effect(factor=2.0)), ("mood", Effect(shift=0.15))):
                    for _ in range(series):
                        events = find_keyword_events(rng, size, effect)
                        seen[kind] += any(
                            (each.kind, each.period) == (kind, period) for each in events
                        )
                name = f"{months} months, {mentions} mentions, days vary {dispersion:g}-fold"
                for kind, times in seen.items():
                    harness.print_figure(f"{kind} seen: {name}", [100 * times / series], "%")


def show_first_appearance(rng: np.random.Generator, folder: Path) -> bool:
    """Print the events of December 2019 to June 2020; return whether the first is not February.

    December to February are made up: as many documents as the real months have, no mention in the
    first two, and one in 200 in the third.
    """
    real = {path.name[:7]: count_days(path) for path in sorted(folder.glob("2020-0[3-6]*"))}
    if "2020-03" not in real:
        harness.remark(f"no archive of March 2020 is in {folder}: nothing was measured of it")
        return False

    rows = []
    sizes = [sum(documents) for _, documents in real.values()]
    for period, share, n in zip(
        ("2019-12", "2020-01", "2020-02"), (0.0, 0.0, 0.005), sizes * 3, strict=False
    ):
        days = spread(no_documents(period), n)
        rows.append(row_of(period, rng.binomial(days, share).tolist(), days))
    rows += [row_of(period, *counts) for period, counts in real.items()]

    events = find_events([EventSeries("covid", "share", rows, judge_share)])
    harness.remark("December 2019 to June 2020, of which December to February are made up")
    for row in rows:
        event = next((each for each in events if each.period == row.period), None)
        shown = f"event, p = {event.p_value:.1e}" if event else ""
        note = f"of {row.documents:,}  {shown}"
        harness.print_figure(
            f"mentioning in {row.period}", [row.matched or 0], "documents", note=note
        )
    return not events or events[0].period != "2020-02"


def count_days(path: Path) -> tuple[list[int], list[int]]:
    """Return the documents with one of `WORDS` and all documents, by day, of an archive's month."""
    rules = [pattern(word) for word in WORDS]
    archive = source_named("nyt").archive
    assert archive is not None
    assert archive.read is not None
    matched, documents = no_documents(path.name[:7]), no_documents(path.name[:7])
    for item in archive.read(path):
        if isinstance(item, SourceDocument) and item.published_at is not None:
            day = item.published_at.day - 1
            documents[day] += 1
            matched[day] += any(rule.search(item.text) for rule in rules)
    return matched, documents


def spread(days: Sequence[int], documents: int) -> list[int]:
    """Return *documents* in equal parts for *days*."""
    return np.diff(np.arange(len(days) + 1) * documents // len(days)).tolist()


def row_of(period: str, matched: Sequence[int], documents: Sequence[int]) -> PeriodRow:
    """Return the row of a month from the counts of its days."""
    row = make_row(period, sum(documents), np.zeros(sum(matched)))
    return replace(row, dispersion=measure_dispersion(matched, documents))


def main() -> int:
    options = harness.parse_options(__doc__, series=1000, seed=1, folder="")
    rng = np.random.default_rng(options.seed)

    too_many = measure_errors(rng, options.series)
    measure_power(rng, max(1, options.series // 20))
    wrong = bool(options.folder) and show_first_appearance(rng, Path(options.folder))
    return int(too_many or wrong)


if __name__ == "__main__":
    sys.exit(main())
