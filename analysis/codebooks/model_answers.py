"""What a language model wrote about a text: as the ledger keeps it, and the codes in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from analysis.codebooks.codebook import UNCODED_WORDS, Codebook, Variable, VariableType
from core.enums import CodeState
from language_models.completion import Completion
from models.codes import CodeValue, UnitCodes

# These are stored for a text whose answers were paid and were no completions, for one that a filter
# of the server refuses, and for one that is too long. No model answered.
NO_COMPLETION = json.dumps({"text": "", "model": "", "invalid": "the answer is no completion"})
FILTERED = json.dumps({"text": "", "model": "", "refused": True})
TOO_LONG = json.dumps({"text": "", "model": "", "invalid": "the text is too long for the model"})


class InvalidAnswer(ValueError):
    """What a model wrote gives a variable no code; the message says which and why."""


def completion_to_json(completion: Completion) -> dict[str, Any]:
    """Return a completion as it is stored: what the model wrote, and who wrote it how."""
    stored: dict[str, Any] = {"text": completion.text, "model": completion.model}
    if completion.fingerprint:
        stored["fingerprint"] = completion.fingerprint
    if completion.tokens is not None:
        stored["tokens"] = list(completion.tokens)
    if completion.is_refused:
        stored["refused"] = True
    if completion.is_cut_off:
        stored["cut_off"] = True

    return stored


def codes_of_answer(codebook: Codebook, stored: Mapping[str, Any]) -> UnitCodes:
    """Return the codes that follow from a stored answer, or why there are none."""
    if stored.get("refused"):
        return uncoded_values(codebook, CodeState.REFUSED, None)
    if stored.get("cut_off"):
        return uncoded_values(codebook, CodeState.CUT_OFF, None)
    if problem := stored.get("invalid"):
        return uncoded_values(codebook, CodeState.INVALID, str(problem))

    try:
        return read_codes(codebook, stored["text"])
    except InvalidAnswer as error:
        return uncoded_values(codebook, CodeState.INVALID, str(error))


def name_model(stored: Mapping[str, Any]) -> str:
    """Return who gave a stored answer: the model as its server names it, and the fingerprint.

    Returns "" if no model answered.
    """
    fingerprint = stored.get("fingerprint")
    return f"{stored['model']} ({fingerprint})" if fingerprint else str(stored["model"])


def read_codes(codebook: Codebook, text: str) -> dict[str, CodeValue]:
    """Return the codes that a model wrote, of the variables that are asked of the text.

    Raises `InvalidAnswer`.
    """
    answer = _parse_object(text)
    values: dict[str, CodeValue] = {}
    codes: dict[str, str | None] = {}
    for variable in codebook.variables:
        if not variable.is_asked(codes):
            continue

        value = _read_code(variable, answer.get(variable.name))
        values[variable.name] = value
        codes[variable.name] = value.code

    return values


def uncoded_values(codebook: Codebook, state: CodeState, reason: str | None) -> UnitCodes:
    """Return that a text has no codes: of each variable that is asked of every text."""
    value = CodeValue(None, state, reason)
    return {variable.name: value for variable in codebook.variables if not variable.condition}


def _parse_object(text: str) -> Mapping[str, Any]:
    """Return the JSON object of an answer, which some models put between code fences."""
    stripped = text.strip()
    if stripped.startswith("```") and stripped.endswith("```"):
        stripped = stripped.strip("`").removeprefix("json")

    try:
        answer = json.loads(stripped)
    except (ValueError, RecursionError):
        raise InvalidAnswer("the answer is no JSON") from None

    if not isinstance(answer, dict):
        raise InvalidAnswer("the answer is no JSON object")

    return answer


def _read_code(variable: Variable, written: Any) -> CodeValue:
    if isinstance(written, list):
        return _read_categories(variable, written)
    if isinstance(written, int) and not isinstance(written, bool):
        written = str(written)
    if not isinstance(written, str):
        raise InvalidAnswer(f"{variable.name} has no code")
    if written in UNCODED_WORDS:
        return CodeValue(None, CodeState.CANNOT_BE_CODED, UNCODED_WORDS[written])

    try:
        return CodeValue(variable.parse_code(written))
    except ValueError:
        raise InvalidAnswer(f"{variable.name} has what is no code of it") from None


def _read_categories(variable: Variable, written: list[Any]) -> CodeValue:
    if variable.type != VariableType.CATEGORIES or not all(
        isinstance(code, str) for code in written
    ):
        raise InvalidAnswer(f"{variable.name} has what is no code of it")

    reasons = [UNCODED_WORDS[code] for code in written if code in UNCODED_WORDS]
    if reasons:
        return CodeValue(None, CodeState.CANNOT_BE_CODED, reasons[0])

    return _read_code(variable, "|".join(written) or "none")
