"""``tidings codebook``: checking a codebook, and writing a new one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.codebooks.codebook_files import read_codebook, read_shipped
from tests.command_kit import run_command

STANCE = """\
name: stance
unit: document
language: [en, de]
instructions: |
  Judge what the text says,
  not what you think.

  - Take your time.
variables:
  - name: about
    question: Is it about {keyword}?
    type: yes-no
  - name: topics
    question: Which topics?
    type: categories
    if: about = yes
    categories: {health: cures, money: }
    examples:
      - {text: "Dear\\eest pills", code: "health, money"}
  - {name: mood, question: How glad, type: scale, from: -1, to: 1, ends: {-1: sad, 1: glad}}
  - {name: share, question: How much, type: scale, from: 0, to: 100}
"""


@pytest.fixture
def stance(tmp_path: Path) -> Path:
    path = tmp_path / "stance.yaml"
    path.write_text(STANCE, encoding="utf-8")
    return path


def test_check_shows_the_questions_as_a_coder_sees_them(stance: Path) -> None:
    done = run_command("codebook", "check", stance)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "stance: 4 variables, 108 codes",
        "unit: document; each keyword is asked of by itself; languages: de, en",
        f"hash {read_codebook(stance).hash.hex()}",
        "",
        "Judge what the text says, not what you think.",
        "- Take your time.",
        "",
        "about: Is it about {keyword}?",
        "    1 yes  2 no  s cannot be coded",
        "",
        "topics (if about = yes): Which topics?",
        "    1 health: cures",
        "    2 money",
        "    0 none: no category applies",
        "    any number of them, then Enter",
        r"    “Dear\x1best pills”: health, money",
        "",
        "mood: How glad",
        "    1 -1 (sad)  2 0  3 1 (glad)  s cannot be coded",
        "",
        "share: How much",
        "    a number from 0 to 100, then Enter  s cannot be coded",
    ]


def test_check_prints_json(stance: Path) -> None:
    codebook = json.loads(run_command("codebook", "check", stance, "--json").stdout)
    assert list(codebook) == [
        *("name", "hash", "unit", "language", "asks_of_keyword", "instructions", "variables")
    ]
    assert codebook["variables"][1] == {
        "name": "topics",
        "question": "Which topics?",
        "type": "categories",
        "if": "about = yes",
        "codes": ["health", "money"],
        "keys": {"1": "health", "2": "money", "0": "none"},
        "definitions": {"health": "cures", "money": ""},
        "examples": [{"text": "Dear\x1best pills", "code": "health, money"}],
    }
    assert codebook["variables"][2]["definitions"] == {"-1": "sad", "1": "glad"}


def test_the_shipped_codebook_needs_no_file() -> None:
    done = run_command("codebook", "check", "relevance")
    assert read_shipped("relevance").hash.hex() in done.stdout
    assert "relevant: Is this text about {keyword}?" in done.stdout


def test_the_codebooks_that_ship_are_listed_with_their_sources() -> None:
    lines = run_command("codebook", "list").stdout.splitlines()
    names = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert names == ["relevance", "frames", "stance", "actors", "polarity"]
    assert "Semetko" in "".join(lines)


def test_a_mistake_ends_in_one_line_and_status_1(stance: Path) -> None:
    stance.write_text(STANCE.replace("about = yes", "about = maybe"), encoding="utf-8")
    done = run_command("codebook", "check", stance)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"tidings: {stance}, line 16: topics is asked if about = maybe, and maybe is no code of "
        "about: write yes or no\n"
    )
    done = run_command("codebook", "check", "none.yaml")
    assert (done.returncode, done.stderr) == (
        1,
        "tidings: none.yaml cannot be read: No such file or directory\n",
    )


def test_new_writes_a_codebook_that_is_right_as_it_is_and_overwrites_none(tmp_path: Path) -> None:
    done = run_command("codebook", "new", "fever")
    assert done.returncode == 0
    assert (
        done.stderr == "fever.yaml written: change it, then `tidings codebook check fever.yaml`\n"
    )
    written = tmp_path / "fever.yaml"
    codebook = read_codebook(written)
    assert codebook.name == "fever"
    assert {variable.type for variable in codebook.variables} == {
        *("yes-no", "category", "categories", "scale")
    }
    assert "--codebook fever.yaml" in written.read_text(encoding="utf-8")

    written.write_text(STANCE, encoding="utf-8")
    done = run_command("codebook", "new", "fever")
    assert done.returncode == 1
    assert "fever.yaml is there already and stays as it is" in done.stderr
    assert written.read_text(encoding="utf-8") == STANCE


@pytest.mark.parametrize("wrong", ["", "Fever", "../fever", "a/b", "9lives", "x" * 41])
def test_new_takes_a_plain_name(wrong: str, tmp_path: Path) -> None:
    done = run_command("codebook", "new", wrong)
    assert done.returncode == 2
    assert "is no name of a codebook: write small letters" in done.stderr
    assert list(tmp_path.glob("**/*.yaml")) == []
