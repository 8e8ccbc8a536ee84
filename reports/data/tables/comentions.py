"""The table `comentions`: each two keywords of a run, in all months together and month by month."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

from reports.data import export_schema as schema
from reports.data.run_data import RunData
from reports.data.tables.keyword_pairs import KeywordPair, PairMonth, read_pair_months, read_pairs
from reports.stats.intervals import round_figure
from reports.stats.paired import (
    Estimate,
    compare_paired_means,
    compare_paired_shares,
    compare_with_chance,
)


@dataclass(frozen=True, slots=True)
class ComentionRow:
    """One row per two keywords, for all months together and per counted month.

    Of the first twenty keywords of the run.
    """

    run: schema.RunNumber
    period: Annotated[str | None, "Month, UTC; null in the row of all counted months together."]
    keyword: Annotated[str, "Name of the first keyword, in the order of code points."]
    other: Annotated[str, "Name of the second keyword."]
    documents: Annotated[int, "Documents of the month, after the choice of material."]
    matched: Annotated[int, "Documents that mention `keyword`."]
    other_matched: Annotated[int, "Documents that mention `other`."]
    both: Annotated[int, "Documents that mention both, in whatever sentences."]
    expected: Annotated[
        float,
        "Documents that would mention both if one said nothing of the other: matched · "
        "other_matched / documents; of all months the sum of theirs.",
    ]
    ratio: Annotated[float | None, "both / expected; null where nothing is expected."]
    ratio_low: Annotated[
        float | None, "Lower end of its 95 % interval (Garwood), wider where days vary more."
    ]
    ratio_high: Annotated[float | None, "Upper end of that interval."]
    share_difference: Annotated[
        float | None, "Share of documents that mention `keyword` less that of `other`."
    ]
    share_low: Annotated[
        float | None, "Lower end of its 95 % interval (Newcombe, paired), wider where days vary."
    ]
    share_high: Annotated[float | None, "Upper end of that interval."]
    share_p: Annotated[
        float | None,
        "p-value of McNemar's exact test that both are mentioned as often; 0: below 0.0000005.",
    ]
    polarity_difference: Annotated[
        float | None,
        "Mean polarity of the sentences that mention `keyword` less that of `other`; null where "
        "fewer than ten documents of either have one, and where polarity is not complete.",
    ]
    polarity_low: Annotated[
        float | None, "Lower end of its 95 % interval, with documents as clusters of sentences."
    ]
    polarity_high: Annotated[float | None, "Upper end of that interval."]
    polarity_p: Annotated[float | None, "p-value of the t test that the means are equal."]


def read_comentions(data: RunData, names: Collection[str] | None = None) -> Iterator[ComentionRow]:
    """Yield a row for each pair of keywords over all months, then one for each counted month.

    Bursts are those of all months: a month's own days are too few to measure them.
    """
    pairs = {pair.names: pair for pair in read_pairs(data)}
    for pair in pairs.values():
        figures = (
            *_figures(pair.together)[:3],
            *_figures(pair.share_difference),
            *_figures(pair.polarity_difference),
        )
        expected = round_figure(pair.expected)
        yield ComentionRow(data.id, None, *pair.names, *pair.counts, expected or 0.0, *figures)
    for month in read_pair_months(data):
        if names is None or month.period in names:
            yield _month_row(data, month, pairs[month.names])


def _month_row(data: RunData, month: PairMonth, pair: KeywordPair) -> ComentionRow:
    counts = month.counts
    together = compare_with_chance(counts, counts.expected, pair.dispersion_together)
    figures = (
        *_figures(together)[:3],
        *_figures(compare_paired_shares(counts, pair.dispersion)),
        *_figures(compare_paired_means(month.scores)),
    )
    expected = round_figure(counts.expected)
    return ComentionRow(*(data.id, month.period, *month.names, *counts), expected or 0.0, *figures)


def _figures(estimate: Estimate | None) -> tuple[float | None, ...]:
    if estimate is None:
        return (None,) * 4
    figures = estimate.value, estimate.low, estimate.high, estimate.p_value
    return tuple(map(round_figure, figures))


COMENTIONS = schema.Table(
    "comentions",
    ComentionRow,
    read_comentions,
    schema.MENTION_RUNS,
    key=("period", "keyword", "other"),
)
