"""Runs that train networks, a job for each point of a sweep; they read no documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from analysis.frozen_model import FrozenModel
from analysis.kinds.kind import Kind
from core.enums import QUEUE_TRAINING

# The network that codes texts.
CODES: Literal["codes"] = "codes"


class TrainingParameters(FrozenModel):
    """The parameters of `submit training` that all jobs of a sweep share.

    `Job.options` holds the parameters in which jobs differ.
    """

    kind: Literal["training"] = "training"
    network: Literal["feedforward", "recurrent", "polarity", "codes"]

    data: str

    # A network that codes texts learns from the codes of this run, by the codebook of this hash.
    coded_run: int | None = None
    codebook: str | None = None
    options: dict[str, Any]
    max_words: int = 50


class Trainings(Kind[TrainingParameters]):
    """Trainings of networks. `producers.trainings` names their jobs after the swept options."""

    name = "training"
    job_kind = "training"
    report = "trainings"
    job_noun, job_nouns = "network", "networks"
    description = "Train networks, one for each point of a sweep."
    has_networks = True
    queue = QUEUE_TRAINING
    parameters = TrainingParameters

    def job_names(
        self,
        parameters: TrainingParameters,  # noqa: ARG002
        subjects: Sequence[str],
    ) -> Sequence[str]:
        """Return *subjects*: they are the job names, which the sweep has made."""
        return subjects

    def command_words(
        self,
        parameters: TrainingParameters,
        job_names: Sequence[str],  # noqa: ARG002
    ) -> list[str]:
        """Return the network, its data, and the options that all jobs share."""
        if parameters.codebook is not None:
            subject = [f"{parameters.coded_run}", "--codebook", parameters.codebook]
            return [self.name, parameters.network, *subject]

        command = [self.name, parameters.network, "--data", parameters.data]
        for option_name, option_value in sorted(parameters.options.items()):
            if option_value is not None:
                text = (
                    ",".join(map(str, option_value))
                    if isinstance(option_value, list)
                    else str(option_value)
                )
                command += [f"--{option_name.replace('_', '-')}", text]

        return command
