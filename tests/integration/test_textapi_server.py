"""The server as a separate process, over real HTTP."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

import aiohttp
import psutil
import pytest
from pydantic import BaseModel

from tests.ports import reserved_port
from textapi.client import fetch_engine, prefer
from textapi.engine.polarity import Mode, polarity_by_sentence
from textapi.messages import ENGINE_HEADER, EXCHANGES, MAX_TEXT, Engine, Operation

KEYS = ("first-key", "second-key")
COMMAND = [sys.executable, "-P", "-m", "cli.main", "textapi"]
NEWS = (
    "Angela Merkel met weary crews in New York on Friday. "
    "It was a terrible day! The new virus spreads."
)


@dataclass(frozen=True)
class Server:
    url: str
    process: subprocess.Popen[bytes]
    log: IO[bytes]

    def logged(self) -> str:
        self.log.seek(0)
        return self.log.read().decode()

    @property
    def processor_seconds(self) -> float:
        """What the server has taken of processors, which others may keep busy."""
        first = psutil.Process(self.process.pid)
        times = [process.cpu_times() for process in (first, *first.children(recursive=True))]
        return sum(spent.user + spent.system for spent in times)


@contextmanager
def running(workers: int = 1, **settings: str) -> Iterator[Server]:
    port = reserved_port()
    environment = os.environ | {"TIDINGS_TEXTAPI_KEYS": ",".join(KEYS)} | settings
    log = tempfile.TemporaryFile()  # noqa: SIM115  # closed below
    arguments = [*COMMAND, "--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen(arguments, env=environment, stderr=log)  # noqa: S603
    server = Server(f"http://127.0.0.1:{port}", process, log)
    try:
        asyncio.run(_until_ready(server))
        yield server
    finally:
        process.terminate()
        process.wait()
        log.close()


async def _until_ready(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(1000):
            assert server.process.poll() is None, server.logged()
            try:
                async with session.get(f"{server.url}/ready") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass

            await asyncio.sleep(0.1)

    pytest.fail("the server did not become ready")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


def ask(server: Server, operation: str, /, **fields: Any) -> Any:
    status, answer, _ = post(server, operation, json.dumps(fields))
    assert status == 200, answer
    return answer


def post(
    server: Server,
    operation: str,
    body: str | bytes,
    *,
    key: str | None = KEYS[0],
    kind: str = "application/json",
    preferred: str | None = None,
) -> tuple[int, Any, dict[str, str]]:
    content = body.encode() if isinstance(body, str) else body

    async def send() -> tuple[int, Any, dict[str, str]]:
        headers = {"Content-Type": kind} | ({"apikey": key} if key is not None else {})
        headers |= prefer(preferred)
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"{server.url}/text/{operation}", data=BytesIO(content), headers=headers
            ) as response,
        ):
            return response.status, await response.json(), dict(response.headers)

    return asyncio.run(send())


def get(server: Server, path: str) -> tuple[int, str]:
    async def fetch() -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(server.url + path) as response:
            return response.status, await response.text()

    return asyncio.run(fetch())


def test_every_endpoint_answers_with_its_key_and_shape(server: Server) -> None:
    sentences = [
        "Angela Merkel met weary crews in New York on Friday.",
        "It was a terrible day!",
        "The new virus spreads.",
    ]
    assert ask(server, "sentences_with_keywords", text=NEWS, keywords=["Virus", "zebra"]) == {
        "Virus": [sentences[2]],
        "zebra": [],
    }
    assert ask(
        server, "sentences_with_keywords", text=NEWS, keywords=["virus"], include_before=True
    ) == {"virus": sentences[1:]}
    scored = ask(server, "polarity_by_sentence", text=NEWS)["polarity by sentence"]
    assert [sentence for _, sentence in scored] == sentences
    assert scored[1][0] < 0 == scored[2][0]
    assert ask(server, "text_polarity", text=NEWS)["text polarity"] == pytest.approx(
        sum(s for s, _ in scored) / 3
    )
    assert ask(server, "most_negative_sentences", text=NEWS, num_sentences=1) == {
        "most negative sentences": [sentences[1]]
    }
    assert (
        ask(server, "most_positive_sentences", text=NEWS)["most positive sentences"][-1]
        == sentences[1]
    )
    assert ask(server, "most_common_phrases", text=NEWS) == {
        "most common phrases": ["new york", "new virus", "angela merkel"]
    }
    assert (
        len(ask(server, "least_common_phrases", text=NEWS, num_phrases=5)["least common phrases"])
        == 5
    )
    assert ask(server, "ner", text=NEWS) == {
        "ner": [["PERSON", "Angela Merkel"], ["DATE", "Friday"]]
    }
    assert ask(server, "ner", text=NEWS, doctype="ARTICLE") == {
        "ner": [["PERSON", "Angela Merkel"], ["GPE", "New York"], ["DATE", "Friday"]]
    }
    assert ask(server, "ner", text=NEWS, labels=["GPE"]) == {"ner": [["GPE", "New York"]]}
    assert ask(server, "summarize", text=NEWS, proportion=0.3)["summary"] in sentences


def test_answers_pass_the_models_that_the_client_reads_them_with(server: Server) -> None:
    for operation, exchange in EXCHANGES.items():
        extra = {"keywords": ["virus"]} if operation is Operation.SENTENCES_WITH_KEYWORDS else {}
        answer: BaseModel = exchange.answer.model_validate(
            ask(server, operation, text=NEWS, **extra)
        )
        assert answer.model_dump(mode="json", by_alias=True) == ask(
            server, operation, text=NEWS, **extra
        )


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "\x00\x01\x1b[0m",
        (
            "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645. "
            "\u0643\u064a\u0641\u061f"
        ),
        "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f ok",
        "\u202eabc\u202c \ufeff",
        "e\u0301" * 50,
        "." * 5000,
    ],
)
def test_peculiar_texts_have_an_answer(server: Server, operation: Operation, text: str) -> None:
    extra = {"keywords": ["ok", "."]} if operation is Operation.SENTENCES_WITH_KEYWORDS else {}
    answer = ask(server, operation, text=text, **extra)
    EXCHANGES[operation].answer.model_validate(answer)


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        (b"", 400, "body"),
        (b"{", 400, "body"),
        (b"[]", 400, "body"),
        (b'{"text": "\xff"}', 400, "body"),
        (b'{"text": "\\ud800"}', 400, "body"),
        (b"[" * 10_000, 400, "body"),
        (b"{}", 400, "text"),
        (b'{"text": 3}', 400, "text"),
        (b'{"text": null}', 400, "text"),
        (b'{"text": "a", "num_phrases": "3"}', 400, "num_phrases"),
        (b'{"text": "a", "num_phrases": 0}', 422, "num_phrases"),
        (b'{"text": "a", "num_phrases": 100000}', 422, "num_phrases"),
    ],
)
def test_a_malformed_request_is_refused_with_its_field(
    server: Server, body: bytes, status: int, named: str
) -> None:
    got, answer, headers = post(server, "most_common_phrases", body)
    assert (got, answer["error"].split(":")[0]) == (status, named)
    assert headers[ENGINE_HEADER] == "tidings-1.3+vader"


@pytest.mark.parametrize(
    ("operation", "fields", "status", "named"),
    [
        ("sentences_with_keywords", {}, 400, "keywords"),
        ("sentences_with_keywords", {"keywords": "covid"}, 400, "keywords"),
        ("sentences_with_keywords", {"keywords": ["a", 3]}, 400, "keywords.1"),
        ("sentences_with_keywords", {"keywords": ["a", " "]}, 422, "keywords.1"),
        ("sentences_with_keywords", {"keywords": ["a"] * 1001}, 422, "keywords"),
        ("ner", {"doctype": "POEM"}, 422, "doctype"),
        ("summarize", {"proportion": 1.5}, 422, "proportion"),
        ("summarize", {"proportion": float("nan")}, 422, "proportion"),
        ("text_polarity", {"text": "a" * (MAX_TEXT + 1)}, 413, "text"),
        ("text_polarity", {"text": "a" * 1_000_000}, 413, "text"),
        (
            "sentences_with_keywords",
            {"text": "a" * MAX_TEXT, "keywords": [f"b{n}" for n in range(201)]},
            413,
            "keywords",
        ),
        ("text_polarity", {"text": "a" * 3_000_000}, 413, "the body is longer than 2000000 bytes"),
    ],
)
def test_a_value_out_of_bounds_is_refused(
    server: Server, operation: str, fields: dict[str, Any], status: int, named: str
) -> None:
    got, answer, _ = post(server, operation, json.dumps({"text": "a"} | fields))
    assert (got, answer["error"].split(":")[0]) == (status, named)


@pytest.mark.thorough
def test_the_longest_text_has_an_answer(server: Server) -> None:
    text = ("It was a good day for Angela Merkel in New York. " * 3000)[:MAX_TEXT]
    assert ask(server, "text_polarity", text=text)["text polarity"] > 0.3
    assert ["PERSON", "Angela Merkel"] in ask(server, "ner", text=text)["ner"]


def test_every_key_is_accepted_and_no_other(server: Server) -> None:
    for key, status in (
        (KEYS[0], 200),
        (KEYS[1], 200),
        ("first-ke", 401),
        ("", 401),
        (None, 401),
        ("first-key,", 401),
    ):
        got, answer, _ = post(server, "text_polarity", '{"text": "a"}', key=key)
        assert got == status, key
        assert status == 200 or "apikey" in answer["error"]


def test_other_addresses_methods_and_kinds_are_refused(server: Server) -> None:
    assert post(server, "similarity_by_sentences", "{}")[0] == 404
    assert post(server, "ner", "text=a", kind="application/x-www-form-urlencoded")[0] == 415
    status, answer = get(server, "/text/ner")
    assert status == 405
    assert "Allow" in json.loads(answer)["error"]


def test_the_open_pages_need_no_key(server: Server) -> None:
    assert json.loads(get(server, "/health")[1])["status"] == "live"
    assert json.loads(get(server, "/ready")[1]) == {
        "status": "ready",
        "engine": "tidings-1.3+vader",
        "languages": ["en"],
    }
    assert "POST /text/ner" in get(server, "/")[1]
    assert set(json.loads(get(server, "/openapi.json")[1])["paths"]) >= {
        f"/text/{operation}" for operation in Operation
    }
    ask(server, "text_polarity", text="a")
    assert (
        'textapi_requests_total{endpoint="/text/text_polarity",status="200"}'
        in get(server, "/metrics")[1]
    )


@pytest.mark.thorough
def test_a_slow_request_does_not_delay_a_fast_one(server: Server) -> None:
    slow_body = json.dumps(
        {"text": "Good day, Angela Merkel of New York, said the weary crews. " * 1600}
    )

    async def send_requests() -> tuple[int, int]:
        headers = {"apikey": KEYS[0], "Content-Type": "application/json"}
        async with aiohttp.ClientSession(server.url, headers=headers) as session:
            slow = asyncio.create_task(session.post("/text/ner", data=slow_body))
            fast = 0
            while not slow.done():
                async with session.post(
                    "/text/text_polarity", data='{"text": "Good day."}'
                ) as response:
                    assert response.status == 200

                fast += 1

            async with await slow as response:
                return response.status, fast

    status, fast = asyncio.run(send_requests())
    assert status == 200
    assert fast >= 10  # waiting for the slow one, the first would have been the last


def test_concurrent_texts_are_answered_as_each_is_alone(server: Server) -> None:
    texts = [
        f"Angela Merkel met {name} in New York on Friday."
        for name in ("Barack Obama", "Emma Stone", "a man")
    ] * 8
    alone = {text: ask(server, "ner", text=text, doctype="ARTICLE") for text in set(texts)}

    async def together() -> list[Any]:
        headers = {"apikey": KEYS[0]}
        async with aiohttp.ClientSession(server.url, headers=headers) as session:

            async def send(text: str) -> Any:
                async with session.post(
                    "/text/ner", json={"text": text, "doctype": "ARTICLE"}
                ) as response:
                    return await response.json()

            return await asyncio.gather(*map(send, texts))

    assert asyncio.run(together()) == [alone[text] for text in texts]


def test_connections_that_drop_in_mid_request_do_no_harm(server: Server) -> None:
    body = json.dumps({"text": NEWS * 20}).encode()
    headers = f"Host: x\r\napikey: {KEYS[0]}\r\nContent-Type: application/json\r\n"
    head = f"POST /text/ner HTTP/1.1\r\n{headers}".encode()
    request = head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    port = int(server.url.rsplit(":", 1)[1])
    for length in (10, len(head), len(request) // 2, len(request), len(request), len(request)):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(request[:length])

    assert ask(server, "ner", text=NEWS)["ner"]
    assert "500" not in [line.split('status="')[1][:3] for line in _request_lines(server)]


def _request_lines(server: Server) -> list[str]:
    return [
        line
        for line in get(server, "/metrics")[1].splitlines()
        if line.startswith("textapi_requests_total{")
    ]


def test_the_published_client_of_the_original_works_unchanged(server: Server) -> None:
    program = """
