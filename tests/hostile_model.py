"""A server of language models that bills by its own truth, and tells whatever it likes.

Each request that it works on is billed by the tokens that it really took, by the text; what its
answer says of them is another matter. A `Kind` is one way to answer, at once or in a batch.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from aiohttp import web

from tests.stub_model import ModelServer, text_of

# It has what URLs quote, and is longer than what is left of a cut message.
KEY = "sk-hostile/+0123456789=abcdefghijklmnopqrstuvwxyz"

# What Basic authentication makes of it.
BASIC = b64encode(f"user:{KEY}".encode()).decode()

# Its letters as escapes of JSON, and those of its escapes of URLs.
ESCAPED_KEY = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
TWICE_ESCAPED_KEY = "".join(f"\\u{ord(letter):04x}" for letter in quote(KEY, safe=""))

# Tokens that a server bills beside those of the text that it sends.
HIDDEN_TOKENS = 60
MANY_HIDDEN_TOKENS = 600

Reply = dict[str, Any]
Line = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One way to answer; by default a request is worked on, billed, and answered well."""

    name: str
    status: int = 200

    #: Returns the body that is sent in the place of a good reply: JSON, or bytes as they are.
    body: Callable[[Reply], Any] = lambda reply: reply
    is_billed: bool = True

    #: Tokens of the completion that are billed beside those of its text.
    hidden_tokens: int = 0

    #: Whether a request is billed at more than any request can take.
    is_above_bound: bool = False

    #: The connection ends, or nothing comes, after the work.
    is_reset: bool = False
    hangs: bool = False

    #: Only requests that have this field are answered so.
    refused_field: str = ""

    #: Changes a batch that has ended, its lines and those of its errors.
    end_batch: Callable[[BatchEnd], None] | None = None

    #: Whether the file of answers is missing at the server.
    has_no_file: bool = False
    never_ends: bool = False

    #: Whether a run may wait for a batch as long as it likes.
    may_wait: bool = False

    #: Whether half of a batch is worked on and billed, and the other half is not.
    stops_halfway: bool = False

    #: So many answers to a text are of this kind, and those after them good.
    attempts: int = 1_000_000


@dataclass
class BatchEnd:
    """How a batch ends: its lines, those of its errors, and what is told beside them."""

    batch: dict[str, Any]
    lines: list[Line | bytes]
    unworked_ids: list[str]
    errors: list[Line | bytes] = field(default_factory=list)
    state: str = "completed"

    #: What `request_counts` says, None if it is true.
    told_answers: int | None = None
    has_output_file: bool = True


