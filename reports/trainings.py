"""What the page of a run of trainings shows: their table, and for each its course and what it learned."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from sqlalchemy import select

from analysis import parameters as run_parameters
from core.errors import TidingsError
from models.tables import Job, Training
from networks.data import Data, Samples, split_images
from networks.errors import NetworkError
from networks.files import read_images
from reports.drawing import draw
from reports.figure_store import FigureRef, FigureStore, slug
from reports.figures import trainings as figures
from reports.queries import fetch_all
from reports.run_data import RunData
from reports.tables.trainings import (
    EpochRow,
    PredictionRow,
    TrainingRow,
    read_epochs,
    read_predictions,
    read_trainings,
)

MOST_PREDICTIONS = 20_000  # of one training that its pictures show


@dataclass
class TrainingSection:
    """One training."""

    row: TrainingRow
    slug: str
    state: str
    reason: str | None
    remarks: list[str]
    epochs: list[EpochRow]
    figures: dict[str, FigureRef] = field(default_factory=dict)


@dataclass
class TrainingsPage:
    """All that the template of a run of trainings needs besides the summary."""

    network: str
    data: str
    varied: list[str]  # the options in which the trainings differ
    options: dict[str, object]  # those that all share
    sections: list[TrainingSection]
    best: TrainingSection | None
    findings: list[str]
    rules: dict[str, float] = field(
        default_factory=dict
    )  # what tells so large a share rightly without any training


def make_page(
    data: RunData, store: FigureStore, names: Collection[str] | None = None
) -> TrainingsPage:
    """Read a run's results and draw its pictures, one training after the other; with *names* of these alone."""
    parameters = data.parameters
    assert isinstance(parameters, run_parameters.TrainingParameters)  # noqa: S101 - the caller chose by kind
    rows = list(read_trainings(data))
    epochs = {
        job: list(of_job)
        for job, of_job in groupby(read_epochs(data, names), key=lambda row: row.job)
    }
    statement = (
        select(Job.name, Job.state, Job.reason, Training.remarks)
        .outerjoin(Training)
        .where(Job.run_id == data.id)
    )
    known = {name: rest for name, *rest in fetch_all(data.db, statement)}
    sections = [
        TrainingSection(
            row,
            slug(row.job),
            known[row.job][0],
            known[row.job][1],
            known[row.job][2] or [],
            epochs.get(row.job, []),
        )
        for row in rows
    ]
    options = list(rows[0].options) if rows else []
    varied = [name for name in options if len({repr(row.options[name]) for row in rows}) > 1]
    shared = {
        name: rows[0].options[name]
        for name in options
        if name not in varied and rows[0].options[name] is not None
    }
    page = TrainingsPage(
        parameters.network, parameters.data, varied, shared, sections, _best(sections), []
    )
    for section in sections:
        if section.epochs:
            _course(section, store)
    told = _pictures(parameters.data) if parameters.network == "feedforward" else None
    tested = told.test if told is not None else None
    if told is not None and names is None:
        page.rules = simple_rules(told)
    by_job = {section.row.job: section for section in sections}
    for job, of_job in groupby(read_predictions(data, names), key=lambda row: row.job):
        said = [row for row, _ in zip(of_job, range(MOST_PREDICTIONS), strict=False)]
        _learned(by_job[job], said, parameters.network, tested, store)
    page.findings = _findings(page)
    return page


def _best(sections: list[TrainingSection]) -> TrainingSection | None:
    told = [s for s in sections if s.row.accuracy is not None]
    if told:
        return max(told, key=lambda s: s.row.accuracy or 0.0)
    forecast = [s for s in sections if s.row.validation_rmse is not None]
    return min(forecast, key=lambda s: s.row.validation_rmse or 0.0) if forecast else None


