"""Codes of the texts of a job: by a network that people's codes trained, or by a language model."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.coded_text import CodedText
from analysis.codebooks.model_answers import codes_of_answer, name_model
from analysis.codebooks.model_prompt import Prompt
from analysis.codebooks.model_requests import ModelRequest
from analysis.data import MonthData, PostData
from analysis.fetcher import Fetcher
from analysis.options import MENTIONS, SAMPLE, SEARCHED
from analysis.readable import UnreadDocuments
from analysis.step import NotReady, Rows, Step, StepResult
from core.enums import UNUSABLE
from models.codes import UnitCodes, UnitKey, describe_uncoded, replace_codes_of_job
from models.tables import Code, Mention

if TYPE_CHECKING:
    # It loads numpy, which commands that only declare the step do without.
    from analysis.codebooks.network import CodeNetwork

NAME = "codes"

_NO_SAMPLE = "the sample of the run is drawn when all of its jobs have their keywords"

Unit = tuple[UnitKey, CodedText]


async def code_texts(data: MonthData | PostData, fetcher: Fetcher) -> StepResult | NotReady:
    """Code documents, mentions or posts, as the codebook of the run says.

    Texts in a language that the codebook does not declare are left out. A network codes all others,
    also beside a model; the documents of the step are then those that the model was asked about.
    """
    if not data.options.has_model_coder:
        return await _code_by_network(data)

    result = await _code_by_model(data, fetcher)
    if isinstance(result, NotReady) or data.read_network is None:
        return result

    by_network = await _code_by_network(data)
    return replace(result, rows={Code: [*result.rows[Code], *by_network.rows[Code]]})


async def _code_by_network(data: MonthData | PostData) -> StepResult:
    assert data.read_network is not None  # noqa: S101 - who adds the step names a coder
    network = await data.read_network()
    unread = await _find_unread(data, network.codebook)
    mentions: Sequence[Mapping[str, Any]] = ()
    if isinstance(data, MonthData) and network.codebook.asks_of_keyword:
        mentions = await data.results.rows(Mention)

    return await asyncio.to_thread(_code, data, network, mentions, unread)


async def _find_unread(data: MonthData | PostData, codebook: Codebook) -> UnreadDocuments:
    """Return the documents in languages that the codebook does not declare."""
    languages = codebook.language
    outside = await data.documents_outside(languages) if languages else {}
    return UnreadDocuments(data.noun, "", outside, are_asked=False)


def _code(
    data: MonthData | PostData,
    network: CodeNetwork,
    mentions: Sequence[Mapping[str, Any]],
    unread: UnreadDocuments,
) -> StepResult:
    units = list(_list_units(data, network.codebook, mentions))
    read_units = [(unit, text) for unit, text in units if unit.document_id not in unread.left_out]
    code_rows: list[dict[str, Any]] = []
    codes_of_units = network.code([text for _, text in read_units])
    for (unit, _), codes in zip(read_units, codes_of_units, strict=True):
        code_rows += _rows_of_unit(data.options.coding_network, unit, codes)

    return unread.result({unit.document_id for unit, _ in units}, {Code: code_rows})


def _list_units(
    data: MonthData | PostData, codebook: Codebook, mentions: Sequence[Mapping[str, Any]]
) -> Iterator[Unit]:
    """Yield what is coded: mentions once each, whole texts once or for each keyword."""
    if isinstance(data, PostData):
        for post in data.authored:
            yield UnitKey(post.id), CodedText(post.text)

        return

    if codebook.is_of_mentions:
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


async def _code_by_model(data: MonthData | PostData, fetcher: Fetcher) -> StepResult | NotReady:
    """Ask a language model about the texts that the run names, each different one once."""
    assert data.read_codebook is not None  # noqa: S101 - who adds the step names a codebook
    assert data.options.model is not None  # noqa: S101 - and a model
    codebook = await data.read_codebook()
    sample: Collection[UnitKey] | None = None
    is_part = data.options.coded_part in (SAMPLE, SEARCHED)
    if is_part and data.read_sample is not None:
        sample = await data.read_sample()
        if sample is None:
            return NotReady(_NO_SAMPLE, are_documents=False)

    unread = await _find_unread(data, codebook)
    mentions: Sequence[Mapping[str, Any]] = ()
    if isinstance(data, MonthData):
        mentions = await data.results.rows(Mention)

    texts = await asyncio.to_thread(_list_texts, data, codebook, mentions, sample, unread)
    requests = _make_requests(fetcher.engine, codebook, data.options.model.max_tokens, texts)
    await fetcher.fetch(requests)
    answers = await fetcher.read([request.key for request in requests])
    return await asyncio.to_thread(_make_result, data, codebook, texts, requests, answers, unread)


@dataclass(frozen=True)
class _Texts:
    """The units of each different text that a model is asked about; *documents* are all of them."""

    units: Mapping[CodedText, Sequence[UnitKey]]
    documents: Collection[int]


def _list_texts(
    data: MonthData | PostData,
    codebook: Codebook,
    mentions: Sequence[Mapping[str, Any]],
    sample: Collection[UnitKey] | None,
    unread: UnreadDocuments,
) -> _Texts:
    part = data.options.coded_part
    mentioning = {mention["document_id"] for mention in mentions}
    units: dict[CodedText, list[UnitKey]] = {}
    documents: set[int] = set()
    for unit, text in _list_units(data, codebook, mentions):
        if sample is not None and unit not in sample:
            continue

        is_mentioning = text.mentions if unit.keyword else unit.document_id in mentioning
        if part == MENTIONS and not (unit.position or is_mentioning):
            continue

        documents.add(unit.document_id)
        if unit.document_id not in unread.left_out:
            units.setdefault(CodedText(text.text, text.keyword), []).append(unit)

    return _Texts(units, documents)


def _make_requests(
    engine: str, codebook: Codebook, max_tokens: int, texts: _Texts
) -> list[ModelRequest]:
    prompts: dict[str, Prompt] = {}
    requests: list[ModelRequest] = []
    for text, units in texts.units.items():
        if text.keyword not in prompts:
            prompts[text.keyword] = Prompt(codebook, text.keyword, max_tokens)

        documents = tuple(dict.fromkeys(unit.document_id for unit in units))
        requests.append(ModelRequest(engine, prompts[text.keyword], text.text, documents))

    return requests


def _make_result(  # noqa: PLR0917 - a result has many parts
    data: MonthData | PostData,
    codebook: Codebook,
    texts: _Texts,
    requests: Sequence[ModelRequest],
    answers: Mapping[bytes, Mapping[str, Any]],
    unread: UnreadDocuments,
) -> StepResult:
    code_rows: list[dict[str, Any]] = []
    states: Counter[str] = Counter()
    models: set[str] = set()
    for units, request in zip(texts.units.values(), requests, strict=True):
        answer = answers[request.key]
        codes = codes_of_answer(codebook, answer)
        models.add(name_model(answer))
        for state in {value.state for value in codes.values()} & UNUSABLE:
            states[state] += len(units)

        for unit in units:
            code_rows += _rows_of_unit(data.options.coder, unit, codes)

    result = unread.result(texts.documents, {Code: code_rows})
    remarks = [result.remark] if result.remark else []
    if states:
        remarks.append(describe_uncoded(sum(map(len, texts.units.values())), states))

    models.discard("")
    if len(models) > 1:
        remarks.append(f"answered by {' and by '.join(sorted(models))}")

    return replace(result, remark="; ".join(remarks) or None)


def _rows_of_unit(coder: str | None, unit: UnitKey, codes: UnitCodes) -> Iterator[dict[str, Any]]:
    """Yield a row for each code, without what all codes of the job share."""
    for variable, value in codes.items():
        yield {
            "coder": coder,
            "document_id": unit.document_id,
            "keyword": unit.keyword,
            "position": unit.position,
            "variable": variable,
            "code": value.code,
            "probability": value.probability,
            "state": value.state.value,
            "reason": value.reason,
        }


def store_codes(connection: Connection, job_id: int, rows: Rows) -> None:
    """Put the codes in the place of those that the run's coders gave the job's documents."""
    replace_codes_of_job(connection, job_id, rows[Code])


STEP = Step(NAME, code_texts, tables=(), needs=("keywords",), is_by_coder=True, store=store_codes)