class HostileModel(ModelServer):
    """The stub, whose answers are of one kind; `bill` and `texts` are what it worked on."""

    def __init__(self, kind: Kind, price: Any, texts: Sequence[str] | None = None) -> None:
        super().__init__(price=price)
        self.kind = kind

        # Only these texts are answered so, None for all.
        self.hostile_texts = texts
        self._attempts: dict[str, int] = {}

        # The lines of batches that were worked on.
        self._lines: dict[str, list[Line | bytes]] = {}

    def _is_hostile(self, body: dict[str, Any], text: str) -> bool:
        if self.hostile_texts is not None and text not in self.hostile_texts:
            return False
        if self.kind.refused_field and self.kind.refused_field not in body:
            return False

        self._attempts[text] = self._attempts.get(text, 0) + 1
        return self._attempts[text] <= self.kind.attempts

    def _work(self, body: dict[str, Any], text: str, is_hostile: bool) -> Reply:
        """Return a good reply, and bill what it really took."""
        reply = self._reply(body, text)
        usage, hidden = reply["usage"], self.kind.hidden_tokens if is_hostile else 0
        if not is_hostile or self.kind.is_billed:
            self._count(text, usage["prompt_tokens"], usage["completion_tokens"] + hidden)

        return reply

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.calls += 1
        text, kind = text_of(body), self.kind
        is_hostile = self._is_hostile(body, text)
        reply = self._work(body, text, is_hostile)
        if not is_hostile:
            return web.json_response(reply)

        if kind.is_reset:
            assert request.transport
            request.transport.abort()
            return web.Response()
        if kind.hangs:
            await asyncio.sleep(2)

        told = kind.body(reply)
        content = told if isinstance(told, bytes) else json.dumps(told).encode()
        return web.Response(
            status=kind.status,
            body=content,
            content_type="application/json",
            headers={"Location": f"/elsewhere?key={KEY}"} if kind.status == 307 else {},
        )

    def _answer_about(self, path: list[str]) -> web.Response:
        identifier, *action = path
        if action == ["content"] and self.kind.has_no_file and identifier.startswith("file-"):
            return web.json_response({"error": {"message": f"no file for {KEY}"}}, status=404)

        return super()._answer_about(path)

    def _end_batch(self, batch: dict[str, Any]) -> None:
        """Work on the lines of a batch, which are billed at half the price, and tell of them."""
        before = self.bill
        requests = self.files[batch["input_file_id"]][1].splitlines()
        worked_on = len(requests)
        if self.kind.stops_halfway:
            worked_on = (worked_on + 1) // 2

        if batch["id"] not in self._lines:
            self._lines[batch["id"]] = list(self._answer_lines(requests[:worked_on]))

        self.bill = before + (self.bill - before) / 2
        if self.kind.never_ends:
            return

        unworked_ids = [json.loads(line)["custom_id"] for line in requests[worked_on:]]
        end = BatchEnd(batch, self._lines[batch["id"]], unworked_ids)
        if self.kind.end_batch is not None:
            self.kind.end_batch(end)

        self._tell_end(end)

    def _answer_lines(self, requests: Sequence[bytes]) -> Iterator[Line | bytes]:
        for line in map(json.loads, requests):
            text = text_of(line["body"])
            is_hostile = self._is_hostile(line["body"], text)
            reply = self._work(line["body"], text, is_hostile)
            status, told = 200, reply
            if is_hostile:
                status, told = self.kind.status, self.kind.body(reply)

            custom_id = line["custom_id"]
            if isinstance(told, bytes):
                start = f'{{"custom_id": "{custom_id}", "response": {{"status_code": {status}, '
                yield start.encode() + b'"body": ' + told.replace(b"\n", b" ") + b"}}"
            else:
                yield {
                    "custom_id": custom_id,
                    "response": {"status_code": status, "body": told},
                    "error": None,
                }

    def _tell_end(self, end: BatchEnd) -> None:
        batch = end.batch
        batch["status"] = end.state
        told_answers = len(end.lines) if end.told_answers is None else end.told_answers
        batch["request_counts"]["completed"] = told_answers
        batch["request_counts"]["failed"] = len(end.errors)
        if end.has_output_file and "output_file_id" not in batch:
            batch["output_file_id"] = self._keep("output.jsonl", _write_lines(end.lines))
        if end.errors:
            batch["error_file_id"] = self._keep("errors.jsonl", _write_lines(end.errors))
        if self.kind.name == "output twice":
            batch["error_file_id"] = batch["output_file_id"]


def _write_lines(lines: Sequence[Line | bytes]) -> bytes:
    written = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    return b"".join(line + b"\n" for line in written)


# --- replies ---


def _with_message(**changes: Any) -> Callable[[Reply], Reply]:
    def change(reply: Reply) -> Reply:
        reply["choices"][0]["message"] |= changes
        return reply

    return change


def _with_choice(**changes: Any) -> Callable[[Reply], Reply]:
    def change(reply: Reply) -> Reply:
        reply["choices"][0] |= changes
        return reply

    return change


def _with_choices(choices: Any) -> Callable[[Reply], Reply]:
    return lambda reply: {**reply, "choices": choices}


def _with_usage(**changes: Any) -> Callable[[Reply], Reply]:
    return lambda reply: {**reply, "usage": {**reply["usage"], **changes}}


def _without_usage(reply: Reply) -> Reply:
    return {name: reply[name] for name in reply if name != "usage"}


def _with_counts(count: Any) -> Callable[[Reply], Reply]:
    return _with_usage(prompt_tokens=count, completion_tokens=count, total_tokens=count)


