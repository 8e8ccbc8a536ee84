"""Which steps a job of each kind goes through, in their order: the only place that lists steps."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from analysis.step import Step
from analysis.steps import codes, distinctive, entities, keywords, phrases, polarity, summary
from core.enums import DOCUMENTS


@dataclass(frozen=True)
class Pipeline:
    """The steps of a kind of job in their order; *optional* steps run only if they are named."""

    steps: tuple[Step, ...]
    optional: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all steps."""
        return tuple(step.name for step in self.steps)

    @property
    def default_names(self) -> tuple[str, ...]:
        """The names of the steps that are done by default."""
        return tuple(step_name for step_name in self.names if step_name not in self.optional)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of a job in the order of work: its documents, then the steps."""
        return (DOCUMENTS, *self.names)

    def sort_names(self, names: Collection[str]) -> tuple[str, ...]:
        """Return *names* in the order of work. Raises ValueError for what is no step."""
        unknown = [step_name for step_name in names if step_name not in self.names]
        if unknown:
            raise ValueError(f"there is no step {unknown[0]}: choose of {', '.join(self.names)}")

        return tuple(step_name for step_name in self.names if step_name in names)

    def select(self, names: Collection[str], completed: Collection[str] = ()) -> list[Step]:
        """Return the steps called *names* that are not *completed*, in the order of work."""
        return [step for step in self.steps if step.name in names and step.name not in completed]

    def stages(self, steps: Sequence[Step]) -> Iterator[list[Step]]:
        """Yield *steps* in groups that can run at once: each needs none of its own group."""
        remaining = list(steps)

        while remaining:
            unfinished = {step.name for step in remaining}
            stage = [step for step in remaining if unfinished.isdisjoint(step.needs)]
            yield stage
            remaining = [step for step in remaining if step not in stage]


MONTHS = Pipeline(
    (
        keywords.STEP,
        polarity.MENTIONS_STEP,
        summary.STEP,
        phrases.STEP,
        entities.STEP,
        distinctive.STEP,
        codes.STEP,
    ),
    optional=(summary.STEP.name, codes.STEP.name),
)
POSTS = Pipeline(
    (
        summary.STEP,
        phrases.STEP,
        entities.STEP,
        polarity.POSTS_STEP,
        distinctive.STEP,
        codes.STEP,
    ),
    optional=(codes.STEP.name,),
)
