"""How right a machine is beside people, and whether it errs alike in all periods and groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, product

import polars as pl

from analysis.codebooks.codebook import Variable, VariableType
from analysis.codebooks.wanted import list_categories
from core.enums import UNUSABLE
from reports.data.coded_samples import NOT_ASKED, CodedSample, count_represented, says
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


# The column of pairs of codes by which errors are compared, and those by which pairs are alike
# otherwise.
_COMPARED = {
    Compared.PERIODS: ("period", ("keyword", "part")),
    Compared.GROUPS: ("group", ("keyword", "period", "part")),
    Compared.KEYWORDS: ("keyword", ("period", "part")),
}


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

        pairs = _list_pairs(run, sample, coder, variable, groups_of_documents)
        codes = [CodePair(*pair) for pair in pairs.select("person", "machine", "weight").rows()]
        given = chain.from_iterable((pair.person, pair.machine) for pair in codes)
        categories = dict.fromkeys((*variable.codes, NOT_ASKED, *given))
        matrix = make_confusion_matrix(codes, list(categories))
        if matrix is not None:
            matrices[variable.name] = matrix

        for between in Compared:
            is_compared = pl.col("group").is_in(groups) | (between != Compared.GROUPS)
            compared += _compare(variable, between, pairs.filter(is_compared))

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
    run: RunData, sample: CodedSample, coder: str, variable: Variable, groups: Mapping[int, str]
) -> pl.DataFrame:
    """Return what people who agree and the machine say of each unit, with its place and weight.

    A text that several groups have is of the one whose copy was read.
    """
    answers = sample.answers(variable)
    of_machine = answers.filter(pl.col("coder") == coder).select("unit", machine="code")
    of_people = answers.filter("is_reader").group_by("unit").agg(person=pl.col("code").unique())
    agreed = of_people.filter(pl.col("person").list.len() == 1).explode("person")
    units = sample.units.join(agreed, on="unit").join(of_machine, on="unit")
    units = units.sort("stratum", "unit")
    weights: list[float] = []
    strata = []
    for stratum in sample.strata:
        copies = units.filter(pl.col("stratum") == stratum.number)["copies"].to_list()
        weights += count_represented(copies, stratum.population)
        period = join_periods(stratum.period, run.grain)
        strata.append((stratum.number, stratum.keyword, period, f"{stratum.part.kind}"))

    schema = {"stratum": pl.Int64, "keyword": pl.String, "period": pl.String, "part": pl.String}
    pairs = units.with_columns(
        weight=pl.Series(weights, dtype=pl.Float64),
        group=pl.col("document").replace_strict(groups, default="", return_dtype=pl.String),
    )
    places = pl.DataFrame(strata, schema, orient="row")
    return pairs.drop("keyword").join(places, on="stratum", maintain_order="left")


def _compare(
    variable: Variable, between: Compared, pairs: pl.DataFrame
) -> Iterator[tuple[ErrorDifference, float]]:
    group, alike = _COMPARED[between]
    kind = pl.concat_str(alike, separator=" ").alias("kind")
    for category, is_false_positive in product(list_categories(variable), (True, False)):
        by_person, by_machine = says(category, "person"), says(category, "machine")
        counts = (
            pairs.filter(by_person != is_false_positive)
            .group_by(group, kind, maintain_order=True)
            .agg((by_person != by_machine).sum(), units=pl.len())
        )
        comparison = compare_errors([ErrorCount(*count) for count in counts.iter_rows()])
        if comparison is not None:
            difference = ErrorDifference(
                between=between,
                variable=variable.name,
                category=category,
                is_false_positive=is_false_positive,
                rates=comparison.rates,
            )
            yield difference, comparison.p_value