def _with_zero(**work: Any) -> Callable[[Reply], Reply]:
    """Tell no token of work that is no text."""

    def change(reply: Reply) -> Reply:
        told = _with_usage(completion_tokens=0, total_tokens=reply["usage"]["prompt_tokens"])
        return _with_message(content=None, **work)(told(reply))

    return change


def _in_parts(reply: Reply) -> Reply:
    content = reply["choices"][0]["message"]["content"]
    return _with_message(content=[{"type": "text", "text": content}])(reply)


def _with_total(hidden: int) -> Callable[[Reply], Reply]:
    """Tell the hidden tokens in the total alone."""

    def change(reply: Reply) -> Reply:
        usage = reply["usage"]
        total = usage["prompt_tokens"] + usage["completion_tokens"] + hidden
        return _with_usage(total_tokens=total)(reply)

    return change


def _with_reasoning(hidden: int) -> Callable[[Reply], Reply]:
    """Tell the hidden tokens as reasoning beside the completion, as xAI does."""

    def change(reply: Reply) -> Reply:
        details = {"completion_tokens_details": {"reasoning_tokens": hidden}}
        return _with_usage(**details)(_with_total(hidden)(reply))

    return change


def _with_all_told(reply: Reply) -> Reply:
    usage = reply["usage"]
    told = usage["completion_tokens"] + MANY_HIDDEN_TOKENS
    return _with_usage(completion_tokens=told, total_tokens=told + usage["prompt_tokens"])(reply)


def _error(message: str, **changes: Any) -> Callable[[Reply], Any]:
    return lambda _reply: {"error": {"message": message, **changes}}


def _cut(reply: Reply) -> bytes:
    return json.dumps(reply).encode()[:-40]


def _cut_off(reply: Reply) -> Reply:
    content = reply["choices"][0]["message"]["content"]
    return _with_choice(finish_reason="length")(_with_message(content=content[:5])(reply))


def _named_by_key(reply: Reply) -> Reply:
    return {**reply, "model": f"m-{KEY}", "system_fingerprint": f"fp-{KEY}"}


def _with_escaped_key(change: Callable[[Reply], Any]) -> Callable[[Reply], bytes]:
    """Write the letters of the key as escapes of JSON, as some servers do."""

    def write(reply: Reply) -> bytes:
        content = json.dumps(change(reply)).replace(f"u:{KEY}", f"u:{TWICE_ESCAPED_KEY}")
        return content.replace(KEY, ESCAPED_KEY).encode()

    return write


# --- ends of batches ---


def _repeat_lines(end: BatchEnd) -> None:
    end.lines += [dict(line) for line in end.lines if isinstance(line, dict)]


def _told_as(line: Line | bytes, status: int, body: Any) -> Line:
    assert isinstance(line, dict)
    return {**line, "response": {"status_code": status, "body": body}}


def _body_of(line: Line | bytes) -> Reply:
    assert isinstance(line, dict)
    body: Reply = line["response"]["body"]
    return body


def _tell_little_first(end: BatchEnd) -> None:
    """Tell of each line at first that it took one token, far from what it really took."""
    little = _with_usage(prompt_tokens=1, completion_tokens=1, total_tokens=2)
    end.lines[:0] = [_told_as(line, 200, little(_body_of(line))) for line in end.lines]


def _tell_little_last(end: BatchEnd) -> None:
    _tell_little_first(end)
    end.lines.reverse()


def _refuse_first(end: BatchEnd) -> None:
    """Tell of each line at first that it was refused, and in another file that it was not."""
    end.errors = [_told_as(line, 429, {"error": {"message": "too fast"}}) for line in end.lines]
    end.lines, end.errors = end.errors, end.lines


def _name_strangers(end: BatchEnd) -> None:
    for number, line in enumerate(end.lines):
        assert isinstance(line, dict)
        line["custom_id"] = f"{number:064x}"


def _rename_every_other(end: BatchEnd) -> None:
    for line in end.lines[::2]:
        assert isinstance(line, dict)
        line["custom_id"] = "request-1"


