"""What a Text API should never answer: strategies of malformed answers, and a service of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hypothesis import strategies as st

from textapi.messages import ENGINE_HEADER
from textapi.requests import (
    ApiRequest,
    KeywordBatch,
    PolarityBatch,
    entities_of,
    phrases_of,
    polarity_of,
    summary_of,
)

NAMES = {
    "text_polarity": "text polarity",
    "polarity_by_sentence": "polarity by sentence",
    "most_common_phrases": "most common phrases",
    "ner": "ner",
    "summarize": "summary",
}
TEXT = "Fever in Lorn worries PORT. Few know why."
REQUESTS: list[ApiRequest] = [
    KeywordBatch("e", (TEXT, "No fever today."), (1, 2), ("fever", "lorn")),
    PolarityBatch("e", ("Fever in Lorn.", "Few know why.")),
    polarity_of("e", TEXT),
    phrases_of("e", TEXT, 3),
    entities_of("e", TEXT),
    summary_of("e", TEXT, 0.5),
]

# Every code point that an answer can hold, lone surrogates and NUL among them.
odd_text = st.text(
    st.one_of(st.characters(), st.sampled_from("\x00\ud800\udfff\x1b\u2028\x85\t ")), max_size=20
)
odd_number = st.one_of(
    st.floats(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 1e308, -1e308, 1.0000001, -1.5, 2, -0.0, 5e-324]),
)
odd_scalar = st.one_of(st.none(), st.booleans(), odd_number, odd_text)
odd_value = st.recursive(
    odd_scalar,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd_text, inner, max_size=3),
    max_leaves=12,
)
odd_pair = st.lists(odd_scalar, min_size=1, max_size=3) | st.tuples(odd_text, odd_text)
scored = st.tuples(odd_number, st.sampled_from(["Fever in Lorn.", "Few know why.", TEXT]))
sentence = st.sampled_from([TEXT, "Fever in Lorn worries PORT.", "Few know why.", ""]) | odd_text
nearly_right = st.one_of(
    odd_value,
    st.lists(odd_pair, max_size=4),
    st.lists(scored, max_size=3),
    st.lists(sentence, max_size=4),
)


def replies_to(request: ApiRequest) -> st.SearchStrategy[dict[str, Any]]:
    """Return malformed and nearly right JSON objects in answer to *request*."""
    names = getattr(request, "terms", None) or (NAMES[request.operation],)
    return st.fixed_dictionaries(
        {}, optional={**dict.fromkeys(names, nearly_right), "else": odd_value}
    )


Response = tuple[int, Mapping[str, str], bytes]
Respond = Callable[[str, dict[str, Any]], Response]


class OddService:
    """A Text API on loopback, in a thread; *respond* gives status, headers and body."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.ready: Response = (200, {ENGINE_HEADER: "odd/1"}, b"{}")
        self.calls = 0
        self.url = ""

    def answer(self, path: str, body: bytes) -> Response:
        if path == "/ready":
            return self.ready
        self.calls += 1
        return self.respond(path.rpartition("/")[2], json.loads(body))


@contextmanager
def serving(respond: Respond) -> Iterator[OddService]:
    """Serve on loopback while the block runs."""
    service = OddService(respond)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, request: bytes) -> None:
            status, headers, body = service.answer(self.path, request)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)

            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
