"""The page of a network that codes texts: how it was checked against the people who trained it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from analysis.codebooks.network import read_network
from models.tables import Training
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, RunJob
from reports.figures import code_trainings as figures
from reports.figures.figure_store import FigureRef, FigureStore, slug

# What was found out about a variable, or a category of several, with figures if it was learned.
Output = tuple[Mapping[str, Any], list[FigureRef]]


@dataclass
class CodeTrainingsPage:
    """All that the template of a training of codes needs besides the summary."""

    coded_run: int
    job: RunJob
    remarks: list[str] = field(default_factory=list)

    # None if the training is not finished.
    outputs: list[Output] = field(default_factory=list)


def read_code_training(run: RunData, store: FigureStore) -> CodeTrainingsPage:
    """Read what the training found out, and draw its figures."""
    (job,) = run.jobs
    page = CodeTrainingsPage(run.parameters.coded_run, job)
    statement = select(Training.weights, Training.remarks).where(Training.job_id == job.id)
    for weights, remarks in fetch_all(run.db, statement):
        page.remarks = remarks
        if weights is not None:
            evaluation = read_network(weights).evaluation
            page.outputs = [_draw_output(output, store) for output in evaluation["outputs"]]

    return page


def _draw_output(evaluation: Mapping[str, Any], store: FigureStore) -> Output:
    if evaluation["accuracy"] is None:
        return evaluation, []

    name = slug(evaluation["name"])
    specs = figures.course_spec(name, evaluation), figures.confusion_spec(name, evaluation)
    return evaluation, store.show_all(*specs)
