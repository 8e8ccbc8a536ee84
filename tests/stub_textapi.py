"""A stub of a metered Text API that counts requests in sliding windows and has faults on demand.

``python tests/stub_textapi.py PORT [JOURNAL]`` serves on loopback, and counts on from what is in
the file JOURNAL, so that it can be killed. ``GET /counts?windows=1,60&calls=100`` returns what it
counted, among it the most calls in any stretch of so many seconds, the longest time
without a call between two, the mean time between 100 calls, how many calls it refused by a
``status``, and how many answers it gave again. ``POST /faults`` sets its faults: ``latency``
in seconds, ``held`` for calls that get their answer when it is unset, shares of ``error_500``,
``reset``, ``hang`` and ``broken`` answers, or one ``status`` with its ``retry_after``, or one
``body``. ``POST /clear`` begins again, without counts and faults.
It answers by the project's own sentence and keyword rules (or by a ``splitter`` of `SPLITTERS`),
and by fixed rules for the rest, so that runs can be compared.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from bisect import bisect_right, insort
from collections import Counter
from itertools import pairwise
from pathlib import Path

from aiohttp import web

from textapi.text.keywords import pattern, sentences_with
from textapi.text.sentences import sentences

FAULTS = web.AppKey("faults", dict)
SEEN = web.AppKey("seen", dict)
JOURNAL = web.AppKey("journal", Path)


def polarity(text: str) -> float:
    """Return a number from -1 to 1 that depends on the text alone."""
    return (sum(map(ord, text)) % 2001 - 1000) / 1000


# Ways of other services to split sentences, by what is between two of them.
SPLITTERS = {"end marks": r"(?<=[.!?])\s+", "lines": r"\n"}


def split_text(text: str, splitter: str) -> list[str]:
    """Return the sentences of *text* by another splitter than our own."""
    parts = map(str.strip, re.split(SPLITTERS[splitter], text))
    return [part for part in parts if part]


def answer(operation: str, body: dict, splitter: str | None = None) -> dict:
    """Return the answer of an endpoint."""
    text = body["text"]
    if splitter is not None and operation == "sentences_with_keywords":
        parts = split_text(text, splitter)
        return {term: list(filter(pattern(term).search, parts)) for term in body["keywords"]}

    if splitter is not None and operation == "polarity_by_sentence":
        pairs = [[polarity(part), part] for part in split_text(text, splitter)]
        return {"polarity by sentence": pairs}

    words = [word for word in text.lower().split() if word.isalpha()]
    match operation:
        case "sentences_with_keywords":
            return sentences_with(text, body["keywords"])
        case "text_polarity":
            return {"text polarity": polarity(text)}
        case "polarity_by_sentence":
            return {
                "polarity by sentence": [
                    [polarity(sentence), sentence] for sentence in sentences(text)
                ]
            }
        case "most_common_phrases":
            pairs = Counter(f"{a} {b}" for a, b in pairwise(words))
            ranked = sorted(pairs, key=lambda pair: (-pairs[pair], pair))
            return {"most common phrases": ranked[: body["num_phrases"]]}
        case "ner":
            return {
                "ner": [["ORG", word] for word in text.split() if word.isupper() and len(word) > 2]
            }
        case "summarize":
            spans = sentences(text)
            count = max(1, round(len(spans) * body["proportion"]))
            return {"summary": " ".join(spans[:count])}

    raise web.HTTPNotFound


def answers_in(operation: str, body: dict) -> set[tuple]:
    """Return the single answers in a reply: a request may hold many lines and keywords."""
    match operation:
        case "sentences_with_keywords":
            return {
                (operation, line, word)
                for line in lines_of(body["text"])
                for word in body["keywords"]
            }
        case "polarity_by_sentence":
            return {("text_polarity", line) for line in lines_of(body["text"])}
        case "text_polarity":
            return {(operation, body["text"])}

    return {(operation, *sorted(body.items()))}


def lines_of(text: str) -> list[str]:
    """Return the texts of a request, without the full stops between them."""
    return [line for line in text.split("\n") if line != "."]


async def ask(request: web.Request) -> web.StreamResponse:
    seen, faults = request.app[SEEN]["now"], request.app[FAULTS]
    now = time.monotonic()
    body = await request.json()
    operation = request.match_info["operation"]
    count_call(seen, operation, body, now)
    write_down(request.app, "call", operation, body)
    if faults.get("latency"):
        await asyncio.sleep(faults["latency"])
    while faults.get("held"):  # noqa: ASYNC110 - another request ends it
        await asyncio.sleep(0.02)

    if status := faults.get("status"):
        seen["refused"] += 1
        headers = {"Retry-After": str(faults["retry_after"])} if "retry_after" in faults else {}
        return web.json_response({"error": "as configured"}, status=status, headers=headers)

    if "body" in faults:
        return web.Response(text=faults["body"], content_type="text/html")

    draw = random.random()
    for fault in ("error_500", "reset", "hang", "broken"):
        draw -= faults.get(fault, 0)
        if draw < 0:
            break
    else:
        count_answer(seen, operation, body)
        write_down(request.app, "answer", operation, body)
        return web.json_response(answer(operation, body, faults.get("splitter")))

    if fault == "error_500":
        return web.json_response({"error": "as configured"}, status=500)
    if fault == "broken":
        return await broken(request, seen, answer(operation, body))
    if fault == "reset":
        assert request.transport
        request.transport.abort()
        return web.Response()

    seen["hung"] += 1
    await asyncio.sleep(faults.get("hang_seconds", 3600))
    return web.Response(status=500)


def count_call(seen: dict, operation: str, body: dict, at: float) -> None:
    insort(seen["times"], at)
    seen["operations"][operation] += 1
    seen["bodies"][json.dumps([operation, body], sort_keys=True)] += 1


def count_answer(seen: dict, operation: str, body: dict) -> None:
    seen["answered"] += 1
    answers = answers_in(operation, body)
    seen["again"] += not seen["given"].isdisjoint(answers)
    seen["given"] |= answers


def write_down(app: web.Application, event: str, operation: str, body: dict) -> None:
    """Append what is counted to the journal, before it is answered."""
    if JOURNAL in app:
        with app[JOURNAL].open("a") as journal:
            journal.write(json.dumps([event, operation, body]) + "\n")


def read_journal(journal: Path) -> dict:
    """Return what was counted before; of a call only when it was made is not known."""
    seen = new_seen()
    for line in journal.read_text().splitlines() if journal.exists() else []:
        event, operation, body = json.loads(line)
        if event == "call":
            count_call(seen, operation, body, time.monotonic())
        else:
            count_answer(seen, operation, body)

    return seen


async def broken(request: web.Request, seen: dict, value: dict) -> web.StreamResponse:
    """Return a malformed answer with status 200, of each kind in turn."""
    seen["broken"] += 1
    text = json.dumps(value)
    match seen["broken"] % 6:
        case 0:
            return web.Response(text="<html>busy</html>", content_type="text/html")
        case 1:
            return web.Response(text=text[: len(text) // 2], content_type="application/json")
        case 2:
            return web.json_response({})
        case 3:
            return web.json_response(dict.fromkeys(value, "high"))

    response = web.StreamResponse()  # chunked: it does not say how much it is
    await response.prepare(request)
    if seen["broken"] % 6 == 4:
        for _ in range(20):
            await response.write(b" " * 2**20)

        return response

    await response.write(text[:-1].encode())
    assert request.transport
    request.transport.abort()
    return response


async def counts(request: web.Request) -> web.Response:
    seen = request.app[SEEN]["now"]
    windows = [float(size) for size in request.query.get("windows", "1").split(",")]
    times, calls = seen["times"], int(request.query.get("calls", "1"))
    fillings = len(times) // calls
    fullest = {
        str(size): max(
            (bisect_right(times, at + size - 1e-9) - i for i, at in enumerate(times)), default=0
        )
        for size in windows
    }
    repeated = sum(count - 1 for count in seen["bodies"].values())
    return web.json_response(
        {
            "calls": len(times),
            "answered": seen["answered"],
            "again": seen["again"],
            "broken": seen["broken"],
            "hung": seen["hung"],
            "refused": seen["refused"],
            "silence": max((later - at for at, later in pairwise(times)), default=0.0),
            "operations": seen["operations"],
            "repeated": repeated,
            "fullest": fullest,
            "filling": (times[fillings * calls - 1] - times[calls - 1]) / (fillings - 1)
            if fillings > 1
            else None,
        }
    )


async def faults(request: web.Request) -> web.Response:
    request.app[FAULTS].clear()
    request.app[FAULTS].update(await request.json())
    return web.json_response({})


async def clear(request: web.Request) -> web.Response:
    """Forget counts and faults; what is still being answered counts no more."""
    request.app[FAULTS].clear()
    request.app[SEEN]["now"] = new_seen()
    return web.json_response({})


def new_seen() -> dict:
    numbers = dict.fromkeys(("answered", "again", "broken", "hung", "refused"), 0)
    return {"times": [], "operations": Counter(), "bodies": Counter(), "given": set(), **numbers}


def make_app(journal: Path | None = None) -> web.Application:
    app = web.Application(client_max_size=2**24)
    app[FAULTS] = {}
    app[SEEN] = {"now": new_seen() if journal is None else read_journal(journal)}
    if journal is not None:
        app[JOURNAL] = journal

    app.router.add_post("/text/{operation}", ask)
    app.router.add_get("/counts", counts)
    app.router.add_post("/faults", faults)
    app.router.add_post("/clear", clear)
    return app


if __name__ == "__main__":
    app = make_app(*map(Path, sys.argv[2:]))
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
