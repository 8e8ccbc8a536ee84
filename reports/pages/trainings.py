"""The page of a run of trainings: their table, and for each its course and what it learned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np
from sqlalchemy import select

from analysis.kinds.trainings import TrainingParameters
from core.errors import TidingsError
from models.tables import Job, Training
from networks.data import Data, split_images
from networks.errors import NetworkError
from networks.files import read_images
from reports.data.queries import fetch_all, index_by
from reports.data.run_data import RunData
from reports.data.tables.trainings import (
    EpochRow,
    PredictionRow,
    TrainingRow,
    read_epochs,
    read_predictions,
    read_trainings,
)
from reports.figures import trainings as figures
from reports.figures.figure_store import FigureRef, FigureStore, slug

PREDICTIONS_SHOWN = 20_000  # of one training


@dataclass
class TrainingSection:
    """One training."""

    row: TrainingRow
    state: str
    reason: str | None
    remarks: list[str]
    epochs: list[EpochRow]
    figures: list[FigureRef] = field(default_factory=list)

    @property
    def slug(self) -> str:
        """Its name as a part of file names and anchors."""
        return slug(self.row.job)


@dataclass
class TrainingsPage:
    """All that the template of a run of trainings needs besides the summary."""

    network: str
    data: str
    sections: list[TrainingSection]
    varied: list[str]  # the options in which the trainings differ
    options: dict[str, Any]  # those that all share
    rules: dict[str, float] = field(default_factory=dict)  # accuracy of rules without a network

    @property
    def best(self) -> TrainingSection | None:
        """The training of the highest accuracy, or else of the lowest validation RMSE."""
        best, best_score = None, -np.inf
        for section in self.sections:
            score = section.row.accuracy
            if score is None and section.row.validation_rmse is not None:
                score = -section.row.validation_rmse
            if score is not None and score > best_score:
                best, best_score = section, score
        return best

    @property
    def highlights(self) -> list[str]:
        """What the numbers say of the best training."""
        if self.best is None:
            return []
        row, several = self.best.row, len(self.sections) > 1
        who = f"{row.job}, the best of {len(self.sections)}," if several else "The network"
        if row.accuracy is None:
            return _forecast_highlights(who, row)

        percent = 100 * row.accuracy
        sentences = [f"{who} classifies {percent:.2f} % of the test set correctly."]
        if self.rules:
            name, accuracy = max(self.rules.items(), key=itemgetter(1))
            verdict = "beats" if row.accuracy > accuracy else "does not beat"
            sentences.append(
                f"It {verdict} the best simple rule, {name}, with {100 * accuracy:.2f} %."
            )
        return [*sentences, *self.best.remarks[:1]]


def make_page(
    data: RunData, store: FigureStore, names: Collection[str] | None = None
) -> TrainingsPage:
    """Read a run's results and draw its figures, one training after the other, or *names* alone."""
    parameters: TrainingParameters = data.parameters
    sections = _read_sections(data, names)
    varied, shared = _split_options(list(map(attrgetter("row"), sections.values())))
    page = TrainingsPage(
        parameters.network, parameters.data, list(sections.values()), varied, shared
    )
    for section in page.sections:
        name = section.row.job
        section.figures += store.show_all(
            figures.course_spec(section.slug, section.epochs, name=name)
        )

    pictures = _read_pictures(parameters.data) if parameters.network == "feedforward" else None
    if pictures is not None and names is None:
        page.rules = simple_rules(pictures)
    for job, rows in groupby(read_predictions(data, names), key=attrgetter("job")):
        predictions = list(islice(rows, PREDICTIONS_SHOWN))
        section = sections[job]
        section.figures += _draw_predictions(
            section.slug, predictions, page.network, pictures, store
        )
    return page


def _read_sections(data: RunData, names: Collection[str] | None) -> dict[str, TrainingSection]:
    epochs: dict[str, list[EpochRow]] = defaultdict(list)
    for row in read_epochs(data, names):
        epochs[row.job].append(row)
    statement = select(Job.name, Training.remarks).outerjoin(Training)
    remarks = {}
    for name, of_job in fetch_all(data.db, statement.where(Job.run_id == data.id)):
        remarks[name] = of_job or []
    jobs = index_by("name", data.jobs)

    sections = {}
    for training in read_trainings(data):
        name = training.job
        job = jobs[name]
        sections[name] = TrainingSection(
            training, job.state, job.reason, remarks[name], epochs[name]
        )
    return sections


def _split_options(rows: list[TrainingRow]) -> tuple[list[str], dict[str, Any]]:
    """Return the options in which trainings differ, and those that all share and that are set."""
    varied: list[str] = []
    shared: dict[str, Any] = {}
    for name, value in rows[0].options.items() if rows else ():
        if len({repr(row.options[name]) for row in rows}) > 1:
            varied.append(name)
        elif value is not None:
            shared[name] = value
    return varied, shared


def _forecast_highlights(who: str, row: TrainingRow) -> list[str]:
    sentences = [f"{who} has a validation RMSE of {row.validation_rmse:.3g}."]
    baselines = (
        (row.baseline_mean, "the mean"),
        (row.baseline_last, "the last value"),
        (row.baseline_recurrence, "a linear recurrence"),
    )
    errors = [(error, name) for error, name in baselines if error is not None]
    if errors and row.validation_rmse is not None:
        error, name = min(errors, key=itemgetter(0))
        verdict = "beats" if row.validation_rmse < error else "does not beat"
        sentences.append(f"It {verdict} the best simple forecast, {name}, with {error:.3g}.")
    return sentences


def _draw_predictions(
    prefix: str,
    predictions: list[PredictionRow],
    network: str,
    pictures: Data | None,
    store: FigureStore,
) -> list[FigureRef]:
    if network == "polarity":
        return []
    if network == "recurrent":
        return store.show_all(figures.sequence_spec(prefix, predictions))
    tested = pictures.test if pictures is not None else None
    return store.show_all(
        figures.confusion_spec(prefix, predictions),
        figures.mistakes_spec(prefix, predictions, tested.x) if tested is not None else None,
    )


def simple_rules(data: Data) -> dict[str, float]:
    """Return the accuracy on the test split of two rules that learn from the training split."""
    if data.test is None or not len(data.test):
        return {}

    actual, classes = data.test.y.argmax(axis=1), data.train.y.argmax(axis=1)
    counts = data.train.y.sum(axis=0)
    means = data.train.y.T @ data.train.x / np.maximum(counts, 1)[:, None]
    # the mean that is nearest has the largest x·m - |m|²/2; a class without a picture has no mean
    closeness = data.test.x @ means.T - (means**2).sum(axis=1) / 2
    nearest = np.where(counts > 0, closeness, -np.inf).argmax(axis=1)
    return {
        "always the most frequent class": float((actual == np.argmax(np.bincount(classes))).mean()),
        "the class whose mean picture is nearest": float((actual == nearest).mean()),
    }


def _read_pictures(path: str) -> Data | None:
    """Return the pictures of a training; None where they are not here any more."""
    try:
        if path == "digits":
            from sklearn.datasets import load_digits  # noqa: PLC0415 - an extra

            digits = load_digits()
            return split_images(digits.images, digits.target, dtype=np.float32)
        return read_images(path, dtype=np.float32)
    except (ImportError, NetworkError, TidingsError, OSError):
        return None
