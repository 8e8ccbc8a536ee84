"""A sample for doccano: JSONL with a list of labels for each text, as "stance=for".

doccano has one list of labels for a project, so that a label names its variable, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from string import ascii_lowercase, digits
from typing import Any

from analysis.codebooks.codebook import NONE_APPLIES, SEPARATOR, Codebook, VariableType
from core.enums import UncodedReason
from producers.code_sample import SampledText
from producers.coded_files.rows import UNCODED, CodedFile, CodedRow

# doccano takes these as keys of labels.
_KEYS = f"{digits[1:]}0{ascii_lowercase}"
_BACKGROUND, _FOREGROUND = "#2a6ebb", "#ffffff"


def write_lines(run_id: int, sample: Iterable[SampledText]) -> str:
    """Return a line for each text, to be imported into a project of text classification."""
    lines = []
    for text in sample:
        unit = {"text": text.text, "label": [], "item": text.item, "run": run_id}
        origin = {"period": text.period, "keyword": text.keyword, "document": text.document}
        lines.append(json.dumps({**unit, **origin}, ensure_ascii=False) + "\n")

    return "".join(lines)


def write_labels(codebook: Codebook) -> str:
    """Return the labels to be imported into the project."""
    names: list[str] = []
    for variable in codebook.variables:
        names += [f"{variable.name}={code}" for code in variable.codes]
        if variable.type == VariableType.CATEGORIES:
            names.append(f"{variable.name}={NONE_APPLIES}")

    names += [f"{UNCODED}={reason}" for reason in UncodedReason]

    labels = []
    for number, name in enumerate(names):
        key = _KEYS[number] if number < len(_KEYS) else None
        colours = {"background_color": _BACKGROUND, "text_color": _FOREGROUND}
        labels.append({"text": name, "suffix_key": key, **colours})

    return json.dumps(labels, ensure_ascii=False, indent=1) + "\n"


def read_lines(path: Path, lines: Sequence[Any], codebook: Codebook) -> CodedFile:
    """Return the rows of an export. Its metadata stand in the line, or under "meta"."""
    rows: list[CodedRow] = []
    problems: list[str] = []
    for number, line in enumerate(lines, start=1):
        place = f"line {number}"
        labels = line.get("label", line.get("labels")) if isinstance(line, dict) else None
        if not isinstance(labels, list):
            problems.append(f"{place} is no text of doccano with a list of labels")
            continue

        meta = line.get("meta")
        fields = {**(meta if isinstance(meta, dict) else {}), **line}
        if labels and "item" not in fields:
            problems.append(f"{place} has no item: keep the fields of the file that --out wrote")
            continue

        cells, reason, mistakes = _read_labels(labels, codebook)
        problems += [f"{place}: {mistake}" for mistake in mistakes]
        text = fields.get("text", fields.get("data"))
        written = text if isinstance(text, str) else None
        rows.append(CodedRow(place, f"{fields.get('item')}", cells, written, None, reason))

    return CodedFile(path, rows, problems=problems)


def _read_labels(
    labels: Sequence[Any], codebook: Codebook
) -> tuple[dict[str, str], str | None, list[str]]:
    """Return the codes that *labels* give, why there is none, and what is wrong with them."""
    codes: dict[str, list[str]] = {variable.name: [] for variable in codebook.variables}
    reason = None
    mistakes: list[str] = []
    for label in labels:
        variable, equals, code = f"{label}".partition("=")
        if variable == UNCODED:
            reason = code
        elif equals and variable in codes:
            codes[variable].append(code)
        elif not equals and len(codes) == 1:
            codes[codebook.variables[0].name].append(variable)
        else:
            mistakes.append(f"{label!r} is no label of the codebook {codebook.name}")

    cells = {variable: SEPARATOR.join(parts) for variable, parts in codes.items() if parts}
    return cells, reason, mistakes
