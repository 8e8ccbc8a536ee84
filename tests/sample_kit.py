"""Made-up months of which a model codes a sample, and runs whose processes are killed."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable
from fractions import Fraction
from multiprocessing.process import BaseProcess
from typing import Any

from analysis.codebooks.codebook import Codebook
from core.prices import parse_money
from core.settings import Settings
from models.database import Database
from producers.imports import import_paths
from producers.submit import submit_run
from reports.data.exports import write
from tests.e2e_kit import write_archive
from tests.jobs_kit import Jobs
from tests.model_kit import months
from tests.model_workers import is_open, start_worker
from tests.services import wait_until
from tests.stub_model import ModelServer

HARM = Codebook.model_validate(
    {
        "name": "harm",
        "unit": "document",
        "instructions": "You read headlines of a newspaper.",
        "variables": [{"name": "harm", "question": "Does the text report harm?", "type": "yes-no"}],
    }
)
WORDS = ["amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath", "islet", "jetty"]
WORDS += ["knoll", "lagoon", "meadow"]

# Half of the texts with the keyword are about harm, and none of the others.
HARMFUL = re.compile("Flood harms")
TEXTS = 900

# A process is killed after at most so many calls, and so much time.
MOST_CALLS = 100
MOST_SECONDS_MORE = 0.3


def headline(number: int) -> str:
    if number % 90 == 3:
        return f"Flood harms {number} homes."
    what = "Flood harms" if number % 8 == 0 else "A flood near" if number % 8 == 1 else "Quiet in"
    return f"{what} {WORDS[number % 10]} {WORDS[number // 10 % 10]} {WORDS[number // 100]}."


def make_model() -> ModelServer:
    """Return a model that knows what is harm."""
    server = ModelServer(price=(Fraction(15, 100), Fraction(60, 100)))
    server.choose = lambda _variable, text, _possible: "yes" if HARMFUL.match(text) else "no"
    return server


def import_months(jobs: Jobs, texts: int = TEXTS) -> None:
    """Import the headlines of two months."""
    headlines: dict[str, list[str]] = {}
    for number in range(texts):
        day = f"2024-{1 + number % 2:02}-{1 + number % 28:02}"
        headlines.setdefault(day, []).append(headline(number))

    path = write_archive(jobs.settings.home, headlines)
    import_paths(jobs.db, [path], source=None, handle=None, columns={})


def submit(jobs: Jobs, max_cost: str | None = None, **options: Any) -> int:
    parameters = months(jobs, HARM, first="2024-01", **options)
    cap = None if max_cost is None else parse_money(max_cost)
    return submit_run(jobs.db, parameters, (), max_cost=cap)


def export_bytes(db: Database, run: int) -> tuple[bytes, bytes]:
    """Return the codes and the estimates of a run, as they are exported."""
    tables: list[bytes] = []
    for table in ("codes", "estimates"):
        out = io.BytesIO()
        write(db, run, table, "csv", out)
        tables.append(out.getvalue())

    codes, estimates = tables
    return codes, estimates


def work_with_kills(
    settings: Settings, db: Database, run: int, wait_for_moment: Callable[[BaseProcess], object]
) -> int:
    """Let processes work on a run until it ends; return how many were killed.

    *wait_for_moment* returns when a process is to be killed, unless it has ended by then.
    """
    kills = 0
    while is_open(db, run):
        process = start_worker(settings, run)
        wait_for_moment(process)
        if process.is_alive():
            process.kill()
            kills += 1

        process.join()

    return kills


def moment_after_calls(
    settings: Settings, chance: random.Random, model: ModelServer
) -> Callable[[BaseProcess], object]:
    """Return what waits for a random number of calls, whatever time they take, and a bit more."""

    def wait_for_moment(process: BaseProcess) -> None:
        # More calls than are in flight: each process brings the run further.
        calls = model.texts.total() + chance.randint(settings.model_concurrency + 1, MOST_CALLS)
        wait_until(
            lambda: model.texts.total() >= calls or not process.is_alive(),
            what="the calls of a process",
        )
        process.join(chance.uniform(0.0, MOST_SECONDS_MORE))

    return wait_for_moment
