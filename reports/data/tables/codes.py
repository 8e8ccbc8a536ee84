"""The tables `codes` and `agreement`: what coders answered to codebooks, and how far they agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from sqlalchemy import and_, or_, select

from analysis.codebooks.codebook import Codebook
from core.enums import CodeState
from models.codes import PERSON, CodeValue, UnitKey
from models.tables import Code, Document, SampledUnit, SampleStratum, StoredCodebook
from reports.data import export_schema as schema
from reports.data.code_agreement import CoderCodes, measure_agreement, name_level
from reports.data.coded_samples import CodedSample, read_coded_samples
from reports.data.coder_names import name_coder
from reports.data.queries import fetch_all, fetch_scalars
from reports.data.replaced_coders import ReplacedCoder, judge_machines
from reports.data.run_data import RunData, keep_rows_of_run
from reports.stats.intervals import round_figure

CodebookName = Annotated[str, "Name of the codebook."]
CodebookHash = Annotated[str, "The first 12 digits of the codebook's hash."]
VariableName = Annotated[str, "Name of the variable."]


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One row per codebook, unit, variable and coder who answered it.

    A unit is a whole text or, by its position, a mention. What people said of a unit in another run
    counts if it is in the sample of this one.
    """

    run: schema.RunNumber
    codebook: CodebookName
    hash: CodebookHash
    variable: VariableName
    period: Annotated[str | None, "Month of the document, UTC; null where it has no date."]
    document: schema.DocumentIdentity
    keyword: Annotated[
        str | None, "Name of the keyword that was asked of; null if the codebook asks of none."
    ]
    position: Annotated[
        int | None, "Number of the mention's sentence in its document, from 1; null of whole texts."
    ]
    coder: Annotated[str, "`person:NAME`, `network:RUN` or `model:NAME`."]
    code: Annotated[
        str | None,
        "The code; several categories with bars between them; null where the state is not `coded`.",
    ]
    probability: Annotated[
        float | None, "How certain a machine is of its code; null of people.", schema.FRACTION
    ]
    state: Annotated[str, "`coded`, `cannot be coded`, `refused`, `cut off` or `invalid`."]
    reason: Annotated[str | None, "Why the text cannot be coded."]
    sample_period: Annotated[
        str | None,
        "Period of the sample that the unit was drawn for; null for the whole run, or if the unit "
        "is not in the sample drawn last.",
    ]
    part: Annotated[
        str | None,
        "Part of the sample: `mention`, `near miss`, `rest 1` to `rest 4` by rank, `rest`, `all`; "
        "null outside the sample.",
    ]
    copies: Annotated[int | None, "How many units of the part have this text; null outside."]
    inclusion: Annotated[
        float | None, "Probability with which it was drawn; null outside.", schema.FRACTION
    ]


def read_codes(run: RunData, job_names: Collection[str] | None = None) -> Iterator[CodeRow]:
    """Yield the codes that count in the run, a codebook and a month at a time.

    Those are the codes that were given in it, and what people said in other runs of units that are
    in its samples. *job_names* are not looked at: a code is of no job.
    """
    del job_names
    for codebook_id, codebook in _list_codebooks(run):
        names = (codebook.name, codebook.short_hash)
        months = select(Document.period).join(Code, Code.document_id == Document.id)
        periods = fetch_scalars(run.db, months.where(Code.codebook_id == codebook_id).distinct())
        for period in sorted(periods, key=lambda month: month or ""):
            rows = _read_month(run, codebook_id, period)
            yield from CODES.sort(_make_row(run, *names, row) for row in rows)


def _list_codebooks(run: RunData) -> list[tuple[int, Codebook]]:
    """Return the codebooks by which the run was coded, or drawn to be coded, by name and hash."""
    coded = select(Code.codebook_id).where(Code.run_id == run.id)
    sampled = select(SampleStratum.codebook_id).where(SampleStratum.run_id == run.id)
    is_used = or_(StoredCodebook.id.in_(coded), StoredCodebook.id.in_(sampled))
    columns = (StoredCodebook.id, StoredCodebook.content)
    codebooks = [
        (codebook_id, Codebook.model_validate(content))
        for codebook_id, content in fetch_all(run.db, select(*columns).where(is_used))
    ]
    return sorted(codebooks, key=lambda entry: (entry[1].name, entry[1].hash))


