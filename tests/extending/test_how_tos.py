"""Each how-to of docs/extending does what it says: it is followed in a copy of the repository."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.extending.how_to import (
    PAGES,
    changed_files,
    copy_repository,
    developer_environment,
    follow,
    listed_files,
    product_files,
)

POSTS = "source.md#A source of posts"
ARCHIVE = "source.md#An archive"
OUTLETS = "kind.md#Outlets, a portrait of each"
DAYS = "kind.md#Days, with mentions"
MOST_PRODUCT_FILES = {
    POSTS: 3,
    ARCHIVE: 3,
    "step.md": 5,
    "figure.md": 2,
    "finding.md": 2,
    "endpoint.md": 2,
    "grouping.md": 2,
    "measure.md": 2,
    "table.md": 2,
    OUTLETS: 2,
    DAYS: 2,
}

# This ends what hangs: a page takes half a minute, and on a busy machine many times that.
pytestmark = [pytest.mark.thorough, pytest.mark.timeout(3600)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_repository(tmp_path / "repository")


def tidings(root: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=root,
        env=developer_environment(root),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_how_to_is_followed_by_a_test() -> None:
    assert {name.partition("#")[0] for name in MOST_PRODUCT_FILES} == {
        path.name for path in PAGES.iterdir()
    }


@pytest.mark.parametrize(("name", "most"), MOST_PRODUCT_FILES.items())
def test_a_page_lists_the_files_that_it_touches_and_they_are_few(name: str, most: int) -> None:
    assert sorted(listed_files(name)) == sorted(changed_files(name))
    assert len(product_files(name)) == most


def test_a_source_of_posts_is_imported_and_can_be_chosen(root: Path) -> None:
    (printed,) = follow(POSTS, root)
    assert "2 documents read, 2 of them new; 0 empty, 0 left out" in printed
    assert "chirp" in tidings(root, "submit", "handles", "--help")
    settings = (root / "docs/reference/settings.md").read_text(encoding="utf-8")
    services = settings.split("## Services that documents come from")[1].split("\n## ")[0]
    assert "| `TIDINGS_CHIRP_LIMITS` | text | `100/min` |" in services


def test_an_archive_is_imported_and_its_months_are_planned(root: Path) -> None:
    (printed,) = follow(ARCHIVE, root)
    assert "2 documents read, 2 of them new; 0 empty, 0 left out" in printed
    plan = json.loads(printed.splitlines()[-1])
    assert plan["documents"] == 2
    assert "archive" not in plan["by_operation"]  # the month is stored
    months = ("plan", "months", "2024-02..2024-03", "--keyword", "tide", "--source", "gazette")
    assert json.loads(tidings(root, *months, "--json"))["by_operation"] == {"archive": 2}


def test_a_step_is_planned_run_exported_and_erased(root: Path) -> None:
    (printed,) = follow("step.md", root)
    assert re.search(r"^ +text_polarity +4$", printed, re.MULTILINE)
    commands = (root / "docs/reference/commands.md").read_text(encoding="utf-8")
    assert "of: codes, distinctive, document_polarity, entities, " in commands


def test_a_figure_is_drawn_in_the_report(root: Path) -> None:
    (printed,) = follow("figure.md", root)
    assert "2 passed" in printed


def test_a_finding_says_what_was_counted(root: Path) -> None:
    (printed,) = follow("finding.md", root)
    assert re.search(r"\d+ passed", printed)


def test_a_grouping_is_a_choice_of_commands_and_of_the_module(root: Path) -> None:
    (printed,) = follow("grouping.md", root)
    assert re.findall(r"(\d+) passed", printed)[0] == "3"
    assert "outlet|section|kind|weekday" in tidings(root, "report", "--help").replace("\n", "")
    stub = (root / "tidings/commands.pyi").read_text(encoding="utf-8")
    assert '"week,weekday",' in stub
    assert '"weekday",\n]\nBy:' in stub


def test_a_measure_is_a_column_of_periods(root: Path) -> None:
    (printed,) = follow("measure.md", root)
    assert re.search(r"\d+ passed", printed)


def test_a_table_is_exported_and_known_to_the_module(root: Path) -> None:
    (printed,) = follow("table.md", root)
    assert re.search(r"\d+ passed", printed)
    assert '"lengths",' in (root / "tidings/commands.pyi").read_text(encoding="utf-8")


def test_an_endpoint_is_served_and_described(root: Path) -> None:
    printed = "".join(follow("endpoint.md", root))
    assert "9 passed" in printed
    assert re.search(r"Contracts: \d+ kept, 0 broken\.", printed)


def test_a_kind_of_run_is_submitted_planned_watched_and_shown(root: Path) -> None:
    (printed,) = follow(OUTLETS, root)
    assert re.search(r"^documents +5$", printed, re.MULTILINE)
    commands = (root / "docs/reference/commands.md").read_text(encoding="utf-8")
    assert "## tidings submit outlets" in commands
    assert "## tidings plan outlets" in commands
    outlets = commands.split("## tidings submit outlets")[1].split("\n## ")[0]
    assert "| `--phrases PHRASES` | `5` |" in outlets
    assert "| `--source SOURCE` | none | Only this archive. |" in outlets


def test_a_kind_by_day_counts_mentions_and_is_shown(root: Path) -> None:
    (printed,) = follow(DAYS, root)
    assert re.search(r"^documents +5$", printed, re.MULTILINE)
    commands = (root / "docs/reference/commands.md").read_text(encoding="utf-8")
    days = commands.split("## tidings submit days")[1].split("\n## ")[0]
    assert "| `--outlet NAME,NAME` |" in days
