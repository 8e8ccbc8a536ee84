"""Which texts of a sample were read, with the keyword and without it, and what was answered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import polars as pl

from analysis.codebooks.codebook import SEPARATOR
from core.enums import SamplePart
from reports.data.coded_samples import NOT_ASKED, CodedSample, is_by
from reports.data.domains import Domain, read_domain
from reports.data.estimate_rows import ReadTexts
from reports.data.estimate_strata import CodedSubject, make_strata
from reports.data.run_data import RunData
from reports.stats.coded_shares import estimate_share, make_cells


def count_read(run: RunData, subject: CodedSubject) -> list[ReadTexts]:
    """Return what was read of a subject: with the keyword, then without it, or all as one."""
    domain = read_domain(run, subject.sample, subject.domain)
    populations: Counter[bool | None] = Counter()
    strata: dict[bool | None, list[int]] = defaultdict(list)
    for stratum in subject.strata:
        has_keyword = None if stratum.part == SamplePart.ALL else stratum.part == SamplePart.MENTION
        populations[has_keyword] += (
            stratum.population if domain is None else domain.populations[stratum.number]
        )
        strata[has_keyword].append(stratum.number)

    return [
        _count_part(subject, domain, has_keyword, populations[has_keyword], strata[has_keyword])
        for has_keyword in (True, False, None)
        if has_keyword in strata
    ]


def _count_part(
    subject: CodedSubject,
    domain: Domain | None,
    has_keyword: bool | None,
    population: int,
    strata: Sequence[int],
) -> ReadTexts:
    is_read = is_by(subject.method.reader) & pl.col("stratum").is_in(strata)
    codes = subject.sample.codes.filter(is_read)
    answers = subject.sample.answers(subject.variable).filter(is_read)
    if domain is not None:
        covered = domain.parts.filter(pl.col("part") > 0)
        codes, answers = (part.join(covered, on="unit", how="semi") for part in (codes, answers))

    agreed, given = Counter[str](), Counter[str]()
    not_asked = differing = 0
    known = answers.group_by("unit", maintain_order=True).agg(pl.col("code").unique())["code"]
    for unit_codes in known.to_list():
        categories = [set(code.split(SEPARATOR)) - {NOT_ASKED} for code in unit_codes]
        given.update(set().union(*categories))
        not_asked += unit_codes == [NOT_ASKED]
        differing += len(unit_codes) > 1
        if len(unit_codes) == 1:
            agreed.update(*categories)

    read = codes["unit"].n_unique()
    unclear = read - len(known)
    return ReadTexts(
        has_keyword=has_keyword,
        population=population,
        read=read,
        answers=agreed,
        given=given,
        unclear=unclear,
        not_asked=not_asked,
        differing=differing,
    )


def is_even(sample: CodedSample, parts: Sequence[ReadTexts]) -> bool:
    """Whether texts of all kinds and periods were read at one rate: all were, or there is one."""
    is_whole = all(part.read == part.population for part in parts)
    return is_whole or (len(parts) == 1 and len(sample.periods) < 2)


def list_shares_of_kinds(
    run: RunData, subject: CodedSubject, category: str
) -> list[tuple[float, float]]:
    """Return of each kind of text that was coded how many there are, and its share of a category.

    Kinds are split by a machine's codes where these help the estimate.
    """
    cells = make_cells(make_strata(run, subject, category), use_machine=True)
    return [(cell.size, cell.total / cell.size) for cell in cells if cell.share is not None]


def bound_missed(run: RunData, subject: CodedSubject, category: str) -> float | None:
    """Return how many of all texts may be in a category without the keyword, at most.

    It is the upper end of the interval of their share, as a part of all texts; None where no such
    text was coded.
    """
    tail = subject.sample.level(subject.method.reader) / 2
    strata = make_strata(run, subject, category)
    others = [stratum for stratum in strata if stratum.kind != SamplePart.MENTION]
    share = estimate_share(others, use_machine=True, tail=tail)
    size = sum(stratum.size for stratum in strata)
    return None if share is None else share.high * share.size / size
