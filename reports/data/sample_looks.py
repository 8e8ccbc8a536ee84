"""The shares that are to be known of a sample that grows until they are."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.codebooks.wanted import WantedCategory
from reports.data.coded_samples import PEOPLE, CodedSample
from reports.data.estimate_strata import (
    CodedSubject,
    Method,
    find_helper,
    list_subjects,
    make_strata,
)
from reports.data.run_data import RunData
from reports.stats.looks import WantedShare
from reports.words.periods import name_sample_period


def list_wanted_shares(
    run: RunData,
    sample: CodedSample,
    wanted: Sequence[WantedCategory],
    *,
    reader: str = PEOPLE,
    by_period: bool = False,
) -> list[WantedShare]:
    """Return the shares of the whole run, and of each period, that are to be known.

    What a model would say is known better where a network has coded all texts.
    """
    method = Method(reader, machine=find_helper(run, sample, reader))
    return [
        WantedShare(_name_share(subject, category), make_strata(run, subject, category.category))
        for subject in list_subjects(run, sample, method)
        if by_period or not subject.period
        for category in wanted
        if category.variable == subject.variable.name
    ]


def _name_share(subject: CodedSubject, category: WantedCategory) -> str:
    keyword = f" of {subject.keyword}" if subject.keyword else ""
    period = f" in {name_sample_period(subject.period)}" if subject.period else ""
    return f"{category}{keyword}{period}"
