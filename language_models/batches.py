"""Files and batches of a server of language models, as OpenAI's API has them."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from io import FileIO
from typing import IO, TYPE_CHECKING, Any

import aiohttp

from core.errors import ServiceBadAnswer, ServiceRefused
from core.redaction import load_json
from core.service_client import LONGEST_ANSWER, ServiceAnswer, ServiceClient
from core.storable import make_storable
from language_models.completion import SERVICE
from language_models.refusals import is_filtered, is_too_long, is_unbilled

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# The name of our own identifier in a batch's metadata.
METADATA_KEY = "tidings"

_CHAT = "/v1/chat/completions"
_PER_PAGE = 100
# A list of batches or files is read so many pages back.
_MOST_PAGES = 50
_LONGEST_MESSAGE = 200

# An id becomes a part of an address.
_ID = re.compile(r"[\w-]{1,200}", re.ASCII)

# A batch of one of these states changes no more.
_COMPLETED, _FAILED = "completed", "failed"
_ENDED = frozenset({_COMPLETED, _FAILED, "expired", "cancelled"})

# A token is of some bytes, which JSON may write as more. What stands around an answer is as long as
# the template of its request at the most.
_BYTES_PER_TOKEN = 32


@dataclass(frozen=True)
class BatchStatus:
    """What a server says of a batch; *files* hold answers and errors, as far as there are any.

    *done* is how many lines it has worked on, None if it does not say.
    """

    id: str
    state: str
    done: int | None
    files: tuple[str, ...]
    error: str
    created_at: float

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in _ENDED

    def count_lost(self, results: int, missing: int) -> int:
        """Return how many of the *missing* lines the server may have answered and billed.

        *results* is how many lines have one. A batch that is completed has worked on every line,
        and one that failed was not begun, unless the server says more exactly.
        """
        if self.state == _COMPLETED or (self.done is None and self.state != _FAILED):
            return missing

        return min(missing, max(0, (self.done or 0) - results))


# What is settled in the place of a batch that was never created.
NOTHING_ASKED = BatchStatus(id="", state=_FAILED, done=0, files=(), error="", created_at=0.0)


@dataclass(frozen=True)
class LineResult:
    """What a server writes of a line: the *body* of its answer or its error.

    *status* is that of an answer, None if the server has none.
    """

    custom_id: str
    status: int | None
    body: Any

    @property
    def is_answer(self) -> bool:
        """Whether the body is that of an answer."""
        return self.status == HTTPStatus.OK

    @property
    def is_unbilled(self) -> bool:
        """Whether the line has surely cost nothing."""
        return is_unbilled(self.status, self.body)

    @property
    def is_filtered(self) -> bool:
        """Whether a filter refuses the text."""
        return is_filtered(self.body)

    @property
    def is_too_long(self) -> bool:
        """Whether the text is too long for the model or the server."""
        return is_too_long(self.status, self.body)

    @property
    def problem(self) -> str:
        """The server's words about what went wrong, "" for an answer."""
        return "" if self.is_answer else _describe(self.body)


def request_line(custom_id: str, body: Mapping[str, Any]) -> bytes:
    """Return a line of a file of requests."""
    line = {"custom_id": custom_id, "method": "POST", "url": _CHAT, "body": body}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