def _shorten(end: BatchEnd) -> None:
    end.told_answers = len(end.lines)
    del end.lines[len(end.lines) // 2 :]


def _empty(end: BatchEnd) -> None:
    end.told_answers = len(end.lines)
    end.lines.clear()


def _leave_out_file(end: BatchEnd) -> None:
    end.has_output_file = False


def _expire(end: BatchEnd) -> None:
    end.state = "expired"
    error = {"code": "batch_expired", "message": "This request was not executed in time."}
    for custom_id in end.unworked_ids:
        end.errors.append({"custom_id": custom_id, "response": None, "error": error})


def _cancel(end: BatchEnd) -> None:
    end.state = "cancelled"


def _fail(end: BatchEnd) -> None:
    end.state = "failed"
    end.has_output_file = False
    end.lines.clear()
    message = f"{'The key ' * 22}{KEY} may not create batches."
    end.batch["errors"] = {"object": "list", "data": [{"code": "denied", "message": message}]}


def _lie_about_none(end: BatchEnd) -> None:
    end.told_answers = 0


def _lie_about_many(end: BatchEnd) -> None:
    end.told_answers = 10**9


def _scramble(end: BatchEnd) -> None:
    end.told_answers = len(end.lines)
    end.lines = [b'{"custom_id": ', b"\xff\xfe", b"[]", b"null", b'"text"', b""]


def _lengthen(end: BatchEnd) -> None:
    end.lines += [b'{"custom_id": "' + b"x" * 200_000 + b'"}'] * 20


def _finish_unknown(end: BatchEnd) -> None:
    end.state = "finalised"


_FILTER = {
    "code": "content_filter",
    "type": None,
    "param": "prompt",
    "status": 400,
    "innererror": {
        "code": "ResponsibleAIPolicyViolation",
        "content_filter_result": {"violence": {"filtered": True, "severity": "high"}},
    },
}
_FILTERED = _error(
    "The response was filtered due to the prompt triggering Azure OpenAI's content management "
    "policy.",
    **_FILTER,
)

_FILTERED_BY_LITELLM = _error(
    "litellm.ContentPolicyViolationError: AzureException - no", param=None, code="400"
)
_TOO_LONG = _error(
    "This model's maximum context length is 4096 tokens.", code="context_length_exceeded"
)
_QUOTING = _error("Blocked by policy: {'temperature': 0, 'seed': 1, 'max_tokens': 100}")

# At once and in the lines of batches.
ANSWERS = (
    Kind(name="good"),
    Kind(name="no choices", body=_with_choices([])),
    Kind(name="choices null", body=_with_choices(None)),
    Kind(name="content in parts", body=_in_parts),
    Kind(name="content null", body=_with_message(content=None)),
    Kind(name="content no JSON", body=_with_message(content="Yes, it does.")),
    Kind(name="foreign codes", body=_with_message(content='{"about": "maybe"}')),
    Kind(name="refusal", body=_with_message(content=None, refusal="I cannot help with that.")),
    Kind(name="filtered", body=_with_choice(finish_reason="content_filter")),
    Kind(name="cut off", body=_cut_off),
    Kind(name="no usage", body=_without_usage),
    Kind(name="usage null", body=lambda reply: {**reply, "usage": None}),
    Kind(name="usage zero", body=_with_counts(0)),
    Kind(name="usage zero for reasoning", body=_with_zero(reasoning_content="First, it rains.")),
    Kind(name="usage zero for a tool", body=_with_zero(tool_calls=[{"type": "function"}])),
    Kind(name="usage negative", body=_with_counts(-5)),
    Kind(name="usage in strings", body=_with_counts("5")),
    Kind(name="usage in floats", body=_with_counts(5.5)),
    Kind(name="usage of true", body=_with_counts(True)),
    Kind(name="usage of 10^12", body=_with_counts(10**12)),
    Kind(name="usage above the bound", body=_with_counts(100_000)),
    Kind(
        name="billed above the bound",
        body=_with_all_told,
        hidden_tokens=MANY_HIDDEN_TOKENS,
        is_above_bound=True,
    ),
    Kind(name="total above parts", body=_with_total(HIDDEN_TOKENS), hidden_tokens=HIDDEN_TOKENS),
    Kind(name="reasoning beside", body=_with_reasoning(HIDDEN_TOKENS), hidden_tokens=HIDDEN_TOKENS),
    Kind(
        name="reasoning above the bound",
        body=_with_reasoning(MANY_HIDDEN_TOKENS),
        hidden_tokens=MANY_HIDDEN_TOKENS,
        is_above_bound=True,
    ),
    Kind(name="503", status=503, body=_error("overloaded")),
    Kind(name="500", status=500, body=_error(f"the key {KEY} broke")),
    Kind(name="408", status=408, body=_error("too slow")),
    Kind(name="429 once", status=429, body=_error("too fast"), is_billed=False, attempts=1),
    Kind(name="400 of a content filter", status=400, body=_FILTERED),
    Kind(
        name="400 naming a field",
        status=400,
        body=_error("Unsupported parameter: 'seed'", param="seed"),
        is_billed=False,
        refused_field="seed",
    ),
    Kind(name="400 of LiteLLM's filter", status=400, body=_FILTERED_BY_LITELLM),
    Kind(name="400 of a text too long", status=400, body=_TOO_LONG),
    Kind(name="413", status=413, body=_error("too large"), is_billed=False),
    Kind(name="400 quoting fields", status=400, body=_QUOTING),
    Kind(name="201", status=201),
    Kind(name="307", status=307),
    Kind(name="200 with an error", body=_error(f"the key {KEY} has no credit")),
    Kind(name="200 no object", body=lambda _reply: [None]),
    Kind(name="200 no JSON", body=lambda _reply: b"<html>busy</html>"),
    Kind(name="cut JSON", body=_cut),
    Kind(name="empty body", body=lambda _reply: b""),
    Kind(name="key in names", body=_named_by_key),
    Kind(name="key in a refusal", body=_with_message(content=None, refusal=f"Not for {KEY}.")),
    Kind(name="key escaped in names", body=_with_escaped_key(_named_by_key)),
    Kind(
        name="key escaped in a refusal",
        body=_with_escaped_key(_with_message(content=None, refusal=f"Not for u:{KEY}.")),
    ),
    Kind(
        name="key escaped in an error",
        status=403,
        body=_with_escaped_key(_error(f"No: {KEY}")),
        is_billed=False,
    ),
    Kind(name="key for Basic", status=401, body=_error(f"No: Basic {BASIC}"), is_billed=False),
)
CONNECTIONS = (Kind(name="reset", is_reset=True), Kind(name="time-out", hangs=True))
BATCHES = (
    Kind(name="duplicated ids", end_batch=_repeat_lines),
    Kind(name="little usage first", end_batch=_tell_little_first),
    Kind(name="little usage last", end_batch=_tell_little_last),
    Kind(name="429 before an answer", end_batch=_refuse_first),
    Kind(name="foreign ids", end_batch=_name_strangers),
    Kind(name="half foreign ids", end_batch=_rename_every_other),
    Kind(name="output short", end_batch=_shorten),
    Kind(name="output empty", end_batch=_empty),
    Kind(name="output missing", end_batch=_leave_out_file),
    Kind(name="output not found", has_no_file=True),
    Kind(name="output twice"),
    Kind(name="output scrambled", end_batch=_scramble),
    Kind(name="output with long lines", end_batch=_lengthen),
    Kind(name="expired", end_batch=_expire, stops_halfway=True),
    Kind(name="cancelled", end_batch=_cancel, stops_halfway=True),
    Kind(name="failed", end_batch=_fail, is_billed=False),
    Kind(name="counts of none", end_batch=_lie_about_none),
    Kind(name="counts of many", end_batch=_lie_about_many),
    Kind(name="state unknown", end_batch=_finish_unknown, may_wait=True),
    Kind(name="never ends", never_ends=True, may_wait=True),
)

AT_ONCE_KINDS = {kind.name: kind for kind in (*ANSWERS, *CONNECTIONS)}
BATCH_KINDS = {kind.name: kind for kind in (*ANSWERS, *BATCHES)}
