"""Submitting trainings: options and a sweep become a run with one job per point of the grid."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Literal

from analysis.kinds.trainings import CODES, TrainingParameters, Trainings
from core.errors import UsageError
from models.database import Database
from models.runs import NewJob, create_run
from networks.errors import NetworkError
from networks.presets import RECURRENT_ONLY, Options, resolve_options

Network = Literal["feedforward", "recurrent"]

DIGITS = "digits"
SINE = "sine"
CSV_COLUMN = re.compile(r"^(?P<path>.+?\.csv(?:\.gz)?):(?P<column>.+)$", re.IGNORECASE | re.DOTALL)
RUN_POLARITY = re.compile(r"^(?P<run>\d+):polarity(?::(?P<subject>.+))?$")


def submit_training(
    db: Database,
    parameters: TrainingParameters,
    jobs: Sequence[NewJob],
    *,
    name: str | None = None,
    with_report: bool = True,
    person: str | None = None,
    on_equal: Callable[[int], None] | None = None,
) -> int:
    """Write the run and the jobs that `plan_training` returned, and return the run's id.

    With *on_equal* an equal run is taken, as `create_run` says.
    """
    stored = parameters.model_dump(mode="json")
    return create_run(
        db,
        kind=parameters.kind,
        name=name,
        parameters=stored,
        jobs=jobs,
        with_report=with_report,
        person=person,
        on_equal=on_equal,
    )


def plan_training(
    network: Network, data: str, overrides: Mapping[str, Any], sweep: Sequence[str] = ()
) -> tuple[TrainingParameters, list[NewJob]]:
    """Return what all jobs share, and a job for each point of the grid that *sweep* spans.

    *overrides* are options by name, as typed or None; *sweep* holds ``option=value,value``. A job
    is named after its swept options. Its options are the swept ones, and those that differ between
    jobs. Raises `UsageError` for options that do not fit.
    """
    grid = _parse_sweep(sweep)
    overrides = {option.replace("_", "-"): setting for option, setting in overrides.items()}
    for option in grid:
        if overrides.get(option) is not None:
            raise UsageError(f"--{option} and --sweep {option} were both given: choose one")

    # The options of each job, by the job's name.
    jobs: dict[str, dict[str, Any]] = {}
    for point in product(*grid.values()):
        swept = dict(zip(grid, point, strict=True))
        options = _resolve(network, {**overrides, **swept})
        point_texts = [
            f"{option}={_format_value(options[option.replace('-', '_')])}" for option in grid
        ]
        jobs.setdefault(" ".join([network, *point_texts]), options)

    first_options, *other_options = jobs.values()
    shared = {}
    for option, setting in first_options.items():
        is_swept = option.replace("_", "-") in grid
        if not is_swept and all(options[option] == setting for options in other_options):
            shared[option] = setting

    new_jobs = []
    for job, options in jobs.items():
        job_options = {
            option: setting for option, setting in options.items() if option not in shared
        }
        new_jobs.append(NewJob(Trainings.job_kind, job, job_options, Trainings.queue))

    data = _resolve_data(network, data)
    return TrainingParameters(network=network, data=data, options=shared), new_jobs


def plan_code_training(run_id: int, codebook: str) -> tuple[TrainingParameters, list[NewJob]]:
    """Return the training of a network on the codes of a run, by the codebook of that hash."""
    parameters = TrainingParameters(
        network=CODES,
        data=f"codes of run {run_id}",
        options={},
        coded_run=run_id,
        codebook=codebook,
    )
    return parameters, [NewJob(Trainings.job_kind, CODES, {}, Trainings.queue)]


def options_of(parameters: TrainingParameters, job_options: Mapping[str, Any]) -> Options:
    """Return all options of a job: the options that its run's jobs share, and *job_options*."""
    overrides = {**parameters.options, **job_options}
    for option_name, option_value in overrides.items():
        # None would keep the preset's value.
        if option_value is None:
            overrides[option_name] = "none"

    return resolve_options(parameters.network, overrides)


def _parse_sweep(sweep: Sequence[str]) -> dict[str, list[str]]:
    grid: dict[str, list[str]] = {}
    for option in sweep:
        option_name, _, listed_points = option.partition("=")
        option_name = option_name.strip().replace("_", "-")
        points = [point.strip() for point in listed_points.split(",") if point.strip()]
        if not option_name or not points:
            raise UsageError(f"--sweep {option}: write OPTION=VALUE,VALUE, as learning-rate=0.5,1")
        if option_name in grid:
            raise UsageError(f"--sweep {option_name} was given twice: list all its values in one")

        grid[option_name] = points

    return grid


def _resolve(network: Network, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options as plain values, without those of other kinds of networks."""
    try:
        options = resolve_options(network, overrides).as_dict()
    except NetworkError as error:
        raise UsageError(str(error)) from None

    del options["kind"]
    if network != "recurrent":
        for option_name in RECURRENT_ONLY:
            del options[option_name]

    return options


def _format_value(option_value: Any) -> str:
    if isinstance(option_value, list):
        return ",".join(map(str, option_value))
    if isinstance(option_value, bool):
        return "yes" if option_value else "no"
    if isinstance(option_value, float):
        return f"{option_value:.15g}"

    return "none" if option_value is None else str(option_value)


def _resolve_data(network: Network, data: str) -> str:
    """Return *data* with absolute paths, so that it means the same in every process.

    Images are ``digits`` or a path; a series is ``sine``,
    ``PATH.csv:COLUMN`` or ``RUN:polarity`` (``RUN:polarity:SUBJECT`` if the run has several).
    Raises `UsageError` for other forms.
    """
    if network == "feedforward":
        return data if data == DIGITS else str(Path(data).resolve())
    if data == SINE or RUN_POLARITY.match(data):
        return data
    if match := CSV_COLUMN.match(data):
        return f"{Path(match['path']).resolve()}:{match['column']}"

    raise UsageError(
        f"--data {data}: a recurrent network reads sine, PATH.csv:COLUMN or RUN:polarity"
    )
