"""The pages in docs/reference are what the code says, and no page names what is not there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cli.main import app
from core.settings import Settings
from tests.reference_pages import FOLDER, PAGES, commands_page, settings_page

ROOT = Path(__file__).parents[2]
WRITTEN = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *ROOT.glob(".env.example")]
ELSEWHERE = {"TIDINGS_TEST_POSTGRES_URL", "TIDINGS_REAL_DATA", "TIDINGS_CHAOS_MINUTES"}


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
    for path, command in commands():
        section = page.split(f"\n## {path}\n")[1].split("\n## ")[0]
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
    assert named <= there | ELSEWHERE


@pytest.mark.parametrize(
    "path", [path for path in WRITTEN if path.suffix == ".md"], ids=lambda path: path.name
)
def test_no_page_shows_a_missing_command_or_option(path: Path) -> None:
    by_name = dict(commands())
    for line in path.read_text(encoding="utf-8").splitlines():
        typed = re.match(
            r"^(?:docker compose run --rm )?(tidings [a-z].*?)(?: #.*| &)?$", line.strip()
        )
        if not typed or line.startswith("|") or "[" in line or FOLDER in path.parents:
            continue
        words = shlex.split(typed[1], comments=True)
        name = next(
            (" ".join(words[:n]) for n in (4, 3, 2) if " ".join(words[:n]) in by_name), None
        )
        assert name, line
        options = {option for parameter in by_name[name].params for option in parameter.opts} | {
            "--help"
        }
        assert {word for word in words if word.startswith("--")} <= options, line


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
