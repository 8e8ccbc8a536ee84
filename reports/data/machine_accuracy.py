"""How right a machine is beside people, and whether it errs alike in all periods and groups."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

import polars as pl

from analysis.codebooks.codebook import Variable, VariableType
from analysis.codebooks.wanted import list_categories
from core.enums import UNUSABLE
from reports.data.coded_samples import (
    NOT_ASKED,
    CodedSample,
    Stratum,
    count_represented,
    is_in,
)
from reports.data.estimate_strata import join_periods, list_coded_groups
from reports.data.run_data import RunData
from reports.frames.codes import load_codes
from reports.series.reading import read_groups_of
from reports.stats.agreement import CodePair, ConfusionMatrix, make_confusion_matrix
from reports.stats.differential_error import ErrorCount, compare_errors
from reports.stats.intervals import LEVEL
from reports.stats.multiple_tests import adjust_holm


class Compared(StrEnum):
    """What a machine's errors are compared between."""

    PERIODS = "periods"
    GROUPS = "groups"
    KEYWORDS = "keywords"


@dataclass(frozen=True)
class ErrorDifference:
    """A kind of error of a machine that is more frequent in some periods or groups than in others.

    *rates* has the error rate of each.
    """

    between: Compared
    variable: str
    category: str

    # Whether it puts units into the category that people do not, or leaves out what they do.
    is_false_positive: bool
    rates: dict[str, float]


@dataclass(frozen=True)
class MachineAccuracy:
    """A machine's codes beside people's, variable by variable, and errors that differ.

    *tests* says how often its errors were compared, *unusable* how many units have no code of a
    language model, by state.
    """

    coder: str
    unusable: dict[str, int]
    matrices: dict[str, ConfusionMatrix]
    tests: dict[Compared, int]
    differences: list[ErrorDifference]

    @property
    def compared(self) -> list[Compared]:
        """What its errors could be compared between."""
        return [between for between in Compared if self.tests.get(between)]


@dataclass(frozen=True)
class _CodedPair:
    """The group of a unit, its stratum, and what people who agree and the machine say of it."""

    group: str
    stratum: Stratum
    codes: CodePair


def measure_machine(run: RunData, sample: CodedSample, coder: str) -> MachineAccuracy:
    """Compare a machine's codes with people's.

    Where people differ a unit is left out. Errors are compared between what the page compares:
    periods, groups and keywords. All tests of a machine are one family (Holm).
    """
    groups = list_coded_groups(run, sample)
    groups_of_documents: dict[int, str] = {}
    for job in run.jobs:
        groups_of_documents |= read_groups_of(run, job, sample.units["document"].to_list())

    matrices: dict[str, ConfusionMatrix] = {}
    compared: list[tuple[ErrorDifference, float]] = []
    for variable in sample.codebook.variables:
        if variable.type == VariableType.SCALE:
            continue

        pairs = list(_list_pairs(sample, coder, variable, groups_of_documents))
        categories = dict.fromkeys((*variable.codes, NOT_ASKED))
        for pair in pairs:
            categories |= dict.fromkeys((pair.codes.person, pair.codes.machine))

        matrix = make_confusion_matrix([pair.codes for pair in pairs], list(categories))
        if matrix is not None:
            matrices[variable.name] = matrix

        for between in Compared:
            compared += _compare(variable, between, _group_pairs(run, pairs, between, groups))

    adjusted = adjust_holm([p_value for _, p_value in compared])
    differences = [
        difference
        for (difference, _), p_value in zip(compared, adjusted, strict=True)
        if p_value < LEVEL
    ]
    tests = Counter(difference.between for difference, _ in compared)
    return MachineAccuracy(coder, _count_unusable(run, sample, coder), matrices, tests, differences)


def _count_unusable(run: RunData, sample: CodedSample, coder: str) -> dict[str, int]:
    """Return how many units have no code of a model, since it was refused, cut off or invalid."""
    codes = load_codes(run, sample.codebook_id).filter(pl.col("coder") == coder)
    # The first variable is asked of every unit.
    of_all = codes.filter(pl.col("variable") == sample.codebook.variables[0].name)
    states = of_all["state"].cast(pl.String).value_counts().sort("state")
    return {state: count for state, count in states.iter_rows() if state in UNUSABLE}


def _list_pairs(
    sample: CodedSample, coder: str, variable: Variable, groups: Mapping[int, str]
) -> Iterator[_CodedPair]:
    answers = sample.answers(variable)
    of_machine = answers.filter(pl.col("coder") == coder).select("unit", machine="code")
    of_people = answers.filter("is_reader").group_by("unit").agg(pl.col("code").unique())
    agreed = of_people.filter(pl.col("code").list.len() == 1)
    units = sample.units.join(agreed.explode("code"), on="unit").join(of_machine, on="unit")
    units = units.sort("unit").select("stratum", "document", "copies", "code", "machine")
    for stratum in sample.strata:
        rows = units.filter(pl.col("stratum") == stratum.number).rows()
        weights = count_represented([row[2] for row in rows], stratum.population)
        for (_, document, _, person, machine), weight in zip(rows, weights, strict=True):
            codes = CodePair(person, machine, weight)
            yield _CodedPair(groups.get(document, ""), stratum, codes)


# What is compared, units of which kind are alike otherwise, and the codes.
_Grouped = tuple[str, str, CodePair]


def _group_pairs(
    run: RunData, pairs: Sequence[_CodedPair], between: Compared, groups: Collection[str]
) -> Iterator[_Grouped]:
    """Yield the group of each pair, by what is compared, and what is the same within a kind.

    A text that several groups have is of the one whose copy was read.
    """
    for pair in pairs:
        stratum, part = pair.stratum, str(pair.stratum.part.kind)
        period = join_periods(stratum.period, run.grain)
        match between:
            case Compared.PERIODS:
                yield period, f"{stratum.keyword} {part}", pair.codes
            case Compared.GROUPS:
                if pair.group in groups:
                    yield pair.group, f"{stratum.keyword} {period} {part}", pair.codes
            case Compared.KEYWORDS:
                yield stratum.keyword, f"{period} {part}", pair.codes


def _compare(
    variable: Variable, between: Compared, grouped: Iterable[_Grouped]
) -> Iterator[tuple[ErrorDifference, float]]:
    grouped_pairs = list(grouped)
    for category, is_false_positive in product(list_categories(variable), (True, False)):
        counts: dict[tuple[str, str], list[bool]] = defaultdict(list)
        for group, kind, codes in grouped_pairs:
            is_person, is_machine = is_in(codes.person, category), is_in(codes.machine, category)
            if bool(is_person) != is_false_positive:
                counts[group, kind].append(is_person != is_machine)

        errors = [
            ErrorCount(group, kind, sum(are_wrong), len(are_wrong))
            for (group, kind), are_wrong in counts.items()
        ]
        comparison = compare_errors(errors)
        if comparison is not None:
            difference = ErrorDifference(
                between=between,
                variable=variable.name,
                category=category,
                is_false_positive=is_false_positive,
                rates=comparison.rates,
            )
            yield difference, comparison.p_value