import json, sys
from pynlpl.web.text import TheTextAPI
TheTextAPI.TEXT_API_ENDPOINT = sys.argv[1] + "/text/"
api = TheTextAPI(sys.argv[2])
api.load_text(sys.argv[3])
print(json.dumps([
    api.summarize(proportion=0.5), api.ner(doctype="ARTICLE"),
    api.most_common_phrases(num_phrases=2), api.least_common_phrases(),
    api.most_positive_sentences(num_sentences=1), api.text_polarity(),
    api.polarity_by_sentence(num_sentences=3),
    api.sentences_with_keywords(["virus"], include_before=True),
]))
"""
    # It imports a client of speech recognition that nobody needs here, and by a mistake of its own
    # it asks for the most negative sentences instead of the most positive ones.
    package = "import sys, types; sys.modules['deepgram'] = types.ModuleType('deepgram')\n"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", package + program, server.url, KEYS[0], NEWS],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [list(answer) for answer in json.loads(done.stdout)] == [
        ["summary"], ["ner"], ["most common phrases"], ["least common phrases"],
        ["most negative sentences"], ["text polarity"], ["polarity by sentence"], ["virus"],
    ]  # fmt: skip


@pytest.mark.thorough
def test_the_limit_of_a_key_holds_over_all_processes() -> None:
    with running(workers=2, TIDINGS_TEXTAPI_KEY_LIMIT="5/h,1000/d") as server:
        statuses = [post(server, "text_polarity", '{"text": "a"}') for _ in range(12)]
        assert [status for status, _, _ in statuses] == [200] * 5 + [429] * 7
        assert 3500 < int(statuses[-1][2]["Retry-After"]) <= 3600
        assert post(server, "text_polarity", '{"text": "a"}', key=KEYS[1])[0] == 200
        counted = [line for line in _request_lines(server) if 'polarity",status="429"' in line]
        assert float(counted[0].split()[-1]) == 7  # the metrics are those of both processes


@pytest.mark.thorough
def test_the_compatible_mode_says_so_in_the_header() -> None:
    with running(TIDINGS_TEXTAPI_POLARITY="compatible") as server:
        status, answer, headers = post(
            server,
            "text_polarity",
            '{"text": "In Untruths About Obama, Echoes of a Distant Time."}',
        )
        assert (status, answer, headers[ENGINE_HEADER]) == (
            200,
            {"text polarity": -0.1},
            "tidings-1.3+compatible",
        )


def test_the_engine_news_answers_under_its_own_name() -> None:
    with running(TIDINGS_TEXTAPI_POLARITY="news") as server:
        text = "Lost hikers are rescued. Dozens die as a bridge collapses."
        status, answer, headers = post(server, "polarity_by_sentence", json.dumps({"text": text}))
        assert (status, headers[ENGINE_HEADER]) == (200, "tidings-1.3+news-2")
        assert answer == {
            "polarity by sentence": list(map(list, polarity_by_sentence(text, "news")))
        }


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("preferred", "mode", "engine"),
    [
        (None, "vader", "tidings-1.3+vader"),
        ("vader", "vader", "tidings-1.3+vader"),
        ("news", "news", "tidings-1.3+news-2"),
        ("compatible", "compatible", "tidings-1.3+compatible"),
        ("unheard-of", "vader", "tidings-1.3+vader"),
    ],
)
def test_a_request_is_answered_by_the_polarity_engine_that_it_prefers(
    server: Server, preferred: str | None, mode: Mode, engine: str
) -> None:
    text = "Lost hikers are rescued. Dozens die as a bridge collapses."
    body = json.dumps({"text": text})
    status, answer, headers = post(server, "polarity_by_sentence", body, preferred=preferred)
    assert (status, headers[ENGINE_HEADER]) == (200, engine)
    assert answer == {"polarity by sentence": list(map(list, polarity_by_sentence(text, mode)))}
    assert asyncio.run(_engine_at(server, preferred)).name == engine


@pytest.mark.thorough
def test_a_server_with_a_fixed_polarity_engine_grants_no_preference() -> None:
    with running(TIDINGS_TEXTAPI_POLARITY="vader") as server:
        _, _, headers = post(server, "text_polarity", '{"text": "a"}', preferred="news")
        assert headers[ENGINE_HEADER] == "tidings-1.3+vader"
        assert asyncio.run(_engine_at(server, "news")).name == "tidings-1.3+vader"


async def _engine_at(server: Server, preferred: str | None) -> Engine:
    async with aiohttp.ClientSession() as session:
        return await fetch_engine(session, server.url, preferred)


def test_without_keys_it_refuses_to_start() -> None:
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "set TIDINGS_TEXTAPI_KEYS" in done.stderr


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.thorough)])
def test_sigterm_finishes_requests_in_work_and_leaves_no_process(workers: int) -> None:
    body = json.dumps(
        {"text": "Good day, Angela Merkel of New York, said the weary crews. " * 1600}
    )
    with running(workers) as server:

        async def send_requests() -> int:
            headers = {"apikey": KEYS[0], "Content-Type": "application/json"}
            async with aiohttp.ClientSession(server.url, headers=headers) as session:
                begun = asyncio.create_task(session.post("/text/ner", data=body))
                await _until_work_has_begun(session)
                server.process.send_signal(signal.SIGTERM)
                async with await begun as response:
                    return response.status

        assert asyncio.run(send_requests()) == 200, server.logged()
        assert server.process.wait(timeout=30) == 0
        log = server.logged()
        assert KEYS[0] not in log
        assert "Merkel" not in log
        assert "/text/ner" in log
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])))


async def _until_work_has_begun(session: aiohttp.ClientSession) -> None:
    for _ in range(1000):
        async with session.get("/metrics") as response:
            lines = (await response.text()).splitlines()

        if any(
            float(line.split()[-1])
            for line in lines
            if line.startswith("textapi_waiting_characters")
        ):
            return

        await asyncio.sleep(0.01)

    pytest.fail("the request was never taken up")


def test_excess_text_is_refused_and_the_rest_is_answered(server: Server) -> None:
    body = json.dumps({"text": ("Good day. " * 10_000)[:MAX_TEXT]})

    async def send_requests() -> list[tuple[int, str | None]]:
        headers = {"apikey": KEYS[0], "Content-Type": "application/json"}
        async with aiohttp.ClientSession(server.url, headers=headers) as session:

            async def send() -> tuple[int, str | None]:
                async with session.post("/text/text_polarity", data=body) as response:
                    return response.status, response.headers.get("Retry-After")

            return await asyncio.gather(*(send() for _ in range(20)))

    answers = asyncio.run(send_requests())
    assert {status for status, _ in answers} == {200, 503}
    assert {wait for status, wait in answers if status == 503} == {"2"}
