"""Looks at a sample that grows until its shares are known: what was wanted, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.codebooks.wanted import WantedCategory
from models.code_samples import list_looks
from reports.data.coded_samples import PEOPLE, CodedSample
from reports.data.estimate_strata import (
    CodedSubject,
    Method,
    find_helper,
    list_subjects,
    make_strata,
)
from reports.data.run_data import RunData
from reports.stats.intervals import CONFIDENCE
from reports.stats.looks import WantedShare, level_of_look
from reports.words.periods import name_sample_period


def read_looks(run: RunData, sample: CodedSample, reader: str) -> list[Any]:
    """Return the looks at a reader's codes of a sample, read once."""

    def read() -> list[Any]:
        with run.db.read() as connection:
            looks = list_looks(connection, run.id, sample.codebook_id)

        return [look for look in looks if look.coder == reader]

    return run.once_of_all(("looks", sample.codebook_id, reader), read)


def read_level(run: RunData, sample: CodedSample, reader: str) -> float:
    """Return the probability with which a reader's intervals leave the truth out.

    It is that of the last look, if the sample was looked at while it grew.
    """
    looks = read_looks(run, sample, reader)
    return level_of_look(looks[-1].number) if looks else round(1 - CONFIDENCE, 6)


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