def _findings(page: TrainingsPage) -> list[str]:
    if page.best is None:
        return []
    row, several = page.best.row, len(page.sections) > 1
    who = f"{row.job}, the best of {len(page.sections)}," if several else "The network"
    if row.accuracy is not None:
        found = [f"{who} classifies {100 * row.accuracy:.2f} % of the test set correctly."]
        if page.rules:
            name = max(page.rules, key=lambda rule: page.rules[rule])
            verdict = "beats" if row.accuracy > page.rules[name] else "does not beat"
            found.append(
                f"It {verdict} the best simple rule, {name}, with {100 * page.rules[name]:.2f} %."
            )
        return [*found, *page.best.remarks[:1]]
    simple = {
        "the mean": row.baseline_mean,
        "the last value": row.baseline_last,
        "a linear recurrence": row.baseline_recurrence,
    }
    known = {name: error for name, error in simple.items() if error is not None}
    found = [f"{who} has a validation RMSE of {row.validation_rmse:.3g}."]
    if known and row.validation_rmse is not None:
        name = min(known, key=lambda key: known[key])
        verdict = "beats" if row.validation_rmse < known[name] else "does not beat"
        found.append(f"It {verdict} the best simple forecast, {name}, with {known[name]:.3g}.")
    return found


def _course(section: TrainingSection, store: FigureStore) -> None:
    name, epochs = section.row.job, section.epochs
    last = epochs[-1]
    section.figures["course"] = store.show(
        f"{section.slug}-course",
        # the time that an epoch took is no part of the picture
        [(e.epoch, e.train_loss, e.validation_loss, e.accuracy) for e in epochs],
        lambda: draw([name], lambda: figures.course_figure(epochs, name=name)),
        alt=f"Curves over {len(epochs)} epochs; the training loss ends at {last.train_loss}.",
        caption="Mean loss on training and validation data after each epoch.",
    )


def _learned(
    section: TrainingSection,
    said: list[PredictionRow],
    network: str,
    tested: Samples | None,
    store: FigureStore,
) -> None:
    key = [(p.split, p.index, p.actual, p.predicted) for p in said]
    if network == "recurrent":
        section.figures["sequence"] = store.show(
            f"{section.slug}-sequence",
            key,
            lambda: draw([], lambda: figures.sequence_figure(said)),
            alt="Lines: actual values; dots: what the network predicted, for training and validation.",
            caption="Each value is predicted from the values before it. Line: actual; dots: predicted.",
        )
        return
    wrong = [p for p in said if p.actual != p.predicted]
    section.figures["confusion"] = store.show(
        f"{section.slug}-confusion",
        key,
        lambda: draw([], lambda: figures.confusion_figure(said)),
        alt=f"Confusion matrix of {len(said)} test examples, {len(wrong)} of them wrong.",
        caption="Rows: what it was; columns: what it was taken for. Grey: told rightly.",
    )
    if wrong and tested is not None and max(p.index for p in wrong) < len(tested):
        section.figures["mistakes"] = store.show(
            f"{section.slug}-mistakes",
            [(p.index, p.actual, p.predicted) for p in wrong],
            lambda: draw(
                [], lambda: figures.mistakes_figure(_patches(wrong, tested), in_all=len(wrong))
            ),
            alt=f"The first pictures of {len(wrong)} that the network gets wrong.",
            caption="What it was, and what the network took it for.",
        )


def _patches(wrong: list[PredictionRow], tested: Samples) -> list[tuple[np.ndarray, int, int]]:
    return [(tested.x[p.index], int(p.actual or 0), int(p.predicted or 0)) for p in wrong]


def simple_rules(data: Data) -> dict[str, float]:
    """The share of the test split that rules without a network tell rightly; both learn from the training split."""
    if data.test is None or not len(data.test):
        return {}
    wanted, classes = data.test.y.argmax(axis=1), data.train.y.argmax(axis=1)
    counts = data.train.y.sum(axis=0)
    means = data.train.y.T @ data.train.x / np.maximum(counts, 1)[:, None]
    # the mean that is nearest has the largest x·m - |m|²/2
    closeness = data.test.x @ means.T - (means**2).sum(axis=1) / 2
    nearest = np.where(counts > 0, closeness, -np.inf).argmax(
        axis=1
    )  # a class without a picture has no mean
    return {
        "always the most frequent class": float((wanted == np.argmax(np.bincount(classes))).mean()),
        "the class whose mean picture is nearest": float((wanted == nearest).mean()),
    }


def _pictures(data: str) -> Data | None:
    """The pictures that were trained on and tested with; None where they are not here any more."""
    try:
        if data == "digits":
            from sklearn.datasets import load_digits  # noqa: PLC0415 - an extra that not everybody has

            digits = load_digits()
            return split_images(digits.images, digits.target, dtype=np.float32)
        return read_images(data, dtype=np.float32)
    except (ImportError, NetworkError, TidingsError, OSError):
        return None
