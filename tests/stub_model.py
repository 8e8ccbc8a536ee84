"""A stub of a server of language models that bills, counts in its own windows, and breaks.

It speaks chat completions. Tokens are counted by a byte-level tokenizer of its own. What it answers
depends on the text alone: a code of each variable of the JSON schema that it is sent. It is served
on loopback by `running_model`, whose `ModelServer` holds what it saw and its faults.

``python tests/stub_model.py PORT [JOURNAL]`` serves it as a process of its own: ``GET /counts``
returns what it counted, ``POST /faults`` sets attributes of `Faults`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

# The tokens that the stub's chat template puts around each message.
TEMPLATE_TOKENS = 4

_TOKEN = re.compile(rb" ?[A-Za-z]{1,7}|[0-9]{1,3}|\s|.", re.DOTALL)


def count_tokens(text: str) -> int:
    """Return the tokens of a byte-level tokenizer: each is one byte at least."""
    return len(_TOKEN.findall(text.encode()))


@dataclass
class Faults:
    """How the server breaks; shares are of requests, drawn by the text and the attempt."""

    latency: float = 0.0

    # A call is counted at a random moment of its latency, and not at its end.
    counts_early: bool = False

    # The texts whose answers are refused, cut off or invalid, and how often before a good one.
    refused: tuple[str, ...] = ()
    cut_off: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()
    bad_attempts: int = 1_000_000

    # Shares of requests that are answered by 429, by 500, by a cut connection after the work was
    # billed, or never.
    busy: float = 0.0
    error: float = 0.0
    reset: float = 0.0
    hang: float = 0.0

    # Every request gets this status.
    status: int | None = None
    message: str = "as configured"
    retry_after: float | None = None

    # A request with one of these fields is refused by 400.
    unsupported: tuple[str, ...] = ()

    # Whether the usage is told, and how many tokens of the prompt are told beyond those counted.
    tells_usage: bool = True
    more_tokens: int = 0
    cached: int = 0

    # How often a batch is looked at before it has ended, and in which state it ends.
    batch_looks: int = 1
    batch_state: str = "completed"

    # The texts of a batch that get no answer, and those that get an error.
    lost_lines: tuple[str, ...] = ()
    failed_lines: tuple[str, ...] = ()

    # Each answer of a batch stands twice in its file.
    repeats_lines: bool = False

    # The answer to the creation of a batch is lost, or comes so much later.
    loses_creation: bool = False
    creation_latency: float = 0.0
    fingerprint: str = "fp_stub_1"
    model: str | None = None
    withdrawn: bool = False


@dataclass
class ModelServer:
    """What the server saw, and its faults.

    *price* is that of a million prompt tokens and of a million completion tokens, as fractions.
    """

    faults: Faults = field(default_factory=Faults)
    price: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))
    journal: Path | None = None

    # The code of a variable for a text: by default one that a hash chooses.
    choose: Callable[[str, str, list[str]], str] | None = None

    # The status and body that are told about a text in the place of 200 and a good reply, which was
    # billed.
    tell: Callable[[str, dict[str, Any]], tuple[int, Any]] = lambda _text, reply: (200, reply)

    url: str = ""
    bill: Fraction = Fraction(0)
    calls: int = 0
    answered: int = 0

    # Calls that were answered by 429.
    busy: int = 0

    # Answers that were billed and whose connection was cut.
    cut: int = 0
    texts: Counter[str] = field(default_factory=Counter)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    # The files by id, and the batches.
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)

    # The time of each answer that was counted, and what it took: calls, tokens and millionths.
    answers: list[tuple[float, dict[str, Fraction]]] = field(default_factory=list)

    def fullest(self, seconds: float, unit: str) -> Fraction:
        """Return the most calls, tokens or millionths ("cost") in so many seconds, anywhere."""
        fullest = total = Fraction(0)
        begin = 0
        for at, taken in self.answers:
            total += taken[unit]
            while at - self.answers[begin][0] >= seconds:
                total -= self.answers[begin][1][unit]
                begin += 1

            fullest = max(fullest, total)

        return fullest

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        match request.method, request.path:
            case "POST", "/v1/chat/completions":
                return await self._chat(request)
            case "GET", "/v1/models":
                return web.json_response({"object": "list", "data": []})
            case _, path if path.startswith(("/v1/batches", "/v1/files")):
                return await self._answer_batches(request)
            case "GET", "/counts":
                return web.json_response(self.counts())
            case "POST", "/clear":
                self.answers.clear()
                self.clear()
                return web.json_response({})
            case "POST", "/faults":
                for fault, setting in (await request.json()).items():
                    setattr(self.faults, fault, setting)

                return web.json_response({})

        return web.json_response({"error": {"message": "no such path"}}, status=404)

    def clear(self) -> None:
        """Forget what was counted, but for when: windows go on."""
        self.bill = Fraction(0)
        self.calls = self.answered = self.busy = self.cut = 0
        self.texts.clear()
        self.bodies.clear()
        self.headers.clear()

    async def _answer_batches(self, request: web.Request) -> web.StreamResponse:
        match request.method, request.path:
            case "POST", "/v1/files":
                return await self._upload(request)
            case "GET", "/v1/files":
                files = [self._describe_file(file) for file in reversed(self.files)]
                return web.json_response({"data": files, "has_more": False})
            case "POST", "/v1/batches":
                return await self._create_batch(request)
            case "GET", "/v1/batches":
                batches = list(reversed(self.batches.values()))
                return web.json_response({"data": batches, "has_more": False})

        return self._answer_about(request.path.split("/")[3:])

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        return web.json_response(self._describe_file(self._keep(file.filename, file.file.read())))

    def _keep(self, file_name: str, content: bytes) -> str:
        identifier = f"file-{len(self.files) + 1}"
        self.files[identifier] = (file_name, content)
        return identifier

    def _describe_file(self, identifier: str) -> dict[str, Any]:
        return {"id": identifier, "filename": self.files[identifier][0], "purpose": "batch"}

    async def _create_batch(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        identifier = f"batch_{len(self.batches) + 1}"
        lines = len(self.files[body["input_file_id"]][1].splitlines())
        if self.faults.creation_latency:
            await asyncio.sleep(self.faults.creation_latency)

        self.batches[identifier] = {
            "id": identifier,
            "status": "in_progress",
            "input_file_id": body["input_file_id"],
            "metadata": body["metadata"],
            "created_at": len(self.batches),
            "request_counts": {"total": lines, "completed": 0, "failed": 0},
            "looks": 0,
        }
        if self.faults.loses_creation:
            assert request.transport
            request.transport.abort()

        return web.json_response(self.batches[identifier])

    def _answer_about(self, path: list[str]) -> web.Response:
        identifier, *action = path
        if action == ["content"]:
            return web.Response(body=self.files[identifier][1], content_type="application/jsonl")

        batch = self.batches.get(identifier)
        if batch is None:
            return _error(404, f"no batch {identifier}", {})
        if action == ["cancel"]:
            if batch["status"] == "in_progress":
                batch["status"] = "cancelled"

            return web.json_response(batch)

        batch["looks"] += 1
        if batch["status"] == "in_progress" and batch["looks"] > self.faults.batch_looks:
            self._end_batch(batch)

        return web.json_response(batch)

    def _end_batch(self, batch: dict[str, Any]) -> None:
        """Answer the lines of a batch, which costs half the price."""
        faults, results, errors = self.faults, [], []
        if faults.batch_state == "failed":
            batch["errors"] = {"data": [{"message": "the file is malformed"}]}

        lines = [] if "errors" in batch else self.files[batch["input_file_id"]][1].splitlines()
        for line in map(json.loads, lines):
            text, result = text_of(line["body"]), {"custom_id": line["custom_id"]}
            if text in faults.lost_lines:
                continue
            if text in faults.failed_lines:
                error = {"code": "batch_expired", "message": "try again"}
                errors.append({**result, "response": None, "error": error})
                continue

            refused = [name for name in faults.unsupported if name in line["body"]]
            if refused:
                error = {"message": f"Unsupported parameter: {refused[0]}", "param": refused[0]}
                response = {"status_code": 400, "body": {"error": error}}
                errors.append({**result, "response": response})
                continue

            reply = self._reply(line["body"], text)
            usage = reply["usage"]
            before = self.bill
            self._count(text, usage["prompt_tokens"], usage["completion_tokens"])
            self.bill = before + (self.bill - before) / 2
            status, told = self.tell(text, reply)
            answer = {**result, "response": {"status_code": status, "body": told}}
            results += [answer] * (2 if faults.repeats_lines else 1)

        batch["status"] = faults.batch_state
        batch["request_counts"]["completed"] = len(results)
        for kind, listed in (("output_file_id", results), ("error_file_id", errors)):
            if listed:
                content = "".join(f"{json.dumps(result)}\n" for result in listed).encode()
                batch[kind] = self._keep(f"{kind}.jsonl", content)

    def counts(self) -> dict[str, Any]:
        """Return what was counted."""
        return {
            "calls": self.calls,
            "answered": self.answered,
            "bill": str(self.bill),
            "again": sum(count - 1 for count in self.texts.values()),
            "texts": len(self.texts),
            "span": self.answers[-1][0] - self.answers[0][0] if self.answers else 0.0,
        }

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.calls += 1
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        faults, text = self.faults, text_of(body)
        counted_at = faults.latency
        if faults.counts_early:
            counted_at *= self._draw("counts_early", text)

        await asyncio.sleep(counted_at)
        if problem := self._refuse(body, text):
            return problem

        reply = self._reply(body, text)
        usage = reply["usage"]
        self._count(text, usage["prompt_tokens"], usage["completion_tokens"])
        await asyncio.sleep(faults.latency - counted_at)
        if self._draws("reset", text):
            assert request.transport
            self.cut += 1
            request.transport.abort()
            return web.Response()

        if self._draws("hang", text):
            await asyncio.sleep(3600)
        if not faults.tells_usage:
            del reply["usage"]

        status, told = self.tell(text, reply)
        return web.json_response(told, status=status)

    def _refuse(self, body: dict[str, Any], text: str) -> web.Response | None:
        faults = self.faults
        retry_after = {} if faults.retry_after is None else {"Retry-After": f"{faults.retry_after}"}
        if faults.withdrawn:
            return _error(404, f"The model `{body['model']}` does not exist", {})

        for unsupported in faults.unsupported:
            if unsupported in body:
                return _error(400, f"Unsupported parameter: '{unsupported}'", {})

        if faults.status is not None:
            return _error(faults.status, faults.message, retry_after)
        if self._draws("busy", text):
            self.busy += 1
            return _error(429, "Rate limit reached", retry_after)

        if self._draws("error", text):
            return _error(500, "as configured", {})

        return None

    def _draws(self, fault: str, text: str) -> bool:
        return bool(self._draw(fault, text) < getattr(self.faults, fault))

    def _draw(self, fault: str, text: str) -> float:
        """Return a number of the range 0 to 1 that the text and the attempt decide."""
        digest = hashlib.sha256(f"{fault} {self.calls} {text}".encode()).digest()
        return int.from_bytes(digest[:4]) / 2**32

    def _count(self, text: str, prompt_tokens: int, completion_tokens: int) -> None:
        self.answered += 1
        self.texts[text] += 1
        cost = prompt_tokens * self.price[0] + completion_tokens * self.price[1]
        self.bill += cost / 1_000_000
        tokens = Fraction(prompt_tokens + completion_tokens)
        taken = {"calls": Fraction(1), "tokens": tokens, "cost": Fraction(cost)}
        self.answers.append((time.monotonic(), taken))
        if self.journal is not None:
            with self.journal.open("a") as journal:
                line = [text, prompt_tokens, completion_tokens]
                journal.write(json.dumps(line) + "\n")

    def _reply(self, body: dict[str, Any], text: str) -> dict[str, Any]:
        faults = self.faults
        is_bad = self.texts[text] < faults.bad_attempts
        content: str | None = json.dumps(self._codes(body, text))
        refusal, finish_reason = None, "stop"
        if text in faults.refused and is_bad:
            content, refusal = None, "I cannot help with that."
        if text in faults.cut_off and is_bad:
            content, finish_reason = (content or "")[:5], "length"
        if text in faults.invalid and is_bad:
            content = '{"about": "maybe"}'

        messages = [message["content"] for message in body["messages"]]
        prompt_tokens = sum(count_tokens(message) + TEMPLATE_TOKENS for message in messages)
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
        if schema is not None:
            prompt_tokens += count_tokens(json.dumps(schema))

        return {
            "id": f"chatcmpl-{self.calls}",
            "object": "chat.completion",
            "model": faults.model or body["model"],
            "system_fingerprint": faults.fingerprint,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": content, "refusal": refusal},
                    "finish_reason": finish_reason,
                }
            ],
            "usage": {
                "prompt_tokens": prompt_tokens + faults.more_tokens,
                "completion_tokens": count_tokens(content or refusal or ""),
                "prompt_tokens_details": {"cached_tokens": faults.cached},
                "completion_tokens_details": {"reasoning_tokens": 0},
            },
        }

    def _codes(self, body: dict[str, Any], text: str) -> dict[str, Any]:
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
        properties = {} if schema is None else schema["properties"]
        if schema is None:
            keys = re.search(r"with the keys (.*?), and write", body["messages"][0]["content"])
            assert keys
            properties = {json.loads(key): {"enum": ["yes", "no"]} for key in keys[1].split(", ")}

        codes: dict[str, Any] = {}
        for variable, described in properties.items():
            options = described.get("anyOf", [described])[0]
            possible = [
                code
                for code in options.get("items", options)["enum"]
                if not code.startswith("cannot be coded")
            ]
            code = self._choose(variable, text, possible)
            codes[variable] = [code] if "items" in options else code

        return codes

    def _choose(self, variable: str, text: str, possible: list[str]) -> str:
        if self.choose is not None:
            return self.choose(variable, text, possible)
        draw = hashlib.sha256(f"{variable} {text}".encode()).digest()
        return possible[draw[0] % len(possible)]


def text_of(body: dict[str, Any]) -> str:
    """Return the text of a request: what stands between the first line and the last."""
    message: str = body["messages"][-1]["content"]
    return message.split("\n", 1)[1].rsplit("\n", 1)[0]


def _error(status: int, message: str, headers: dict[str, str]) -> web.Response:
    return web.json_response({"error": {"message": message}}, status=status, headers=headers)


@contextmanager
def running_model(model: ModelServer | None = None) -> Iterator[ModelServer]:
    """Serve a model on loopback, on a loop and a thread of its own."""
    model = model or ModelServer()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = TestServer(_make_app(model), host="127.0.0.1")
    asyncio.run_coroutine_threadsafe(server.start_server(), loop).result(10)
    model.url = str(server.make_url("")).rstrip("/")
    try:
        yield model
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _make_app(model: ModelServer) -> web.Application:
    async def answer(request: web.Request) -> web.StreamResponse:
        return await model(request)

    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", answer)
    return app


def _read_journal(model: ModelServer) -> None:
    """Count on from what an earlier process has answered."""
    assert model.journal is not None
    lines = model.journal.read_text().splitlines() if model.journal.exists() else []
    journal, model.journal = model.journal, None
    for line in lines:
        model._count(*json.loads(line))

    model.journal = journal


if __name__ == "__main__":
    served = ModelServer(price=(Fraction(3, 20), Fraction(3, 5)))
    if sys.argv[2:]:
        served.journal = Path(sys.argv[2])
        _read_journal(served)
    web.run_app(_make_app(served), host="127.0.0.1", port=int(sys.argv[1]), print=None)
