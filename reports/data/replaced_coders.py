"""Whether a machine may replace a coder, by what several people said of the same texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from analysis.codebooks.codebook import Variable, VariableType
from analysis.codebooks.wanted import list_categories
from core.quantities import quantity
from reports.data.coded_samples import NOT_ASKED, CodedSample, is_in
from reports.frames.codes import IS_OF_PERSON
from reports.stats.replacement import DoubleCoded, Replacement, Verdict, judge_replacement


@dataclass(frozen=True)
class ReplacedCoder:
    """A machine in the place of a coder of a variable, or of one of its categories.

    *category* is None for the whole variable, *period* "" for the whole run. A category is judged
    on the texts that somebody puts into it: on all others everybody agrees.
    """

    coder: str
    variable: str
    category: str | None
    period: str
    replacement: Replacement

    @property
    def sentence(self) -> str:
        """Whether it may, in a sentence."""
        found = self.replacement
        name = self.variable if self.category is None else f"{self.variable} = {self.category}"
        share = found.as_good
        figures = (
            f"as good as a person on {100 * share.value:.0f} % ({100 * share.low:.0f} to "
            f"{100 * share.high:.0f} %) of {quantity(share.n, 'text')} that several people coded"
        )
        match found.verdict:
            case Verdict.YES:
                answer = "yes"
            case Verdict.NO:
                answer = "no"
            case Verdict.OPEN:
                more = "very many" if found.more is None else f"about {found.more:,}"
                answer = f"not known: {more} more texts that several people code would decide"

        return f"{name}: {answer}; {figures}"


def judge_machines(sample: CodedSample) -> Iterator[ReplacedCoder]:
    """Yield what is known of each machine, variable, category and period of a sample."""
    periods = {stratum.number: stratum.period for stratum in sample.strata}
    named = sorted(set(periods.values()) - {""})
    for coder in sample.machines:
        for variable in sample.codebook.variables:
            texts = list(_list_texts(sample, coder, variable, periods))
            categories: list[str | None] = [None]
            if variable.type not in (VariableType.SCALE, VariableType.YES_NO):
                categories += list_categories(variable)

            for category in categories:
                for period in ["", *(named if len(named) > 1 else [])]:
                    replacement = judge_replacement(
                        (
                            text if category is None else _recode(text, category)
                            for text_period, text in texts
                            if period in ("", text_period)
                            and (category is None or _is_put_into(text, category))
                        ),
                        is_scale=variable.type == VariableType.SCALE,
                    )
                    if replacement is not None:
                        yield ReplacedCoder(coder, variable.name, category, period, replacement)


def _list_texts(
    sample: CodedSample, coder: str, variable: Variable, periods: Mapping[int, str]
) -> Iterator[tuple[str, DoubleCoded]]:
    """Yield the texts of which several people and the machine say something, with their periods.

    Where nobody was asked the variable there is nothing to agree on.
    """
    is_scale = variable.type == VariableType.SCALE
    answers = sample.answers(variable)
    of_machine = answers.filter(pl.col("coder") == coder).select("unit", machine="code")
    by_people = answers.filter(IS_OF_PERSON).group_by("stratum", "unit").agg("coder", "code")
    texts = of_machine.join(by_people, on="unit").sort("unit")
    for _, machine, number, coders, codes in texts.iter_rows():
        people = dict(zip(coders, codes, strict=True))
        if len(people) < 2:
            continue

        # A scale has no distance to what is not asked.
        are_asked = [code != NOT_ASKED for code in (machine, *people.values())]
        if all(are_asked) or (any(are_asked) and not is_scale):
            yield periods[number], DoubleCoded(people, machine)


def _is_put_into(text: DoubleCoded, category: str) -> bool:
    return any(is_in(code, category) for code in (text.machine, *text.people.values()))


def _recode(text: DoubleCoded, category: str) -> DoubleCoded:
    """Return a text with whether each coder puts it into a category."""
    people = {person: f"{is_in(code, category)}" for person, code in text.people.items()}
    return DoubleCoded(people, f"{is_in(text.machine, category)}")
