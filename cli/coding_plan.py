"""How many codes an interval of a wanted width takes: ``tidings label RUN --within SHARE``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cli.messages import inform, warn
from core.enums import SamplePart, SamplePeriod
from core.errors import UsageError
from core.quantities import quantity

if TYPE_CHECKING:
    from analysis.codebooks.codebook import Codebook
    from analysis.codebooks.drawing import SampleCounts
    from models.database import Database
    from reports.data.coded_samples import CodedSample, Stratum
    from reports.data.run_data import RunData
    from reports.stats.code_plans import CodePlan

# So many texts are drawn before anything is known.
PILOT = 100


def plan_sample(
    db: Database, run: int, codebook: Codebook, within: float, per: SamplePeriod
) -> SampleCounts | int:
    """Return how many texts of each part give every share of the whole run ± *within*.

    Without a code there is nothing to plan from: then a pilot is drawn. Raises `UsageError` if the
    codes are of a sample that was shared out between other periods than *per*.
    """
    from reports.data.coded_samples import read_coded_samples
    from reports.data.run_data import load_run

    run_data = load_run(db, run)
    samples = read_coded_samples(run_data)
    sample = next((sample for sample in samples if sample.codebook.hash == codebook.hash), None)
    plans = [] if sample is None else list(_plan_shares(run_data, sample, within))
    if sample is None or not plans:
        inform(
            f"nobody has coded a text yet: {PILOT} are drawn as a pilot. Code them, and the same "
            "command says how many it takes"
        )
        return PILOT

    pilot_per = SamplePeriod.that_has(sample.strata[0].period)
    if pilot_per != per:
        raise UsageError(
            f"the texts that are coded were drawn by {pilot_per}: write --per {pilot_per} with "
            "--within"
        )
    counts = _join_plans(plans)
    coded = sum(bool(unit.people) for unit in sample.units)
    inform(
        f"\u00b1 {100 * within:g} points for every share of the whole run take about "
        f"{quantity(sum(counts.values()), 'text')}; {coded:,} are coded"
    )
    widest = max(plan.half_width for plan, _ in plans)
    if widest > within:
        warn(f"that cannot be had: with all texts coded it is \u00b1 {100 * widest:.2g} points")
    return counts


def _plan_shares(
    run_data: RunData, sample: CodedSample, within: float
) -> Iterator[tuple[CodePlan, Sequence[Stratum]]]:
    """Yield a plan for the share of each category in the whole run, with its strata."""
    from analysis.codebooks.codebook import VariableType
    from reports.data.estimate_strata import list_categories, list_subjects, make_numbered_strata
    from reports.stats.code_plans import plan_codes

    for subject in list_subjects(run_data, sample):
        if subject.period or subject.variable.type == VariableType.SCALE:
            continue
        for category in list_categories(subject.variable):
            # Texts that were drawn for certain are known: others vary, and are planned.
            varying = []
            for stratum, coded in make_numbered_strata(run_data, subject, category, None):
                if list(coded.copies) != [coded.size]:
                    varying.append((stratum, coded))
            plan = plan_codes([coded for _, coded in varying], within)
            if plan is not None:
                yield plan, [stratum for stratum, _ in varying]


def _join_plans(
    plans: Sequence[tuple[CodePlan, Sequence[Stratum]]],
) -> dict[tuple[str, str, SamplePart], int]:
    """Return the texts that each part needs for all *plans*."""
    counts: dict[tuple[str, str, SamplePart], int] = {}
    for plan, strata in plans:
        planned = Counter[tuple[str, str, SamplePart]]()
        for stratum, count in zip(strata, plan.counts, strict=True):
            planned[stratum.period, stratum.keyword, stratum.part] += count
        for key, count in planned.items():
            counts[key] = max(count, counts.get(key, 0))
    return counts
