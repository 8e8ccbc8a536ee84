"""What coders' errors do to the shares of a sample: rates from its doubles, or assumed ones."""

from __future__ import annotations

from collections.abc import Iterator

from models.codes import ADJUDICATED
from reports.data.code_agreement import list_people
from reports.data.estimate_strata import PEOPLE_ALONE, CodedSubject, is_in, make_strata
from reports.data.run_data import RunData
from reports.stats.coder_errors import CoderErrors, SharedText, correct_share
from reports.stats.proportions import estimate_share

# How the method of an estimate ends that is corrected.
CORRECTED = "and errors of coders"


def correct_subject(
    run: RunData, subject: CodedSubject, category: str, tail: float
) -> CoderErrors | None:
    """Return the share of people's codes without coders' errors, read once; None without doubles.

    Nor is there one of a machine, nor where no text was coded.
    """

    def correct() -> CoderErrors | None:
        texts = list(_list_shared(subject, category))
        share = estimate_share(make_strata(run, subject, category), tail=tail)
        if share is None:
            return None

        coded = [unit for unit in subject.sample.units if unit.people]
        single = sum(ADJUDICATED not in unit.codes for unit in coded) / max(1, len(coded))
        return correct_share(share, texts, single_part=single)

    if subject.method != PEOPLE_ALONE:
        return None

    names = (subject.variable.name, subject.keyword, subject.period, category, tail)
    return run.once((correct_subject, subject.sample.codebook_id, *names), correct)


def _list_shared(subject: CodedSubject, category: str) -> Iterator[SharedText]:
    """Yield the texts of a subject that several people coded."""
    sample = subject.sample
    for stratum in subject.strata:
        for unit in sample.units_by_stratum[stratum.number]:
            answers = [
                sample.code(unit, coder, subject.variable) for coder in list_people(unit.codes)
            ]
            codes = [is_in(answer, category) > 0 for answer in answers if answer is not None]
            decided = sample.code(unit, ADJUDICATED, subject.variable)
            if len(codes) > 1:
                truth = None if decided is None else is_in(decided, category) > 0
                yield SharedText(stratum.part.kind, len(codes), sum(codes), truth)
