"""A sample for Label Studio: tasks, the configuration of its page, and its export.

Tasks have their texts under "data". In the export a task has "annotations", each with the codes
under "result" and who gave them under "completed_by" (labelstud.io, "Task format").
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from analysis.codebooks.codebook import SEPARATOR, Codebook, Variable, VariableType
from core.enums import UncodedReason
from producers.code_sample import SampledText
from producers.coded_files.rows import CodedFile, CodedRow
from producers.coding_session import assign_keys

# The name of the control that says why a text cannot be coded. No variable has a capital.
_UNCODED_CONTROL = "CannotBeCoded"
_TEXT = "text"
_INSTRUCTIONS = "instructions"


def write_tasks(codebook: Codebook, run_id: int, sample: Iterable[SampledText]) -> str:
    """Return the tasks to be imported into a project of Label Studio."""
    tasks = []
    for text in sample:
        unit = {"item": text.item, "text": text.text, "run": run_id, "period": text.period}
        origin = {"keyword": text.keyword, "document": text.document}
        questions = {
            _question_field(variable): variable.question_about(text.keyword)
            for variable in codebook.variables
        }
        instructions = " ".join(codebook.instructions_about(text.keyword).split())
        shown = {_INSTRUCTIONS: instructions, **questions} if instructions else questions
        tasks.append({"data": {**unit, **origin, **shown}})

    return json.dumps(tasks, ensure_ascii=False, indent=1) + "\n"


def write_configuration(codebook: Codebook) -> str:
    """Return the labeling configuration: a group of choices for each variable."""
    view = Element("View")
    if codebook.instructions.strip():
        SubElement(view, "Header", value=f"${_INSTRUCTIONS}", size="5")
    if codebook.asks_of_keyword:
        SubElement(view, "Header", value="$keyword", size="4")

    SubElement(view, "Text", name=_TEXT, value="$text")
    for variable in codebook.variables:
        _add_variable(view, codebook, variable)

    SubElement(view, "Header", value="Cannot be coded", size="5")
    reasons = {"name": _UNCODED_CONTROL, "toName": _TEXT, "choice": "single", "showInline": "true"}
    choices = SubElement(view, "Choices", reasons)
    for reason in UncodedReason:
        SubElement(choices, "Choice", value=reason)

    indent(view)
    return tostring(view, encoding="unicode") + "\n"


def _add_variable(view: Element, codebook: Codebook, variable: Variable) -> None:
    attributes = {}
    condition = variable.condition
    # A number that is written cannot be waited for.
    if condition is not None and assign_keys(codebook.variable(condition.variable)):
        attributes = {
            "visibleWhen": "choice-selected",
            "whenTagName": condition.variable,
            "whenChoiceValue": condition.code,
        }

    group = SubElement(view, "View", attributes)
    SubElement(group, "Header", value=f"${_question_field(variable)}", size="4")

    control = {"name": variable.name, "toName": _TEXT}
    codes = list(assign_keys(variable).values())
    if not codes:
        bounds = {"min": variable.codes[0], "max": variable.codes[-1], "step": "1"}
        SubElement(group, "Number", {**control, **bounds})
        return

    control["choice"] = "multiple" if variable.type == VariableType.CATEGORIES else "single"
    choices = SubElement(group, "Choices", {**control, "showInline": "true"})
    for code in codes:
        choice = {"value": code}
        hint = variable.meanings.get(code)
        if hint:
            choice["hint"] = hint

        SubElement(choices, "Choice", choice)


def _question_field(variable: Variable) -> str:
    return f"question_{variable.name}".replace("-", "_")


def read_tasks(path: Path, tasks: list[Any], codebook: Codebook) -> CodedFile:
    """Return the rows of an export, one for each annotation that was not cancelled."""
    rows: list[CodedRow] = []
    problems: list[str] = []
    for number, task in enumerate(tasks, start=1):
        place = f"task {number}"
        task_data = task.get("data") if isinstance(task, dict) else None
        annotations = task.get("annotations", []) if isinstance(task, dict) else None
        if not isinstance(task_data, dict) or not isinstance(annotations, list):
            problems.append(f"{place} is no task of Label Studio with data and annotations")
            continue

        item = task_data.get("item")
        text = task_data.get("text")
        for annotation in annotations:
            if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
                continue

            cells, reason, mistakes = _read_results(annotation.get("result"), codebook)
            problems += [f"{place}: {mistake}" for mistake in mistakes]
            coder = _name_coder(annotation.get("completed_by"))
            written = text if isinstance(text, str) else None
            rows.append(CodedRow(place, f"{item}", cells, written, coder, reason))

    return CodedFile(path, rows, problems=problems)


def _read_results(results: Any, codebook: Codebook) -> tuple[dict[str, str], str | None, list[str]]:
    """Return the codes of an annotation, why it has none, and what is wrong with it."""
    variables = {variable.name for variable in codebook.variables}
    cells: dict[str, str] = {}
    reason = None
    mistakes: list[str] = []
    for control, written in _list_values(results):
        if control == _UNCODED_CONTROL:
            reason = written
        elif control not in variables:
            mistakes.append(f"{control} is no variable of the codebook {codebook.name}")
        else:
            cells[control] = written

    return cells, reason, mistakes


def _list_values(results: Any) -> Iterator[tuple[str, str]]:
    """Yield the name of each control with the codes that it holds."""
    for result in results if isinstance(results, list) else ():
        held = result.get("value") if isinstance(result, dict) else None
        if not isinstance(held, dict):
            continue

        control = f"{result.get('from_name')}"
        if isinstance(held.get("choices"), list):
            yield control, SEPARATOR.join(map(str, held["choices"]))
        elif "number" in held or "rating" in held:
            yield control, f"{held.get('number', held.get('rating'))}"


def _name_coder(completed_by: Any) -> str | None:
    """Return who gave an annotation: the address of a user, else the number."""
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    return None if completed_by is None else f"{completed_by}"
