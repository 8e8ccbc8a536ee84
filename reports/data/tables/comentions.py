"""The table `comentions`: each two keywords of a run, in all months together and month by month."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from reports.data import export_schema as schema
from reports.data.run_data import RunData
from reports.data.tables.keyword_pairs import Names, read_pair_months, read_pairs
from reports.stats.estimates import Estimate
from reports.stats.intervals import round_figure
from reports.stats.paired import (
    PairCounts,
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
        float | None, "Share of documents that mention `keyword` minus that of `other`."
    ]
    share_low: Annotated[
        float | None, "Lower end of its 95 % interval (Newcombe, paired), wider where days vary."
    ]
    share_high: Annotated[float | None, "Upper end of that interval."]
    share_p: Annotated[
        float | None,
        "p-value of McNemar's exact test that both are mentioned as often; 0: below 0.0000005.",
        schema.FRACTION,
    ]
    polarity_difference: Annotated[
        float | None,
        "Mean polarity of the sentences that mention `keyword` minus that of `other`; null where "
        "fewer than ten documents of either have one, and where polarity is not complete.",
    ]
    polarity_low: Annotated[
        float | None, "Lower end of its 95 % interval, with documents as clusters of sentences."
    ]
    polarity_high: Annotated[float | None, "Upper end of that interval."]
    polarity_p: Annotated[
        float | None, "p-value of the t test that the means are equal.", schema.FRACTION
    ]


def read_comentions(
    run: RunData, job_names: Collection[str] | None = None
) -> Iterator[ComentionRow]:
    """Yield a row for each pair of keywords over all months, then one for each counted month.

    Bursts are those of all months: a month's own days are too few to measure them.
    """
    pairs = {pair.names: pair for pair in read_pairs(run)}
    for pair in pairs.values():
        yield _make_row(
            run.id,
            None,
            pair.names,
            pair.counts,
            expected=pair.expected,
            together=pair.together,
            share_difference=pair.share_difference,
            polarity_difference=pair.polarity_difference,
        )

    for month in read_pair_months(run):
        if job_names is not None and month.period not in job_names:
            continue

        pair, counts = pairs[month.names], month.counts
        yield _make_row(
            run.id,
            month.period,
            month.names,
            counts,
            expected=counts.expected,
            together=compare_with_chance(counts, counts.expected, pair.dispersion_together),
            share_difference=compare_paired_shares(counts, pair.dispersion),
            polarity_difference=compare_paired_means(month.scores),
        )


def _make_row(
    run: int,
    period: str | None,
    pair_names: Names,
    counts: PairCounts,
    *,
    expected: float,
    together: Estimate | None,
    share_difference: Estimate | None,
    polarity_difference: Estimate | None,
) -> ComentionRow:
    ratio = _round_estimate(together)
    share = _round_estimate(share_difference)
    polarity = _round_estimate(polarity_difference)

    return ComentionRow(
        run=run,
        period=period,
        keyword=pair_names[0],
        other=pair_names[1],
        documents=counts.documents,
        matched=counts.first,
        other_matched=counts.second,
        both=counts.both,
        expected=round_figure(expected) or 0.0,
        ratio=ratio.value,
        ratio_low=ratio.low,
        ratio_high=ratio.high,
        share_difference=share.value,
        share_low=share.low,
        share_high=share.high,
        share_p=share.p_value,
        polarity_difference=polarity.value,
        polarity_low=polarity.low,
        polarity_high=polarity.high,
        polarity_p=polarity.p_value,
    )


class _Rounded(NamedTuple):
    """An estimate as the table has it: all null where there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None


def _round_estimate(estimate: Estimate | None) -> _Rounded:
    if estimate is None:
        return _Rounded()

    return _Rounded(
        value=round_figure(estimate.value),
        low=round_figure(estimate.low),
        high=round_figure(estimate.high),
        p_value=round_figure(estimate.p_value),
    )


COMENTIONS = schema.Table(
    "comentions",
    ComentionRow,
    read_comentions,
    schema.MENTION_RUNS,
    key=("period", "keyword", "other"),
    is_selected=True,
)
