"""The pages in docs/reference are what the code says, and no page names what is not there."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cli.main import app
from core.settings import NO_SETTINGS, Settings, secret_names
from tests.reference_pages import FOLDER, PAGES, commands_page, settings_page

ROOT = Path(__file__).parents[2]
WRITTEN = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / ".env.example",
]
MARKDOWN = [path for path in WRITTEN if path.suffix == ".md"]
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir()}
ELSEWHERE = NO_SETTINGS
_ADDED_KIND = re.compile(
    r'^class \w+\((PostsKind|Months)\b.*?^    name = "(\w+)"$', re.DOTALL | re.MULTILINE
)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), (
        "run: python tests/reference_pages.py"
    )


def test_every_setting_has_a_meaning_and_its_default_on_the_page() -> None:
    rows = {
        line.split("`")[1]: line
        for line in settings_page().splitlines()
        if line.startswith("| `TIDINGS_")
    }
    assert set(rows) == {f"TIDINGS_{name.upper()}" for name in Settings.model_fields}
    assert all(field.description for field in Settings.model_fields.values())
    assert "| `60.0` |" in rows["TIDINGS_SLICE_SECONDS"]
    assert "| `5/min,500/d` |" in rows["TIDINGS_NYT_LIMITS"]
    assert "secret | none" in rows["TIDINGS_TEXTAPI_KEY"]


def test_every_command_and_option_is_on_the_page_with_what_it_does() -> None:
    page = commands_page()
    sections = dict(section.split("\n", 1) for section in page.split("\n## ")[1:])
    for path, command in commands():
        section = sections[path]
        if "| default |" not in section and command.params:
            # It names the command that has the same options.
            named = re.search(r"`(tidings [a-z ]+)`(?:;|\.)", section)
            assert named is not None or len(command.params) == 1, path
            section += sections[named[1]] if named else ""

        for parameter in command.params:
            if parameter.name != "help":
                assert parameter.help, f"{path}: {parameter.name} says nothing of itself"
                assert all(
                    f"`{name}" in section for name in parameter.opts if name.startswith("--")
                )

    assert "| `--text-size TEXT_SIZE` | `3000` |" in page


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_no_page_names_a_missing_setting(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"\bTIDINGS_[A-Z_]*[A-Z]\b", text))
    added = re.findall(r"^\+    (\w+): \w+ = Field\(", text, re.MULTILINE)  # by a how-to
    there = {f"TIDINGS_{name.upper()}" for name in [*Settings.model_fields, *added]}
    there |= {f"TIDINGS_{name.upper()}_FILE" for name in secret_names()}
    assert named <= there | ELSEWHERE


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_no_page_shows_a_missing_command_or_option(path: Path) -> None:
    by_name = dict(commands())
    text = path.read_text(encoding="utf-8")
    # A how-to adds a kind of run.
    for base, kind in _ADDED_KIND.findall(text):
        like = "months" if base == "Months" else "handles"
        for command in ("plan", "submit"):
            by_name[f"tidings {command} {kind}"] = by_name[f"tidings {command} {like}"]

    for line in text.splitlines():
        if FOLDER in path.parents:
            continue

        typed = re.match(
            r"^(?:docker compose run --rm )?(tidings [a-z].*?)(?: #.*| &)?$", line.strip()
        )
        in_table = re.match(r"^\| I|^\| [a-z][^|]* \| `(tidings [^`]+)`", line)
        command_line = typed or (in_table and in_table[1] and in_table)
        if not command_line or (typed and "[" in line):
            continue

        words = shlex.split(command_line[1], comments=True)
        name = next(
            (" ".join(words[:n]) for n in (4, 3, 2) if " ".join(words[:n]) in by_name), None
        )
        assert name, line
        options = {option for parameter in by_name[name].params for option in parameter.opts} | {
            "--help"
        }
        assert {word for word in words if word.startswith("--")} <= options, line


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_no_page_names_a_missing_file_or_name(path: Path) -> None:
    """``folder/file.py`` is there, and so is each NAME of ``folder/file.py:NAME``."""
    text = path.read_text(encoding="utf-8")
    added = set(re.findall(r"^\*\*New file `([^`]+)`\*\*$", text, re.MULTILINE))
    named = re.findall(r"`((?:[a-z]\w*/)+[\w.-]*)(?::(\w+))?`", text)
    for file, name in named:
        if file in added or file.split("/")[0] not in FOLDERS:
            continue

        assert (ROOT / file).exists(), file
        assert not name or re.search(rf"\b{name}\b", (ROOT / file).read_text()), f"{file}:{name}"


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_no_page_names_a_missing_module(path: Path) -> None:
    """``package.module`` and ``package.NAME`` are there, and so is ``package.module.NAME``."""
    text = path.read_text(encoding="utf-8")
    for dotted in re.findall(r"`((?:[a-z_]+\.)+\w+)(?:\(.*?\))?`", text):
        first, *rest = dotted.split(".")
        if first not in FOLDERS or not (ROOT / first / "__init__.py").exists():
            continue

        place = ROOT / first
        while rest and (place / rest[0]).is_dir():
            place /= rest.pop(0)

        if rest and re.search(rf"\b{rest[0]}\b", (place / "__init__.py").read_text()):
            continue

        assert rest == [] or (place / f"{rest[0]}.py").exists(), dotted
        for name in rest[1:]:
            assert re.search(rf"\b{name}\b", (place / f"{rest[0]}.py").read_text()), dotted


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_no_link_leads_to_a_missing_page_or_heading(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        if "://" in file:
            continue

        page = (path.parent / file).resolve() if file else path
        assert page.exists(), target
        assert not anchor or anchor in headings(page), target


def test_the_lines_of_code_beside_the_formulas_are_in_the_networks() -> None:
    def without_comments(text: str) -> set[str]:
        return {re.sub(r"\s+#.*", "", line).strip() for line in text.splitlines()}

    page = (ROOT / "docs" / "networks.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    code = [path.read_text() for path in (ROOT / "networks").glob("*.py")]
    assert len(blocks) >= 9
    assert without_comments("\n".join(blocks)) <= without_comments("\n".join(code))


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_no_page_names_a_missing_target_of_make(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"(?:^|`|\s{4})make ([a-z-]+)", text, re.MULTILINE)
    assert set(named) <= targets


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", title.lower()) for title in titles]
    return {title.replace(" ", "-") for title in plain}


@cache
def commands() -> list[tuple[str, Any]]:
    def walk(command: Any, path: str) -> list[tuple[str, Any]]:
        below = getattr(command, "commands", None)
        if below is None:
            return [(path, command)]

        return [
            leaf
            for name, each in below.items()
            if not each.hidden
            for leaf in walk(each, f"{path} {name}")
        ]

    return walk(get_command(app), "tidings")
