"""Figures look the same in every folder and for every user."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DRAW = """
import sys
from reports.figures import style
with style.house_style():
    figure, axes = style.new_axes()
    axes.plot([1, 2], [3, 4])
    sys.stdout.buffer.write(style.to_svg(figure))
"""


def drawn_in(folder: Path) -> bytes:
    folder.mkdir(exist_ok=True)
    return subprocess.run(  # noqa: S603 - its own interpreter
        [sys.executable, "-P", "-c", DRAW],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    ).stdout


def test_a_matplotlibrc_in_the_working_folder_changes_no_figure(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "matplotlibrc").write_text("xtick.major.size: 30\naxes.xmargin: 0.4\n", encoding="utf-8")
    expected = drawn_in(tmp_path / "empty")
    assert expected.startswith(b"<?xml")
    assert drawn_in(own) == expected
