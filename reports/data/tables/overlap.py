"""The table `overlap`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

from reports.data import export_schema as schema
from reports.data.run_data import RunData
from reports.data.sources_in_common import read_sources_in_common


@dataclass(frozen=True, slots=True)
class OverlapRow:
    """One row per outlet and source, over all months and per month: what sources share.

    Of outlets of which two or three sources have documents; documents are one story if they have
    one address, or one headline on one day.
    """

    run: schema.RunNumber
    outlet: Annotated[str, "Name of the outlet; documents of one site are of one outlet."]
    period: Annotated[str | None, "Month, UTC; null in the rows of all months together."]
    source: Annotated[str, "The name of the source, as in `--source`."]
    held: Annotated[int, "Stories that the source holds."]
    in_all: Annotated[int, "Stories that all of the compared sources hold."]
    seen: Annotated[int, "Stories that at least one of them holds."]
    total: Annotated[
        float,
        "Estimated number of all stories of the outlet, those that no source holds among them: "
        "Chapman of two sources, log-linear of three.",
    ]
    total_low: Annotated[float, "Lower end of its 95 % interval (profile likelihood)."]
    total_high: Annotated[float | None, "Upper end of that interval; null where there is none."]
    is_lower_bound: Annotated[
        bool, "Whether there may be more: the sources depend on each other, or two cannot tell."
    ]
    independence_p: Annotated[
        float | None,
        "p-value that no two of three sources depend on each other (Mantel and Haenszel, over the "
        "months); null of two.",
        schema.FRACTION,
    ]


def read_overlap(run: RunData, job_names: Collection[str] | None = None) -> Iterator[OverlapRow]:
    """Yield the rows of each outlet, those of all months first."""
    for common in read_sources_in_common(run):
        if job_names is not None and common.period not in job_names:
            continue

        for source, held in common.held.items():
            yield OverlapRow(
                run=run.id,
                outlet=common.outlet,
                period=common.period,
                source=source,
                held=held,
                in_all=common.in_all,
                seen=common.seen,
                total=round(common.total.value, 1),
                total_low=common.total.low,
                total_high=schema.finite(common.total.high),
                is_lower_bound=common.is_lower_bound,
                independence_p=common.independence_p and round(common.independence_p, 6),
            )


OVERLAP = schema.Table(
    "overlap",
    OverlapRow,
    read_overlap,
    schema.MENTION_RUNS,
    key=("outlet", "period", "source"),
)
