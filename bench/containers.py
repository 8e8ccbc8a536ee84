"""How calls a second grow with worker containers, and how much of a limit several of them use.

``python bench/containers.py``: some four minutes on two cores, on a Docker engine; without one it says so. The stack is
docker-compose.yml's, with a stub of 50 ms latency in the place of the Text API, which counts what it is asked.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.containers_kit import ROOT, Compose, engine_answers

MONTHS = [f"{year}-{month:02d}" for year in (2018, 2019) for month in range(1, 13)]
HEADLINES = 2500  # a month
LATENCY = 0.05
LIMIT = 100
KEYWORDS = [
    "amber",
    "basil",
    "cedar",
    "dusk",
    "ember",
    "flint",
]  # one a run: nothing is answered twice
WORDS = (
    "council",
    "votes",
    "harbour",
    "budget",
    "winter",
    "debate",
    "trains",
    "schools",
    "reopen",
    "slowly",
    "after",
)
STUB = "from aiohttp import web; from tests.stub_textapi import make_app; web.run_app(make_app(), port=8765, print=None)"


class Stack(Compose):
    """The compose project with the stub in it."""

    def __init__(self, folder: Path) -> None:
        stub = {
            "build": {"context": str(ROOT), "target": "worker"},
            "image": "tidings-worker",
            "command": ["python", "-c", STUB],
            "volumes": [f"{ROOT / 'tests'}:/srv/tests:ro"],
            "healthcheck": {"test": ["CMD", "python", "-c", _fetch("/counts")], "interval": "2s"},
        }
        super().__init__("tidings-bench", folder, {"textapi": stub}, {"WORKER_PROCESSES": "1"})

    def stub(self, path: str, body: str | None = None) -> Any:
        """Ask the stub."""
        return json.loads(self("exec", "-T", "textapi", "python", "-c", _fetch(path, body)))

    def workers(self, count: int, limits: str) -> None:
        """Have so many worker containers, all ready, under these limits."""
        self.variables["TIDINGS_TEXTAPI_LIMITS"] = limits
        self(
            "up",
            "--detach",
            "--wait",
            "--no-deps",
            "--force-recreate",
            "--scale",
            f"worker={count}",
            "worker",
        )

    def run(self, keyword: str) -> dict[str, Any]:
        """Ask everything about *keyword*; what the stub counted, and the seconds from the first job to the last."""
        self.stub("/clear", "")
        span = f"{MONTHS[0]}..{MONTHS[-1]}"
        options = ["--steps", "keywords,polarity", "--text-size", "500"]
        run = int(
            self.tidings("submit", "months", span, "--keyword", keyword, *options).split()[-1]
        )
        months = f"FROM jobs WHERE run_id = {run} AND kind = 'month'"
        while self.ask_database(f"SELECT count(*) {months} AND state <> 'done'") != "0":
            time.sleep(1.0)
        seconds = float(self.ask_database(f"SELECT max(ended_at) - min(started_at) {months}"))
        return self.stub("/counts?windows=1") | {"seconds": seconds}


def _fetch(path: str, body: str | None = None) -> str:
    data = "" if body is None else f", {body.encode()!r}"
    return f"from urllib.request import urlopen; print(urlopen('http://127.0.0.1:8765{path}'{data}).read().decode())"


def write_archive(folder: Path) -> None:
    """Months of made-up headlines, every hundredth of which holds one of the keywords."""
    rng = random.Random(1)
    for month in MONTHS:
        with (folder / f"{month}.jsonl").open("w") as file:
            for number in range(HEADLINES):
                found = rng.sample(WORDS, 9) + (
                    [KEYWORDS[number // 100 % len(KEYWORDS)]] if number % 100 == 0 else []
                )
                day = 1 + number * 28 // HEADLINES
                document = {
                    "_id": f"nyt://article/{month}-{number}",
                    "pub_date": f"{month}-{day:02d}T12:00:00+0000",
                    "headline": {"main": " ".join(found).capitalize()},
                    "type_of_material": "News",
                }
                file.write(json.dumps(document) + "\n")


def main() -> None:
    if not engine_answers():
        print("no Docker engine answers here: nothing was measured")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stack = Stack(folder)
        write_archive(folder / "archive")
        try:
            stack("up", "--build", "--detach", "--wait", "redis", "db", "textapi")
            stack("run", "--rm", "migrate")
            stack.tidings("import", "--source", "nyt", "archive")
            stack.stub("/faults", json.dumps({"latency": LATENCY}))
            print("containers   limit  calls  seconds  calls/s   share  fullest second")
            keywords = iter(KEYWORDS)
            for count, limits in [
                (1, ""),
                (2, ""),
                (4, ""),
                (1, f"{LIMIT}/s"),
                (2, f"{LIMIT}/s"),
                (4, f"{LIMIT}/s"),
            ]:
                stack.workers(count, limits)
                counted = stack.run(next(keywords))
                rate = counted["calls"] / counted["seconds"]
                share = f"{rate / LIMIT:6.1%}" if limits else ""
                fullest = counted["fullest"]["1.0"]
                line = f"{count:10} {limits or 'none':>7} {counted['calls']:6} {counted['seconds']:8.1f} {rate:8.0f}"
                print(f"{line} {share:>7} {fullest:15}", flush=True)
                assert not counted["repeated"], "something was asked twice"
                assert not limits or fullest <= LIMIT, "the limit was broken"
        finally:
            stack("down", "--volumes")


if __name__ == "__main__":
    main()
