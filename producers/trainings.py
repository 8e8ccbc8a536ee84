"""Trainings: options and a sweep become a run with a job for each point of the grid; all is checked before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Literal

from analysis.parameters import TrainingParameters
from core.enums import JobKind
from core.errors import UsageError
from models.database import Database
from models.runs import NewJob, create_run
from networks.errors import NetworkError
from networks.presets import RECURRENT_ONLY, Options, options

Network = Literal["feedforward", "recurrent"]

DIGITS = "digits"
SINE = "sine"
CSV_COLUMN = re.compile(r"^(?P<path>.+?\.csv(?:\.gz)?):(?P<column>.+)$", re.IGNORECASE | re.DOTALL)
RUN_POLARITY = re.compile(r"^(?P<run>\d+):polarity(?::(?P<subject>.+))?$")


def submit_training(
    db: Database, parameters: TrainingParameters, jobs: Sequence[NewJob], *, name: str | None = None
) -> int:
    """Write the run and the jobs that `plan_training` made; the run's id."""
    return create_run(
        db,
        kind=parameters.kind,
        name=name,
        parameters=parameters.model_dump(mode="json"),
        jobs=jobs,
    )


def plan_training(
    network: Network, data: str, given: Mapping[str, Any], sweep: Sequence[str] = ()
) -> tuple[TrainingParameters, list[NewJob]]:
    """What all jobs share, and a job for each point of the grid that *sweep* (``option=value,value``) spans.

    *given* are options by name, as typed or None. A job's options are those in which it differs from others, and the
    swept ones, by which it is named. Raises `UsageError` for what does not fit.
    """
    grid, given = _grid(sweep), {name.replace("_", "-"): value for name, value in given.items()}
    for name in grid:
        if given.get(name) is not None:
            raise UsageError(f"--{name} and --sweep {name} were both given: choose one")
    resolved = [
        _resolve(network, {**given, **dict(zip(grid, point, strict=True))})
        for point in product(*grid.values())
    ]
    plain = [_plain(chosen) for chosen in resolved]
    swept = {name.replace("-", "_") for name in grid}
    shared = {
        key: value
        for key, value in plain[0].items()
        if key not in swept and all(one[key] == value for one in plain)
    }
    jobs: dict[str, NewJob] = {}
    for one in plain:
        name = " ".join(
            [network, *(f"{name}={_text(one[name.replace('-', '_')])}" for name in grid)]
        )
        own = {key: value for key, value in one.items() if key not in shared}
        jobs.setdefault(name, NewJob(JobKind.TRAINING, name, own))
    return TrainingParameters(network=network, data=_settled(network, data), options=shared), list(
        jobs.values()
    )


def options_of(parameters: TrainingParameters, own: Mapping[str, Any]) -> Options:
    """The options of one job again, from what its run shares and what it has for itself."""
    stored = {**parameters.options, **own}
    # None would mean "as the preset has it", which need not be None.
    return options(
        parameters.network,
        {name: "none" if value is None else value for name, value in stored.items()},
    )


def _grid(sweep: Sequence[str]) -> dict[str, list[str]]:
    grid: dict[str, list[str]] = {}
    for given in sweep:
        name, _, values = given.partition("=")
        name = name.strip().replace("_", "-")
        points = [value.strip() for value in values.split(",") if value.strip()]
        if not name or not points:
            raise UsageError(f"--sweep {given}: write OPTION=VALUE,VALUE, as learning-rate=0.5,1")
        if name in grid:
            raise UsageError(f"--sweep {name} was given twice: put all its values behind one")
        grid[name] = points
    return grid


def _resolve(network: Network, given: Mapping[str, Any]) -> Options:
    try:
        return options(network, given)
    except NetworkError as error:
        raise UsageError(str(error)) from None


def _plain(chosen: Options) -> dict[str, Any]:
    """The options as plain values, without those that this kind of network does not have."""
    left_out = {"kind"} | (RECURRENT_ONLY if chosen.kind == "feedforward" else set())
    return {name: value for name, value in chosen.as_dict().items() if name not in left_out}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.15g}"
    return "none" if value is None else str(value)


def _settled(network: Network, data: str) -> str:
    """*data* as it means the same in every process: paths absolute. Raises `UsageError` where it is of no known form.

    Pictures are ``digits`` or a path; a series is ``sine``, ``PATH.csv:COLUMN`` or ``RUN:polarity`` (``:SUBJECT``
    behind it where the run has several).
    """
    if network == "feedforward":
        return data if data == DIGITS else str(Path(data).resolve())
    if data == SINE or RUN_POLARITY.match(data):
        return data
    if found := CSV_COLUMN.match(data):
        return f"{Path(found['path']).resolve()}:{found['column']}"
    raise UsageError(
        f"--data {data}: a recurrent network reads sine, PATH.csv:COLUMN or RUN:polarity"
    )
