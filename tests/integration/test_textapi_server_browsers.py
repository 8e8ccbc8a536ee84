"""Web pages of other origins as clients: refused by default, permitted by a setting."""

import asyncio
import os
import subprocess
from collections.abc import Iterator

import aiohttp
import pytest
from multidict import CIMultiDictProxy

from tests.integration.test_textapi_server import COMMAND, KEYS, Server, running

PAGE = "https://app.example.org"
PREFLIGHT = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "apikey,content-type",
}
Answer = tuple[int, CIMultiDictProxy[str]]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(TIDINGS_TEXTAPI_CORS_ORIGINS=f"{PAGE}, http://127.0.0.1:3000") as started:
        yield started


def send(server: Server, method: str, path: str, headers: dict[str, str]) -> Answer:
    async def request() -> Answer:
        async with (
            aiohttp.ClientSession(server.url) as session,
            session.request(method, path, headers=headers, json={"text": "a"}) as response,
        ):
            return response.status, response.headers

    return asyncio.run(request())


def test_a_browser_is_told_that_a_page_may_send_its_key(server: Server) -> None:
    status, headers = send(server, "OPTIONS", "/text/ner", PREFLIGHT)
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == PAGE
    assert headers["Access-Control-Allow-Methods"] == "GET, POST"
    allowed = headers["Access-Control-Allow-Headers"]
    assert allowed == "apikey, X-Textapi-Polarity, Content-Type"
    assert headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize(
    ("path", "key", "expected"), [("ner", KEYS[0], 200), ("ner", "wrong", 401), ("x", "", 404)]
)
def test_a_page_may_read_answers_and_refusals(
    server: Server, path: str, key: str, expected: int
) -> None:
    status, headers = send(server, "POST", f"/text/{path}", {"Origin": PAGE, "apikey": key})
    assert (status, headers["Access-Control-Allow-Origin"]) == (expected, PAGE)
    assert headers["Access-Control-Expose-Headers"] == "X-Textapi-Engine, Retry-After"


@pytest.mark.parametrize(
    "origin", ["https://example.org", "http://app.example.org", f"{PAGE}.evil.example", "null"]
)
def test_a_page_of_another_origin_gets_no_permission(server: Server, origin: str) -> None:
    status, headers = send(server, "OPTIONS", "/text/ner", PREFLIGHT | {"Origin": origin})
    assert status == 405
    assert "Access-Control-Allow-Origin" not in headers
    status, headers = send(server, "POST", "/text/ner", {"Origin": origin, "apikey": KEYS[0]})
    assert status == 200
    assert "Access-Control-Allow-Origin" not in headers


def test_by_default_no_page_has_permission_and_a_star_gives_it_to_all() -> None:
    with running() as server:
        status, headers = send(server, "OPTIONS", "/text/ner", PREFLIGHT)
        assert status == 405
        assert not {"Access-Control-Allow-Origin", "Vary"} & set(headers)

    with running(TIDINGS_TEXTAPI_CORS_ORIGINS="*") as server:
        status, headers = send(server, "OPTIONS", "/text/ner", PREFLIGHT)
        assert (status, headers["Access-Control-Allow-Origin"]) == (204, PAGE)


@pytest.mark.parametrize("origins", ["app.example.org", f"{PAGE}/", f"{PAGE}/page", "file://x"])
def test_what_is_no_origin_is_refused_with_what_to_write(origins: str) -> None:
    environment = os.environ | {
        "TIDINGS_TEXTAPI_KEYS": KEYS[0],
        "TIDINGS_TEXTAPI_CORS_ORIGINS": origins,
    }
    done = subprocess.run(  # noqa: S603
        [*COMMAND, "--port", "0"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert 'TIDINGS_TEXTAPI_CORS_ORIGINS: write an origin as "https://example.org"' in done.stderr
