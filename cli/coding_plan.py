"""How many codes an interval of a wanted width takes: ``tidings label RUN --within SHARE``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.messages import inform, warn
from core.enums import SamplePart, SamplePeriod
from core.errors import UsageError
from core.quantities import quantity

if TYPE_CHECKING:
    from analysis.codebooks.codebook import Codebook
    from analysis.codebooks.drawing import SampleCounts
    from models.database import Database
    from reports.data.coded_samples import Stratum
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
    from analysis.codebooks.codebook import VariableType
    from reports.data.coded_samples import read_coded_samples
    from reports.data.run_data import load_run
    from reports.data.tables.estimates import list_categories, list_subjects, make_strata
    from reports.stats.code_plans import plan_codes

    run_data = load_run(db, run)
    samples = [
        sample for sample in read_coded_samples(run_data) if sample.codebook.hash == codebook.hash
    ]
    plans: list[tuple[CodePlan, Sequence[Stratum]]] = []
    for sample in samples:
        for subject in list_subjects(sample):
            if subject.period or subject.variable.type == VariableType.SCALE:
                continue
            for category in list_categories(subject.variable):
                plan = plan_codes(make_strata(run_data, subject, category, None), within)
                if plan is not None:
                    plans.append((plan, subject.strata))

    if not plans:
        inform(
            f"nobody has coded a text yet: {PILOT} are drawn as a pilot. Code them, and the same "
            "command says how many it takes"
        )
        return PILOT

    pilot_per = SamplePeriod.that_has(samples[0].strata[0].period)
    if pilot_per != per:
        raise UsageError(
            f"the texts that are coded were drawn by {pilot_per}: write --per {pilot_per} with "
            "--within"
        )
    counts: dict[tuple[str, str, SamplePart], int] = {}
    for plan, strata in plans:
        for stratum, count in zip(strata, plan.counts, strict=True):
            key = (stratum.period, stratum.keyword, stratum.part)
            counts[key] = max(count, counts.get(key, 0))
    coded = sum(bool(unit.people) for unit in samples[0].units)
    widest = max(plan.half_width for plan, _ in plans)
    inform(
        f"± {100 * within:g} points for every share of the whole run take about "
        f"{quantity(sum(counts.values()), 'text')}; {coded:,} are coded"
    )
    if widest > within:
        warn(f"that cannot be had: with all texts coded it is ± {100 * widest:.2g} points")
    return counts
