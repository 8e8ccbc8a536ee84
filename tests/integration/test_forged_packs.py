"""Packs that were forged and given right checksums are named by each file that is not as it was."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.packs_kit import (
    follow,
    forge,
    jobs_over_headlines,
    months,
    pack,
    verify,
    without_figures,
)
from tests.tiers import thorough_but

Files = dict[str, bytes | None]
Lines = dict[str, Any]


@pytest.fixture(scope="module")
def packs(
    tmp_path_factory: pytest.TempPathFactory, _valkey: str, _sqlite_template: Path
) -> Iterator[Mapping[bool, Path]]:
    """A run of months as a pack with texts (True) and as one without."""
    folder = tmp_path_factory.mktemp("packs")
    with jobs_over_headlines(folder, _valkey, _sqlite_template) as jobs:
        run = jobs.submit(months())
        jobs.do_all(run)
        yield {
            True: pack(jobs, run, folder / "texts.zip", texts=True, figures=True),
            False: pack(jobs, run, folder / "no-texts.zip", figures=True),
        }


@pytest.fixture
def packed(packs: Mapping[bool, Path], tmp_path: Path) -> Path:
    """Return a copy of the pack with texts."""
    return shutil.copyfile(packs[True], tmp_path / "pack.zip")


def read(path: Path, name: str) -> bytes:
    with ZipFile(path) as archive:
        return archive.read(name)


def a_form_edited(path: Path) -> Files:
    content = read(path, "exports/periods.csv")
    return {"exports/periods.csv": re.sub(rb",(\d),", b",9,", content, count=1)}


def a_form_removed(_path: Path) -> Files:
    return {"exports/periods.jsonl": None}


def a_form_edited_and_the_other_removed(path: Path) -> Files:
    return a_form_edited(path) | a_form_removed(path) | without_periods(path)


def a_table_removed_from_everywhere(path: Path) -> Files:
    return {"exports/periods.csv": None} | a_form_removed(path) | without_periods(path)


def without_periods(path: Path) -> Files:
    return {"run.json": read(path, "run.json").replace(b'  "periods",\n', b"")}


def a_form_added(_path: Path) -> Files:
    return {"exports/periods.tsv": b"run\tperiod\n"}


def answers_edited_with_their_tables(path: Path) -> Files:
    files = edit_answers(path)
    return files | {
        name: content
        for name, content in follow(forge(path, files)).items()
        if name.startswith("exports/")
    }


def edit_answers(path: Path) -> Files:
    """Change the highest: which answer is the first depends on the address of the service."""
    name = "answers/polarity.jsonl"
    answers = list(map(json.loads, read(path, name).splitlines()))
    max(answers, key=itemgetter("value"))["value"] = -0.875
    return {name: b"".join(json.dumps(answer).encode() + b"\n" for answer in answers)}


def an_answer_added(path: Path) -> Files:
    name = "answers/phrases.jsonl"
    line = json.dumps({"key": "f" * 32, "value": ["fever"]})
    return {name: read(path, name) + line.encode() + b"\n"}


def a_figure_edited(path: Path) -> Files:
    return {figure(path): read(path, figure(path)).replace(b"</svg>", b"<g/></svg>")}


def a_figure_removed(path: Path) -> Files:
    return {figure(path): None}


def figure(path: Path) -> str:
    with ZipFile(path) as archive:
        return min(name for name in archive.namelist() if name.endswith(".svg"))


def the_dictionary_edited(path: Path) -> Files:
    name = "exports/dictionary.md"
    return {name: read(path, name).replace(b"Number of the run", b"Number of a run")}


def the_citation_edited(path: Path) -> Files:
    return {"CITATION.cff": read(path, "CITATION.cff") + b"doi: 10.1000/182\n"}


def the_program_edited(path: Path) -> Files:
    name = "ro-crate-metadata.json"
    return {name: read(path, name).replace(b'"name": "Tidings"', b'"name": "Rumours"')}


def a_column_edited(path: Path) -> Files:
    name = "datapackage.json"
    return {name: read(path, name).replace(b'"type": "integer"', b'"type": "string"', 1)}


def the_crate_removed(_path: Path) -> Files:
    return {"ro-crate-metadata.json": None}


def the_manifest_edited(path: Path) -> Files:
    return {"run.json": read(path, "run.json").replace(b'"state": "done"', b'"state": "failed"')}


def the_readme_edited(path: Path) -> Files:
    return {
        "README.txt": read(path, "README.txt").replace(b"--keyword", b"--keyword war --keyword")
    }


def a_month_removed(path: Path) -> Files:
    jobs = read(path, "rows/jobs.jsonl").splitlines(keepends=True)
    steps = read(path, "rows/job_steps.jsonl").splitlines(keepends=True)
    kept = [step for step in steps if json.loads(step)["job"] != json.loads(jobs[-1])["name"]]
    return {"rows/jobs.jsonl": b"".join(jobs[:-1]), "rows/job_steps.jsonl": b"".join(kept)}


def a_step_of_fewer_documents(path: Path) -> Files:
    name = "rows/job_steps.jsonl"
    steps = list(map(json.loads, read(path, name).splitlines()))
    next(step for step in steps if step["step"] == "keywords")["documents"] = 3
    return {name: b"".join(json.dumps(step).encode() + b"\n" for step in steps)}


def a_step_repeated(path: Path) -> Files:
    name = "rows/job_steps.jsonl"
    lines = read(path, name).splitlines(keepends=True)
    return {name: b"".join([lines[0], *lines])}


def edit_steps(path: Path, edit: Callable[[list[Lines]], list[Lines]]) -> Files:
    name = "rows/job_steps.jsonl"
    steps = edit(list(map(json.loads, read(path, name).splitlines())))
    steps.sort(key=itemgetter("job", "step"))
    return {name: b"".join(json.dumps(step).encode() + b"\n" for step in steps)}


def a_step_removed(path: Path) -> Files:
    return edit_steps(path, lambda steps: [step for step in steps if step["step"] != "phrases"])


def a_step_that_the_run_does_not_name(path: Path) -> Files:
    return edit_steps(path, lambda steps: [*steps, {**steps[0], "step": "sorting"}])


def rows_added(_path: Path) -> Files:
    return {"rows/calls.jsonl": b"{}\n"}


def a_document_added(path: Path) -> Files:
    lines = read(path, "documents.jsonl").splitlines(keepends=True)
    other_month = lines[-1].replace(b"nyt:2020-04-09", b"nyt:2021-04-09")
    return {"documents.jsonl": b"".join([*lines, other_month.replace(b'"2020-', b'"2021-')])}


FORGERIES = [
    (a_form_edited, {"exports/periods.csv"}),
    (a_form_removed, {"exports/periods.jsonl"}),
    (
        a_form_edited_and_the_other_removed,
        {"exports/periods.csv", "exports/periods.jsonl", "run.json"},
    ),
    (
        a_table_removed_from_everywhere,
        {"exports/periods.csv", "exports/periods.jsonl", "run.json"},
    ),
    (a_form_added, {"exports/periods.tsv"}),
    (answers_edited_with_their_tables, {"figures"}),
    (an_answer_added, {"answers/phrases.jsonl"}),
    (a_figure_edited, {"figures"}),
    (a_figure_removed, {"figures"}),
    (the_dictionary_edited, {"exports/dictionary.md"}),
    (the_citation_edited, {"CITATION.cff"}),
    (the_program_edited, {"ro-crate-metadata.json"}),
    (a_column_edited, {"datapackage.json"}),
    (the_crate_removed, {"ro-crate-metadata.json"}),
    (the_manifest_edited, {"run.json"}),
    (the_readme_edited, {"README.txt"}),
    (a_month_removed, {"rows/jobs.jsonl"}),
    (a_step_of_fewer_documents, {"rows/job_steps.jsonl"}),
    (a_step_repeated, {"rows/job_steps.jsonl"}),
    (a_step_removed, {"rows/jobs.jsonl"}),
    (a_step_that_the_run_does_not_name, {"rows/jobs.jsonl"}),
    (rows_added, {"rows/calls.jsonl"}),
    (a_document_added, {"documents.jsonl"}),
]


# One of each kind of file, and of what is edited, removed and added.
QUICK = {
    *(a_form_edited, a_table_removed_from_everywhere, an_answer_added, a_figure_edited),
    *(a_column_edited, the_manifest_edited, a_month_removed, a_document_added),
}


@pytest.mark.parametrize(
    ("make_forgery", "named"),
    thorough_but(FORGERIES, *(forgery for forgery in FORGERIES if forgery[0] in QUICK)),
    ids=[make.__name__ for make, _ in FORGERIES],
)
def test_a_forged_pack_is_named_by_its_files(
    packed: Path, make_forgery: Callable[[Path], Files], named: set[str]
) -> None:
    # Drawing takes most of the time.
    path = packed if "figures" in named else without_figures(packed)
    problems = verify(forge(path, make_forgery(path))).problems
    files = {re.split(r"[,:]? ", problem)[0] for problem in problems}
    files = {"figures" if name.startswith("figures/") else name for name in files}
    if make_forgery in {a_month_removed, a_step_removed, a_step_that_the_run_does_not_name}:
        assert files > named  # tables miss it too, or have it
    else:
        assert files == named


def test_an_engine_that_the_run_does_not_name_is_refused(
    packs: Mapping[bool, Path], tmp_path: Path
) -> None:
    path = without_figures(shutil.copyfile(packs[False], tmp_path / "pack.zip"))

    def rename(steps: list[Lines]) -> list[Lines]:
        # Without texts nothing repeats this step.
        return [
            {**step, "engine": "another"} if step["step"] == "phrases" else step for step in steps
        ]

    problem = "rows/jobs.jsonl: a step has an engine that run.json does not name"
    assert problem in verify(forge(path, edit_steps(path, rename))).problems


@pytest.mark.thorough
def test_a_pack_that_was_forged_as_a_whole_is_told_by_its_sha256_alone(packed: Path) -> None:
    before = verify(packed)
    answers = edit_answers(packed)
    with ZipFile(packed) as archive:
        old_figures = [name for name in archive.namelist() if name.startswith("figures/")]

    files = dict.fromkeys(old_figures) | answers | follow(forge(packed, answers))

    result = verify(forge(packed, files))
    assert result.equal
    assert result.sha256 != before.sha256


def test_without_texts_each_form_is_compared_and_what_is_not_checked_is_named(
    packs: Mapping[bool, Path], tmp_path: Path
) -> None:
    path = shutil.copyfile(packs[False], tmp_path / "pack.zip")
    result = verify(path)
    assert result.problems == []
    unchecked = {"phrases", "entities", "summaries", "distinctive", "coverage"}
    assert unchecked <= result.not_checked.keys()
    assert result.figures_drawn > 0

    phrases = read(path, "exports/phrases.csv").replace(b"2020-03", b"2020-04", 1)
    calls = read(path, "exports/calls.csv") + b"1,textapi,more,1,0,0,0,1.0\r\n"
    forged = forge(path, {"exports/phrases.csv": phrases, "exports/calls.csv": calls})
    files = [problem.split(",")[0] for problem in verify(forged).problems]
    assert files == ["exports/calls.csv", "exports/phrases.csv"]

    removed = dict.fromkeys(["exports/entities.jsonl", "exports/entities.csv"])
    problems = verify(forge(path, removed)).problems
    assert problems == [f"{name} is missing" for name in sorted(removed)]
