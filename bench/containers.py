"""Calls a second of 1, 2 and 4 worker containers, and how much of a limit they use together.

    python bench/containers.py [--headlines 2500] [--rounds 1]

Some four minutes a round on two cores, on a Docker engine; without one it says so. The stack is
that of docker-compose.yml, with a stub of 50 ms latency in the place of the Text API, which counts
what it is asked. The floor is the rate at which as many processes call with all their calls in
flight; the goal under a limit is the limit. Fails where something is asked twice, or the limit is
exceeded.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import harness
from checkouts import write_archive_of

from core.settings import Settings
from tests.containers_kit import ROOT, Compose, engine_answers

FIRST, LAST, MONTHS = "2018-01", "2019-12", 24
HEADLINES = 2500  # a month
MENTION_EVERY = 100  # headlines
LATENCY = 0.05
LIMIT = 100  # calls a second
IN_FLIGHT = Settings.model_fields["textapi_concurrency"].default  # calls of a process
# a keyword a case, and its number a round, so that nothing is answered already
KEYWORDS = ("amber", "basil", "cedar", "dusk", "ember", "flint")
CASES = [(1, ""), (2, ""), (4, ""), (1, f"{LIMIT}/s"), (2, f"{LIMIT}/s"), (4, f"{LIMIT}/s")]
STUB = (
    "from aiohttp import web; from tests.stub_textapi import make_app; "
    "web.run_app(make_app(), port=8765, print=None)"
)


class ContainerStack(Compose):
    """The compose project with the stub in it, and one process in each worker."""

    def __init__(self, folder: Path) -> None:
        check = ["CMD", "python", "-c", request_command("/counts")]
        stub = {
            "build": {"context": str(ROOT), "target": "worker"},
            "image": "tidings-worker",
            "command": ["python", "-c", STUB],
            "volumes": [f"{ROOT / 'tests'}:/srv/tests:ro"],
            "healthcheck": {"test": check, "interval": "2s"},
        }
        super().__init__("tidings-bench", folder, {"textapi": stub}, {"WORKER_PROCESSES": "1"})

    def start(self) -> None:
        """Start all but workers, and import the archive."""
        self("up", "--build", "--detach", "--wait", "redis", "db", "textapi")
        self("run", "--rm", "migrate")
        self.tidings("import", "--source", "nyt", "archive")

    def ask_stub(self, path: str, body: str | None = None) -> Any:
        """Send a request to the stub; return its answer."""
        command = request_command(path, body)
        return json.loads(self("exec", "-T", "textapi", "python", "-c", command))

    def start_workers(self, count: int, limits: str) -> None:
        """Replace the workers by so many under these limits; return when all are ready."""
        self.variables["TIDINGS_TEXTAPI_LIMITS"] = limits
        scale = ("--scale", f"worker={count}")
        self("up", "--detach", "--wait", "--no-deps", "--force-recreate", *scale, "worker")

    def run(self, keyword: str) -> tuple[dict[str, Any], float]:
        """Make a run over all months about *keyword*.

        Return what the stub counted, and the seconds from the first job's start to the last's end.
        """
        self.ask_stub("/clear", "")  # its faults too
        self.ask_stub("/faults", json.dumps({"latency": LATENCY}))
        options = ["--keyword", keyword, "--steps", "keywords,polarity", "--text-size", "500"]
        output = self.tidings("submit", "months", f"{FIRST}..{LAST}", *options)
        months = f"FROM jobs WHERE run_id = {int(output.split()[-1])} AND kind = 'month'"

        while self.ask_database(f"SELECT count(*) {months} AND state <> 'done'") != "0":
            failed = self.ask_database(f"SELECT count(*) {months} AND state = 'failed'")
            if failed != "0":
                raise RuntimeError(
                    f"{failed} months of {keyword} failed: see their reasons in jobs"
                )

            time.sleep(1.0)

        seconds = self.ask_database(f"SELECT max(ended_at) - min(started_at) {months}")
        return self.ask_stub("/counts?windows=1"), float(seconds)


def request_command(path: str, body: str | None = None) -> str:
    """Return a Python program that sends a request to the stub in its container."""
    data = "" if body is None else f", {body.encode()!r}"
    request = f"urlopen('http://127.0.0.1:8765{path}'{data})"
    return f"from urllib.request import urlopen; print({request}.read().decode())"


def measure(stack: ContainerStack, containers: int, limits: str, keywords: Sequence[str]) -> None:
    """Measure a run about each keyword on so many containers and print the figures."""
    stack.start_workers(containers, limits)
    rates, fullest = [], 0

    for keyword in keywords:
        counts, seconds = stack.run(keyword)
        rates.append(counts["calls"] / seconds)
        fullest = max(fullest, counts["fullest"]["1.0"])
        assert not counts["repeated"], "something was asked twice"

    harness.print_figure(
        f"{containers} containers, {limits or 'no limit'}",
        rates,
        "calls/s",
        floor=LIMIT if limits else containers * IN_FLIGHT / LATENCY,
        floor_name="limit" if limits else "floor",
        note=f"{counts['calls']:,} calls in {seconds:.1f} s, fullest second {fullest}",
    )
    assert not limits or fullest <= LIMIT, "the limit was exceeded"


def main() -> None:
    options = harness.parse_options(__doc__, headlines=HEADLINES, rounds=1)
    if not engine_answers():
        harness.skip("no Docker engine answers here")

    with harness.temporary_folder() as folder:
        stack = ContainerStack(folder)
        keywords = []
        for number in range(options.rounds):
            keywords += [f"{keyword}{number}" for keyword in KEYWORDS]

        headlines = harness.headlines(
            *(FIRST, MONTHS, options.headlines),
            subjects=keywords,
            every=max(1, MENTION_EVERY // options.rounds),
            words=9,
        )
        write_archive_of(folder / "archive", headlines)
        try:
            stack.start()
            for number, (containers, limits) in enumerate(CASES):
                measure(stack, containers, limits, keywords[number :: len(CASES)])
        finally:
            stack("down", "--volumes")


if __name__ == "__main__":
    main()
