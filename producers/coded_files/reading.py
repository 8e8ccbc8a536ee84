"""Coded files are known by their shape: CSV, Label Studio's JSON or doccano's JSONL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from analysis.codebooks.codebook import Codebook
from core.errors import BadInput
from producers.coded_files.doccano import read_lines
from producers.coded_files.label_studio import read_tasks
from producers.coded_files.rows import CodedFile
from producers.coded_files.table import read_table
from producers.coded_files.texts import read_text


def read_coded_file(path: Path, codebook: Codebook) -> CodedFile:
    """Return the rows of a coded file. Raises `BadInput` if it cannot be read as one."""
    if is_zipfile(path):
        raise BadInput(f"{path} is a ZIP archive, as doccano exports: unpack it, give a file of it")

    text, is_utf8 = read_text(path)
    begin = text.lstrip()[:1]
    if begin not in ("[", "{"):
        return read_table(path, text, codebook, is_utf8=is_utf8)
    if not is_utf8:
        raise BadInput(f"{path} is JSON that is not in UTF-8: export it again")

    entries = _parse_list(path, text) if begin == "[" else _parse_lines(path, text)
    is_of_label_studio = any(isinstance(entry, dict) and "data" in entry for entry in entries)
    if is_of_label_studio and begin == "[":
        return read_tasks(path, entries, codebook)
    if any(isinstance(entry, dict) and "annotation_id" in entry for entry in entries):
        raise BadInput(f"{path} is JSON-MIN of Label Studio, without names: export it as JSON")

    return read_lines(path, entries, codebook)


def _parse_list(path: Path, text: str) -> list[Any]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is no JSON ({error}): export it again") from None

    return entries if isinstance(entries, list) else [entries]


def _parse_lines(path: Path, text: str) -> list[Any]:
    entries = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue

        try:
            entries.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            message = f"{path}, line {number} is no JSON ({error}): export it again"
            raise BadInput(message) from None

    return entries
