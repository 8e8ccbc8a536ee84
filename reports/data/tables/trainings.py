"""The tables `epochs`, `predictions` and `trainings`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Any

from sqlalchemy import select

from analysis.kinds.trainings import TrainingParameters
from models.tables import Epoch, Prediction, Training
from reports.data import export_schema as schema
from reports.data.queries import fetch_all, fetch_pages, fetch_scalars, in_batches
from reports.data.run_data import RunData

Accuracy = Annotated[
    float | None,
    "Share of the test split that is classified correctly, or of the coded texts that answer the "
    "first variable; null for a recurrent network.",
    schema.FRACTION,
]


@dataclass(frozen=True, slots=True)
class EpochRow:
    """The course of each training."""

    run: schema.RunNumber
    job: schema.JobName
    epoch: Annotated[int, "Number of the pass over the training data."]
    train_loss: Annotated[
        float | None, "Loss on the training data; null where it grew past all numbers."
    ]
    validation_loss: Annotated[
        float | None, "Loss on the validation data; null where there is none."
    ]
    accuracy: Accuracy
    seconds: Annotated[float | None, "Time that the epoch took.", schema.SECONDS]


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """What each trained network predicts for each example."""

    run: schema.RunNumber
    job: schema.JobName
    split: Annotated[str, "train, validation or test; for a network of codes, the variable."]
    index: Annotated[int, "Number of the example in its split."]
    actual: Annotated[float | None, "The actual value or class."]
    predicted: Annotated[float | None, "The value or class that the network predicts."]


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One row per training, with a column per option after `job`.

    The options are network and data, then others by name; lists with commas.
    """

    run: schema.RunNumber
    job: schema.JobName
    options: dict[str, Any]
    train_rmse: Annotated[float | None, "Root mean square error on the training data."]
    validation_rmse: Annotated[float | None, "Root mean square error on the validation data."]
    accuracy: Accuracy
    baseline_mean: Annotated[float | None, "Error of a forecast that always says the mean."]
    baseline_last: Annotated[float | None, "Error of a forecast that repeats the last value."]
    baseline_recurrence: Annotated[
        float | None, "Error of a forecast by a fitted linear recurrence."
    ]


def read_epochs(run: RunData, job_names: Collection[str] | None = None) -> Iterator[EpochRow]:
    """Yield a row per training and epoch; a loss past all numbers is None."""
    columns = (Epoch.train_loss, Epoch.validation_loss, Epoch.accuracy, Epoch.seconds)
    for job in run.jobs_named(job_names):
        statement = select(Epoch.epoch, *columns).where(Epoch.job_id == job.id)
        for stored in fetch_all(run.db, statement.order_by(Epoch.epoch)):
            yield EpochRow(
                run=run.id,
                job=job.name,
                epoch=stored.epoch,
                train_loss=schema.finite(stored.train_loss),
                validation_loss=schema.finite(stored.validation_loss),
                accuracy=schema.finite(stored.accuracy),
                seconds=schema.finite(stored.seconds),
            )


def read_predictions(
    run: RunData, job_names: Collection[str] | None = None
) -> Iterator[PredictionRow]:
    """Yield a row per training, split and example."""
    columns = (Prediction.index, Prediction.actual, Prediction.predicted)
    for job in run.jobs_named(job_names):
        is_of_job = Prediction.job_id == job.id
        splits = fetch_scalars(run.db, select(Prediction.split).distinct().where(is_of_job))
        for split in sorted(splits):
            statement = select(*columns).where(is_of_job, Prediction.split == split)
            for index, actual, predicted in fetch_pages(run.db, statement, Prediction.index):
                yield PredictionRow(
                    run=run.id,
                    job=job.name,
                    split=split,
                    index=index,
                    actual=schema.finite(actual),
                    predicted=schema.finite(predicted),
                )


def read_trainings(run: RunData, job_names: Collection[str] | None = None) -> Iterator[TrainingRow]:
    """Yield a row per training; its options are the network, the data and the run's, by name.

    An option that only some jobs have is None in the others; a list is written with commas, as a
    person types it.
    """
    if run.kind.has_documents:
        return

    parameters: TrainingParameters = run.parameters
    shared = {"network": parameters.network, "data": parameters.data}
    all_options = set(parameters.options).union(*map(attrgetter("options"), run.jobs))
    option_names = sorted(all_options - set(shared))
    columns = (
        *(Training.job_id, Training.train_rmse, Training.validation_rmse, Training.accuracy),
        *(Training.baseline_mean, Training.baseline_last, Training.baseline_recurrence),
    )

    for jobs in in_batches(run.jobs_named(job_names)):
        statement = select(*columns).where(Training.job_id.in_([job.id for job in jobs]))
        results = {job_id: figures for job_id, *figures in fetch_all(run.db, statement)}
        for job in jobs:
            job_options = parameters.options | job.options
            options = {
                option_name: _format_option(job_options.get(option_name))
                for option_name in option_names
            }
            figures = map(schema.finite, results.get(job.id, (None,) * 6))
            yield TrainingRow(run.id, job.name, shared | options, *figures)


def _format_option(option: Any) -> Any:
    return ",".join(map(str, option)) if isinstance(option, list) else option


EPOCHS = schema.Table("epochs", EpochRow, read_epochs, schema.TRAINING_RUNS, key=("job", "epoch"))
PREDICTIONS = schema.Table(
    "predictions",
    PredictionRow,
    read_predictions,
    schema.TRAINING_RUNS,
    key=("job", "split", "index"),
)
TRAININGS = schema.Table(
    "trainings", TrainingRow, read_trainings, schema.TRAINING_RUNS, key=("job",)
)
