"""The tutorial, typed as it is written, into an empty folder."""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.typed_commands import typed_commands

pytestmark = pytest.mark.thorough

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
SETTING_UP = "make venv"  # the block that makes the environment in which this runs already


def blocks() -> list[str]:
    return re.findall(
        r"^```sh\n(.*?)^```$", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


@pytest.mark.timeout(360)
def test_every_command_of_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    first, *typed = blocks()
    assert first.startswith(SETTING_UP)
    assert len(typed) == 10
    script = [f"echo '== {number}'\n{block}" for number, block in enumerate(typed)]
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith("TIDINGS_")
    }
    with typed_commands() as commands:
        variables["PATH"] = f"{commands.folder}:{variables['PATH']}"
        with subprocess.Popen(
            ["/bin/bash", "-m", "-e", "-o", "pipefail"],
            cwd=tmp_path,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as shell:
            try:
                out, err = shell.communicate("\n".join(script), timeout=340)
            finally:
                # The shell waits for the stack, should the tutorial not have come to its end.
                commands.end()

    assert shell.returncode == 0, err
    shown = dict(enumerate(out.split("== ")[1:]))
    assert "12 documents read, 12 of them new" in shown[2]
    assert "documents       12" in shown[3]
    assert "run 1 (The flood): done, 100%" in shown[3]
    assert (tmp_path / ".tidings" / "reports" / "1" / "index.html").exists()
    assert "reports/1/index.html" in shown[4]
    rows = list(csv.DictReader(io.StringIO(shown[4][shown[4].index("run,") :])))
    totals = {row["period"]: row for row in rows if not row["term"]}
    assert [totals[f"2024-0{month}"]["matched"] for month in (1, 2, 3)] == ["1", "5", "2"]
    assert float(totals["2024-02"]["polarity_mean"]) < float(totals["2024-03"]["polarity_mean"])
    mentions = list(
        csv.DictReader(io.StringIO((tmp_path / "mentions.csv").read_text(encoding="utf-8")))
    )
    assert {row["term"] for row in mentions} == {"flood", "flooding", "high water"}
    assert (tmp_path / ".tidings" / "reports" / "2" / "index.html").exists()
    calls = list(csv.DictReader(io.StringIO(shown[6][shown[6].index("run,") :])))
    assert {row["calls"] for row in calls} == {"0"}
    assert sum(int(row["answers_reused"]) for row in calls) > 0
    assert shown[7].count("documents read") == 3
    assert "columns text=headline, published_at=date, section=section; not read: byline" in err
    assert err.count("not read") == 1
    assert [line.split()[-1] for line in shown[7].splitlines() if "Courier" in line] == ["Courier"]
    assert (tmp_path / ".tidings" / "reports" / "4" / "index.html").exists()
    rows = list(csv.DictReader(io.StringIO(shown[8][shown[8].index("run,") :])))
    february = {
        row["group"]: (row["documents"], row["matched"])
        for row in rows
        if not row["term"] and row["period"] == "2024-02"
    }
    assert february == {
        "": ("8", "8"), "The Courier": ("3", "3"), "Herald & Post": ("3", "3"),
        "The Observer": ("2", "2"),
    }  # fmt: skip
    assert "The flood" in shown[9]
