"""The tables `codes` and `agreement`: what coders answered to codebooks, and how far they agree."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

import polars as pl

from analysis.codebooks.codebook import Codebook
from reports.data import export_schema as schema
from reports.data.code_agreement import list_units, measure_agreement, name_level
from reports.data.coded_samples import CodedSample, read_coded_samples
from reports.data.coder_names import name_coder
from reports.data.replaced_coders import ReplacedCoder, judge_machines
from reports.data.run_data import RunData, keep_rows_of_run
from reports.frames.codes import IS_OF_PERSON, UNIT, load_codebooks, load_codes, load_units
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


def read_frames(
    run: RunData,
    job_names: Collection[str] | None = None,  # noqa: ARG001 - a code is of no single job
) -> Iterator[pl.DataFrame]:
    """Yield the codes that count in the run, a codebook and a month at a time.

    Those are the codes that were given in it, and what people said in other runs of units that are
    in its samples.
    """
    coder_names = pl.col("coder").cast(pl.String)
    figures = pl.col("probability", "inclusion")
    for codebook_id, codebook in _list_codebooks(run):
        codes = load_codes(run, codebook_id).rename({"identity": "name", "month": "period"})
        codes = codes.join(load_units(run, codebook_id), on=UNIT, how="left")
        names = {coder: name_coder(run, coder) for coder in codes["coder"].unique()}
        codebook_columns = {
            "run": pl.lit(run.id),
            "codebook": pl.lit(codebook.name),
            "hash": pl.lit(codebook.short_hash),
        }
        for _, of_month in codes.sort("period").group_by("period", maintain_order=True):
            rows = of_month.with_columns(
                coder_names.replace_strict(names),
                pl.when(figures.is_finite()).then(figures.replace(0.0, 0.0)),
                pl.col("keyword", "sample_period").replace("", None),
                pl.col("position").replace(0, None),
                document=pl.col("name"),
                part=pl.col("sample_part"),
                **codebook_columns,
            )
            rows = rows.with_columns(pl.selectors.categorical().cast(pl.String))
            yield rows.sort(CODES.key[3:]).select(*CODES.columns)


def _list_codebooks(run: RunData) -> list[tuple[int, Codebook]]:
    """Return the codebooks of a run and their ids, by name and hash."""
    return sorted(load_codebooks(run).items(), key=lambda entry: (entry[1].name, entry[1].hash))


CODES = schema.Table(
    "codes",
    CodeRow,
    schema.read_rows(CodeRow, read_frames),
    schema.TEXT_RUNS,
    key=(
        *("codebook", "hash", "period", "document", "keyword", "position", "variable"),
        "coder",
    ),
    read_frames=read_frames,
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
    sampled_codes = {sample.codebook_id: sample.codes for sample in read_coded_samples(run)}

    rows = []
    for codebook_id, codebook in _list_codebooks(run):
        codes = sampled_codes.get(codebook_id)
        if codes is None:
            # The order is the same in every database, since units are drawn by it for the interval.
            codes = load_codes(run, codebook_id).sort("identity", *UNIT[1:])

        for agreement in measure_agreement(codebook, list_units(codes.filter(IS_OF_PERSON))):
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


AGREEMENT = schema.Table(
    "agreement",
    AgreementRow,
    read_agreement,
    schema.TEXT_RUNS,
    key=("codebook", "hash", "variable", "machine", "category", "period"),
)
