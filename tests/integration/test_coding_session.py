"""A session of coding on both databases: which question is open, keys, undo, other sessions."""

from __future__ import annotations

import random
from typing import Any

import pytest

from analysis.codebooks.codebook import Variable
from analysis.codebooks.codebook_files import parse_codebook
from analysis.codebooks.stored import keep_codebook
from core.enums import CodeState, UncodedReason
from core.errors import NotFound
from models.codes import (
    CodeValue,
    Coding,
    StoreOutcome,
    UnitCodes,
    UnitKey,
    read_codes,
)
from models.database import Database
from models.erasure import forget_documents, forget_run
from models.labels import list_mentions_by_month
from producers.coding_session import (
    CodingSession,
    DatabaseCodes,
    assign_keys,
    cannot_be_coded,
    code_of_key,
)
from tests.label_kit import add_run

CODEBOOK = parse_codebook(
    b"""
name: tides
unit: mention
variables:
  - {name: about, question: About it, type: yes-no}
  - {name: stance, question: Which, type: category, if: about = yes, categories: {up: x, down: y}}
  - {name: strength, question: How strongly, type: scale, from: 0, to: 3}
""",
    "tides.yaml",
)


def variable(**fields: Any) -> Variable:
    return Variable.model_validate({"name": "v", "question": "Q", **fields})


def numbered(count: int) -> dict[str, str]:
    return {f"c{number}": "" for number in range(count)}


def test_keys_are_digits_then_letters_then_capitals_and_never_those_of_the_session() -> None:
    keys = assign_keys(variable(type="category", categories=numbered(50)))
    assert list(keys)[:12] == [*"123456789", "a", "b", "c"]
    assert list(keys.values()) == [f"c{number}" for number in range(50)]
    assert not {"u", "q", "s", "U", "Q", "S", "?", "0"} & set(keys)


def test_the_steps_of_a_scale_have_their_own_digits_where_they_can() -> None:
    scales = {bounds: variable(type="scale", **{"from": bounds[0], "to": bounds[1]}) for bounds in
              ((1, 5), (0, 9), (-1, 1), (0, 10))}  # fmt: skip
    assert assign_keys(scales[1, 5]) == {step: step for step in "12345"}
    assert assign_keys(scales[0, 9]) == {step: step for step in "0123456789"}
    assert assign_keys(scales[-1, 1]) == {"1": "-1", "2": "0", "3": "1"}
    assert assign_keys(scales[0, 10]) == {}


def test_y_and_n_answer_questions_of_yes_or_no_and_0_says_that_no_category_applies() -> None:
    question = variable(type="yes-no")
    assert [code_of_key(question, key) for key in "12ynYN3"] == ["yes", "no"] * 3 + [None]
    several = variable(type="categories", categories=numbered(3))
    assert assign_keys(several) == {"1": "c0", "2": "c1", "3": "c2", "0": "none"}
    many = variable(type="category", categories=numbered(40))
    assert code_of_key(many, "a") == "c9"
    assert code_of_key(many, "A") == "c32"
    assert code_of_key(variable(type="category", categories=numbered(10)), "A") == "c9"


@pytest.fixture
def run(db: Database) -> int:
    return add_run(db)


@pytest.fixture
def units(db: Database, run: int) -> list[UnitKey]:
    mentions = sorted(next(list_mentions_by_month(db, run)))
    return [mention.key for mention in mentions[:3]]


def coding_of(db: Database, run: int, coder: str = "person:Ann") -> Coding:
    with db.write() as connection:
        codebook_id = keep_codebook(connection, db, CODEBOOK)
    return Coding(run, codebook_id, coder)


def stored(db: Database, coding: Coding) -> dict[UnitKey, dict[str, CodeValue]]:
    with db.read() as connection:
        return read_codes(connection, coding)


def begin(db: Database, coding: Coding, units: list[UnitKey]) -> CodingSession:
    return CodingSession(CODEBOOK, units, stored(db, coding), DatabaseCodes(db, coding))


def answer(session: CodingSession, *codes: str) -> list[StoreOutcome]:
    """Answer the open questions, one after the other."""
    outcomes = []
    for code in codes:
        question = session.question
        assert question is not None
        outcomes.append(session.answer(question.unit, question.variable.name, CodeValue(code)))

    return outcomes


def place(session: CodingSession) -> tuple[int, str] | None:
    question = session.question
    return None if question is None else (question.index, question.variable.name)


def test_questions_follow_the_conditions_and_each_code_is_stored_at_once(
    db: Database, run: int, units: list[UnitKey]
) -> None:
    coding = coding_of(db, run)
    session = begin(db, coding, units)
    assert place(session) == (0, "about")
    answer(session, "yes")
    assert stored(db, coding) == {units[0]: {"about": CodeValue("yes")}}
    assert place(session) == (0, "stance")
    answer(session, "up", "2", "no")
    assert place(session) == (1, "strength")
    assert session.done == 1

    resumed = begin(db, coding, units)
    assert (place(resumed), resumed.done) == ((1, "strength"), 1)
    answer(resumed, "0", "no", "1")
    assert (place(resumed), resumed.done) == (None, 3)
    assert stored(db, coding)[units[1]] == {"about": CodeValue("no"), "strength": CodeValue("0")}


