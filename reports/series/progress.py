"""How far a job is, as its counts depend on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.steps import keywords as keywords_step
from analysis.steps import polarity as polarity_step
from core.enums import DOCUMENTS, StepState

_ENDED = (StepState.COMPLETE, StepState.NO_DATA)


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a job's rows, and whether its counts and polarities are final."""

    state: str | None
    has_counts: bool
    has_polarity: bool

    @classmethod
    def of(cls, states: Mapping[str, str | None]) -> Progress:
        """Return how far the job is whose requested steps have these *states*."""
        if states.get(DOCUMENTS) == StepState.NO_DATA:
            return NO_DATA

        counted = (DOCUMENTS, keywords_step.NAME, polarity_step.NAME)
        requested = {step: states[step] for step in counted if step in states}
        ended = {step for step, state in requested.items() if state in _ENDED}
        state = None
        if StepState.FAILED in requested.values():
            state = StepState.FAILED.value
        elif len(ended) == len(requested):
            state = StepState.COMPLETE.value

        return cls(state, keywords_step.NAME in ended, polarity_step.NAME in ended)


NO_DATA = Progress(StepState.NO_DATA.value, has_counts=False, has_polarity=False)
