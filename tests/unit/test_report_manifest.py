"""A report is made again when the code that it depends on has changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reports.build import manifest

ROOT = Path(__file__).resolve().parents[2]
LOADED = "import reports.build.report_folder, sys; print(*sorted(sys.modules), sep='\\n')"


@pytest.mark.thorough
def test_every_package_that_making_a_report_loads_is_in_its_fingerprint() -> None:
    loaded = subprocess.run(  # noqa: S603 - a line of this file
        [sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    used = {name.partition(".")[0] for name in loaded} & packages
    assert "codebooks" in {name.split(".")[1] for name in loaded if name.startswith("analysis.")}
    assert used == set(manifest.PACKAGES)


def test_files_of_inner_packages_are_read_and_compiled_ones_are_not(tmp_path: Path) -> None:
    for name in ("reports/outer.py", "reports/inner/template.html", "reports/inner/code.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)

    (tmp_path / "reports/inner/__pycache__").mkdir()
    (tmp_path / "reports/inner/__pycache__/code.pyc").write_text("compiled")
    listed = [path.read_text() for path in manifest.list_files(tmp_path / "reports")]
    assert listed == ["reports/inner/code.py", "reports/inner/template.html", "reports/outer.py"]
