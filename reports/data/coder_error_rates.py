"""What coders' errors do to the shares of a sample: rates from its doubles, or assumed ones."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from models.codes import ADJUDICATED
from reports.data.coded_samples import PEOPLE, says
from reports.data.estimate_strata import PEOPLE_ALONE, CodedSubject, make_strata
from reports.data.run_data import RunData, once
from reports.frames.codes import IS_OF_PERSON
from reports.stats.coded_shares import estimate_share
from reports.stats.coder_errors import CoderErrors, SharedText, correct_share


@once
def correct_subject(
    run: RunData, subject: CodedSubject, category: str, tail: float
) -> CoderErrors | None:
    """Return the share of people's codes without coders' errors; None without doubles.

    Nor is there one of a machine, nor where no text was coded.
    """
    if subject.method != PEOPLE_ALONE:
        return None

    share = estimate_share(make_strata(run, subject, category), tail=tail)
    if share is None:
        return None

    texts = list(_list_shared(subject, category))
    coded = subject.sample.count_coded(PEOPLE)
    decided = subject.sample.count_coded(ADJUDICATED)
    single = (coded - decided) / max(1, coded)
    return correct_share(share, texts, single_part=single)


def _list_shared(subject: CodedSubject, category: str) -> Iterator[SharedText]:
    """Yield the texts of a subject that several people coded."""
    parts = {stratum.number: stratum.part.kind for stratum in subject.strata}
    answers = subject.sample.answers(subject.variable)
    of_strata = answers.filter(pl.col("stratum").is_in([*parts]))
    is_positive = says(category)
    texts = of_strata.group_by("stratum", "unit").agg(
        coders=IS_OF_PERSON.sum(),
        positive=(IS_OF_PERSON & is_positive).sum(),
        decided=is_positive.filter(pl.col("coder") == ADJUDICATED).first(),
    )
    shared = texts.filter(pl.col("coders") > 1).sort("stratum", "unit").drop("unit")
    for number, coders, positive, decided in shared.iter_rows():
        yield SharedText(parts[number], coders, positive, decided)
