"""What each coder says of each unit, where a variable is asked on a condition."""

from __future__ import annotations

import polars as pl

from analysis.codebooks.codebook import Codebook
from core.enums import CodeState
from reports.data.coded_samples import NOT_ASKED, answer, is_in, says
from reports.frames.codes import CODE_SCHEMA

BOOK = Codebook.model_validate(
    {
        "name": "harbour",
        "unit": "document",
        "variables": [
            {"name": "about", "question": "Is it about the harbour?", "type": "yes-no"},
            {
                "name": "who",
                "question": "Who acts?",
                "type": "categories",
                "if": "about = yes",
                "categories": {"crew": "sailors", "port": "officials"},
            },
            {
                "name": "tone",
                "question": "How does it sound?",
                "type": "category",
                "if": "who = crew",
                "categories": {"calm": "calm", "loud": "loud"},
            },
        ],
    }
)
CODED, UNCODED = CodeState.CODED, CodeState.CANNOT_BE_CODED


def codes_of(*rows: tuple[int, str, str | None]) -> pl.DataFrame:
    """Return the codes that a person gave documents; what has no code cannot be coded."""
    columns = {
        "document": [document for document, _, _ in rows],
        "variable": [variable for _, variable, _ in rows],
        "code": [code for _, _, code in rows],
        "state": [UNCODED if code is None else CODED for _, _, code in rows],
    }
    shared = {"keyword": "", "position": 0, "coder": "person:ann", "run": 1}
    constants = [pl.lit(value).alias(column) for column, value in shared.items()]
    frame = pl.DataFrame(columns).with_columns(constants)
    missing = [pl.lit(None).alias(column) for column in set(CODE_SCHEMA) - set(frame.columns)]
    return frame.with_columns(missing).select(CODE_SCHEMA.names()).cast(CODE_SCHEMA)


def answers_of(variable: str, *rows: tuple[int, str, str | None]) -> dict[int, str]:
    answers = answer(codes_of(*rows), BOOK, BOOK.variable(variable))
    return dict(answers.select("document", "code").sort("document").iter_rows())


def test_a_variable_is_not_asked_where_its_condition_does_not_hold() -> None:
    rows = ((1, "about", "yes"), (1, "who", "crew|port"), (2, "about", "no"))
    assert answers_of("about", *rows) == {1: "yes", 2: "no"}
    assert answers_of("who", *rows) == {1: "crew|port", 2: NOT_ASKED}


def test_nor_is_one_asked_whose_condition_was_not_asked_itself() -> None:
    assert answers_of("tone", (2, "about", "no")) == {2: NOT_ASKED}
    assert answers_of("tone", (1, "about", "yes"), (1, "who", "port")) == {1: NOT_ASKED}


def test_nobody_knows_an_answer_that_was_left_out_or_cannot_be_given() -> None:
    assert answers_of("who", (1, "about", "yes")) == {}
    assert answers_of("who", (1, "about", "yes"), (1, "who", None)) == {}
    assert answers_of("who", (1, "about", None)) == {}


def test_a_text_of_several_categories_is_in_each_of_them_and_in_no_part_of_their_names() -> None:
    codes = pl.DataFrame({"code": ["crew|port", "crewless", NOT_ASKED]})
    assert codes.select(says("crew"))["code"].to_list() == [True, False, False]
    assert [is_in(code, "crew") for code in codes["code"]] == [1.0, 0.0, 0.0]