@dataclass(frozen=True)
class BatchClient:
    """Uploads files of requests and creates batches of them, on the client of the server."""

    client: ServiceClient

    async def find_file(self, file_name: str) -> str | None:
        """Return the id of a file that was uploaded by a name; None if there is none."""
        async for file in self._list("/v1/files", {"purpose": "batch"}):
            if file.get("filename") == file_name:
                return _id_of(file)

        return None

    async def upload(self, file_name: str, requests: IO[bytes]) -> str:
        """Upload a file of requests; return its id."""
        form = aiohttp.FormData()
        form.add_field("purpose", "batch")
        form.add_field("file", requests, filename=file_name, content_type="application/jsonl")
        answer = await self.client.attempt("POST", "/v1/files", data=form)
        return _id_of(answer.value)

    async def find_batches(self, uuid: str) -> list[BatchStatus]:
        """Return the batches that were created for our identifier, oldest first."""
        batches = []
        async for batch in self._list("/v1/batches", {}):
            metadata = batch.get("metadata")
            if isinstance(metadata, Mapping) and metadata.get(METADATA_KEY) == uuid:
                batches.append(_read_status(batch))

        return sorted(batches, key=lambda batch: (batch.created_at, batch.id))

    async def create(self, uuid: str, file: str) -> BatchStatus:
        """Create the batch of a file for our identifier."""
        body = {
            "input_file_id": file,
            "endpoint": _CHAT,
            "completion_window": "24h",
            "metadata": {METADATA_KEY: uuid},
        }
        headers = {"Idempotency-Key": uuid}
        answer = await self.client.attempt("POST", "/v1/batches", headers=headers, json=body)
        return _read_status(answer.value)

    async def status(self, batch: str) -> BatchStatus:
        """Return what the server says of a batch."""
        return _read_status((await self.client.get(f"/v1/batches/{batch}")).value)

    async def cancel(self, batch: str) -> None:
        """Cancel a batch; one that has ended stays as it is."""
        try:
            await self.client.attempt("POST", f"/v1/batches/{batch}/cancel")
        except ServiceRefused as error:
            if error.status not in (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT):
                raise

    async def download(self, file: str, into: IO[bytes], most_tokens: int) -> None:
        """Write the content of a file to *into*.

        Raises `ServiceBadAnswer` if it is longer than results of so many tokens can be.
        """
        most_bytes = _BYTES_PER_TOKEN * most_tokens
        with _ResultFile(into.fileno(), "wb", closefd=False) as results:
            results.most_bytes = most_bytes
            await self.client.get(f"/v1/files/{file}/content", into=results)

    async def _list(self, path: str, params: Mapping[str, str]) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the objects of a list, newest first, page by page."""
        after: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            page: ServiceAnswer = await self.client.get(
                path, {**params, "limit": f"{_PER_PAGE}", **after}
            )
            listed = page.value.get("data") if isinstance(page.value, Mapping) else None
            if not isinstance(listed, list):
                raise _bad_answer(path, "no list")

            for listed_object in listed:
                if isinstance(listed_object, Mapping):
                    yield listed_object

            if not page.value.get("has_more") or not listed:
                return

            after = {"after": _id_of(listed[-1])}


class _ResultFile(FileIO):
    """A file that takes no more than *most_bytes* bytes."""

    most_bytes = 0

    def write(self, data: ReadableBuffer) -> int:
        """Write *data*. Raises `ServiceBadAnswer`."""
        if self.tell() + memoryview(data).nbytes <= self.most_bytes:
            return super().write(data)

        self.truncate(0)
        raise ServiceBadAnswer(
            f"{SERVICE}: the results of a batch are longer than {self.most_bytes:,} bytes, which "
            "is more than its texts and their answers can have: nothing of them is read; see what "
            "answers at TIDINGS_MODEL_URL",
            service=SERVICE,
        )


def read_lines(file: IO[bytes], secrets: Collection[str] = ()) -> Iterator[LineResult]:
    """Yield what each line of a file of results says, without *secrets*.

    Lines that make no sense are left out, and those that are longer than an answer may be.
    """
    while written := file.readline(LONGEST_ANSWER):
        try:
            line = load_json(written, secrets)
        except (ValueError, RecursionError):
            continue

        custom_id = line.get("custom_id") if isinstance(line, Mapping) else None
        if isinstance(custom_id, str):
            yield _read_line(custom_id, line.get("response"), line.get("error"))


def _read_line(custom_id: str, response: Any, error: Any) -> LineResult:
    if not isinstance(response, Mapping):
        return LineResult(custom_id, None, {"error": error})

    status = response.get("status_code", HTTPStatus.OK)
    body = response.get("body") or {"error": error}
    return LineResult(custom_id, status if isinstance(status, int) else 0, body)


def _read_status(batch: Any) -> BatchStatus:
    state = batch.get("status") if isinstance(batch, Mapping) else None
    if not isinstance(state, str):
        raise _bad_answer("batches", "no batch")

    counts = batch.get("request_counts")
    counts = counts if isinstance(counts, Mapping) else {}
    done = [_whole(counts.get(name)) for name in ("completed", "failed")]
    told = [count for count in done if count is not None]
    files = (batch.get("output_file_id"), batch.get("error_file_id"))
    created_at = batch.get("created_at")
    return BatchStatus(
        id=_id_of(batch),
        state=state,
        done=sum(told) if told else None,
        files=tuple(file for file in files if isinstance(file, str) and file),
        error=_describe(batch.get("errors")),
        created_at=float(created_at) if isinstance(created_at, int | float) else 0.0,
    )


def _describe(error: Any) -> str:
    """Return a server's words about what went wrong, from where servers put them."""
    while isinstance(error, Mapping | list):
        if isinstance(error, list):
            error = error[0] if error else ""
        else:
            error = error.get("message") or error.get("error") or error.get("data") or ""

    return make_storable(str(error or "")[:_LONGEST_MESSAGE])[0]


def _whole(count: Any) -> int | None:
    return count if isinstance(count, int) and count >= 0 else None


def _id_of(described: Any) -> str:
    identifier = described.get("id") if isinstance(described, Mapping) else None
    if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
        raise _bad_answer("files", "what has no id")
    return identifier


def _bad_answer(path: str, what: str) -> ServiceBadAnswer:
    return ServiceBadAnswer(f"{SERVICE}: {path} answered with {what}", service=SERVICE)
