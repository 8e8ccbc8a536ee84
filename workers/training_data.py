"""The data of trainings, by the name that `--data` gave it: images, or a series of numbers.

The data of trainings on texts is in `analysis.trainings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.codebooks.codebook import Codebook
from analysis.grains import list_months
from analysis.kinds.trainings import TrainingParameters
from analysis.trainings.codes.samples import read_samples
from analysis.trainings.codes.task import CodesTask
from core.enums import ENDED
from core.errors import BadInput, UsageError
from models.database import Database
from models.runs import NewJob, get_run
from networks.data import Data, sample_sine, split_images, window_series
from networks.errors import NetworkError
from networks.files import read_column, read_images
from networks.presets import Options
from producers.trainings import CSV_COLUMN, DIGITS, RUN_POLARITY, SINE, options_of
from reports.data.run_data import load_run
from reports.data.tables.periods import PeriodRow, read_periods


@dataclass(frozen=True)
class NumberSeries:
    """Numbers in their order, None for a gap; each stands for a *unit*."""

    values: list[float | None]
    unit: str


def load_training_data(
    db: Database, parameters: TrainingParameters, options: Options
) -> tuple[Data, list[str]]:
    """Return the samples of a training, and remarks on what was left out.

    Raises `BadInput` if data cannot be read or does not fit the options, `NotFound` and
    `UsageError` for a run whose polarity is not available.
    """
    try:
        if parameters.network == "feedforward":
            return _load_images(parameters.data, options), []

        series = read_series(db, parameters.data)
        sequence = options.sequence or 1
        # With a carried state, each window continues where the previous one ended.
        stride = sequence if options.carry else 1
        windows = window_series(series.values, sequence, dtype=options.dtype, stride=stride)
    except NetworkError as error:
        raise BadInput(str(error)) from None

    gaps = series.values.count(None)
    if not gaps:
        return windows, []

    remark = (
        f"{gaps} of {len(series.values)} {series.unit}s have no value: "
        f"{windows.skipped} windows of {sequence} that hold one were left out."
    )
    return windows, [remark]


def check_data(db: Database, parameters: TrainingParameters, jobs: Sequence[NewJob]) -> None:
    """Read the data once for each way that jobs use it. Raises as `load_training_data`."""
    checked = set()
    for job in jobs:
        options = options_of(parameters, job.options)
        windows = options.sequence, options.carry
        if windows not in checked:
            load_training_data(db, parameters, options)
            checked.add(windows)


def check_codes(db: Database, run_id: int, codebook: Codebook) -> None:
    """Raise `BadInput` if people have not coded enough of a run, `NotFound` for the run."""
    CodesTask(codebook, read_samples(db, run_id, codebook), None)


def _load_images(data: str, options: Options) -> Data:
    if data != DIGITS:
        return read_images(data, dtype=options.dtype)

    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415 - it is in an extra
    except ImportError:
        raise BadInput(
            "--data digits is scikit-learn's set, which is not installed: "
            "pip install 'tidings[digits]'"
        ) from None

    images, labels = load_digits(return_X_y=True)
    return split_images(images, labels, dtype=options.dtype)


def read_series(db: Database, data: str) -> NumberSeries:
    """Return the series that ``sine``, ``PATH.csv:COLUMN`` or ``RUN:polarity[:SUBJECT]`` names.

    Raises `NotFound`, `UsageError`, and `NetworkError` for a file that cannot be read.
    """
    if data == SINE:
        return NumberSeries(sample_sine(), "point")
    if match := RUN_POLARITY.match(data):
        return NumberSeries(_read_polarity(db, int(match["run"]), match["subject"]), "month")
    if match := CSV_COLUMN.match(data):
        return NumberSeries(read_column(match["path"], match["column"]), "row")

    raise UsageError(f"--data {data}: a series is sine, PATH.csv:COLUMN or RUN:polarity")


def _read_polarity(db: Database, run_id: int, subject: str | None) -> list[float | None]:
    """Return the mean polarity of each month from the run's first to its last, None for a gap."""
    state = db.fetch(get_run, run_id).state
    if state not in ENDED:
        raise UsageError(
            f"run {run_id} is {state}, its polarity is not complete: wait until it has ended"
        )

    subject_rows: dict[str, list[PeriodRow]] = {}
    for period_row in read_periods(load_run(db, run_id)):
        if period_row.term is None:
            row_subject = period_row.keyword or period_row.handle or ""
            subject_rows.setdefault(row_subject, []).append(period_row)

    if not subject_rows:
        raise UsageError(
            f"run {run_id} has no months with a polarity: name a run of months, handles or searches"
        )

    if subject is None and len(subject_rows) == 1:
        (subject,) = subject_rows
    if subject not in subject_rows:
        problem = "several subjects" if subject is None else f"no subject {subject!r}"
        choices = ", ".join(f"{run_id}:polarity:{known}" for known in sorted(subject_rows))
        raise UsageError(f"run {run_id} has {problem}: choose one of {choices}")

    polarity = {period_row.period: period_row.polarity_mean for period_row in subject_rows[subject]}
    return [polarity.get(month) for month in list_months(min(polarity), max(polarity))]
