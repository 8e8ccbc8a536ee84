"""A list of documents as its page reads it: which documents of a report fit a query."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator
from datetime import date
from itertools import accumulate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from analysis import grains
from reports.pages.document_list import DocumentIndex
from reports.words.document_queries import DocumentQuery

_INDEX = re.compile(r'id="document-index">([^<]*)<')
_PART = re.compile(r'documentPart\("([\w.@-]+)","([A-Za-z0-9+/=]+)"\);\n')
_EPOCH = date(1970, 1, 1).toordinal()
_LABEL_ENDING = re.compile(r" \((?:as|also) .*\)$")


def read_query(address: str) -> DocumentQuery:
    """Return the query that stands in an address of the list."""
    page, _, fields = address.partition("#")
    assert page == "documents.html"
    given: dict[str, Any] = dict(parse_qsl(fields))
    groups = [(name, given.pop(name)) for name in DocumentIndex.origin_fields if name in given]
    given["without_repeats"] = given.get("without_repeats") == "1"
    return DocumentQuery(**given, group=groups[0] if groups else None)


def _unpack(packed: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(packed)))


class DocumentList:
    """The index and the parts of a report's folder."""

    def __init__(self, folder: Path) -> None:
        html = (folder / "documents.html").read_text(encoding="utf-8")
        (packed,) = _INDEX.findall(html)
        self.index = _unpack(packed)
        self.days = list(accumulate(self.index["days"]))
        self.parts: list[dict[str, Any]] = []
        for name, file, job, length in self.index["parts"]:
            content = (folder / file).read_text(encoding="ascii")
            part = _PART.fullmatch(content)
            assert part is not None
            assert part[1] == name
            self.parts.append({"job": job, **_unpack(part[2])})
            assert len(self.parts[-1]["rows"]) == length

    def count(self, query: DocumentQuery) -> int:
        """Return how many documents fit *query*."""
        return sum(1 for _ in self.find(query))

    def find(self, query: DocumentQuery) -> Iterator[list[Any]]:
        """Yield the rows of the documents that fit *query*: address, text and mentions."""
        row = -1
        coded = set(accumulate(self.index["codes"].get(query.code, ())))
        for part in self.parts:
            held = [
                self._hold(part, field, value, query)
                for field in self.index["heldFields"]
                if (value := getattr(query, field))
            ]
            for place, values in enumerate(part["rows"]):
                row += 1
                if query.job not in (None, part["job"]) or (query.code and row not in coded):
                    continue
                if self._fits(row, query) and all(place in places for places in held):
                    yield values

    def _hold(self, part: Any, field: str, value: str, query: DocumentQuery) -> set[int]:
        wanted = _LABEL_ENDING.sub("", value) if field == "name" else value
        places: set[int] = set()
        for subject, spellings, differences in part[field]:
            subjects = self.index["subjects"]
            is_asked = query.subject is None or subjects[subject] == query.subject
            if is_asked and wanted.lower() in spellings:
                places.update(accumulate(differences))

        return places

    def _fits(self, row: int, query: DocumentQuery) -> bool:
        origin = self.index["origins"][self.index["documentOrigins"][row]]
        if query.group is not None:
            field, group = query.group
            if group != (origin[self.index["originFields"].index(field)] or "not known"):
                return False

        flags, *places = self.index["mentions"][self.index["documentMentions"][row]]
        is_held = any(getattr(query, field) for field in self.index["heldFields"])
        if (flags & 1 and query.without_repeats) or (flags & 2 and not is_held):
            return False
        if query.period is not None:
            first, _, last = query.period.partition("..")
            span = grains.first_day(first), grains.days_of(last or first)[-1]
            day = date.fromordinal(_EPOCH + self.days[row])
            if not self.days[row] or not span[0] <= day <= span[1]:
                return False
        if self.index["isPosts"]:
            return True

        terms = [self.index["terms"][place] for place in places]
        named = {(self.index["subjects"][subject], term) for subject, term in terms}
        subjects = {subject for subject, _ in named}
        if query.other is not None and query.other not in subjects:
            return False
        if query.term is not None:
            return any(t == query.term and query.subject in (None, s) for s, t in named)
        if query.subject is not None:
            return query.subject in subjects
        return bool(named) or query.code is not None
