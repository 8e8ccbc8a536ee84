"""The validity card of a coded sample: who coded, how far they agree, how right keywords are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from analysis.codebooks.codebook import Codebook
from models.code_samples import count_dropped_units
from reports.data.code_agreement import (
    VariableAgreement,
    list_people,
    list_units,
    measure_agreement,
)
from reports.data.coded_samples import PEOPLE, CodedSample
from reports.data.coder_error_rates import correct_subject
from reports.data.estimate_rows import EstimateRow
from reports.data.estimate_strata import CodedSubject, Method, list_helpers, list_methods
from reports.data.later_units import count_later_units, count_population
from reports.data.machine_accuracy import MachineAccuracy, measure_machine
from reports.data.read_texts import count_read, list_shares_of_kinds
from reports.data.replaced_coders import ReplacedCoder, judge_machines
from reports.data.run_data import RunData
from reports.findings.code_estimates import name_keyword
from reports.findings.code_evidence import state_assumed_errors, state_found_errors
from reports.pages.shown_estimates import choose_method, is_of_whole_run
from reports.stats.coder_errors import move_share
from reports.words.periods import name_sample_period
from reports.words.quantities import format_confidence


@dataclass(frozen=True)
class KnownShares:
    """How well the shares of the whole run are known of what people, or a model, would say."""

    reader: str
    shares: int

    # The widest of their intervals: half of it, as a share.
    half_width: float
    confidence: str

    # The different texts that were coded.
    coded: int

    # Why the sample was not enlarged any more, if it was looked at while it grew.
    outcome: str | None


@dataclass(frozen=True)
class ValidityCard:
    """Whom was asked, how many texts they coded, how far they agree, and how right keywords are."""

    codebook: Codebook
    unit: str
    population: int
    drawn: int
    coded: int

    # The units that came after the sample was drawn, and those that people coded and it lacks.
    later: int
    dropped: int

    # The texts that each coder coded, and machines with theirs.
    people: Sequence[tuple[str, int]]
    machines: Sequence[MachineAccuracy]

    # The machines that coded all texts, and so make estimates from people's codes more precise.
    helpers: Sequence[str]

    # What language models would say of all texts, and what people would; None if nobody knows.
    known_of_models: Sequence[KnownShares]
    known_of_people: KnownShares | None

    # The texts that several people coded.
    shared: int
    cannot_be_coded: int

    # Whose codes the estimates of what people would say use.
    used: Method

    # The half-width of the widest interval of the run's shares by each method, where there are
    # several.
    widths: Mapping[str, float]
    agreements: Sequence[VariableAgreement]

    # What coders' errors do to the shares of the run, by the names of the answers.
    errors: Mapping[str, str]

    # Whether machines may replace a coder, in the whole run.
    replaced: Sequence[ReplacedCoder]

    # A keyword, an answer, a period, and how right the keyword is in it, by measure.
    keywords: Sequence[tuple[str, str, str, Mapping[str, EstimateRow]]]

    @property
    def anchor(self) -> str:
        """The name of the card's place on the page."""
        return f"{self.codebook.name}-{self.codebook.short_hash}"


def make_card(  # noqa: PLR0917 - a card has many parts
    run: RunData,
    sample: CodedSample,
    rows: Sequence[EstimateRow],
    shown: Sequence[EstimateRow],
    unit: str,
    method: Method,
) -> ValidityCard:
    """Return the card of a sample by all estimates, *rows*, and those that are *shown*."""
    units, readers = list_units(sample.codes), sample.codes.filter("is_reader")
    texts_by_coder = Counter(coder for unit in units for coder in list_people(unit))
    has_code = pl.col("code").is_not_null().any()
    cannot_be_coded = readers.group_by("unit").agg(has_code).filter(~pl.col("code")).height
    coded = sample.count_coded(PEOPLE)
    codebook = sample.codebook
    dropped = run.db.fetch(count_dropped_units, run.id, sample.codebook_id)

    return ValidityCard(
        codebook=codebook,
        unit=unit,
        population=count_population(sample),
        drawn=len(sample.units),
        coded=coded,
        later=count_later_units(run, sample),
        dropped=dropped,
        people=[(name_coder(coder), n) for coder, n in sorted(texts_by_coder.items())],
        machines=[measure_machine(run, sample, coder) for coder in sample.machines if coded],
        helpers=list_helpers(run, sample),
        known_of_models=[
            known
            for model in sample.models
            if (known := _measure_known(sample, rows, model)) is not None
        ],
        known_of_people=_measure_known(sample, shown, PEOPLE),
        shared=sum(len(list_people(unit)) > 1 for unit in units),
        cannot_be_coded=cannot_be_coded,
        used=method,
        widths=_list_widths(run, sample, rows),
        agreements=measure_agreement(codebook, units),
        errors=_state_errors(run, sample, shown, unit, method),
        replaced=[judged for judged in judge_machines(sample) if not judged.period],
        keywords=_list_validity(shown),
    )


