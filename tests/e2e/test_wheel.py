"""The wheel: what is in it, and that it works beside modules of the same names."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.e2e_kit import Stub, write_archive

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]
# A module of the standard library, and the one in which Celery looks for its configuration.
OTHER_NAMES = ("random", "celeryconfig")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)  # noqa: S603
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment that sees what is installed here but this tree.

    Return the folder of its programs. The file that puts this tree on the path of its own
    environment is not read in another one.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    programs = folder / "bin"
    packages = sysconfig.get_path("purelib", vars={"base": str(folder)})
    seen = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    Path(packages, "dependencies.pth").write_text("\n".join(seen), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(programs / "python"), "install"]
    pip += ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True, timeout=60)  # noqa: S603
    return programs


def top_levels(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        names = {name.split("/")[0] for name in archive.namelist()}
    return {name for name in names if not name.endswith(".dist-info")}


@pytest.fixture
def own_folder(wheel: Path, tmp_path: Path) -> Path:
    """A folder with modules of the names that the wheel has: each says that it was imported."""
    folder = tmp_path / "own"
    folder.mkdir()
    tell = f"open({str(tmp_path / 'imported')!r}, 'a').write(__name__ + ' ')\nraise SystemExit(9)\n"
    for number, name in enumerate(sorted(top_levels(wheel) | {*OTHER_NAMES})):
        path = folder / (f"{name}/__init__.py" if number % 2 else f"{name}.py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(tell, encoding="utf-8")

    return folder


def test_the_wheel_holds_every_file_of_its_packages_and_no_other(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    in_tree = set()
    for package in top_levels(wheel):
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                in_tree.add(path.relative_to(ROOT).as_posix())

    # The page that `help` of the module reads lies beside it.
    assert packed == in_tree | {"tidings/commands.md"}
    kinds = {Path(name).suffix for name in packed}
    assert {".html", ".css", ".js", ".txt", ".yaml", ".mako", ".npz", ".xz", ".md"} <= kinds


def test_the_names_that_the_wheel_takes_are_listed_with_why(wheel: Path) -> None:
    page = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8")
    section = page.split("## The names that the wheel takes")[1].split("## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| .{10,} \|$", section, re.MULTILINE)
    assert set(rows) == top_levels(wheel)


@contextmanager
def running_up(programs: Path, folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Run `tidings up` in *folder* until the stack is up, and end it as Ctrl-C does."""
    shim = [str(programs / "python"), "-P", "-m", "cli.stack.exec_with_pdeathsig", str(os.getpid())]
    command = [*shim, str(programs / "tidings"), "up", "--workers", "1"]
    with subprocess.Popen(  # noqa: S603 - the wheel's own program
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        else:
            pytest.fail(f"it ended with status {process.wait()}: {''.join(lines)}")

        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


@pytest.mark.timeout(300)
def test_commands_and_workers_import_nothing_of_the_working_folder(
    programs: Path, own_folder: Path, stub: Stub, tmp_path: Path
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TIDINGS_HOME": str(tmp_path / "home"),
        "TIDINGS_TEXTAPI_URL": stub.url,
        "TIDINGS_TEXTAPI_KEY": "key",
    }

    def tidings(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - the wheel's own program
            [str(programs / "tidings"), *arguments],
            cwd=own_folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert re.fullmatch(r"tidings \d+\.\d+\.\d+\n", tidings("--version"))
    assert tidings("codebook", "check", "relevance").startswith("relevance: 1 variable, 2 codes")

    write_archive(own_folder / "headlines", {"2020-03-01": ["Covid Is Named", "A Quiet Day"]})
    with running_up(programs, own_folder, environment):
        tidings("import", "headlines")
        run = tidings("submit", "months", "2020-03..2020-03", "--keyword", "covid", "--wait")
        mentions = tidings("export", run.split()[-1], "mentions")
        assert '"sentence": "Covid Is Named"' in mentions
        page = tidings("report", run.split()[-1]).split()[-1]

    assert (own_folder / page).exists()
    assert not (tmp_path / "imported").exists()
