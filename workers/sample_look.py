"""A look at the codes of a run's sample, as a job that ends the sample or has it enlarged.

The job waits until all months have coded what was drawn. A look that has the sample enlarged
stores it, and queues the months that have more to code, in one transaction: whatever is killed, the
same look is taken again, or the next one when the months have ended.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

from sqlalchemy import Connection

from analysis.codebooks.drawing import SampleCounts
from analysis.codebooks.model_prompt import Prompt
from analysis.codebooks.wanted import parse_wanted
from analysis.options import TextOptions
from analysis.steps import codes
from core.enums import SamplePart, SamplePeriod, WaitFor
from core.prices import MICRO, Price, format_money, parse_price
from core.quantities import quantity
from models.code_samples import store_look
from models.costs import read_prompt_uses
from models.jobs import count_failed_jobs, fence, has_unended_job, list_job_names
from models.payers import read_cost_left
from models.redo_transitions import redo_step
from models.run_transitions import lock_run
from models.runs import get_run
from producers.code_sample import DrawnSample
from reports.data.coded_samples import CodedSample, read_coded_samples
from reports.data.later_units import count_later_units
from reports.data.run_data import RunData, load_run
from reports.data.sample_looks import list_wanted_shares
from reports.stats.looks import (
    Look,
    WantedShare,
    count_pilot_of_period,
    level_of_look,
    take_look,
)
from reports.words.quantities import format_confidence, join_words
from workers.context import JobContext
from workers.job_sample import SEED
from workers.outcomes import Done, Failed, Outcome, WaitUntil, backoff_seconds

FIRST_WAIT_SECONDS = 1.0
_WAITS = "looks at the codes when all months have coded what was drawn"

# A pilot is shared out between the mentions of a period, its near misses and its other texts.
PARTS_OF_PERIOD = 3

# At most so many shares are named that are not known well enough.
_SHARES_NAMED = 5

# Calls in flight are charged their bounds, and texts differ in length: so much of the money that a
# cap leaves is planned.
_PLANNED_PART = 0.95

# Further texts are worth a look if they are so large a part of those that are coded.
_LEAST_GROWTH = 0.02


def look_at_sample(job: JobContext) -> Outcome:
    """Look at the codes; enlarge the sample, or say why it stays as it is."""
    run_id = job.claim.run_id
    with job.db.read() as connection:
        if has_unended_job(connection, run_id):
            return wait_for_jobs(_WAITS, job.claim.waits)

        failed = count_failed_jobs(connection, run_id)

    if failed:
        return Failed(f"{quantity(failed, 'job')} of the run failed: its sample is not complete")

    run = load_run(job.db, run_id)
    options: TextOptions = run.parameters
    assert options.coder is not None  # noqa: S101 - `match_coder` has put them in
    assert options.half_width is not None  # noqa: S101
    samples = [
        sample
        for sample in read_coded_samples(run)
        if sample.codebook.hash.hex() == options.codebook and sample.count_coded(options.coder)
    ]
    if not samples:
        return Done("no text could be coded: nothing is known of any share")

    sample = samples[0]
    looks = sample.looks_of(options.coder)
    if looks and looks[-1].outcome is not None:
        return Done(looks[-1].outcome)
    if _add_later_documents(job, run, sample):
        return wait_for_jobs(_WAITS)

    wanted = list_wanted_shares(
        run,
        sample,
        parse_wanted(sample.codebook, options.wanted),
        reader=options.coder,
        by_period=options.wanted_by is not None,
    )
    affordable = _count_affordable(job, sample, options)
    look = take_look(
        len(looks) + 1,
        wanted,
        options.half_width,
        drawn=[stratum.drawn for stratum in sample.strata],
        texts=[stratum.texts for stratum in sample.strata],
        most_new=affordable,
    )
    coded = sample.count_coded(options.coder)
    if look.drawn is None:
        outcome = _describe_end(job, look, wanted, sample, coded)
        with job.db.write() as connection:
            fence(connection, job.claim, progress=True)
            _store(connection, job, look, sample, options.coder, coded, outcome)

        return Done(outcome)

    _enlarge(job, look, sample, options.coder, coded)
    return wait_for_jobs(_WAITS)


def _add_later_documents(job: JobContext, run: RunData, sample: CodedSample) -> bool:
    """Draw the sample again if documents came since it was drawn; return whether it has changed.

    Strata keep as many texts as they had; a period that is new gets those of a pilot. The months
    whose strata have changed are queued to code what is new.
    """
    run_id, options = job.claim.run_id, run.parameters
    per = SamplePeriod.that_has(sample.strata[0].period)
    months = job.db.fetch(list_job_names, run_id)
    new_periods = {per.of_month(month) for month in months} - set(sample.periods)
    if not new_periods and not count_later_units(run, sample):
        return False

    counts = {
        (stratum.period, stratum.keyword, stratum.part): stratum.drawn for stratum in sample.strata
    }
    of_part = count_pilot_of_period(is_estimated=options.wanted_by is not None) / PARTS_OF_PERIOD
    classes = len({stratum.part for stratum in sample.strata if stratum.part.is_rest})
    for period, keyword, part in product(new_periods, sample.keywords, SamplePart):
        share = max(1, classes) if part.is_rest else 1
        counts[period, keyword, part] = math.ceil(of_part / share)

    drawn_sample = DrawnSample.draw(job.db, run_id, sample.codebook, n=counts, per=per, seed=SEED)
    earlier = {
        (stratum.period, stratum.keyword, stratum.part): (stratum.population, stratum.drawn)
        for stratum in sample.strata
    }
    later = drawn_sample.count_by_stratum()
    changed = {period for (period, _, _), _ in earlier.items() ^ later.items()}
    if not changed:
        return False

    with job.db.write() as connection:
        lock_run(connection, run_id)
        fence(connection, job.claim, progress=True)
        drawn_sample.store(connection)
        changed_months = [month for month in months if per.of_month(month) in changed]
        redo_step(connection, run_id, codes.NAME, changed_months)

    return True


def wait_for_jobs(reason: str, waits: int = 0) -> WaitUntil:
    """Return that the job waits for the others of its run, after so many *waits* before."""
    seconds = backoff_seconds(FIRST_WAIT_SECONDS, waits)
    return WaitUntil(seconds, reason, waits_for=WaitFor.END_OF_JOBS)


def _enlarge(job: JobContext, look: Look, sample: CodedSample, coder: str, coded: int) -> None:
    """Draw what the look asks for, and queue the months of the texts that are new."""
    run_id = job.claim.run_id
    counts: SampleCounts = {
        (stratum.period, stratum.keyword, stratum.part): n
        for stratum, n in zip(sample.strata, look.drawn or (), strict=True)
    }
    per = SamplePeriod.that_has(sample.strata[0].period)
    drawn_sample = DrawnSample.draw(job.db, run_id, sample.codebook, n=counts, per=per, seed=SEED)
    with job.db.write() as connection:
        lock_run(connection, run_id)
        fence(connection, job.claim, progress=True)
        _store(connection, job, look, sample, coder, coded, None)
        drawn_sample.store(connection)
        grown = {
            stratum.period
            for stratum, n in zip(sample.strata, look.drawn or (), strict=True)
            if n > stratum.drawn
        }
        months = [
            month for month in list_job_names(connection, run_id) if per.of_month(month) in grown
        ]
        redo_step(connection, run_id, codes.NAME, months)


def _store(  # noqa: PLR0917 - a look has many parts
    connection: Connection,
    job: JobContext,
    look: Look,
    sample: CodedSample,
    coder: str,
    coded: int,
    outcome: str | None,
) -> None:
    row = {
        "run_id": job.claim.run_id,
        "codebook_id": sample.codebook_id,
        "coder": coder,
        "number": look.number,
        "within": look.within,
        "coded": coded,
        "half_width": look.half_width,
        "outcome": outcome,
    }
    store_look(connection, job.db, row)


def _count_affordable(job: JobContext, sample: CodedSample, options: TextOptions) -> int | None:
    """Return how many further texts the caps on costs of the run and its payers leave.

    Return None without a cap.

    What a text costs is the mean of the answers to the same prompts. Room for one call at its
    bound is left, since no call is made without it.
    """
    with job.db.read() as connection:
        run = get_run(connection, job.claim.run_id)
        uses = read_prompt_uses(connection, options.coder or "")
        left = read_cost_left(connection, run)

    if left is None or options.model is None:
        return None

    price = parse_price(options.model.price)
    prompts = {
        Prompt(sample.codebook, keyword, options.model.max_tokens).hash
        for keyword in sample.keywords
    }
    known = [use for use in uses if use.prompt in prompts]
    mean, bound = _expect_cost(known, price, options.model.max_tokens)
    if not mean:
        return None

    affordable = math.floor((left - bound) * _PLANNED_PART / mean)
    coded = sample.count_coded(options.coder or "")
    return affordable if affordable >= max(1, _LEAST_GROWTH * coded) else 0


def _expect_cost(uses: Sequence[Any], price: Price, max_tokens: int) -> tuple[float, int]:
    """Return what an answer costs on average, and about what the dearest call may cost."""
    answers = sum(use.answers for use in uses)
    if not answers:
        return 0.0, 0

    tokens_in = sum(use.tokens for use in uses) / answers
    tokens_out = sum(use.completions for use in uses) / answers
    mean = (tokens_in * price.prompt + tokens_out * price.completion) / MICRO
    size = sum(use.sizes for use in uses) / answers
    return max(mean, 1.0), price.most(math.ceil(2 * size), max_tokens)


def _describe_end(
    job: JobContext, look: Look, wanted: Sequence[WantedShare], sample: CodedSample, coded: int
) -> str:
    """Return why the sample stays as it is, and what is not known well enough."""
    points = f"\u00b1 {100 * look.within:g} points"
    confidence = format_confidence(1 - level_of_look(look.number))
    texts = f"{quantity(coded, 'text')} coded, intervals at {confidence}"
    if not look.missing:
        return f"every wanted share is known to {points}: {texts}"

    missing_names = {share.name for share in look.missing}
    places = {
        stratum.number
        for share in wanted
        if share.name in missing_names
        for stratum in share.strata
    }
    if all(sample.strata[place].drawn == sample.strata[place].texts for place in places):
        reason = "all their texts were asked about"
    elif look.is_last:
        reason = "five looks are over"
    else:
        run = job.db.fetch(get_run, job.claim.run_id)
        has_cap = run.max_cost is not None
        cap = format_money(run.max_cost, run.currency or "") if has_cap else "its payer"
        reason = f"the cap of {cap} leaves no more"

    named = [
        f"{share.name}: \u00b1 {100 * share.half_width:.2g} points"
        if share.estimate is not None
        else f"{share.name}: no code, counted with the period before it"
        for share in look.missing[:_SHARES_NAMED]
    ]
    if len(look.missing) > _SHARES_NAMED:
        named.append(f"{len(look.missing) - _SHARES_NAMED:,} more")

    return f"not known to {points}, since {reason}: {join_words(named)}; {texts}"