def _state_errors(
    run: RunData, sample: CodedSample, shown: Sequence[EstimateRow], unit: str, method: Method
) -> dict[str, str]:
    """Return what coders' errors do to people's shares of the whole run, by their names."""
    errors: dict[str, str] = {}
    for row in shown:
        if row.category is not None and row.model is None and is_of_whole_run(row):
            variable = sample.codebook.variable(row.variable)
            subject = CodedSubject(sample, variable, row.keyword or "", "", grain=run.grain)
            tail = sample.level(PEOPLE) / 2
            found = correct_subject(run, subject, row.category, tail)
            name = f"{row.variable} = {row.category}" + (f", {row.keyword}" if row.keyword else "")
            if found is not None:
                errors[name] = state_found_errors(row, unit, found)
            else:
                shares = list_shares_of_kinds(run, replace(subject, method=method), row.category)
                parts, keyword = count_read(run, subject), name_keyword(run, subject)
                moved = move_share(shares)
                errors[name] = state_assumed_errors(row, unit, moved, parts, keyword)

    return {name: text for name, text in errors.items() if text}


def _measure_known(
    sample: CodedSample, rows: Sequence[EstimateRow], reader: str
) -> KnownShares | None:
    """Return how well the shares of a reader are known; None without any."""
    reader_rows = [row for row in rows if (row.model or PEOPLE) == reader]
    shares = [row for row in choose_method(reader_rows) if is_of_whole_run(row)]
    if not shares:
        return None

    looks = sample.looks_of(reader)
    return KnownShares(
        reader=reader,
        shares=len(shares),
        half_width=max((row.high - row.low) / 2 for row in shares),
        confidence=format_confidence(shares[0].confidence),
        coded=max(row.n_read for row in shares),
        outcome=looks[-1].outcome if looks else None,
    )


def _list_widths(
    run: RunData, sample: CodedSample, rows: Sequence[EstimateRow]
) -> dict[str, float]:
    """Return how well each method knows the shares of the run; nothing if there is one a reader."""
    widths: dict[str, float] = {}
    methods = list_methods(run, sample)
    for method in methods:
        for row in rows:
            if is_of_whole_run(row) and row.method == method.words:
                half_width = (row.high - row.low) / 2
                widths[row.method] = max(half_width, widths.get(row.method, 0.0))

    return widths if len(widths) > len({method.reader for method in methods}) else {}


def name_coder(coder: str) -> str:
    """Return the name of a coder without its kind."""
    return coder.partition(":")[2]


def _list_validity(
    rows: Sequence[EstimateRow],
) -> list[tuple[str, str, str, Mapping[str, EstimateRow]]]:
    """Return precision, recall and F1 of each answer about a keyword that has a recall."""
    measures: dict[tuple[str, str, str], dict[str, EstimateRow]] = defaultdict(dict)
    for row in rows:
        if row.measure in ("precision", "recall", "f1") and row.group is None:
            answer = f"{row.variable}: {row.category}"
            measures[row.keyword or "", answer, row.period or ""][row.measure] = row

    return [
        (keyword, answer, name_sample_period(period), found)
        for (keyword, answer, period), found in sorted(measures.items())
        if "recall" in found
    ]