def test_undo_goes_back_over_variables_and_units_and_over_what_was_coded_before(
    db: Database, run: int, units: list[UnitKey]
) -> None:
    coding = coding_of(db, run)
    assert begin(db, coding, units).undo() is None
    answer(begin(db, coding, units), "no", "3", "yes", "down", "1")

    session = begin(db, coding, units)
    assert place(session) == (2, "about")
    places = []
    while (question := session.undo()) is not None:
        places.append((question.index, question.variable.name))

    expected = [(1, "strength"), (1, "stance"), (1, "about"), (0, "strength"), (0, "about")]
    assert places == expected
    assert stored(db, coding) == {}
    answer(session, "yes")
    assert place(session) == (0, "stance")


def test_undo_works_when_all_is_coded(db: Database, run: int, units: list[UnitKey]) -> None:
    session = begin(db, coding_of(db, run), units[:1])
    answer(session, "no", "1")
    assert place(session) is None
    session.undo()
    assert place(session) == (0, "strength")


@pytest.mark.parametrize("reason", [UncodedReason.OTHER_LANGUAGE, UncodedReason.TOO_SHORT])
def test_a_text_that_cannot_be_coded_at_all_is_asked_nothing_more_and_comes_back_whole(
    db: Database, run: int, units: list[UnitKey], reason: UncodedReason
) -> None:
    coding = coding_of(db, run)
    session = begin(db, coding, units)
    session.answer(units[0], "about", cannot_be_coded(reason))
    value = CodeValue(None, CodeState.CANNOT_BE_CODED, reason)
    assert stored(db, coding) == {units[0]: {"about": value, "strength": value}}
    assert place(session) == (1, "about")

    session.undo()
    assert (place(session), stored(db, coding)) == ((0, "about"), {})


def test_an_unclear_variable_leaves_the_others_to_be_coded(
    db: Database, run: int, units: list[UnitKey]
) -> None:
    coding = coding_of(db, run)
    session = begin(db, coding, units)
    answer(session, "yes")
    session.answer(units[0], "stance", cannot_be_coded(UncodedReason.UNCLEAR))
    assert place(session) == (0, "strength")
    assert stored(db, coding)[units[0]]["stance"].reason == "unclear"
    session.undo()
    assert place(session) == (0, "stance")


def test_what_another_session_of_the_coder_stored_stays_and_is_not_taken_back(
    db: Database, run: int, units: list[UnitKey]
) -> None:
    coding = coding_of(db, run)
    first, second = begin(db, coding, units), begin(db, coding, units)
    answer(first, "yes", "up")
    assert answer(second, "no") == [StoreOutcome.THERE_ALREADY]
    assert place(second) == (0, "strength")
    assert second.codes_of(units[0])["about"] == CodeValue("yes")
    assert second.undo() is None

    assert answer(second, "3", "no") == [StoreOutcome.STORED] * 2
    second.undo()
    second.undo()
    assert place(second) == (0, "strength")
    assert second.undo() is None
    assert stored(db, coding) == {units[0]: {"about": CodeValue("yes"), "stance": CodeValue("up")}}


def test_fixed_codes_count_and_are_not_taken_back(
    db: Database, run: int, units: list[UnitKey]
) -> None:
    coding = coding_of(db, run)
    fixed: dict[UnitKey, UnitCodes] = {
        units[0]: {"about": CodeValue("no"), "strength": CodeValue("1")}
    }
    session = CodingSession(CODEBOOK, units, {}, DatabaseCodes(db, coding), fixed)
    assert (place(session), session.done) == ((1, "about"), 1)
    answer(session, "no")
    assert session.undo() is not None
    assert session.undo() is None


def test_coders_do_not_see_each_other_s_codes(db: Database, run: int, units: list[UnitKey]) -> None:
    ann, ben = coding_of(db, run), coding_of(db, run, "person:Ben")
    answer(begin(db, ann, units), "yes")
    session = begin(db, ben, units)
    assert place(session) == (0, "about")
    assert answer(session, "no") == [StoreOutcome.STORED]
    assert stored(db, ann)[units[0]] == {"about": CodeValue("yes")}


def test_a_text_that_is_erased_meanwhile_is_passed_over(
    db: Database, run: int, units: list[UnitKey]
) -> None:
    coding = coding_of(db, run)
    session = begin(db, coding, units)
    answer(session, "yes")
    forget_documents(
        db, [units[0].document_id], sentences=lambda _: [], reason="on request", result_tables=()
    )
    assert answer(session, "up") == [StoreOutcome.ERASED]
    assert place(session) == (1, "about")
    assert session.undo() is None
    assert stored(db, coding) == {}
    forget_run(db, run)
    with pytest.raises(NotFound):
        answer(session, "yes")


def test_as_many_undos_as_answers_leave_nothing_however_it_was_coded(
    db: Database, run: int, units: list[UnitKey]
) -> None:
    chance = random.Random(7)
    for round_number in range(10):
        coding = coding_of(db, run, f"person:{round_number}")
        session = begin(db, coding, units)
        answers = 0
        while (question := session.question) is not None and answers < 8:
            values = [CodeValue(code) for code in question.variable.codes]
            value = chance.choice([*values, *map(cannot_be_coded, UncodedReason)])
            session.answer(question.unit, question.variable.name, value)
            answers += 1

        for _ in range(answers):
            assert session.undo() is not None

        assert (place(session), session.undo()) == ((0, "about"), None)
        assert stored(db, coding) == {}
