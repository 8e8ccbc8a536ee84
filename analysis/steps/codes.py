"""Codes of every text of a job by a network that people's codes trained; it asks no service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from analysis.codebooks.codebook import Codebook, CodedUnit
from analysis.codebooks.coded_text import CodedText
from analysis.data import MonthData, PostData
from analysis.fetcher import Fetcher
from analysis.readable import UnreadDocuments
from analysis.step import Rows, Step, StepResult
from core.enums import CodeState
from models.codes import UnitKey, replace_codes_of_job
from models.tables import Code, Mention

if TYPE_CHECKING:
    # It loads numpy, which commands that only declare the step do without.
    from analysis.codebooks.network import CodeNetwork

NAME = "codes"

Unit = tuple[UnitKey, CodedText]


async def code_texts(
    data: MonthData | PostData,
    fetcher: Fetcher,  # noqa: ARG001 - no answer is needed
) -> StepResult:
    """Code every document, mention or post, as the codebook of the run says.

    Texts in a language that the codebook does not declare are left out.
    """
    assert data.read_network is not None  # noqa: S101 - who adds the step names a coder
    network = await data.read_network()
    languages = network.codebook.language
    outside = await data.documents_outside(languages) if languages else {}
    unread = UnreadDocuments(data.noun, "", outside, are_asked=False)
    mentions: Sequence[Mapping[str, Any]] = ()
    if isinstance(data, MonthData) and network.codebook.asks_of_keyword:
        mentions = await data.results.rows(Mention)
    return await asyncio.to_thread(_code, data, network, mentions, unread)


def _code(
    data: MonthData | PostData,
    network: CodeNetwork,
    mentions: Sequence[Mapping[str, Any]],
    unread: UnreadDocuments,
) -> StepResult:
    units = list(_list_units(data, network.codebook, mentions))
    read_units = [(unit, text) for unit, text in units if unit.document_id not in unread.left_out]
    code_rows: Rows = {Code: make_rows(network, read_units)}
    return unread.result({unit.document_id for unit, _ in units}, code_rows)


def _list_units(
    data: MonthData | PostData, codebook: Codebook, mentions: Sequence[Mapping[str, Any]]
) -> Iterator[Unit]:
    """Yield what is coded: mentions once each, whole texts once or for each keyword."""
    if isinstance(data, PostData):
        for post in data.authored:
            yield UnitKey(post.id), CodedText(post.text)
        return

    if codebook.unit == CodedUnit.MENTION:
        sentences: dict[UnitKey, str] = {}
        for mention in mentions:
            unit = UnitKey(mention["document_id"], mention["keyword"], mention["position"])
            sentences[unit] = mention["sentence"]
        for unit, sentence in sorted(sentences.items()):
            yield unit, CodedText(sentence, unit.keyword)
        return

    mentioning = {(mention["document_id"], mention["keyword"]) for mention in mentions}
    keywords = [keyword.name for keyword in data.keywords] if codebook.asks_of_keyword else [""]
    for _, documents in data.documents_by_day():
        for document in documents:
            for keyword in keywords:
                unit = UnitKey(document.id, keyword)
                mentions_it = (document.id, keyword) in mentioning
                yield unit, CodedText(document.text, keyword, mentions_it)


def make_rows(network: CodeNetwork, units: Sequence[Unit]) -> list[dict[str, Any]]:
    """Return a row for each code of *units*, without what all codes of the job share."""
    code_rows: list[dict[str, Any]] = []
    texts = [text for _, text in units]
    for (unit, _), codes in zip(units, network.code(texts), strict=True):
        for variable, value in codes.items():
            code_row = {
                "document_id": unit.document_id,
                "keyword": unit.keyword,
                "position": unit.position,
                "variable": variable,
                "code": value.code,
                "probability": value.probability,
                "state": CodeState.CODED,
                "reason": None,
            }
            code_rows.append(code_row)
    return code_rows


def store_codes(connection: Connection, job_id: int, rows: Rows) -> None:
    """Put the codes in the place of those that the run's coder gave the job's documents."""
    replace_codes_of_job(connection, job_id, rows[Code])


STEP = Step(NAME, code_texts, tables=(), needs=("keywords",), makes_calls=False, store=store_codes)
