"""Follow a page of docs/extending to the letter, in a copy of the repository.

A page marks each block of code with the file that it belongs to: ``**New file `PATH`**`` is
followed by the whole file, ``**Change `PATH`**`` by hunks of a diff without line numbers, and
``**Type**`` by commands for a shell.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "extending"
PRODUCT = {
    "analysis", "cli", "core", "models", "networks", "packs", "producers", "reports", "sources",
    "textapi", "workers",
}  # fmt: skip
MIGRATIONS = "models/migrations/"
UNICODE = ".hypothesis/unicode_data"

_BLOCK = re.compile(
    r"^\*\*(?P<action>New file|Change|Type)(?: `(?P<path>[^`]+)`)?\*\*\n\n"
    r"```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_SECTION = re.DOTALL | re.MULTILINE
_FENCE = re.compile(r"^```\w+$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A marked block of a page."""

    action: str  # New file, Change, Type
    path: str
    text: str


def read_page(name: str) -> str:
    """Return the text of ``PAGE.md``, or of one of its sections, ``PAGE.md#HEADING``."""
    file, _, heading = name.partition("#")
    page = (PAGES / file).read_text(encoding="utf-8")
    if not heading:
        return page

    (section,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", page, _SECTION)
    return str(section)


def read_blocks(name: str) -> list[Block]:
    """Return the blocks of a page in their order; each block of the page has to be marked."""
    page = read_page(name)
    found = _BLOCK.finditer(page)
    blocks = [Block(match["action"], match["path"] or "", match["text"]) for match in found]
    assert len(blocks) == len(_FENCE.findall(page)), f"{name} has a block that is not marked"
    return blocks


def listed_files(name: str) -> list[str]:
    """Return the files that the table of a page lists."""
    return re.findall(r"^\| `([^`]+)` \|", read_page(name), re.MULTILINE)


def changed_files(name: str) -> list[str]:
    """Return the files that the blocks of a page make or change, each once."""
    return list(dict.fromkeys(block.path for block in read_blocks(name) if block.path))


def product_files(name: str) -> list[str]:
    """Return those of them that are product code; migrations are counted by themselves."""
    return [
        path
        for path in changed_files(name)
        if path.split("/")[0] in PRODUCT and not path.startswith(MIGRATIONS)
    ]


def copy_repository(folder: Path) -> Path:
    """Copy the files that git tracks, and what Python has compiled of them.

    What Hypothesis has counted of Unicode, which takes five seconds, is copied too.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for path in map(Path, filter(None, listed.stdout.split("\0"))):
        compiled = path.parent / "__pycache__"
        for source in (ROOT / path, *(ROOT / compiled).glob(f"{path.stem}.*.pyc")):
            copy = folder / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            # What is compiled holds for a file of the same age.
            shutil.copy2(source, copy)

    if (ROOT / UNICODE).is_dir():
        shutil.copytree(ROOT / UNICODE, folder / UNICODE)

    return folder


def follow(name: str, root: Path) -> list[str]:
    """Do what the page says in *root*, in its order; return what each command printed."""
    printed = []
    for block in read_blocks(name):
        if block.action == "New file":
            write_new_file(root / block.path, block.text)
        elif block.action == "Change":
            change_file(root / block.path, block.text)
        else:
            printed.append(type_commands(root, block.text))

    return printed


def write_new_file(path: Path, text: str) -> None:
    assert not path.exists(), f"{path} is there already"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def change_file(path: Path, diff: str) -> None:
    """Replace the old lines of each hunk, which are in the file once, by the new ones."""
    text = path.read_text(encoding="utf-8")
    for hunk in diff.split("@@\n"):
        old, new = "", ""
        for line in hunk.splitlines(keepends=True):
            sign, content = (line[0], line[1:]) if line.strip() else (" ", line)
            old += content if sign in " -" else ""
            new += content if sign in " +" else ""

        assert old or not new, f"{path}: a hunk does not say where it belongs"
        assert not old or text.count(old) == 1, f"{path} does not hold once:\n{old}"
        text = text.replace(old, new) if old else text

    path.write_text(text, encoding="utf-8")


def type_commands(root: Path, commands: str) -> str:
    """Run *commands* in *root* as in the shell of a developer; return what they printed."""
    done = subprocess.run(  # noqa: S603
        ["/bin/bash", "-e", "-o", "pipefail", "-c", commands],
        cwd=root,
        env=developer_environment(root),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def developer_environment(root: Path) -> dict[str, str]:
    """Return an environment whose programs import the packages in *root*, not those of here."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONPATH": str(root),
        "TIDINGS_HOME": str(root / ".tidings"),
        "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", str(root / ".matplotlib")),
    }
