"""How calls a second grow with worker containers, and how much of a limit several of them use.

``python bench/containers.py``: some four minutes on two cores, on a Docker engine; without one it says so. The stack is
docker-compose.yml's, with a stub of 50 ms latency in the place of the Text API, which counts what it is asked.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PROJECT = "tidings-bench"
MONTHS = [f"{year}-{month:02d}" for year in (2018, 2019) for month in range(1, 13)]
HEADLINES = 2500  # a month
LATENCY = 0.05
LIMIT = 100
KEYWORDS = ["amber", "basil", "cedar", "dusk", "ember", "flint"]  # one a run: nothing is answered twice
WORDS = ("council", "votes", "harbour", "budget", "winter", "debate", "trains", "schools", "reopen", "slowly", "after")
PASSWORDS = ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "FLOWER_PASSWORD", "TIDINGS_TEXTAPI_KEY")
STUB = (
    "from aiohttp import web; from tests.stub_textapi import make_app; web.run_app(make_app(), port=8765, print=None)"
)
PYTHON = ["exec", "-T", "textapi", "python", "-c"]


class Stack:
    """The compose project with the stub in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = os.environ | {name: secrets.token_hex(16) for name in PASSWORDS}
        self._environment |= {"ARCHIVE": str(folder / "archive"), "WORKER_PROCESSES": "1"}
        stub = {
            "build": {"context": str(ROOT), "target": "worker"},
            "image": "tidings-worker",
            "command": ["python", "-c", STUB],
            "volumes": [f"{ROOT / 'tests'}:/work/tests:ro"],
            "healthcheck": {"test": ["CMD", "python", "-c", _fetch("/counts")], "interval": "2s"},
        }
        (folder / "stub.json").write_text(json.dumps({"services": {"textapi": stub}}))
        (folder / "empty.env").touch()

    def __call__(self, *arguments: str) -> str:
        """Run ``docker compose`` with these arguments; what it says on standard output."""
        command = ["docker", "compose", "--project-name", PROJECT, "--env-file", str(self._folder / "empty.env")]
        command += ["--file", str(ROOT / "docker-compose.yml"), "--file", str(self._folder / "stub.json")]
        done = subprocess.run(  # noqa: S603
            [*command, *arguments], env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"docker compose {' '.join(arguments)} failed:\n{done.stderr}")
        return done.stdout

    def stub(self, path: str, body: str | None = None) -> Any:
        """Ask the stub."""
        return json.loads(self(*PYTHON, _fetch(path, body)))

    def workers(self, count: int, limits: str) -> None:
        """Have so many worker containers, all ready, under these limits."""
        self._environment["TIDINGS_TEXTAPI_LIMITS"] = limits
        self("up", "--detach", "--wait", "--no-deps", "--force-recreate", "--scale", f"worker={count}", "worker")

    def run(self, keyword: str) -> dict[str, Any]:
        """Ask everything about *keyword*; what the stub counted."""
        self.stub("/clear", "")
        span = f"{MONTHS[0]}..{MONTHS[-1]}"
        submit = ["submit", "months", span, "--keyword", keyword, "--steps", "keywords,polarity", "--text-size", "500"]
        run = self("run", "--rm", "-T", "tidings", *submit).split()[-1]
        while self.ask_database(run, "count(*) FILTER (WHERE state <> 'done')"):
            time.sleep(1.0)
        seconds = self.ask_database(run, "max(ended_at) - min(started_at)")
        return self.stub("/counts?windows=1") | {"seconds": seconds}

    def ask_database(self, run: str, what: str) -> float:
        """A number on the months of a run."""
        query = f"SELECT {what} FROM jobs WHERE run_id = {int(run)} AND kind = 'month'"  # noqa: S608 - it is ours
        return float(self("exec", "-T", "db", "psql", "--username=tidings", "--tuples-only", "--command", query))


def _fetch(path: str, body: str | None = None) -> str:
    data = "" if body is None else f", {body.encode()!r}"
    return f"from urllib.request import urlopen; print(urlopen('http://127.0.0.1:8765{path}'{data}).read().decode())"


def write_archive(folder: Path) -> None:
    """Months of made-up headlines, every hundredth of which holds one of the keywords."""
    folder.mkdir()
    rng = random.Random(1)
    for month in MONTHS:
        with (folder / f"{month}.jsonl").open("w") as file:
            for number in range(HEADLINES):
                found = rng.sample(WORDS, 9) + ([KEYWORDS[number // 100 % len(KEYWORDS)]] if number % 100 == 0 else [])
                day = 1 + number * 28 // HEADLINES
                document = {
                    "_id": f"nyt://article/{month}-{number}",
                    "pub_date": f"{month}-{day:02d}T12:00:00+0000",
                    "headline": {"main": " ".join(found).capitalize()},
                    "type_of_material": "News",
                }
                file.write(json.dumps(document) + "\n")


def main() -> None:
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "ls"], capture_output=True, check=False).returncode:  # noqa: S603
        print("no Docker engine answers here: nothing was measured")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_archive(folder / "archive")
        stack = Stack(folder)
        try:
            stack("up", "--build", "--detach", "--wait", "redis", "db", "textapi")
            stack("run", "--rm", "migrate")
            stack("run", "--rm", "-T", "tidings", "import", "--source", "nyt", "archive")
            stack.stub("/faults", json.dumps({"latency": LATENCY}))
            print("containers   limit  calls  seconds  calls/s   share  fullest second")
            keywords = iter(KEYWORDS)
            for count, limits in [(1, ""), (2, ""), (4, ""), (1, f"{LIMIT}/s"), (2, f"{LIMIT}/s"), (4, f"{LIMIT}/s")]:
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
