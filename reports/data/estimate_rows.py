"""What is known from the codes of a sample: rows of the table `estimates`, and what was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from reports.data import export_schema as schema
from reports.data.coded_samples import PEOPLE

# How the method of an estimate ends that rests on rates of all periods, and of one that is
# corrected.
POOLED = "and rates of all periods"
CORRECTED = "and errors of coders"


@dataclass(frozen=True, slots=True)
class EstimateRow:
    """One row per codebook, variable, category, keyword, period and method.

    A sample of all texts was coded by people or by a language model; an estimate says what they
    would say of all texts. It has an interval, which tells how far another sample could move it.
    """

    run: schema.RunNumber
    codebook: Annotated[str, "Name of the codebook."]
    hash: Annotated[str, "The first 12 digits of the codebook's hash."]
    variable: Annotated[str, "Name of the variable."]
    category: Annotated[str | None, "A code of the variable; null for the mean of a scale."]
    keyword: Annotated[
        str | None, "The keyword that was asked of; null if the codebook asks of none."
    ]
    period: Annotated[str | None, "Month, quarter `2020-Q1` or year; null for the whole run."]
    measure: Annotated[
        str,
        "`share` of all texts, `precision`: of those with the keyword, `asked`: of those with the "
        "keyword of which the variable is asked; `recall` and `f1` of the keyword; `mean` of a "
        "scale.",
    ]
    method: Annotated[
        str,
        "`people`, or `people and CODER` where codes of a machine helped; `people, model:NAME and "
        "network:RUN` where those of a model's sample and of a network did. `model:NAME`, or "
        "`model:NAME and network:RUN`: what the model would say, whether people would or not. "
        "`people and rates of all periods`: of a period, by its numbers of texts and the shares of "
        "all, where these do not differ between periods beyond chance. `people and errors of "
        "coders`: of the whole run, without the errors that texts of several coders show.",
    ]
    n_population: Annotated[int, "Texts that the estimate is about."]
    n_model: Annotated[
        int,
        "Of these, texts that the machine coded, the network where there are two; different texts "
        "that the model coded where the method is `model:NAME` or has no network.",
    ]
    n_person: Annotated[int, "Different texts that people coded."]
    estimate: Annotated[float, "The share (0 to 1) or the mean."]
    low: Annotated[float, "Lower end of its interval."]
    high: Annotated[float, "Upper end."]
    group: Annotated[
        str | None,
        "The group of the documents, if the run has a grouping (`--by`); null for all together.",
    ]
    confidence: Annotated[
        float,
        "Level of the interval: 0.95, or that of the last look at a sample that grew.",
    ]

    @property
    def model(self) -> str | None:
        """The language model of which it says what it would say; None if it is of people."""
        return None if self.method.startswith(PEOPLE) else self.method.partition(" and ")[0]

    @property
    def n_read(self) -> int:
        """Different texts that its readers coded."""
        return self.n_model if self.model else self.n_person


@dataclass(frozen=True)
class ReadTexts:
    """The texts with the keyword, or those without it, and the answers of those that were read.

    *has_keyword* is None where a sample does not tell the two apart.
    """

    has_keyword: bool | None
    population: int
    read: int

    # Texts by the answer on which all their readers agree; a text may have several categories.
    answers: Mapping[str, int]

    # Texts that at least one of their readers put into a category.
    given: Mapping[str, int]

    # Texts of which nobody could say it, of which it was not asked, and on which readers differ.
    unclear: int
    not_asked: int
    differing: int

    @property
    def answered(self) -> int:
        """The texts that were read and could be told."""
        return self.read - self.unclear
