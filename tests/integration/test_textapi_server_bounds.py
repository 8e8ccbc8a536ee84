"""What one request may take of the server, over real HTTP and raw sockets."""

import asyncio
import gzip
import json
import re
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from itertools import islice, product
from typing import Any, get_args

import aiohttp
import psutil
import pytest

from core.settings import Settings
from tests.integration.test_textapi_server import KEYS, NEWS, Server, ask, post, running
from tests.warm_python import executed_processes
from textapi.engine.polarity import Mode
from textapi.messages import Operation
from textapi.server import connections
from textapi.server.auth import Authenticator
from textapi.server.routes import MAX_SEARCHES, make_app

MARK = "Zanzibar"  # stands for what a client sends, and nobody else may read
HYPHENS = ["N " + "- " * 95 + f"b{i}" for i in range(1000)]
JSON_HEADERS = {"apikey": KEYS[0], "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # A forked process has the memory of all that tests import.
    with executed_processes(), running() as started:
        yield started


def head(
    path: str = "/text/text_polarity", *, key: str | None = KEYS[0], length: int = 0, more: str = ""
) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json"]
    lines += [f"apikey: {key}"] * (key is not None) + [f"Content-Length: {length}"] * (length > 0)
    return ("\r\n".join(lines) + f"\r\n{more}\r\n").encode()


def exchange(server: Server, request: bytes) -> bytes:
    """Send *request* and return everything up to the end of the connection."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=60) as connection:
        connection.sendall(request)
        while part := connection.recv(65_536):
            answer += part

    return answer


def port_of(server: Server) -> int:
    return int(server.url.rsplit(":", 1)[1])


def case_variants(word: str, count: int) -> list[str]:
    letters = [(letter, letter.upper()) for letter in word]
    return list(map("".join, islice(product(*letters), count)))


async def longest_health(server: Server, load: list[tuple[str, dict[str, Any]]]) -> Any:
    """Send *load* at once; return the statuses and the longest times of /health and polarity.

    A time is that which the server took of processors meanwhile, where others kept them busy.
    """
    longest = {"health": 0.0, "polarity": 0.0}
    async with aiohttp.ClientSession(server.url, headers=JSON_HEADERS) as session:

        async def send(operation: str, fields: dict[str, Any]) -> int:
            async with session.post(f"/text/{operation}", json=fields) as response:
                await response.read()
                return response.status

        def note(what: str, began: float, spent: float) -> None:
            taken = min(time.perf_counter() - began, server.processor_seconds - spent)
            longest[what] = max(longest[what], taken)

        loaded = asyncio.gather(*(send(*each) for each in load))
        while not loaded.done():
            began, spent = time.perf_counter(), server.processor_seconds
            async with session.get("/health") as response:
                assert response.status == 200

            note("health", began, spent)
            began, spent = time.perf_counter(), server.processor_seconds
            assert await send("text_polarity", {"text": "Good day."}) == 200
            note("polarity", began, spent)
            # Without a pause the looks take as much of the processors as the load.
            await asyncio.sleep(0.02)

        return await loaded, longest


@pytest.mark.parametrize(
    ("keywords", "bound"),
    [
        (HYPHENS, "20000 characters"),
        (["-" * 100 + "b"] * 12, "1000 hyphens"),
        (["'\u2019" * 90 + "b"] * 6, "1000 hyphens and apostrophes"),
        (["\u2011\u2010\u2013" * 60] * 6, "1000 hyphens"),
        (["a"] * 1001, "1000 items"),
        (["a" * 201], "200 characters"),
    ],
)
def test_keywords_are_bounded_by_number_length_and_hyphens(
    server: Server, keywords: list[str], bound: str
) -> None:
    began = server.processor_seconds
    status, answer, _ = post(
        server, "sentences_with_keywords", json.dumps({"text": "a", "keywords": keywords})
    )
    assert (status, server.processor_seconds - began < 1) == (422, True)
    assert bound in answer["error"]


@pytest.mark.parametrize(
    ("characters", "keywords", "bound"),
    [(79_000, 7, "times the keywords' may be 100000000"), (19_000, 1000, "100000000")],
)
def test_the_work_for_keywords_is_bounded_by_the_length_of_the_text(
    server: Server, characters: int, keywords: int, bound: str
) -> None:
    text = ("- " * 50_000)[:characters]
    terms = [f"{i} " + ("a " * 90 if keywords < 10 else "a" * 5) for i in range(keywords)]
    status, answer, _ = post(
        server, "sentences_with_keywords", json.dumps({"text": text, "keywords": terms})
    )
    assert status == 413
    assert bound in answer["error"]


@pytest.mark.thorough
def test_health_and_polarity_answer_while_the_costliest_keywords_are_compiled(
    server: Server,
) -> None:
    def costly(n: int) -> tuple[str, dict[str, Any]]:
        terms = [f"covid-{n}{i} of the world"[:20] for i in range(1000)]
        return "sentences_with_keywords", {"text": NEWS, "keywords": terms}

    statuses, longest = asyncio.run(longest_health(server, [costly(n) for n in range(9)]))
    assert set(statuses) <= {200, 503}
    assert 200 in statuses
    assert max(longest.values()) < 1


async def polarities_between_health(server: Server, text: str, number: int) -> list[int]:
    """Ask for *number* polarities at once and for /health all the while.

    Return how many polarities were answered from one answer of /health to the next.
    """
    answered = 0
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        server.url, headers=JSON_HEADERS, connector=connector
    ) as session:

        async def send() -> int:
            nonlocal answered
            async with session.post("/text/text_polarity", json={"text": text}) as response:
                await response.read()
                answered += 1
                return response.status

        loaded = asyncio.gather(*(send() for _ in range(number)))
        between = []
        while not loaded.done():
            before = answered
            async with session.get("/health") as response:
                assert response.status == 200

            between.append(answered - before)

        assert set(await loaded) == {200}

    return between


@pytest.mark.thorough
@pytest.mark.parametrize("mode", get_args(Mode))
def test_health_answers_between_a_hundred_polarities_whatever_the_engine(mode: Mode) -> None:
    text = ("The crews of New York waited in the rain, and nobody was glad. " * 70)[:3999]
    with running(TIDINGS_TEXTAPI_POLARITY=mode) as server:
        between = asyncio.run(polarities_between_health(server, text, 100))
    assert max(between) < 50


def test_keywords_that_differ_in_white_space_alone_are_sought_once(server: Server) -> None:
    blanks = " \t\n\u00a0\u2003\u2009\u3000"
    terms = [f"New{first}{second}{third}York" for first, second, third in product(blanks, repeat=3)]
    text = ("The crews of New York waited. " * 3400)[:100_000]
    assert len(text) * len(terms) > MAX_SEARCHES

    status, answer, _ = post(
        server, "sentences_with_keywords", json.dumps({"text": text[:300], "keywords": terms})
    )
    assert status == 200
    assert list(answer) == terms
    assert {tuple(sentences) for sentences in answer.values()} == {
        ("The crews of New York waited.",) * 10
    }

    fields = {"text": text.replace("New York", "Old York"), "keywords": terms}
    assert post(server, "sentences_with_keywords", json.dumps(fields))[0] == 200


def test_a_refused_body_is_neither_read_nor_unpacked(server: Server) -> None:
    bomb = gzip.compress(b" " * 400_000_000, compresslevel=1)[:1_900_000]
    process = psutil.Process(server.process.pid)
    request = head(key=None, length=1_900_000, more="Content-Encoding: gzip\r\n") + bomb
    before = sum(process.cpu_times()[:2])
    for _ in range(3):
        answer = exchange(server, request)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"\r\nConnection: close\r\n" in answer

    assert sum(process.cpu_times()[:2]) - before < 0.5


@pytest.mark.parametrize(
    ("more", "key", "status"),
    [
        ("", None, 401),
        ("Content-Encoding: gzip\r\n", KEYS[0], 415),
        ("Content-Encoding: br\r\n", KEYS[0], 415),
        ("Transfer-Encoding: chunked\r\n", None, 401),
    ],
)
def test_the_connection_ends_with_a_refusal_while_the_client_still_sends(
    server: Server, more: str, key: str | None, status: int
) -> None:
    length = 0 if "chunked" in more else 1_900_000
    answer = exchange(server, head(key=key, length=length, more=more) + b"7\r\n{")  # within 5 s
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"\r\nConnection: close\r\n" in answer


GZIP = gzip.compress(b'{"text": "a"}', mtime=0)


@pytest.mark.parametrize("body", [b"no gzip", GZIP, GZIP[:-9]], ids=["other", "whole", "broken"])
def test_a_compressed_body_is_refused_whatever_it_holds(server: Server, body: bytes) -> None:
    answer = exchange(server, head(length=len(body), more="Content-Encoding: gzip\r\n") + body)
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert b"without the header Content-Encoding" in answer


@pytest.mark.parametrize(
    "more",
    [
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Encoding: identity\r\nContent-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked\r\nContent-Encoding: identity, br\r\n",
    ],
)
def test_a_body_that_a_second_header_or_coding_compresses_is_refused(
    server: Server, more: str
) -> None:
    chunk = b'{"text": "a"}'
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(chunk), chunk)
    answer = exchange(server, head(more=more) + body)
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert b"send the body as it is" in answer


def test_a_body_in_chunks_that_says_so_in_capitals_is_read(server: Server) -> None:
    more = "Transfer-Encoding: Chunked\r\nContent-Encoding: Identity\r\nConnection: close\r\n"
    body = b'd\r\n{"text": "a"}\r\n0\r\n\r\n'
    assert exchange(server, head(more=more) + body).startswith(b"HTTP/1.1 200 ")


def test_a_body_is_asked_for_only_where_the_head_is_good(server: Server) -> None:
    body = b'{"text": "Good day."}'
    more = "Expect: 100-continue\r\nConnection: close\r\n"
    good = exchange(server, head(length=len(body), more=more) + body)
    assert good.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
    assert exchange(server, head(key=None, length=9, more=more)).startswith(b"HTTP/1.1 401 ")


def test_bodies_that_never_end_leave_room_for_others_to_be_refused(server: Server) -> None:
    opened = []
    try:
        for _ in range(32):
            opened.append(socket.create_connection(("127.0.0.1", port_of(server)), timeout=60))
            opened[-1].sendall(head(more="Transfer-Encoding: chunked\r\n") + b"5\r\nabcde\r\n")

        status, answer, headers = post(server, "text_polarity", '{"text": "a"}')
        while status == 200:  # until the server has seen them all
            status, answer, headers = post(server, "text_polarity", '{"text": "a"}')

        assert (status, headers["Retry-After"]) == (503, "2")
        assert "waiting" in answer["error"]
    finally:
        for connection in opened:
            connection.close()

    while post(server, "text_polarity", '{"text": "a"}')[0] == 503:
        pass


@pytest.mark.parametrize("field", ["labels", "other"])
def test_a_body_is_bounded_by_its_lists_and_objects(server: Server, field: str) -> None:
    body = f'{{"text": "a", "{field}": [{"[]," * 600_000}1]}}'
    began = server.processor_seconds
    status, answer, _ = post(server, "ner", body)
    assert (status, server.processor_seconds - began < 0.5) == (413, True)
    assert answer == {"error": "body: 100000 lists and objects at most"}


def test_an_answer_is_bounded(server: Server) -> None:
    fields = {"text": "abcdefgh. " * 10_000, "keywords": case_variants("abcdefgh", 100)}
    status, answer, _ = post(server, "sentences_with_keywords", json.dumps(fields))
    assert status == 413
    assert "an answer holds 1000000 characters at most" in answer["error"]


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("a\n" * 50_000, "5000 lines"),
        ("a " * 50_000, "40000 words and signs"),
        ("a," * 20_001, "40000 words and signs"),
        ("\U0001f600" * 40_001, "40000 words and signs"),
    ],
)
@pytest.mark.parametrize("operation", ["ner", "most_common_phrases", "text_polarity"])
def test_a_text_is_bounded_by_lines_and_words(
    server: Server, operation: str, text: str, bound: str
) -> None:
    status, answer, _ = post(server, operation, json.dumps({"text": text}))
    assert (status, answer) == (
        413,
        {"error": f"text: {bound} at most: send it in several requests"},
    )


@pytest.mark.thorough
@pytest.mark.parametrize("text", ["a," * 20_000, "Good day, Angela Merkel.\n" * 4_000])
def test_a_short_text_does_not_wait_for_a_long_one(server: Server, text: str) -> None:
    async def send_both() -> tuple[list[str], dict[str, Any]]:
        finished = []
        async with aiohttp.ClientSession(server.url, headers=JSON_HEADERS) as session:

            async def send(name: str, text: str) -> dict[str, Any]:
                async with session.post("/text/ner", json={"text": text}) as response:
                    answer: dict[str, Any] = await response.json()

                finished.append(name)
                return answer

            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(send("long", text))
                while "textapi_waiting_characters 0.0" in await _metrics(session):
                    pass

                short = tasks.create_task(send("short", NEWS))

        return finished, short.result()

    finished, answer = asyncio.run(send_both())
    assert finished == ["short", "long"]
    assert answer == {"ner": [["PERSON", "Angela Merkel"], ["DATE", "Friday"]]}


async def _metrics(session: aiohttp.ClientSession) -> str:
    async with session.get("/metrics") as response:
        return await response.text()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (f"GET /health HTTP/1.1\r\nHost: x\r\n{MARK} secret\r\n\r\n", 400),
        (f"GET /health HTTP/1.1\r\nHost: x\r\n{MARK}\x01: secret\r\n\r\n", 400),
        (f"GET /health HTTP/1.1\r\nHost: x\r\nX-{MARK}: {'a' * 20_000}\r\n\r\n", 400),
        (f"{MARK} is the name of an island\r\n\r\n", 400),
        (f"{MARK} /health HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (f"GET http://[{MARK} HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (f"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: {MARK}\r\n\r\n", 400),
        (f"GET /{MARK} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        (f"GET /{MARK} HTTP/1.1\r\nHost: x\r\nExpect: {MARK}\r\nConnection: close\r\n\r\n", 417),
    ],
)
def test_a_malformed_request_is_quoted_by_neither_answer_nor_log(
    server: Server, request_: str, status: int
) -> None:
    answer = exchange(server, request_.encode())
    assert answer[9:13] == f"{status} ".encode()
    assert list(json.loads(answer.partition(b"\r\n\r\n")[2])) == ["error"]
    assert MARK.encode() not in answer
    assert not re.search(rf"{MARK}|Traceback|secret", server.logged())


def test_surplus_text_of_a_body_is_quoted_by_neither_answer_nor_log(server: Server) -> None:
    body = b'{"text": "Good day."}'
    surplus = f" {MARK} is the text of someone's letter.".encode()
    answer = exchange(server, head(length=len(body)) + body + surplus)
    assert re.findall(rb"HTTP/1.[01] (\d+) ", answer)[-1] == b"400"
    assert MARK.encode() not in answer
    assert not re.search(rf"{MARK}|Traceback|letter", server.logged())


def test_a_malformed_chunk_is_a_400_that_quotes_nothing(server: Server) -> None:
    more = "Transfer-Encoding: chunked\r\n"
    answer = exchange(server, head(more=more) + f"{MARK}\r\nsecret\r\n".encode())
    assert answer[9:13] == b"400 "
    assert MARK.encode() not in answer
    assert not re.search(rf"{MARK}|Traceback|secret", server.logged())


def test_clients_that_are_gone_before_the_refusal_are_no_fault(server: Server) -> None:
    asks = head(length=9, more="Expect: 100-continue\r\n")
    for request in [head(key=None, length=1_000_000) + b"{", asks] * 50:
        with socket.create_connection(("127.0.0.1", port_of(server)), timeout=60) as connection:
            reset = struct.pack("ii", 1, 0)  # at the end, without a goodbye
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            connection.sendall(request)

    assert ask(server, "text_polarity", text="a")
    assert not re.search("Traceback|fault", server.logged())


def test_a_client_that_does_not_read_its_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SEND_SECONDS", 0.2)

    async def ask_and_wait() -> bytes:
        async with asyncio.timeout(20), served() as (runner, port):
            with _ask_for_much(port) as connection:
                await _until(runner, bool)
                await _until(runner, lambda open_: not open_)
                return _read_all(connection)

    answer = asyncio.run(ask_and_wait())
    assert _length_of(answer) > 3_000_000
    assert len(answer) < 3_000_000


@pytest.mark.parametrize("sent", [b"", b"POST /text/text_polarity HT", head()[:-2]])
def test_a_connection_whose_head_does_not_come_whole_is_closed(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)

    async def send_and_wait() -> bytes:
        async with asyncio.timeout(60), served() as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            answer = await reader.read()
            writer.close()
            return answer

    assert asyncio.run(send_and_wait()) == b""


def test_a_head_that_begins_after_an_answer_has_its_time_too_and_an_idle_client_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 1.0)
    request = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"

    async def ask_twice() -> bytes:
        async with asyncio.timeout(60), served() as (runner, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            idle_reader, idle_writer = await asyncio.open_connection("127.0.0.1", port)
            for each_writer, each_reader in ((idle_writer, idle_reader), (writer, reader)):
                each_writer.write(request)
                assert b" 200 " in await each_reader.readuntil(b"\r\n\r\n")

            writer.write(request[:-2])
            rest = await reader.read()
            # The one that waits for its next request is open still.
            assert len(runner.server.connections) == 1
            idle_writer.write(request)
            answer = await idle_reader.readuntil(b"Content-Type")
            writer.close()
            idle_writer.close()
            return rest[-1:] + answer

    assert b" 200 " in asyncio.run(ask_twice())


@pytest.mark.thorough
def test_all_slow_readers_but_one_are_cut_when_unread_answers_take_too_much_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "MAX_UNSENT", 1)

    async def ask_and_wait() -> list[bytes]:
        async with asyncio.timeout(20), served() as (runner, port):
            with ExitStack() as stack:
                clients = [stack.enter_context(_ask_for_much(port)) for _ in range(4)]
                await _until(runner, lambda open_: len(open_) == 4)
                await _until(runner, lambda open_: len(open_) == 1)
                # One is as slow, but alone: it gets its answer when it reads. It is the last whose
                # answer was ready, which need not be the last that asked.
                return [await asyncio.to_thread(_read_all, client) for client in clients]

    *cut, whole = sorted(asyncio.run(ask_and_wait()), key=len)
    assert max(map(len, cut)) < 3_000_000
    assert len(whole.partition(b"\r\n\r\n")[2]) == _length_of(whole) > 3_000_000


def _length_of(answer: bytes) -> int:
    return int(answer.partition(b"Content-Length: ")[2].partition(b"\r")[0])


async def _until(runner: Any, condition: Callable[[list[Any]], bool]) -> None:
    """Wait until the open connections of *runner* fulfil *condition*."""
    while not condition(runner.server.connections):  # noqa: ASYNC110  # nothing tells of them
        await asyncio.sleep(0.01)


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Any, int]]:
    """Serve the application in this process; give its runner and port."""
    app = make_app(Settings(textapi_keys=KEYS), Authenticator(KEYS, ()))  # type: ignore[arg-type]
    runner = connections.Runner(app, 1.0)
    await runner.setup()
    try:
        await connections.web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner, runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _ask_for_much(port: int) -> socket.socket:
    """Ask for an answer of three megabytes, on a connection that holds little, and read nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    fields = {
        "text": "\U00020000" * 99_000 + " abcdefgh.",
        "keywords": case_variants("abcdefgh", 9),
    }
    body = json.dumps(fields).encode()
    request = head("/text/sentences_with_keywords", length=len(body), more="Connection: close\r\n")
    connection.sendall(request + body)
    return connection


def _read_all(connection: socket.socket) -> bytes:
    answer = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            answer += part

    return answer


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("operations", "text"),
    [
        (Operation, "Good day, Angela Merkel of New York! " * 2_700),
        ([Operation.NER, Operation.MOST_COMMON_PHRASES], "a," * 20_000),
    ],
)
def test_the_longest_texts_are_answered_in_little_memory_while_health_answers(
    server: Server, operations: Iterable[Operation], text: str
) -> None:
    for operation in operations:
        load = [(operation, {"text": text, "keywords": ["day"]})]
        statuses, longest = asyncio.run(longest_health(server, load))
        assert statuses == [200]
        assert max(longest.values()) < 1

    assert psutil.Process(server.process.pid).memory_info().rss < 500_000_000
