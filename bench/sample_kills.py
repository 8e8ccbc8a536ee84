"""Kill the processes of a growing sample at random moments, then of all texts, and compare.

    python bench/sample_kills.py [--rounds 20] [--seed 1] [--seconds 1.5]

Each round has a home of its own: a model codes a sample until its shares are known, and then all
texts. Processes that work on both runs are killed by SIGKILL at random moments (the seed of a round
decides); the next one goes on. At the end the exports of codes and estimates of both runs have to
be those of homes whose processes lived, to the byte: of the same sample, and of all texts at once
without a sample before. The model counts how often it is asked about each text; what was in flight
at a kill is asked again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import harness

from core.settings import Settings
from models.database import migrate
from tests.e2e_kit import running_stub
from tests.jobs_kit import Jobs
from tests.model_kit import PRICE
from tests.sample_kit import TEXTS, export_bytes, import_months, make_model, submit, work_with_kills
from tests.services import running_valkey
from tests.stub_model import ModelServer, running_model

SAMPLE: dict[str, Any] = {"half_width": 0.04}
ALL: dict[str, Any] = {"code": "all"}

# A process that is not to be killed lives so long.
ENDLESS = 1e6


def main() -> None:
    options = harness.parse_options(__doc__, rounds=20, seed=1, seconds=1.5)
    with TemporaryDirectory() as written:
        folder = Path(written)
        with running_valkey(folder / "valkey") as redis_url, running_stub(folder / "stub") as stub:
            addresses: dict[str, Any] = {"redis_url": redis_url, "textapi_url": stub.url}
            with open_home(folder / "sample", addresses) as (jobs, _):
                sample = work_on(jobs, SAMPLE, random.Random(), ENDLESS)[0]

            with open_home(folder / "all", addresses) as (jobs, _):
                # The run of all texts has the same number as in the rounds.
                submit(jobs, **SAMPLE)
                everything = work_on(jobs, ALL, random.Random(), ENDLESS)[0]

            print_rounds(folder, addresses, options, (sample, everything))


def print_rounds(
    folder: Path, addresses: dict[str, Any], options: Any, expected: tuple[Any, Any]
) -> None:
    """Print each round, and what came of all."""
    kills = again = equal = 0
    for seed in range(options.seed, options.seed + options.rounds):
        begin, chance = time.monotonic(), random.Random(seed)
        with open_home(folder / f"round {seed}", addresses) as (jobs, model):
            sample, sample_kills = work_on(jobs, SAMPLE, chance, options.seconds)
            asked_of_sample = model.texts.total()
            everything, all_kills = work_on(jobs, ALL, chance, options.seconds)

        asked_again = model.texts.total() - len(model.texts)
        is_equal = (sample, everything) == expected and len(model.texts) == TEXTS
        round_kills = sample_kills + all_kills
        most = round_kills * jobs.settings.model_concurrency
        print(
            f"seed {seed}: {sample_kills} + {all_kills} kills, {asked_of_sample} texts asked for "
            f"the sample, {model.texts.total()} in all, {asked_again} again (in flight at kills, "
            f"{most} at most), {'equal' if is_equal else 'DIFFERENT'}, "
            f"{time.monotonic() - begin:.0f} s",
            flush=True,
        )
        assert asked_again <= most

        kills, again, equal = kills + round_kills, again + asked_again, equal + is_equal

    print(f"{equal} of {options.rounds} rounds equal to the byte, {kills} kills, {again} again")
    assert equal == options.rounds


@contextmanager
def open_home(folder: Path, addresses: dict[str, Any]) -> Iterator[tuple[Jobs, ModelServer]]:
    """Yield a home with its own database, headlines and model."""
    folder.mkdir()
    with running_model(make_model()) as model:
        model.faults.latency = 0.02
        settings = Settings(
            home=folder,
            database_url=f"sqlite:///{folder}/tidings.db",
            model_url=model.url,
            model_price=PRICE,
            **addresses,
        )
        migrate(settings.database)
        with closing(Jobs(settings)) as jobs:
            import_months(jobs)
            yield jobs, model


def work_on(
    jobs: Jobs, run_options: dict[str, Any], chance: random.Random, seconds: float
) -> tuple[tuple[bytes, bytes], int]:
    """Return the exports of a run that processes work on, and how many were killed."""
    run = submit(jobs, **run_options)
    most_seconds = seconds

    def wait_for_moment(process: BaseProcess) -> None:
        nonlocal most_seconds
        process.join(chance.uniform(0.0, most_seconds))
        # The longer it takes the longer they live, so that each run ends.
        most_seconds *= 1.1

    kills = work_with_kills(jobs.settings, jobs.db, run, wait_for_moment)
    return export_bytes(jobs.db, run), kills


if __name__ == "__main__":
    main()