def _read_month(run: RunData, codebook_id: int, period: str | None) -> list[Any]:
    is_drawn = and_(
        SampledUnit.run_id == run.id,
        SampledUnit.codebook_id == Code.codebook_id,
        SampledUnit.document_id == Code.document_id,
        SampledUnit.keyword == Code.keyword,
        SampledUnit.position == Code.position,
    )
    is_stratum = and_(
        SampleStratum.run_id == SampledUnit.run_id,
        SampleStratum.codebook_id == SampledUnit.codebook_id,
        SampleStratum.number == SampledUnit.stratum,
    )
    is_of_drawn = and_(
        Code.coder.startswith(PERSON, autoescape=True), SampledUnit.run_id.is_not(None)
    )

    unit_columns: tuple[Any, ...] = (Document.identity, Document.period, Code.keyword)
    code_columns = (Code.position, Code.variable, Code.coder, Code.code, Code.probability)
    sample_columns = (SampleStratum.part, SampledUnit.copies, SampledUnit.inclusion)
    statement = (
        select(*unit_columns, *code_columns, Code.state, Code.reason, *sample_columns)
        .add_columns(SampleStratum.period.label("sample_period"), Code.run_id)
        .join(Document, Document.id == Code.document_id)
        .outerjoin(SampledUnit, is_drawn)
        .outerjoin(SampleStratum, is_stratum)
        .where(Code.codebook_id == codebook_id, or_(Code.run_id == run.id, is_of_drawn))
        .where(Document.period == period if period else Document.period.is_(None))
    )

    # What a coder said in this run goes before what they said in another one.
    rows_by_code: dict[tuple[Any, ...], Any] = {}
    rows = fetch_all(run.db, statement)
    for row in sorted(rows, key=lambda row: (row.run_id != run.id, row.run_id)):
        unit = (row.identity, row.keyword, row.position)
        rows_by_code.setdefault((*unit, row.variable, row.coder), row)

    return list(rows_by_code.values())


def _make_row(run: RunData, codebook_name: str, short_hash: str, row: Any) -> CodeRow:
    return CodeRow(
        run=run.id,
        codebook=codebook_name,
        hash=short_hash,
        variable=row.variable,
        period=row.period,
        document=row.identity,
        keyword=row.keyword or None,
        position=row.position or None,
        coder=name_coder(run, row.coder),
        code=row.code,
        probability=schema.finite(row.probability),
        state=row.state,
        reason=row.reason,
        sample_period=row.sample_period or None,
        part=row.part,
        copies=row.copies,
        inclusion=schema.finite(row.inclusion),
    )


CODES = schema.Table(
    "codes",
    CodeRow,
    read_codes,
    schema.TEXT_RUNS,
    key=(
        *("codebook", "hash", "period", "document", "keyword", "position", "variable"),
        "coder",
    ),
)


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """One row per codebook and variable that people coded: how far they agree.

    What was decided where coders differ is not counted. More rows tell of each machine whether it
    may replace a coder (the alternative annotator test), by category and period.
    """

    run: schema.RunNumber
    codebook: CodebookName
    hash: CodebookHash
    variable: VariableName
    level: Annotated[str, "How codes are compared: `nominal`, or `interval` for a scale."]
    coders: Annotated[int, "People who coded it."]
    units: Annotated[int, "Units that somebody coded."]
    shared: Annotated[int, "Units that several people coded."]
    alpha: Annotated[
        float | None,
        "Krippendorff's alpha: 1 is agreement, 0 that of chance; null where it has no value, since "
        "no unit is shared or all codes are the same.",
    ]
    low: Annotated[float | None, "Lower end of its 95 % interval, from resampled units."]
    high: Annotated[float | None, "Upper end."]
    machine: Annotated[
        str | None, "The machine in the place of a coder; null of people among themselves."
    ] = None
    category: Annotated[
        str | None,
        "A code of the variable, judged on the texts that somebody puts into it; null for all.",
    ] = None
    period: Annotated[str | None, "Period of the sample; null for the whole run."] = None
    as_good: Annotated[
        float | None,
        "Share of texts on which the machine agrees with people at least as well as a person does "
        "with the others.",
        schema.FRACTION,
    ] = None
    as_good_low: Annotated[float | None, "Lower end of its 95 % interval.", schema.FRACTION] = None
    as_good_high: Annotated[float | None, "Upper end.", schema.FRACTION] = None
    replaces: Annotated[
        str | None, "Whether it may replace a coder: `yes`, `no`, or `open`: too few texts yet."
    ] = None
    doubles_needed: Annotated[
        int | None,
        "About how many more texts that several people code would decide; null where that is "
        "beyond reach.",
    ] = None


