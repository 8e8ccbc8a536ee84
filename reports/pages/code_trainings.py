"""The page of a network that codes texts: how it was checked against the people who trained it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from analysis.codebooks.network import CodeNetwork, read_network
from models.tables import Training
from reports.data.queries import fetch_all
from reports.data.run_data import RunData
from reports.figures import code_trainings as figures
from reports.figures.figure_store import FigureRef, FigureStore, slug


@dataclass
class OutputSection:
    """What was found out about one variable, or one category of several."""

    evaluation: dict[str, Any]
    figures: list[FigureRef] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The variable, with its category."""
        return str(self.evaluation["name"])

    @property
    def slug(self) -> str:
        """Its name as a part of file names and anchors."""
        return slug(self.name)

    @property
    def is_learned(self) -> bool:
        """Whether enough texts were coded to learn from."""
        return self.evaluation["accuracy"] is not None


@dataclass
class CodeTrainingsPage:
    """All that the template of a training of codes needs besides the summary."""

    coded_run: int
    state: str
    reason: str | None
    remarks: list[str]

    # None if the training is not finished.
    codebook: str | None = None
    sections: list[OutputSection] = field(default_factory=list)


def make_page(run: RunData, store: FigureStore) -> CodeTrainingsPage:
    """Read what the training found out, and draw its figures."""
    (job,) = run.jobs
    page = CodeTrainingsPage(run.parameters.coded_run, job.state, job.reason, [])
    statement = select(Training.weights, Training.remarks).where(Training.job_id == job.id)
    for weights, remarks in fetch_all(run.db, statement):
        page.remarks = remarks
        if weights is not None:
            network = read_network(weights)
            page.codebook = network.codebook.name
            page.sections = _draw_sections(network, store)

    return page


def _draw_sections(network: CodeNetwork, store: FigureStore) -> list[OutputSection]:
    sections = []
    for evaluation in network.evaluation["outputs"]:
        section = OutputSection(evaluation)
        if section.is_learned:
            section.figures += store.show_all(
                figures.course_spec(section.slug, evaluation),
                figures.confusion_spec(section.slug, evaluation),
            )

        sections.append(section)

    return sections
