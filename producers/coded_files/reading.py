"""Coded files are known by their shape: CSV or Label Studio's JSON."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import is_zipfile

from analysis.codebooks.codebook import Codebook
from core.errors import BadInput
from producers.coded_files.label_studio import read_tasks
from producers.coded_files.rows import CodedFile
from producers.coded_files.table import read_table
from producers.coded_files.texts import read_text


def read_coded_file(path: Path, codebook: Codebook) -> CodedFile:
    """Return the rows of a coded file. Raises `BadInput` if it cannot be read as one."""
    if is_zipfile(path):
        raise BadInput(f"{path} is a ZIP archive or a workbook: give a CSV or JSON file of it")

    text, is_utf8 = read_text(path)
    if text.lstrip()[:1] not in ("[", "{"):
        return read_table(path, text, codebook, is_utf8=is_utf8)
    if not is_utf8:
        raise BadInput(f"{path} is JSON that is not in UTF-8: export it again")

    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is no JSON ({error}): export it again") from None

    tasks = content if isinstance(content, list) else [content]
    if any(isinstance(task, dict) and "annotation_id" in task for task in tasks):
        raise BadInput(f"{path} is JSON-MIN of Label Studio, without names: export it as JSON")

    return read_tasks(path, tasks, codebook)