@keep_rows_of_run
def read_agreement(
    run: RunData,
    job_names: Collection[str] | None = None,  # noqa: ARG001 - agreement is of no single job
) -> Iterator[AgreementRow]:
    """Yield how far people agree on each variable of each codebook."""
    sampled_units = {
        sample.codebook_id: [unit.codes for unit in sample.units]
        for sample in read_coded_samples(run)
    }

    rows = []
    for codebook_id, codebook in _list_codebooks(run):
        units = sampled_units.get(codebook_id) or _read_units(run, codebook_id)
        for agreement in measure_agreement(codebook, units):
            if not agreement.units:
                continue

            alpha = agreement.alpha
            rows.append(
                AgreementRow(
                    run=run.id,
                    codebook=codebook.name,
                    hash=codebook.short_hash,
                    variable=agreement.name,
                    level=agreement.level,
                    coders=agreement.coders,
                    units=agreement.units,
                    shared=agreement.shared,
                    alpha=None if alpha is None else round_figure(alpha.value),
                    low=None if alpha is None else round_figure(alpha.low),
                    high=None if alpha is None else round_figure(alpha.high),
                )
            )

    for sample in read_coded_samples(run):
        rows += [_make_machine_row(run, sample, judged) for judged in judge_machines(sample)]

    yield from AGREEMENT.sort(rows)


def _make_machine_row(run: RunData, sample: CodedSample, judged: ReplacedCoder) -> AgreementRow:
    found = judged.replacement
    variable = sample.codebook.variable(judged.variable)
    return AgreementRow(
        run=run.id,
        codebook=sample.codebook.name,
        hash=sample.codebook.short_hash,
        variable=judged.variable,
        level=name_level(variable),
        coders=found.people,
        units=found.as_good.n,
        shared=found.as_good.n,
        alpha=None,
        low=None,
        high=None,
        machine=judged.coder,
        category=judged.category,
        period=judged.period or None,
        as_good=round_figure(found.as_good.value),
        as_good_low=round_figure(found.as_good.low),
        as_good_high=round_figure(found.as_good.high),
        replaces=found.verdict,
        doubles_needed=found.more,
    )


def _read_units(run: RunData, codebook_id: int) -> list[CoderCodes]:
    """Return the codes of each unit of a codebook without a sample: those of labels."""
    unit_columns: tuple[Any, ...] = (Code.document_id, Code.keyword, Code.position)
    statement = (
        select(*unit_columns, Code.coder, Code.variable, Code.code, Code.state, Document.identity)
        .join(Document, Document.id == Code.document_id)
        .where(Code.run_id == run.id, Code.codebook_id == codebook_id)
    )
    units: dict[UnitKey, dict[str, dict[str, CodeValue]]] = defaultdict(dict)
    # The order is the same in every database, since units are drawn by it for the interval.
    rows = fetch_all(run.db, statement)
    for row in sorted(rows, key=lambda row: (row.identity, row.keyword, row.position)):
        unit = UnitKey(row.document_id, row.keyword, row.position)
        value = CodeValue(row.code, CodeState(row.state))
        units[unit].setdefault(row.coder, {})[row.variable] = value

    return list(units.values())


AGREEMENT = schema.Table(
    "agreement",
    AgreementRow,
    read_agreement,
    schema.TEXT_RUNS,
    key=("codebook", "hash", "variable", "machine", "category", "period"),
)
