"""What a training learns from, by the name that `--data` gave it: pictures, or a series of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.enums import ENDED
from core.errors import BadInput, UsageError
from models.database import Database
from models.parameters import TrainingParameters, months
from models.parameters import read as read_parameters
from models.runs import NewJob, get_run
from models.trainings import trained
from networks.data import Data, series, shuffled_pictures, sine
from networks.errors import NetworkError
from networks.files import read_column, read_inputs, read_pictures
from networks.presets import Options
from networks.recurrent import Recurrent
from networks.results import classify, forecast
from networks.storage import load_network
from producers.trainings import CSV_COLUMN, DIGITS, RUN_POLARITY, SINE, options_of
from reports.run_data import load_run
from reports.tables.periods import PeriodRow, read_periods


@dataclass(frozen=True)
class Series:
    """Numbers in their order, None where one is missing, and what *one* of them is called."""

    values: list[float | None]
    one: str


def training_data(
    db: Database, parameters: TrainingParameters, options: Options
) -> tuple[Data, list[str]]:
    """The samples of a training, and remarks on what was left out.

    Raises `BadInput` where data cannot be read or does not fit the options, `NotFound` and `UsageError` for a run
    whose moods cannot be had.
    """
    try:
        if parameters.network == "feedforward":
            return _pictures(parameters.data, options), []
        found = read_series(db, parameters.data)
        sequence = options.sequence or 1
        # With a carried state each window goes on where the one before it ended.
        stride = sequence if options.carry else 1
        data = series(found.values, sequence, dtype=options.dtype, stride=stride)
    except NetworkError as error:
        raise BadInput(str(error)) from None
    missing = found.values.count(None)
    remark = (
        f"{missing} of {len(found.values)} {found.one}s have no value: "
        f"{data.skipped} windows of {sequence} that hold one were left out."
    )
    return data, [remark] if missing else []


def check_data(db: Database, parameters: TrainingParameters, jobs: Sequence[NewJob]) -> None:
    """Read the data of every job, each way it is wanted once. Raises as `training_data`."""
    checked = set()
    for job in jobs:
        options = options_of(parameters, job.options)
        wanted = (options.sequence, options.carry)
        if wanted not in checked:
            training_data(db, parameters, options)
            checked.add(wanted)


def _pictures(data: str, options: Options) -> Data:
    if data != DIGITS:
        return read_pictures(data, dtype=options.dtype)
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415 - it is in an extra
    except ImportError:
        raise BadInput(
            "--data digits is scikit-learn's set, which is not installed: pip install 'tidings[digits]'"
        ) from None
    pictures, labels = load_digits(return_X_y=True)
    return shuffled_pictures(pictures, labels, dtype=options.dtype)


def read_series(db: Database, data: str) -> Series:
    """The series that ``sine``, ``PATH.csv:COLUMN`` or ``RUN:polarity[:SUBJECT]`` names.

    Raises `BadInput`, `NotFound`, `UsageError`.
    """
    if data == SINE:
        return Series(sine(), "point")
    if found := RUN_POLARITY.match(data):
        return Series(_polarities(db, int(found["run"]), found["subject"]), "month")
    if found := CSV_COLUMN.match(data):
        try:
            return Series(read_column(found["path"], found["column"]), "row")
        except NetworkError as error:
            raise BadInput(str(error)) from None
    raise UsageError(f"--data {data}: a series is sine, PATH.csv:COLUMN or RUN:polarity")


def _polarities(db: Database, run_id: int, subject: str | None) -> list[float | None]:
    """The mean polarity of every month from the run's first to its last, None where a month has none."""
    with db.read() as connection:
        state = get_run(connection, run_id).state
    if state not in ENDED:
        raise UsageError(
            f"run {run_id} is {state}, its moods are not all there: wait until it has ended"
        )
    by_subject: dict[str, list[PeriodRow]] = {}
    for row in read_periods(load_run(db, run_id)):
        if row.term is None:
            by_subject.setdefault(row.keyword or row.handle or "", []).append(row)
    if not by_subject:
        raise UsageError(
            f"run {run_id} has no months with a mood: name a run of months, handles or searches"
        )
    names = ", ".join(f"{run_id}:polarity:{name}" for name in sorted(by_subject))
    if subject is None and len(by_subject) > 1:
        raise UsageError(f"run {run_id} has several subjects: choose one of {names}")
    if subject is not None and subject not in by_subject:
        raise UsageError(f"run {run_id} has no subject {subject!r}: choose one of {names}")
    rows = by_subject[subject] if subject is not None else next(iter(by_subject.values()))
    known = {row.period: row.polarity_mean for row in rows}
    return [known.get(month) for month in months(min(known), max(known))]


def predictions(db: Database, run_id: int, job: str | None, data: str) -> list[dict[str, Any]]:
    """What a finished training says of *data*.

    Of pictures, the class ``predicted`` for each ``index``; of a series, the value after each window beside the
    ``actual`` one, the last of which is not there yet (None). Raises `NotFound`, `UsageError`, `BadInput`.
    """
    with db.read() as connection:
        found = trained(connection, run_id, job)
    parameters = read_parameters(found.parameters)
    assert isinstance(parameters, TrainingParameters)  # noqa: S101 - it was trained
    try:
        network, scaling = load_network(found.weights)
        if isinstance(network, Recurrent):
            sequence = options_of(parameters, found.options).sequence or 1
            said = forecast(network, scaling, read_series(db, data).values, sequence)
            return [
                {"index": index, "actual": actual, "predicted": value}
                for index, actual, value in said
            ]
        classes = classify(network, scaling, read_inputs(data))
    except NetworkError as error:
        raise BadInput(str(error)) from None
    return [{"index": index, "predicted": int(said)} for index, said in enumerate(classes)]
