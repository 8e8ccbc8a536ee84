"""How many codes an interval of a wanted width takes: ``tidings label RUN --within SHARE``.

Each call after new codes is a look at the sample (`reports.stats.looks`), so that people may stop
as soon as a look says that it is enough: the intervals of that look hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.codebooks.wanted import parse_wanted
from cli.messages import inform, warn
from core.enums import SamplePart, SamplePeriod
from core.errors import UsageError
from core.quantities import quantity

if TYPE_CHECKING:
    from analysis.codebooks.codebook import Codebook
    from analysis.codebooks.drawing import SampleCounts
    from models.database import Database
    from reports.data.coded_samples import CodedSample
    from reports.stats.looks import Look


def plan_sample(
    db: Database, run: int, codebook: Codebook, within: float, per: SamplePeriod
) -> SampleCounts | int:
    """Return how many texts of each part are to be drawn for every share to be ± *within*.

    Without a code there is nothing to plan from: then a pilot is drawn. Raises `UsageError` if the
    codes are of a sample that was shared out between other periods than *per*.
    """
    from reports.data.coded_samples import PEOPLE, read_coded_samples
    from reports.data.run_data import load_run
    from reports.data.sample_looks import list_wanted_shares
    from reports.stats.looks import LEVELS, PILOT, take_look

    run_data = load_run(db, run)
    samples = read_coded_samples(run_data)
    sample = next((sample for sample in samples if sample.codebook.hash == codebook.hash), None)
    coded = 0 if sample is None else sample.count_coded(PEOPLE)
    if sample is None or not coded:
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

    looks = sample.looks_of(PEOPLE)
    drawn = [stratum.drawn for stratum in sample.strata]
    if looks and looks[-1].outcome is not None and looks[-1].within <= within:
        inform(looks[-1].outcome)
        return _count_by_part(sample, drawn)

    # The same codes are looked at once, whatever is asked of them.
    number = len(looks) + (not looks or looks[-1].coded < coded)
    if number > len(LEVELS):
        warn(
            f"the {len(LEVELS)} looks at this sample are over: its intervals hold as they are, and "
            "a further look would spend errors that are not there. Code what is drawn"
        )
        return _count_by_part(sample, drawn)

    wanted = list_wanted_shares(run_data, sample, parse_wanted(codebook, ()))
    texts = [stratum.texts for stratum in sample.strata]
    look = take_look(number, wanted, within, drawn=drawn, texts=texts)
    _store(db, run, sample, look, coded)
    return _count_by_part(sample, look.drawn or drawn)


def _store(db: Database, run: int, sample: CodedSample, look: Look, coded: int) -> None:
    """Store a look, and say what it has found."""
    from models.code_samples import store_look
    from reports.data.coded_samples import PEOPLE
    from reports.stats.looks import LEVELS, level_of_look
    from reports.words.quantities import format_confidence

    confidence = format_confidence(1 - level_of_look(look.number))
    widths = f"± {100 * look.half_width:.2g} points with {coded:,} coded, at {confidence}"
    place = f"look {look.number} of {len(LEVELS)}"
    points = f"± {100 * look.within:g} points"
    outcome = None
    if not look.missing:
        outcome = f"every share of the whole run is known to {points}: {widths}"
        inform(f"{outcome} ({place})")
    elif look.drawn is None:
        outcome = f"not known to {points}: {widths}"
        warn(f"{outcome} ({place}), and there is nothing to go on for")
    else:
        total = quantity(sum(look.drawn), "text")
        lowest, highest = (f"\u00b1 {100 * end:.2g}" for end in look.expected or (0.0, 0.0))
        inform(
            f"not yet known to {points}: {widths} ({place}). {total} are drawn, which give "
            f"{lowest} to {highest} points in 80 % of samples: code them, and the same command "
            "looks again"
        )

    row = {
        "run_id": run,
        "codebook_id": sample.codebook_id,
        "coder": PEOPLE,
        "number": look.number,
        "within": look.within,
        "coded": coded,
        "half_width": look.half_width,
        "outcome": outcome,
    }
    with db.write() as connection:
        store_look(connection, db, row)


def _count_by_part(
    sample: CodedSample, drawn: Sequence[int]
) -> dict[tuple[str, str, SamplePart], int]:
    return {
        (stratum.period, stratum.keyword, stratum.part): n
        for stratum, n in zip(sample.strata, drawn, strict=True)
    }
