"""Rows of the table in bench/README.md, from what benchmarks print with `--json`.

python bench/months.py --json | tee -a figures.jsonl | python bench/readme_rows.py
"""

from __future__ import annotations

import json
import sys
from typing import Any

from harness import format_number


def make_row(figure: dict[str, Any]) -> str:
    """Return a figure as a row of the table."""
    unit = f" {figure['unit']}".rstrip()
    measured = f"{format_number(figure['median'])}{unit}"
    if figure["rounds"] > 1:
        measured += f" ({format_number(figure['min'])} to {format_number(figure['max'])})"

    floor = "-"
    if figure["floor"]:
        ratio = figure["median"] / figure["floor"]
        floor = f"{figure['floor_name']} {format_number(figure['floor'])}{unit}: {ratio:.2f} x"

    cells = [figure["figure"].strip(), measured, floor, f"`{figure['command']}`"]
    return f"| {' | '.join([*cells, figure['date'], figure['commit']])} |"


def main() -> None:
    for line in sys.stdin:
        print(make_row(json.loads(line)))


if __name__ == "__main__":
    main()
