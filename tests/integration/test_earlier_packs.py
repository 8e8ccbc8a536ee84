"""Packs of format 5, made by the program that wrote it, are read and verified.

`tests/packs` has two, without their figures: `format-5-texts.zip` of three months with labels and
codes, with texts; `format-5-sample.zip` of two months with samples and looks, without texts.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from core.errors import BadInput
from packs.archive import PackReader
from packs.reading import list_tables
from reports.data.tables.registry import TABLES
from tests.integration.test_forged_packs import read
from tests.packs_kit import follow, forge, verify

PACKS = Path(__file__).parents[1] / "packs"
NOT_CHECKED = "an earlier version says otherwise what is in a pack"

Lines = list[dict[str, Any]]


@pytest.fixture
def with_texts(tmp_path: Path) -> Path:
    return shutil.copyfile(PACKS / "format-5-texts.zip", tmp_path / "texts.zip")


@pytest.fixture
def without_texts(tmp_path: Path) -> Path:
    return shutil.copyfile(PACKS / "format-5-sample.zip", tmp_path / "no-texts.zip")


def find_problems(path: Path) -> list[str]:
    """Return the files with a problem, but those of tables that have changed since.

    They have got columns; the figures of recall are no longer too high where few misses were read.
    """
    with PackReader(path) as pack:
        changed = {name for name in list_tables(pack) if has_other_columns(path, name)}

    if list_other_estimates(path) <= {("recall", "estimate"), ("f1", "estimate")}:
        changed.add("estimates")

    later = {f"exports/{name}.{form}" for name in changed for form in ("jsonl", "csv")}
    later |= {"datapackage.json", "exports/dictionary.md"}
    problems = verify(path).problems
    return [problem for problem in problems if problem.split(",")[0].split(" ")[0] not in later]


def list_other_estimates(path: Path) -> set[tuple[str, str]]:
    """Return the measures whose rows of estimates are others now, and in which columns."""
    rows = [
        [json.loads(line) for line in content.splitlines()]
        for content in (
            read(path, "exports/estimates.jsonl"),
            follow(path)["exports/estimates.jsonl"],
        )
    ]
    return {
        (row["measure"], column)
        for row, later in zip(*rows, strict=True)
        for column in later
        if row[column] != later[column]
    }


def has_other_columns(path: Path, table: str) -> bool:
    head = read(path, f"exports/{table}.jsonl").splitlines()[:1]
    return bool(head) and list(json.loads(head[0])) != list(TABLES[table].columns)


def edit(path: Path, name: str, change: Callable[[Lines], object]) -> Path:
    lines = list(map(json.loads, read(path, name).splitlines()))
    change(lines)
    content = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    return forge(path, {name: content.encode()})


def test_a_pack_with_texts_is_computed_again(with_texts: Path) -> None:
    assert find_problems(with_texts) == []
    result = verify(with_texts)
    assert {"mentions", "phrases", "codes", "estimates", "labels"} <= {*result.recomputed}
    assert result.not_checked["README.txt"] == NOT_CHECKED
    assert result.not_checked["ro-crate-metadata.json"] == NOT_CHECKED


def test_a_pack_without_texts_is_computed_again_as_far_as_it_can_be(without_texts: Path) -> None:
    assert find_problems(without_texts) == []
    result = verify(without_texts)
    assert {"mentions", "periods", "codes"} <= {*result.recomputed}
    assert "the sample of relevance" in result.not_checked
    assert "the sample of tone" not in result.not_checked
    assert "what looks at a growing sample found" in result.given


def double_population(lines: Lines) -> None:
    lines[0]["strata"][0]["population"] *= 2


def repeat_unit(lines: Lines) -> None:
    lines[0]["units"].append(lines[0]["units"][0])


def number_looks_otherwise(lines: Lines) -> None:
    next(line for line in lines if line["looks"])["looks"][1]["number"] = 4


def name_another_state(lines: Lines) -> None:
    lines[0]["steps"][0]["state"] = "finished"


@pytest.mark.parametrize(
    ("name", "change", "named"),
    [
        ("codebooks.jsonl", double_population, "rows/sample_strata.jsonl"),
        ("codebooks.jsonl", repeat_unit, "rows/sampled_units.jsonl: a row is there twice"),
        ("jobs.jsonl", name_another_state, "jobs.jsonl, line 1: state: Input should be"),
        ("jobs.jsonl", list.pop, "'2021-02' is not in the pack"),
        ("documents.jsonl", list.pop, "is not in the pack"),
        ("exports/mentions.jsonl", list.pop, "exports/"),
    ],
)
def test_what_was_forged_is_named(
    without_texts: Path, name: str, change: Callable[[Lines], object], named: str
) -> None:
    problems = verify(edit(without_texts, name, change)).problems
    assert any(named in problem for problem in problems), problems


def test_looks_that_are_not_numbered_are_refused(without_texts: Path) -> None:
    problems = verify(edit(without_texts, "codebooks.jsonl", number_looks_otherwise)).problems
    assert any("looks are not numbered from 1 on" in problem for problem in problems)


def test_a_text_that_was_changed_is_named(with_texts: Path) -> None:
    def change(lines: Lines) -> None:
        lines[0]["text"] += "!"

    (problem,) = verify(edit(with_texts, "documents.jsonl", change)).problems
    assert problem.endswith("documents.jsonl, line 1: the text is not the one that was hashed")


def test_a_file_of_the_newer_format_is_additional(with_texts: Path) -> None:
    assert "rows/jobs.jsonl" in "".join(
        verify(forge(with_texts, {"rows/jobs.jsonl": b""})).problems
    )


def test_an_even_older_pack_is_refused(with_texts: Path) -> None:
    with ZipFile(with_texts) as archive:
        manifest = archive.read("run.json").replace(b'"format": 5', b'"format": 4')

    older = forge(with_texts, {"run.json": manifest})
    with pytest.raises(BadInput, match="another version of Tidings packed it: pack the run again"):
        verify(older)
