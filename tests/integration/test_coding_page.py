"""The server of the page on which people code: what it stores, and whom it refuses."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import delete, select, text

from cli.coding_page import app
from cli.coding_page.access import HEADERS
from cli.coding_page.shares import share_out
from models.codes import Coding, UnitCodes, UnitKey, read_codes
from models.database import Database
from models.tables import Document
from producers.code_sample import SampledText
from tests.coding_kit import (
    CODEBOOK,
    Page,
    PageServer,
    add_texts,
    codes_of,
    find_codebook,
    read_book,
    served,
    served_here,
)
from tests.command_kit import run_command
from tests.services import wait_until
from textapi.server import connections

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def db(command_db: Database) -> Database:
    return command_db


@pytest.fixture
def run(db: Database) -> int:
    return add_texts(db, 40)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "tides.yaml"
    path.write_text(CODEBOOK)
    return path


@pytest.fixture
def links(db: Database, run: int) -> Iterator[dict[str, str]]:
    """The links to 24 texts for Ann and Ben, half of which go to both."""
    with served_here(db, run, n=24, coders=["Ann", "Ben"], doubles=0.5) as found:
        yield found


@pytest.fixture
def server(tmp_path: Path, run: int, book: Path) -> Iterator[PageServer]:
    """The same from a process of its own."""
    arguments = (run, "--codebook", book, "--n", 24, "--coder", "Ann,Ben", "--doubles", 0.5)
    with served(tmp_path, *arguments) as started:
        yield started


def read_codes_of(db: Database, run: int, coder: str) -> dict[UnitKey, UnitCodes]:
    coding = Coding(run, find_codebook(db, read_book()), f"person:{coder}")
    with db.read() as connection:
        return read_codes(connection, coding)


def code_all(page: Page, *codes: str) -> list[str]:
    """Answer all that is open, each variable in turn with *codes*; return the items."""
    answers = dict(zip(("about", "stance", "places"), codes, strict=False))
    state = page.state()
    items: list[str] = []
    while state["question"] is not None:
        items.append(state["question"]["item"])
        state = page.answer(state, answers[state["question"]["variable"]])

    return items


def test_each_code_is_stored_before_the_next_question_is_said(
    db: Database, run: int, links: dict[str, str]
) -> None:
    ann = Page(links["Ann"])
    state = ann.state()
    assert (state["done"], state["question"]["variable"]) == (0, "about")
    assert [option["key"] for option in state["question"]["options"]] == ["1", "2"]

    state = ann.answer(state, "yes")
    assert list(codes_of(db, run, "Ann").values()) == [{"about": "yes"}]
    assert state["question"]["variable"] == "stance"
    assert state["question"]["earlier"] == [{"variable": "about", "code": "yes"}]
    state = ann.answer(state, "neither")
    state = ann.answer(state, "sea|harbour")
    assert (state["done"], state["question"]["variable"]) == (1, "about")
    state = ann.answer(state, "no")
    assert (state["done"], state["question"]["variable"]) == (2, "about")
    state = ann.answer(state, None, reason="unclear")
    state = ann.answer(state, None, reason="other language")
    assert state["done"] == 4
    codes = list(codes_of(db, run, "Ann").values())
    assert len(codes) == 4
    assert {"about": "yes", "stance": "neither", "places": "harbour|sea"} in codes
    assert codes.count({"about": "no"}) == 1
    assert codes.count({"about": None}) == 2
    assert codes_of(db, run, "Ben") == {}


def test_a_request_that_comes_twice_does_nothing_the_second_time(
    db: Database, run: int, server: PageServer
) -> None:
    ann = Page(server.links["Ann"])
    first = ann.state()
    second = ann.answer(first, "no", request="same")
    assert ann.answer(first, "no", request="same") == second
    assert ann.undo(second, request="undo")["question"] == first["question"]
    again = ann.undo(second, request="undo")
    assert again["question"] == first["question"]
    assert again["remark"] == "This undo came twice: one code was taken back, and no other."
    # What was under way when its answer was taken back does not bring it again.
    assert ann.answer(first, "no", request="same")["question"] == first["question"]
    assert codes_of(db, run, "Ann") == {}

    third = ann.answer(ann.answer(first, "no"), "no")
    assert third["done"] == 2
    # The server forgot its requests: the open question says that this one was done.
    server.kill()
    server.start()
    again = ann.undo(third, request="undo-2")
    assert again["done"] == 1
    server.kill()
    server.start()
    late = ann.undo(third, request="undo-2")
    assert late["done"] == 1
    assert late["remark"].startswith("This undo came twice, or another window")
    assert ann.answer(first, "no", request="r-other") == {**again, "remark": ""}
    assert len(codes_of(db, run, "Ann")) == 1


def test_two_windows_of_a_coder_overwrite_nothing(
    db: Database, run: int, links: dict[str, str]
) -> None:
    ann = Page(links["Ann"])
    first = ann.state()
    ann.answer(first, "no")
    late = ann.answer(first, "yes")
    assert "that answer stays" in late["remark"]
    assert list(codes_of(db, run, "Ann").values()) == [{"about": "no"}]

    # A question that is open in one window is not asked any more in the other.
    stance = ann.answer(late, "yes")
    ann.answer(ann.undo(stance), "no")
    assert "nothing was stored" in ann.answer(stance, "for")["remark"]
    assert list(codes_of(db, run, "Ann").values()) == [{"about": "no"}] * 2
    assert "nothing more was undone" in ann.undo(stance)["remark"]


def test_the_last_reason_why_a_text_cannot_be_coded_is_the_one_that_is_stored(
    db: Database, run: int, links: dict[str, str]
) -> None:
    ann = Page(links["Ann"])
    first = ann.state()

    def stored() -> dict[str, str | None]:
        (codes,) = read_codes_of(db, run, "Ann").values()
        return {variable: value.reason or value.code for variable, value in codes.items()}

    for reason in ("unclear", "too short", "other language", "unclear"):
        state = ann.answer(first, None, reason=reason)
        assert (state["remark"], state["done"]) == ("", 1)
        assert stored() == {"about": reason}

    # A code stays, as a reason does where somebody writes a code.
    assert "that answer stays" in ann.answer(first, "yes")["remark"]
    assert stored() == {"about": "unclear"}
    second = ann.answer(state, "yes")
    assert "that answer stays" in ann.answer(state, None, reason="unclear")["remark"]

    # A reason that holds for the whole text answers what is still to be asked, and takes it back.
    ann.answer(second, None, reason="too short")
    state = ann.answer(second, None, reason="unclear")
    assert (state["question"]["item"], state["question"]["variable"]) == (
        second["question"]["item"],
        "places",
    )


def test_an_erased_document_is_asked_no_more_and_gets_no_code(
    db: Database, run: int, links: dict[str, str]
) -> None:
    ann = Page(links["Ann"])
    first = ann.state()
    total = first["total"]
    with db.read() as connection:
        text = first["question"]["text"]
        document = connection.execute(select(Document).where(Document.text == text)).one()

    with db.write() as connection:
        connection.execute(delete(Document).where(Document.id == document.id))

    late = ann.answer(first, "no")
    assert "was erased" in late["remark"]
    assert (late["done"], late["total"]) == (0, total - 1)
    assert late["question"]["item"] != first["question"]["item"]
    assert codes_of(db, run, "Ann") == {}
    assert "nothing to undo" in ann.undo(late)["remark"]


def test_what_is_no_code_is_refused_and_nothing_is_stored(
    db: Database, run: int, links: dict[str, str]
) -> None:
    ann = Page(links["Ann"])
    question = ann.state()["question"]
    right = {"request": "r", "item": question["item"], "variable": "about", "code": "yes"}
    wrong: list[Any] = [
        {**right, "code": "perhaps"},
        {**right, "code": None},
        {**right, "reason": "unclear"},
        {**right, "code": None, "reason": "no idea"},
        {**right, "variable": "weather"},
        {**right, "coder": "Ben"},
        {**right, "item": 1},
        [],
        b"{",
    ]
    for content in wrong:
        status, answer, _ = ann.request("POST", "answer", content)
        assert (status, "nothing was stored" in answer["problem"]) == (422, True), content

    # It is a code, but not yet asked.
    early = ann.request("POST", "answer", {**right, "variable": "stance", "code": "for"})
    assert "nothing was stored" in early[1]["remark"]
    unknown = ann.request("POST", "answer", {**right, "request": "s", "item": "m0"})
    assert "not in the sample" in unknown[1]["remark"]
    assert ann.request("POST", "answer", b"x" * 100_000)[0] == 413
    assert codes_of(db, run, "Ann") == {}


def test_a_foreign_page_can_neither_post_nor_read(
    db: Database, run: int, links: dict[str, str]
) -> None:
    ann = Page(links["Ann"])
    question = ann.state()["question"]
    right = {"request": "r", "item": question["item"], "variable": "about", "code": "yes"}
    port = ann.link.port
    foreign: list[dict[str, str | None]] = [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": f"https://127.0.0.1:{port}"},
        {"Origin": f"http://localhost:{port}"},
        {"Origin": "null"},
        {"Origin": None},
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        # The name of a foreign page was made to lead to this machine (DNS rebinding).
        {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"},
        {"Host": f"127.0.0.1.evil.example:{port}"},
        {"Host": "127.0.0.1:1@evil.example"},
        {"Host": ""},
    ]
    for headers in foreign:
        assert ann.request("POST", "answer", right, **headers)[0] in (400, 403), headers

    assert ann.request("GET", "state", Host=f"evil.example:{port}")[0] == 403
    assert codes_of(db, run, "Ann") == {}

    for name in (f"localhost:{port}", "[::1]:8767", "localhost"):
        status, _, _ = ann.request("GET", "state", Host=name, Origin=None)
        assert status == 200

    local = {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"}
    assert ann.request("POST", "answer", right, **local)[0] == 200


def test_a_wrong_token_is_not_found_like_any_other_address(links: dict[str, str]) -> None:
    token = links["Ann"].rstrip("/").rpartition("/")[2]
    assert len(token) == 22
    base = links["Ann"].replace(f"{token}/", "")
    answers = []
    paths = ("", "x", "x/", "x/state", f"{token[:-1]}/", f"{token}x/state", "x/coding.js", "%FF/")
    for path in paths:
        status, text, headers = Page(base).request("GET", path)
        answers.append((status, text))
        assert headers["Server"] == "tidings"

    assert set(answers) == {(404, "Not Found")}
    # Coders do not see how far others are, or what differs.
    assert Page(links["Ann"]).request("GET", "progress")[0] == 404
    assert Page(links["Ann"]).request("GET", "decide")[0] == 404
    assert Page(links["Ann"]).request("GET", "../../../etc/passwd")[0] == 404
    assert Page(links["Ann"]).request("GET", "base.html")[0] == 404


def test_every_response_has_a_policy_that_lets_nothing_in_or_out(links: dict[str, str]) -> None:
    ann = Page(links["Ann"])
    for path in ("", "state", "coding.js", "coding.css", "missing"):
        _, _, headers = ann.request("GET", path)
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
        assert "unsafe" not in policy
        assert headers["Cache-Control"] == "no-store"

    page = ann.request("GET", "")[1]
    assert "//" not in page.replace("<!doctype", "")
    assert "&lt;b&gt;Not&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "&lt;i&gt;nothing&lt;/i&gt;" in page


def exchange(link: str, request: str) -> str:
    """Send *request*, of which {token} is the token, and return what is answered."""
    address = urlsplit(link)
    assert address.hostname is not None
    with socket.create_connection((address.hostname, address.port or 0), timeout=20) as connection:
        content = request.format(token=address.path.strip("/"), host=address.netloc)
        connection.sendall(content.encode())
        answer = b""
        while part := connection.recv(65_536):
            answer += part

    return answer.decode()


POST = (
    "POST /{token}/answer HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
    "Connection: close\r\nContent-Type: application/json\r\n"
)


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("GET /{token}/nothing HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", 404),
        ("PUT /{token}/state HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", 403),
        ("GET /{token}/answer/x HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", 404),
        (POST.replace("/answer", "/state") + "Content-Length: 0\r\n\r\n", 405),
        (POST + "Content-Length: 90000\r\n\r\n" + "x" * 90_000, 413),
        (POST + "Content-Length: 2\r\n\r\n[]", 422),
        (POST + "Content-Length: 2\r\nExpect: {token}\r\n\r\n[]", 417),
        ("GET /{token}/ HTTP/1.1\r\nHost: {host}\r\n{token}\r\n\r\n", 400),
        (POST + "Transfer-Encoding: chunked\r\n\r\n{token}\r\n", 400),
        # Its body does not come.
        (POST + "Content-Length: 2\r\n\r\n[", 408),
    ],
)
def test_every_status_has_the_headers_and_nothing_shows_the_token(
    links: dict[str, str],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    request_text: str,
    status: int,
) -> None:
    monkeypatch.setattr(app, "BODY_SECONDS", 0.2)
    answer = exchange(links["Ann"], request_text)
    assert answer.split(" ")[1] == f"{status}"
    head, _, body = answer.partition("\r\n\r\n")
    for name, content in HEADERS.items():
        assert f"\r\n{name}: {content}" in head

    token = urlsplit(links["Ann"]).path.strip("/")
    logged = "".join([*capfd.readouterr(), caplog.text])
    assert token not in body
    assert token not in logged
    assert "Traceback" not in logged


def test_a_fault_of_the_server_is_a_500_whose_log_shows_no_token(
    db: Database,
    links: dict[str, str],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with db.write() as connection:
        connection.execute(text("ALTER TABLE codes RENAME TO other_codes"))

    status, _, headers = Page(links["Ann"]).request("GET", "state")
    with db.write() as connection:
        connection.execute(text("ALTER TABLE other_codes RENAME TO codes"))

    assert status == 500
    assert headers.items() >= HEADERS.items()
    logged = "".join([*capfd.readouterr(), caplog.text])
    assert urlsplit(links["Ann"]).path.strip("/") not in logged
    assert "Traceback" not in logged


def test_a_reader_who_takes_nothing_is_cut(
    links: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "SEND_SECONDS", 0.2)
    address = urlsplit(links["Ann"])
    request = f"GET {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect((address.hostname, address.port))
        connection.setblocking(False)

        def is_cut() -> bool:
            with suppress(BlockingIOError):
                while True:
                    connection.send(request * 50)

            return False

        with pytest.raises(ConnectionError):
            wait_until(is_cut, what="the end of the connection")


def test_a_connection_that_sends_nothing_or_half_a_head_is_closed(
    links: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    assert exchange(links["Ann"], "") == ""
    assert exchange(links["Ann"], "GET /{token}/ HTTP/1.1\r\nHost: {host}\r\n") == ""


def test_links_stay_as_they_are_and_no_log_has_them(tmp_path: Path, server: PageServer) -> None:
    links, port = server.links, server.port
    assert server.shown.count(links["Ann"]) == 1
    Page(links["Ann"]).state()
    assert server.interrupt() == 0
    token = links["Ann"].rstrip("/").rpartition("/")[2]
    assert server.shown.count(token) == 1
    for path in (tmp_path / "home").rglob("*"):
        if path.is_file():
            assert token.encode() not in path.read_bytes()

    assert (tmp_path / "home" / "coding-links.key").stat().st_mode & 0o777 == 0o600
    server.start()
    assert (server.links, server.port) == (links, port)


def test_doubles_go_to_both_coders_who_do_not_see_which_and_the_rest_to_one(
    links: dict[str, str],
) -> None:
    ann, ben = Page(links["Ann"]), Page(links["Ben"])
    of_ann = set(code_all(ann, "yes", "for", "sea"))
    seen = ben.state()
    assert seen["question"]["given"] == []
    # Nothing that a coder gets tells a double from other texts.
    fields = {"item", "text", "keyword", "variable", "question", "several", "options", "range"}
    assert set(seen["question"]) == fields | {"earlier", "given"}
    of_ben = set(code_all(ben, "no"))
    assert len(of_ann | of_ben) == 24
    doubles = of_ann & of_ben
    assert 6 <= len(doubles) <= 18
    assert min(len(of_ann), len(of_ben)) > len(doubles)

    status, progress, _ = Page(links["decisions"]).request("GET", "progress")
    assert status == 200
    assert progress["coders"] == [
        {"coder": "Ann", "done": len(of_ann), "total": len(of_ann)},
        {"coder": "Ben", "done": len(of_ben), "total": len(of_ben)},
    ]
    assert progress["agreement"][0]["units"] == progress["differing"] == len(doubles)
    assert progress["agreement"][0]["alpha"][0] < 0


def test_only_what_differs_is_decided_and_names_are_hidden(
    db: Database, run: int, links: dict[str, str]
) -> None:
    code_all(Page(links["Ann"]), "yes", "for", "sea")
    code_all(Page(links["Ben"]), "yes", "against", "sea")
    decisions = Page(links["decisions"])
    state = decisions.state()
    assert state["total"] > 5
    assert sorted(state["question"]["given"]) == ["against", "for"]
    assert "Ann" not in str(state)
    assert "Ben" not in str(state)
    orders = set()
    while state["question"] is not None:
        # Both said yes, and sea.
        assert state["question"]["variable"] == "stance"
        orders.add(tuple(state["question"]["given"]))
        before = state
        state = decisions.answer(state, "neither")

    assert orders == {("for", "against"), ("against", "for")}
    decided = codes_of(db, run, "adjudicated")
    assert len(decided) == state["total"] == state["done"]
    # A decision is whole: it holds what the coders share.
    whole = {"about": "yes", "stance": "neither", "places": "sea"}
    assert list(decided.values()) == [whole] * len(decided)
    assert decisions.undo(state)["question"] == before["question"]
    assert len(codes_of(db, run, "adjudicated")) == state["total"] - 1


def test_a_condition_that_differs_is_decided_before_what_follows_from_it(
    db: Database, run: int, links: dict[str, str]
) -> None:
    code_all(Page(links["Ann"]), "yes", "for", "sea")
    code_all(Page(links["Ben"]), "no")
    decisions = Page(links["decisions"])
    state = decisions.state()
    assert sorted(state["question"]["given"]) == ["no", "yes"]
    state = decisions.answer(state, "yes")
    assert state["question"]["variable"] == "stance"
    assert sorted(state["question"]["given"]) == ["for", "was not asked this"]
    state = decisions.answer(decisions.answer(state, "for"), "none")
    assert (state["done"], state["question"]["variable"]) == (1, "about")
    state = decisions.answer(state, "no")
    assert state["done"] == 2
    decided = list(codes_of(db, run, "adjudicated").values())
    assert len(decided) == 2
    assert {"about": "yes", "stance": "for", "places": "none"} in decided
    assert {"about": "no"} in decided


def test_the_end_says_what_was_coded_and_how_far_coders_agree(
    server: PageServer,
) -> None:
    items = code_all(Page(server.links["Ann"]), "no")
    code_all(Page(server.links["Ben"]), "no")
    assert server.interrupt() == 0
    assert f"Ann: {len(items)} of {len(items)} coded, {len(items)} now" in server.shown
    assert "about: Krippendorff's alpha" in server.shown
    assert "`tidings report 1` shows what the codes say\n" in server.shown
    assert "Traceback" not in server.shown


def test_wrong_arguments_are_refused(
    tmp_path: Path, run: int, book: Path, server: PageServer
) -> None:
    def problem(*arguments: object) -> str:
        ended = run_command("label", run, "--serve", *arguments)
        assert ended.returncode != 0
        return ended.stderr

    assert "--codebook" in problem()
    for somebody in ("Ann,Ann", "Ann,A\u00adnn"):
        assert "twice" in problem("--codebook", book, "--coder", somebody)

    assert "adjudicated" in problem("--codebook", book, "--coder", "adjudicated")
    for page in ("decisions", "Decide", "model:gpt"):
        refused = problem("--codebook", book, "--coder", f"Ann,{page}")
        assert f"no coder can be called {page}" in refused

    second = PageServer(tmp_path, run, "--codebook", book)
    second.port = server.port
    with pytest.raises(AssertionError, match="choose another --port"):
        second.start()


SAMPLE = [
    SampledText(UnitKey(number), f"m{number:016x}", "2020-03", "", f"x:{number}", "text")
    for number in range(2_000)
]


def shares(coders: list[str], doubles: float, coded_by: Any = None) -> dict[str, set[str]]:
    shared = share_out(
        SAMPLE, coders, doubles=doubles, codebook_hash=read_book().hash, coded_by=coded_by or {}
    )
    return {coder: {text.item for text in texts} for coder, texts in shared.items()}


def test_a_share_of_the_texts_goes_to_all_and_the_others_evenly_to_one_each() -> None:
    of = shares(["Ann", "Ben", "Cleo"], 0.2)
    doubles = of["Ann"] & of["Ben"] & of["Cleo"]
    assert len(doubles) == pytest.approx(400, abs=60)
    assert of["Ann"] & of["Ben"] == doubles
    assert set().union(*of.values()) == {text.item for text in SAMPLE}
    for items in of.values():
        assert len(items - doubles) == pytest.approx(533, abs=80)

    larger = shares(["Ann", "Ben", "Cleo"], 0.3)
    assert doubles < larger["Ann"] & larger["Ben"] & larger["Cleo"]


def test_a_coder_who_comes_or_goes_moves_no_text_between_the_others() -> None:
    two, three = shares(["Ann", "Ben"], 0.2), shares(["Ann", "Ben", "Cleo"], 0.2)
    assert three["Ann"] < two["Ann"]
    assert three["Ben"] < two["Ben"]


def test_a_text_that_somebody_has_coded_is_no_one_elses() -> None:
    coded_by = {text.unit: {"Dora" if number % 2 else "Ann"} for number, text in enumerate(SAMPLE)}
    of = shares(["Ann", "Ben"], 0.0, coded_by)
    assert len(of["Ann"]) == 1_000
    assert of["Ben"] == set()
