"""Kill a notebook's kernel at moments spread over a study, and count what was asked.

``python bench/notebook_kills.py [--kills 20]``: each kernel opens a home with `start=True`, submits
the same run and waits for it. It is killed by SIGKILL, and its stack ends with it; the next one
runs the same cell. Half of the moments are in the start and the submission, half in the run. At the
end the calls that the Text API got are those of the plan, and there is one run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

# A stack starts within this time, and the run is submitted.
SECONDS_TO_SUBMIT = 20.0

# The run makes at least so many calls.
CALLS_OF_RUN = 180

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.e2e_kit import Stub, running_stub  # noqa: E402
from tests.services import wait_until  # noqa: E402

CELL = """
import tidings

home = tidings.open("home", start=True)
home.read(tidings.DEMO_ARCHIVE)
plan = home.months("2023-03..2023-08", keywords={"wind": None, "strike": None}, name="Killed")
print(plan.figures["calls_needed"], flush=True)
run = plan.submit().wait()
print(run.number, run.status()["calls"], len(home.runs()), flush=True)
"""


def start_kernel(folder: Path, url: str) -> subprocess.Popen[str]:
    """Start a kernel that runs the cell."""
    variables = {
        "PYTHONPATH": str(ROOT),
        "TIDINGS_TEXTAPI_URL": url,
        "TIDINGS_TEXTAPI_KEY": "k",
    }
    return subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-c", CELL],
        cwd=folder,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        text=True,
    )


def has_called(stub: Stub, calls: int) -> bool:
    """Return whether the Text API got more than so many calls."""
    return int(stub.counts()["calls"]) > calls


def main() -> None:
    """Print the moments and the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    kills = parser.parse_args().kills

    with TemporaryDirectory() as written:
        folder = Path(written)
        with running_stub(folder / "stub") as stub:
            stub.faults(latency=1.0)
            calls_at_kills = []
            for kill in range(kills):
                kernel = start_kernel(folder, stub.url)
                if kill < kills // 2:
                    time.sleep(SECONDS_TO_SUBMIT * (kill + 1) / (kills // 2))
                else:
                    calls = CALLS_OF_RUN * (kill - kills // 2) // (kills - kills // 2)
                    wait_until(partial(has_called, stub, calls), seconds=300, what="calls")

                kernel.kill()
                kernel.wait()
                counts = stub.counts()
                calls_at_kills.append(counts["calls"])
                print(
                    f"kill {kill + 1}: {counts['calls']} calls, {counts['again']} twice", flush=True
                )

            kernel = start_kernel(folder, stub.url)
            out, _ = kernel.communicate()
            planned, (number, calls, runs) = (
                list(map(int, line.split())) for line in out.split("\n")[:2]
            )
            counts = stub.counts()
            result = {
                "calls at the kills": calls_at_kills,
                "planned": planned[0],
                "asked": counts["calls"],
                "the run's own count": calls,
                "asked twice": counts["again"],
                "run": number,
                "runs": runs,
            }
            print(json.dumps(result, indent=1))
            assert counts["calls"] == planned[0]
            assert (counts["again"], runs) == (0, 1)


if __name__ == "__main__":
    main()
