"""A coder's place at the page: the open question, and what is done with an answer.

Nothing is kept here but what requests were answered. Each request reads the codes anew, so that two
windows of one coder, a terminal beside them and an erasure all see the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from analysis.codebooks.codebook import SEPARATOR, Codebook, Variable, VariableType
from analysis.frozen_model import FrozenModel
from core.enums import UncodedReason
from core.errors import BadInput
from models.codes import CodeValue, Coding, StoreOutcome, UnitKey, read_codes, read_codes_elsewhere
from models.database import Database
from models.searches import list_drawn_keys
from producers.code_sample import SampledText
from producers.coded_files.rows import format_value
from producers.coding_session import (
    CodingSession,
    DatabaseCodes,
    Question,
    assign_keys,
    cannot_be_coded,
    next_variable,
)

# A request that comes again is known as long as it is among so many.
_REQUESTS_KEPT = 1_000

CODED_ELSEWHERE = "You answered this in another window meanwhile: that answer stays."
ERASED = "The document of that text was erased meanwhile: it has no code."
NOT_ASKED = "You answered that text differently in another window meanwhile: nothing was stored."
NOT_IN_SAMPLE = "That text is not in the sample any more: nothing was stored."
NOTHING_TO_UNDO = "There is nothing to undo."
UNDONE_ALREADY = "This undo came twice: one code was taken back, and no other."
MOVED_ON = "This undo came twice, or another window of yours has gone on: nothing more was undone."

_ShortText = Annotated[str, Field(min_length=1, max_length=200)]

State = dict[str, Any]


class CodeAnswer(FrozenModel):
    """What a coder answers to a variable of a text: a code, or why there is none."""

    # The same as long as the page repeats the request.
    request: _ShortText
    item: _ShortText
    variable: _ShortText
    code: Annotated[str, Field(min_length=1, max_length=5_000)] | None = None
    reason: UncodedReason | None = None

    @model_validator(mode="after")
    def _is_one_answer(self) -> Self:
        if (self.code is None) == (self.reason is None):
            raise ValueError("an answer is a code or a reason")
        return self


class Undo(FrozenModel):
    """A coder takes the last code back. The open question that they saw says which one that is."""

    request: _ShortText
    item: _ShortText | None
    variable: _ShortText | None


class Desk:
    """The place of a coder who codes *texts* by a codebook."""

    # Whether what is coded here decides between the codes of others.
    decides = False

    def __init__(
        self, db: Database, codebook: Codebook, coding: Coding, texts: Sequence[SampledText]
    ) -> None:
        self.coding = coding
        self._db = db
        self._codebook = codebook
        self._texts = {text.unit: text for text in texts}
        self._units_by_item = {text.item: text.unit for text in texts}
        self._requests: dict[str, None] = {}

    def show(self) -> State:
        """Return the state of the page."""
        return self._describe(self.open_session())

    def answer(self, answer: CodeAnswer) -> State:
        """Store an answer and return the state after it. Raises `BadInput` for what is no code.

        A request that was answered before does nothing.
        """
        session = self.open_session()
        if answer.request in self._requests:
            return self._describe(session)

        variable = self._find_variable(answer.variable)
        value = self._parse(answer, variable)
        remark = self._store(session, answer.item, variable, value)
        self._note(answer.request)
        return self._describe(session, remark)

    def undo(self, undo: Undo) -> State:
        """Take the last code back and return the state after it."""
        session = self.open_session()
        if undo.request in self._requests:
            return self._describe(session, UNDONE_ALREADY)

        question = session.question
        item = self._texts[question.unit].item if question else None
        remark = ""
        if (item, question and question.variable.name) != (undo.item, undo.variable):
            remark = MOVED_ON
        elif session.undo() is None:
            remark = NOTHING_TO_UNDO

        self._note(undo.request)
        return self._describe(session, remark)

    def open_session(self) -> CodingSession:
        """Return the coder's way through the texts whose documents are still stored."""
        with self._db.read() as connection:
            stored = list_drawn_keys(connection, self.coding.run_id, self.coding.codebook_id)
            codes = read_codes(connection, self.coding)
            elsewhere = read_codes_elsewhere(connection, self.coding)

        units = [unit for unit in self._texts if unit in stored]
        store = DatabaseCodes(self._db, self.coding)
        return CodingSession(self._codebook, units, codes, store, elsewhere)

    def _find_variable(self, name: str) -> Variable:
        try:
            return self._codebook.variable(name)
        except KeyError:
            raise BadInput("the codebook has no such variable") from None

    def _parse(self, answer: CodeAnswer, variable: Variable) -> CodeValue:
        if answer.code is None:
            return cannot_be_coded(answer.reason)

        try:
            return CodeValue(variable.parse_code(answer.code))
        except ValueError as error:
            raise BadInput(f"{error}") from None

    def _store(
        self, session: CodingSession, item: str, variable: Variable, value: CodeValue
    ) -> str:
        """Store what is asked for, and return the remark on it; "" if all went as it should."""
        unit = self._units_by_item.get(item)
        if unit is None:
            return NOT_IN_SAMPLE
        if unit not in session.units:
            return ERASED

        codes = session.codes_of(unit)
        if codes.get(variable.name) == value:
            return ""
        if variable.name in codes:
            outcome = session.replace_reason(unit, variable.name, value)
        elif next_variable(self._codebook, codes) == variable:
            outcome = session.answer(unit, variable.name, value)
        else:
            return NOT_ASKED

        remarks = {StoreOutcome.ERASED: ERASED, StoreOutcome.THERE_ALREADY: CODED_ELSEWHERE}
        return remarks.get(outcome, "")

    def _note(self, request: str) -> None:
        """Remember that a request was answered."""
        self._requests[request] = None
        if len(self._requests) > _REQUESTS_KEPT:
            del self._requests[next(iter(self._requests))]

    def _describe(self, session: CodingSession, remark: str = "") -> State:
        question = session.question
        return {
            "done": session.done,
            "total": len(session.units),
            "remark": remark,
            "question": self._describe_question(session, question) if question else None,
        }

    def _describe_question(self, session: CodingSession, question: Question) -> State:
        text, variable = self._texts[question.unit], question.variable
        codes = session.codes_of(question.unit)
        return {
            "item": text.item,
            "text": text.text,
            "keyword": text.keyword,
            "variable": variable.name,
            "question": variable.question_about(text.keyword),
            "several": variable.type == VariableType.CATEGORIES,
            "options": describe_options(variable),
            "range": [variable.lowest, variable.highest],
            "earlier": describe_codes(self._codebook, codes),
            "given": self._list_given(question.unit, variable),
        }

    def _list_given(self, unit: UnitKey, variable: Variable) -> list[str]:  # noqa: ARG002
        """Return what others answered, which coders do not see."""
        return []


def describe_options(variable: Variable) -> list[dict[str, str]]:
    """Return the codes of a variable in their order, each with its key and what it means."""
    keys = {code: key for key, code in assign_keys(variable).items()}
    meanings = variable.meanings
    options = [
        {"code": code, "key": keys.get(code, ""), "meaning": meanings.get(code, "")}
        for code in variable.codes
    ]
    for code, key in keys.items():
        if code not in variable.codes:
            options.append({"code": code, "key": key, "meaning": "no category applies"})

    return options


def describe_codes(codebook: Codebook, codes: Mapping[str, CodeValue]) -> list[dict[str, str]]:
    """Return *codes* in the order of the codebook, in words."""
    return [
        {"variable": variable.name, "code": describe_code(codes[variable.name])}
        for variable in codebook.variables
        if variable.name in codes
    ]


def describe_code(value: CodeValue) -> str:
    """Return a code in words, or why there is none."""
    return format_value(value).replace(SEPARATOR, ", ")
