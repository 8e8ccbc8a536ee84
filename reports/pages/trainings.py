"""The page of a run of trainings: their table, and for each its course and what it learned."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import numpy as np
from sqlalchemy import select

from analysis.kinds.trainings import TrainingParameters
from core.errors import TidingsError
from models.tables import Job, Training
from networks.data import Data, split_images
from networks.errors import NetworkError
from networks.files import read_images
from reports.data.queries import fetch_all, group_by, index_by
from reports.data.run_data import RunData, RunJob
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
from reports.figures.spec import FigureSpec
from reports.words.writing import write_sentence


@dataclass
class TrainingSection:
    """One training."""

    row: TrainingRow
    job: RunJob
    remarks: list[str]
    epochs: list[EpochRow]
    figures: list[FigureRef] = field(default_factory=list)


@dataclass
class TrainingsPage:
    """All that the template of a run of trainings needs besides the summary."""

    network: str
    data: str
    sections: list[TrainingSection]

    # The options in which the trainings differ.
    varied: list[str]

    # The options that all trainings share.
    options: dict[str, Any]

    # The accuracy of rules that need no network.
    rules: dict[str, float] = field(default_factory=dict)

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

        best_row, several = self.best.row, len(self.sections) > 1
        who = f"{best_row.job}, the best of {len(self.sections)}," if several else "The network"
        if best_row.accuracy is None:
            return _forecast_highlights(who, best_row)

        sentences = [write_sentence("accuracy", who=who, percent=100 * best_row.accuracy)]
        if self.rules:
            rule, accuracy = max(self.rules.items(), key=itemgetter(1))
            is_better = best_row.accuracy > accuracy
            figures = {"is_better": is_better, "rule": rule, "percent": 100 * accuracy}
            sentences.append(write_sentence("accuracy beside a rule", **figures))

        return [*sentences, *self.best.remarks[:1]]


def read_trainings_page(
    run: RunData, store: FigureStore, most_predictions: int = 20_000
) -> TrainingsPage:
    """Read a run's results and draw its figures, training by training.

    The first predictions of a training are drawn.
    """
    parameters: TrainingParameters = run.parameters
    sections = _read_sections(run)
    varied, shared = _split_options([section.row for section in sections.values()])
    page = TrainingsPage(
        parameters.network, parameters.data, list(sections.values()), varied, shared
    )
    for section in page.sections:
        job_name = section.row.job
        section.figures += store.show_all(
            figures.course_spec(slug(job_name), section.epochs, name=job_name)
        )

    if parameters.network == "feedforward":
        page.rules = simple_rules(_read_pictures(parameters.data))

    for job, prediction_rows in groupby(read_predictions(run), key=lambda row: row.job):
        predictions = list(islice(prediction_rows, most_predictions))
        section = sections[job]
        spec = _declare_predictions(slug(job), predictions, page.network)
        section.figures += store.show_all(spec)

    return page


def _read_sections(run: RunData) -> dict[str, TrainingSection]:
    epochs, jobs = group_by("job", read_epochs(run)), index_by("name", run.jobs)
    statement = select(Job.name, Training.remarks).outerjoin(Training)
    remarks = dict(map(tuple, fetch_all(run.db, statement.where(Job.run_id == run.id))))
    return {
        row.job: TrainingSection(row, jobs[row.job], remarks[row.job] or [], epochs[row.job])
        for row in read_trainings(run)
    }


def _split_options(training_rows: list[TrainingRow]) -> tuple[list[str], dict[str, Any]]:
    """Return the options in which trainings differ, and those that all share and that are set."""
    varied: list[str] = []
    shared: dict[str, Any] = {}
    for option, setting in training_rows[0].options.items() if training_rows else ():
        if len({repr(training_row.options[option]) for training_row in training_rows}) > 1:
            varied.append(option)
        elif setting is not None:
            shared[option] = setting

    return varied, shared


def _forecast_highlights(who: str, training_row: TrainingRow) -> list[str]:
    sentences = [write_sentence("error", who=who, error=training_row.validation_rmse)]
    baselines = (
        (training_row.baseline_mean, "the mean"),
        (training_row.baseline_last, "the last value"),
        (training_row.baseline_recurrence, "a linear recurrence"),
    )
    errors = [(error, baseline) for error, baseline in baselines if error is not None]
    if errors and training_row.validation_rmse is not None:
        error, forecast = min(errors, key=itemgetter(0))
        is_better = training_row.validation_rmse < error
        figures = {"is_better": is_better, "forecast": forecast, "error": error}
        sentences.append(write_sentence("error beside a forecast", **figures))

    return sentences


def _declare_predictions(
    prefix: str, predictions: list[PredictionRow], network: str
) -> FigureSpec | None:
    if network == "recurrent":
        return figures.sequence_spec(prefix, predictions)

    return figures.confusion_spec(prefix, predictions) if network == "feedforward" else None


def simple_rules(pictures: Data | None) -> dict[str, float]:
    """Return the accuracy on the test split of two rules that learn from the training split."""
    if pictures is None or pictures.test is None or not len(pictures.test):
        return {}

    actual, classes = pictures.test.y.argmax(axis=1), pictures.train.y.argmax(axis=1)
    counts = pictures.train.y.sum(axis=0)
    means = pictures.train.y.T @ pictures.train.x / np.maximum(counts, 1)[:, None]
    # The nearest mean has the largest x·m - |m|²/2. A class without a picture has no mean.
    closeness = pictures.test.x @ means.T - (means**2).sum(axis=1) / 2
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
