"""Which texts of a sample were read, with the keyword and without it, and what was answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.codebooks.codebook import SEPARATOR
from core.enums import SamplePart
from reports.data.coded_samples import NOT_ASKED, PEOPLE, SampleUnit
from reports.data.domains import part_of, read_domain
from reports.data.estimate_strata import CodedSubject, make_strata
from reports.data.run_data import RunData
from reports.data.sample_looks import read_level
from reports.stats.proportions import estimate_share


@dataclass(frozen=True)
class ReadTexts:
    """The texts with the keyword, or those without it, and the answers of those that were read.

    *has_keyword* is None where a sample does not tell the two apart.
    """

    has_keyword: bool | None
    population: int
    read: int

    # Texts by the answer on which all their readers agree; a text may have several categories.
    answers: Mapping[str, int]

    # Texts that at least one of their readers put into a category.
    given: Mapping[str, int]

    # Texts of which nobody could say it, of which it was not asked, and on which readers differ.
    unclear: int
    not_asked: int
    differing: int

    @property
    def answered(self) -> int:
        """The texts that were read and could be told."""
        return self.read - self.unclear


def count_read(run: RunData, subject: CodedSubject) -> list[ReadTexts]:
    """Return what was read of a subject: with the keyword, then without it, or all as one."""
    sample = subject.sample
    domain = read_domain(run, sample, subject.domain)
    populations: Counter[bool | None] = Counter()
    units: dict[bool | None, list[SampleUnit]] = {}
    for stratum in subject.strata:
        has_keyword = None if stratum.part == SamplePart.ALL else stratum.part == SamplePart.MENTION
        known = domain and domain.populations[stratum.number]
        populations[has_keyword] += stratum.population if known is None else known
        units.setdefault(has_keyword, []).extend(
            unit for unit in sample.units_by_stratum[stratum.number] if part_of(domain, unit)
        )

    return [
        _count_part(subject, has_keyword, populations[has_keyword], units[has_keyword])
        for has_keyword in (True, False, None)
        if has_keyword in units
    ]


def _count_part(
    subject: CodedSubject, has_keyword: bool | None, population: int, units: Sequence[SampleUnit]
) -> ReadTexts:
    reader = subject.method.reader
    answers, given = Counter[str](), Counter[str]()
    read = unclear = not_asked = differing = 0
    for unit in units:
        coders = unit.people if reader == PEOPLE else [reader] if reader in unit.codes else []
        codes = {subject.sample.code(unit, coder, subject.variable) for coder in coders}
        known = {code for code in codes if code is not None}
        categories = [set(code.split(SEPARATOR)) - {NOT_ASKED} for code in known]
        given.update(set().union(*categories))
        read += bool(coders)
        unclear += bool(coders) and not known
        not_asked += known == {NOT_ASKED}
        differing += len(known) > 1
        if len(known) == 1:
            answers.update(*categories)

    return ReadTexts(has_keyword, population, read, answers, given, unclear, not_asked, differing)


def bound_missed(run: RunData, subject: CodedSubject, category: str) -> float | None:
    """Return how many of all texts may be in a category without the keyword, at most.

    It is the upper end of the interval of their share, as a part of all texts; None where no such
    text was coded.
    """
    tail = read_level(run, subject.sample, subject.method.reader) / 2
    strata = make_strata(run, subject, category)
    others = [stratum for stratum in strata if stratum.kind != SamplePart.MENTION]
    share = estimate_share(others, use_machine=True, tail=tail)
    size = sum(stratum.size for stratum in strata)
    return None if share is None else share.high * share.size / size
