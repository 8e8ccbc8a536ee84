"""How large a sample gets that a model codes until its shares are known: ``plan … --within``."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from analysis.codebooks.cells import most_near_misses
from analysis.codebooks.codebook import Codebook
from analysis.codebooks.rank_classes import expect_relative_share, size_classes
from analysis.codebooks.stored import stored_codebook
from analysis.codebooks.wanted import WantedCategory, parse_wanted
from analysis.kinds import KINDS
from core.enums import SamplePart, SamplePeriod, SampleRule
from core.prices import format_money
from core.quantities import quantity
from models.code_samples import list_sampled_runs
from models.database import Database
from producers.plan import CallPlan, JobTexts
from reports.data.coded_samples import PEOPLE, CodedSample, read_coded_samples
from reports.data.estimate_strata import (
    Method,
    find_helper,
    list_helpers,
    list_subjects,
    make_strata,
)
from reports.data.run_data import RunData, load_run
from reports.stats.code_plans import PilotShare, plan_codes, plan_first_codes
from reports.stats.coded_shares import estimate_share
from reports.stats.coded_strata import CodedStratum
from reports.stats.looks import LEAST_GROWTH, LEVELS, count_pilot, level_of_look

# Most samples end at the fourth look, with about what its plan asks for; a few go on.
_TAIL = LEVELS[3] / 2
_EXCESS = 1.06

# Without codes to plan from each part is taken to be divided in halves: nothing takes more texts.
WORST_SHARE = 0.5

# What it takes if a category is as frequent as this in every part.
ASSUMED_SHARES = (0.1, 0.02)

# A sample finds almost no text of a rarer category.
RAREST_SHARE = 0.002
_RARE = (
    "a category in less than 0.2 % of the texts is not to be found by a sample: code all that a "
    "wide query finds (--keyword with many terms, --code mentions)"
)


@dataclass
class SamplePlan:
    """What a sample takes that a model codes until its shares are known (`--within SHARE`)."""

    within: Annotated[float, "Half the width of the wanted intervals, as a share."]
    texts: Annotated[int, "Texts that it takes."] = 0
    population: Annotated[int, "Texts from which it is drawn."] = 0
    texts_for_half: Annotated[int, "Texts that half the width takes."] = 0
    basis: Annotated[str, "What the figures are planned from."] = ""
    assumed: Annotated[
        dict[str, int], "Texts by assumed share of a category; empty if stored codes tell."
    ] = field(default_factory=dict)
    currency: Annotated[str, "As EUR; empty if the texts cost nothing."] = ""
    cost: Annotated[
        int | None, "In millionths of the currency; null if the texts cost nothing."
    ] = None
    is_expected: Annotated[bool, "Whether it is expected; else it is the most."] = False
    cost_for_half: Annotated[int | None, "Cost of the texts for half the width."] = None
    remarks: Annotated[list[str], "What a sample of such a size does not tell."] = field(
        default_factory=list
    )


@dataclass
class RunPlan(CallPlan):
    """What a run would ask."""

    sample: Annotated[SamplePlan | None, "Null if the size of no sample is to be found."] = None


# The strata of a keyword, each with its period.
_Strata = Sequence[tuple[str, CodedStratum]]
_Shares = Mapping[str, PilotShare]


class SamplePlanner:
    """Plans the sample of a run when a dry run has found how many texts mention a keyword.

    The sample grows until the shares of the run are known.
    """

    def __init__(self, db: Database, parameters: Any) -> None:
        self._parameters = parameters
        codebook_id, self._codebook = db.fetch(stored_codebook, parameters.codebook)
        self._wanted = parse_wanted(self._codebook, parameters.wanted)
        self._pilot = _find_pilot(db, codebook_id, parameters.coder)
        self._plan = SamplePlan(parameters.half_width)

    def size(self, texts: Sequence[JobTexts]) -> int:
        """Return how many texts the sample will have."""
        plan, within = self._plan, self._parameters.half_width
        keywords = list(self._list_keywords(texts))
        plan.population = sum(stratum.size for strata in keywords for _, stratum in strata)
        if self._pilot is None:
            plan.basis = "the worst case, half of the texts of each part in a category"
            shares = [_equal_shares(WORST_SHARE)]
            for share in ASSUMED_SHARES:
                assumed = self._count(keywords, [_equal_shares(share)], within)
                plan.assumed[f"{100 * share:g} %"] = assumed

            plan.remarks.append(_RARE)
        else:
            shares = self._pilot.list_shares(self._wanted)
            plan.basis = self._pilot.describe()
            plan.remarks += self._pilot.list_remarks(self._wanted, within)

        plan.texts, plan.texts_for_half = (
            self._count(keywords, shares, width) for width in (within, within / 2)
        )
        if self._parameters.network_coder is not None:
            self._use_network(self._parameters.network_coder)

        return plan.texts

    def _use_network(self, network: str) -> None:
        """Plan fewer texts, as far as the network's codes of the pilot's run tell that it helps."""
        plan, pilot = self._plan, self._pilot
        helped_part: float | None = None
        if pilot is not None:
            helped_part = pilot.measure_helped_part(self._wanted, plan.within)
        if pilot is None or helped_part is None:
            plan.remarks.append(
                f"the looks use what {network} says of all texts; what that saves is known when it "
                "has coded them"
            )
            return

        plan.texts, plan.texts_for_half = (
            min(texts, max(count_pilot(0, are_estimated=False), math.ceil(helped_part * texts)))
            for texts in (plan.texts, plan.texts_for_half)
        )
        plan.remarks.append(
            f"a network's codes of run {pilot.run.id} save {1 - helped_part:.0%} of those of the "
            "model: the plan counts with that"
        )

    def finish(self, figures: CallPlan) -> SamplePlan:
        """Return the plan with what the texts cost that are not coded yet."""
        plan, model = self._plan, figures.model
        if model is not None and model.currency and model.calls:
            costs = model.expected or model.bound
            plan.currency, plan.cost = model.currency, costs.cost
            plan.is_expected = model.expected is not None
            answered = plan.texts - model.calls
            further = max(0, plan.texts_for_half - answered)
            plan.cost_for_half = round(costs.cost * further / model.calls)

        return plan

    def _list_keywords(self, texts: Sequence[JobTexts]) -> Iterator[_Strata]:
        """Yield the strata of each keyword that is asked of; those of all if none is."""
        keywords: list[str | None] = [None]
        if self._codebook.asks_of_keyword:
            keywords = [keyword.name for keyword in self._parameters.keywords]

        for keyword in keywords:
            sizes: Counter[tuple[str, SamplePart]] = Counter()
            for job in texts:
                period = (self._parameters.wanted_by or SamplePeriod.MONTH).of_month(job.month)
                for part, size in _divide_job(job, self._codebook, keyword).items():
                    sizes[period, part] += size

            # Without a pilot each part may have the worst share.
            relative_shares = {
                part: expect_relative_share(part) if self._pilot else 1.0 for _, part in sizes
            }
            yield [
                (period, CodedStratum(part.kind, size, (), relative_share=relative_shares[part]))
                for (period, part), size in sizes.items()
                if size
            ]

    def _count(self, keywords: Sequence[_Strata], shares: Sequence[_Shares], within: float) -> int:
        """Return the texts that all shares of all keywords take, those of a pilot at least."""
        by_period = self._parameters.wanted_by is not None
        periods = {period for strata in keywords for period, _ in strata}
        pilot = count_pilot(len(periods), are_estimated=by_period)
        total = 0
        # A small sample ends at an early look, whose interval is wider.
        for look in (2, 3, 4):
            tail = level_of_look(look) / 2
            total = sum(
                _count_codes(strata, shares, within, tail, by_period=by_period)
                for strata in keywords
            )
            if total <= pilot * LEAST_GROWTH ** (look - 1):
                break

        population = sum(stratum.size for strata in keywords for _, stratum in strata)
        return min(population, max(pilot, round(_EXCESS * total)))


def _count_codes(
    strata: _Strata, shares: Sequence[_Shares], within: float, tail: float, *, by_period: bool
) -> int:
    """Return the texts that all shares of a keyword take if the intervals leave out *tail*."""
    counts = [0] * len(strata)
    for places in _list_wanted_places(strata, by_period=by_period):
        chosen = [strata[place][1] for place in places]
        for part_shares in shares:
            plan = plan_first_codes(chosen, part_shares, within, tail)
            for place, count in zip(places, plan.counts, strict=True):
                counts[place] = max(counts[place], count)

    return sum(counts)


def _list_wanted_places(strata: _Strata, *, by_period: bool) -> Iterator[list[int]]:
    """Yield the places of all strata, and those of each period whose shares are wanted."""
    if strata:
        yield list(range(len(strata)))

    places: dict[str, list[int]] = defaultdict(list)
    for place, (period, _) in enumerate(strata):
        places[period].append(place)

    if by_period:
        yield from places.values()


def _divide_job(job: JobTexts, codebook: Codebook, keyword: str | None) -> dict[SamplePart, int]:
    """Return about how many units each part of a month has (`analysis.codebooks.cells`)."""
    if codebook.is_of_mentions:
        return {SamplePart.MENTION: job.mentions}

    mentioning = job.mentioning if keyword is None else job.mentioning_by_keyword.get(keyword, 0)
    others = job.documents - mentioning
    near_misses = min(others, most_near_misses(mentioning, job.documents, SampleRule.RANK))
    return {
        SamplePart.MENTION: mentioning,
        SamplePart.NEAR_MISS: near_misses,
        **size_classes(others - near_misses),
    }


def _equal_shares(share: float) -> _Shares:
    return dict.fromkeys(SamplePart, PilotShare.assume(share))


@dataclass(frozen=True)
class _Pilot:
    """A sample of another run that the coder, or people, have coded by the same codebook."""

    run: RunData
    sample: CodedSample
    reader: str

    def describe(self) -> str:
        coded = quantity(self.sample.count_coded(self.reader), "text")
        return f"what {self.reader} coded of run {self.run.id}: {coded}"

    def list_shares(self, wanted: Sequence[WantedCategory]) -> list[_Shares]:
        """Return how many texts of each part the pilot has found in each category."""
        all_shares: list[_Shares] = []
        for _, strata in self._list_strata(wanted, Method(self.reader)):
            n: dict[str, float] = defaultdict(float)
            positives: dict[str, float] = defaultdict(float)
            for stratum in strata:
                n[stratum.kind] += len(stratum.codes) * stratum.relative_share
                positives[stratum.kind] += sum(stratum.codes)

            all_shares.append({part: PilotShare(positives[part], n[part]) for part in SamplePart})

        return all_shares

    def list_remarks(self, wanted: Sequence[WantedCategory], within: float) -> list[str]:
        """Say which categories are rare, and what codes of people and of a network are worth."""
        remarks: list[str] = []
        for category, strata in self._list_strata(wanted, Method(self.reader)):
            estimate = estimate_share(strata)
            if estimate is not None and estimate.value <= within:
                remarks.append(
                    f"{category} is in about {100 * estimate.value:.2g} % of the texts: ± "
                    f"{100 * within:g} points tell little of it"
                    + (f"; {_RARE}" if estimate.value < RAREST_SHARE else "")
                )

        remarks += self._describe_people(wanted)
        return remarks

    def measure_helped_part(self, wanted: Sequence[WantedCategory], within: float) -> float | None:
        """Return which part of the codes a network's codes of all texts leave to be made.

        None if no network has coded the run by the codebook.
        """
        helper = find_helper(self.run, self.sample, self.reader)
        if helper is None:
            return None

        alone = helped = 0
        for _, strata in self._list_strata(wanted, Method(self.reader, machine=helper)):
            plan = plan_codes(strata, within, _TAIL)
            helped_plan = plan_codes(strata, within, _TAIL, use_machine=True)
            if plan is not None and helped_plan is not None:
                alone, helped = max(alone, plan.n), max(helped, helped_plan.n)

        return min(1.0, helped / alone) if alone else None

    def _describe_people(self, wanted: Sequence[WantedCategory]) -> Iterator[str]:
        coded = self.sample.count_coded(PEOPLE)
        if not coded:
            return

        widths: dict[str | None, float] = {}
        for machine in (None, *list_helpers(self.run, self.sample)):
            widest = 0.0
            for _, strata in self._list_strata(wanted, Method(machine=machine)):
                estimate = estimate_share(strata, use_machine=machine is not None)
                if estimate is not None:
                    widest = max(widest, estimate.half_width)

            widths[machine] = widest

        alone = widths.pop(None)
        yield (
            f"people have coded {quantity(coded, 'text')} of run {self.run.id}, which tell what "
            f"readers would say to ± {100 * alone:.2g} points: no code of a model replaces them"
        )
        for machine, width in widths.items():
            saved = 1 - (width / alone) ** 2 if alone else 0.0
            if saved >= 0.01:
                yield f"{machine} saves {saved:.0%} of the codes that people need for as much"

    def _list_strata(
        self, wanted: Sequence[WantedCategory], method: Method
    ) -> Iterator[tuple[WantedCategory, list[CodedStratum]]]:
        for subject in list_subjects(self.run, self.sample, method):
            for category in wanted:
                if not subject.period and category.variable == subject.variable.name:
                    yield category, make_strata(self.run, subject, category.category)


def _find_pilot(db: Database, codebook_id: int, coder: str) -> _Pilot | None:
    """Return the newest sample that *coder* has coded, else the newest that people have."""
    kinds = [kind.name for kind in KINDS if kind.has_mentions]
    runs = db.fetch(list_sampled_runs, codebook_id, kinds)
    pilots = []
    for run_id in runs:
        run = load_run(db, run_id)
        for sample in read_coded_samples(run):
            if sample.codebook_id == codebook_id:
                pilots += [_Pilot(run, sample, reader) for reader in (coder, PEOPLE)]

    pilots = [pilot for pilot in pilots if pilot.sample.count_coded(pilot.reader)]
    return next((pilot for pilot in pilots if pilot.reader == coder), next(iter(pilots), None))


def describe_sample(plan: SamplePlan | None) -> Iterator[str]:
    """Yield the lines about a sample; none if there is none that grows."""
    if plan is None:
        return

    part = plan.texts / plan.population if plan.population else 0.0
    sizes = {
        plan.within: (plan.texts, plan.cost),
        plan.within / 2: (plan.texts_for_half, plan.cost_for_half),
    }
    for within, (texts, cost) in sizes.items():
        label = f"± {100 * within:g} points"
        ending = f", {part:.1%} of all" if within == plan.within else ""
        money = "" if cost is None else f", {format_money(cost, plan.currency)}"
        money += " at most" * (cost is not None and not plan.is_expected)
        yield f"{label:<16}about {quantity(texts, 'text')}{money}{ending}"

    yield f"  planned from  {plan.basis}"
    for share, texts in plan.assumed.items():
        yield f"  if {share:<11}about {quantity(texts, 'text')}, with so many of each part in it"

    for remark in plan.remarks:
        yield f"  {remark}"
