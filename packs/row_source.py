"""What is loaded of a pack, whatever its format: rows, and what its tables alone tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from sqlalchemy import select

from core.enums import TextPart
from models.documents import text_part_of
from models.tables import Document
from packs import contents, format_5
from packs.archive import PackReader, lines_of
from packs.contents import PackedDocument, PackedRun, read_object
from packs.reading import read_objects
from packs.rows import CODES, MENTIONS, POLARITIES, PackedRow, PackedTable
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, documents_condition
from sources.headlines import with_full_stop

_MENTIONS_FILE = f"{contents.EXPORTS}/mentions.jsonl"
_DOCUMENTS_FILE = f"{contents.EXPORTS}/documents.jsonl"
_CODES_FILE = f"{contents.EXPORTS}/codes.jsonl"

# Lines, each with its place for a message.
Lines = Iterator[tuple[str, Any]]


class RowSource:
    """The lines of a pack's tables, validated one by one. Its methods raise `BadInput`."""

    def __init__(self, pack: PackReader, run: PackedRun) -> None:
        self._pack = pack
        self._run = run

    def lines(self, packed: PackedTable) -> Lines:
        """Yield the lines of a table that the pack has as rows."""
        if self._run.format == contents.EARLIER_FORMAT:
            for location, row in format_5.read_rows(self._pack, packed):
                yield location, _validate(packed, row, location)
        elif packed.file_name in self._pack.names:
            yield from lines_of(self._pack, packed.file_name, packed.line)

    def documents(self) -> Iterator[tuple[str, PackedDocument]]:
        """Yield the documents; without texts, with a last sentence that got a full stop."""
        for location, document in lines_of(self._pack, contents.DOCUMENTS, PackedDocument):
            sentence = self._last_sentences.get(document.identity)
            text = document.text if sentence is None else sentence
            yield location, document.model_copy(update={"text": text})

    def codes(self, hashes: dict[str, str]) -> Lines:
        """Yield the codes that coders gave; *hashes* are those of codebooks, by the short ones."""
        for location, line in read_objects(self._pack, _CODES_FILE):
            row = {name: line[name] for name in CODES.columns}
            row |= {"keyword": row["keyword"] or "", "position": row["position"] or 0}
            row["codebook"] = hashes.get(line["hash"], line["hash"])
            yield location, _validate(CODES, row, location)

    def mentions(self) -> Lines:
        """Yield the mentions of a pack without texts, as services were asked about them.

        A sentence is quoted as the source has it, without the full stop that was added.
        """
        for location, line in read_objects(self._pack, _MENTIONS_FILE):
            row = {name: line[name] for name in MENTIONS.columns if name != "job"}
            if row["document"] in self._terminated:
                row["sentence"] = with_full_stop(row["sentence"])

            yield location, _validate(MENTIONS, {**row, "job": line["period"]}, location)

    def polarities(self, run_data: RunData) -> Lines:
        """Yield the polarities of posts, for each job that has the post."""
        polarities = {
            line["document"]: (location, line["polarity"])
            for location, line in read_objects(self._pack, _DOCUMENTS_FILE)
            if line["polarity"] is not None
        }
        for job in run_data.jobs:
            posts = select(Document.identity).where(documents_condition(run_data, job))
            for (identity,) in fetch_all(run_data.db, posts):
                if identity in polarities:
                    location, polarity = polarities[identity]
                    row = {"job": job.name, "document": identity, "polarity": polarity}
                    yield location, _validate(POLARITIES, row, location)

    @cached_property
    def _terminated(self) -> set[str]:
        """The documents whose headline got a full stop that no quotation of the run shows."""
        if self._run.texts or text_part_of(self._run.parameters) != TextPart.HEADLINE:
            return set()

        lines = lines_of(self._pack, contents.DOCUMENTS, PackedDocument)
        return {document.identity for _, document in lines if document.full_stop_added}

    @cached_property
    def _last_sentences(self) -> dict[str, str]:
        """The sentences with such a full stop that mention a keyword, by document."""
        if not self._terminated or not self._run.run_kind.has_mentions:
            return {}

        return {
            line["document"]: with_full_stop(line["sentence"])
            for _, line in read_objects(self._pack, _MENTIONS_FILE)
            if line["document"] in self._terminated
            and with_full_stop(line["sentence"]) != line["sentence"]
        }


def _validate(packed: PackedTable, row: PackedRow, location: str) -> Any:
    return read_object(json.dumps(row).encode(), location, packed.line)
