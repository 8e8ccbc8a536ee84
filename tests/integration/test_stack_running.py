import base64
import http.client
import json
import signal
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from cli.stack.ports import http_answers
from cli.stack.run import start_stack
from core.errors import StackError
from core.settings import load, stack_file

# What a process is told is read from the kernel.
pytestmark = pytest.mark.usefixtures("cold_processes")


@pytest.fixture
def started() -> Callable[[], list[psutil.Process]]:
    """The processes that were started since the test began and are alive."""
    before = set(psutil.Process().children(recursive=True))
    return lambda: [
        child for child in psutil.Process().children(recursive=True) if child not in before
    ]


def run_status(url: str, path: str, authorization: str | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(url).port or 0, timeout=10)
    connection.request(
        "GET", path, headers={"Authorization": authorization} if authorization else {}
    )
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.thorough
def test_the_stack_runs_around_a_block_and_is_gone_after_it(
    tmp_path: Path, started: Callable[[], list[psutil.Process]]
) -> None:
    with start_stack(load(home=tmp_path / "home"), workers=1, flower=True) as stack:
        assert stack.database_url == f"sqlite:///{tmp_path / 'home' / 'tidings.db'}"
        assert http_answers(f"{stack.textapi_url}/ready")
        loaded = load(home=stack.home)  # what others find is what the block was given
        assert (loaded.redis_url, loaded.textapi_url) == (stack.redis_url, stack.textapi_url)
        assert len(started()) >= 5  # Valkey, the Text API, Flower, the worker and its process
        names = {path.stem for path in (stack.home / "logs").glob("*.log")}
        assert names == {"valkey", "textapi", "worker", "flower"}
        flower = json.loads(stack_file(stack.home).read_text())["flower_url"]
        password = urlsplit(flower).password
        basic = base64.b64encode(f"tidings:{password}".encode()).decode()
        assert run_status(flower, "/workers") == HTTPStatus.UNAUTHORIZED
        assert run_status(flower, "/workers", f"Basic {basic}") == HTTPStatus.OK
        redis_password = str(urlsplit(str(stack.redis_url)).password)
        textapi = next(child for child in started() if "textapi" in child.cmdline())
        variables = textapi.environ()
        assert not any(redis_password in value for value in variables.values())
        given = {name for name in variables if name.startswith("TIDINGS_")}
        assert given == {"TIDINGS_HOME", "TIDINGS_TEXTAPI_KEYS"}
        assert password not in " ".join(word for child in started() for word in child.cmdline())

    assert started() == []


@pytest.mark.thorough
def test_sigterm_ends_the_block_and_the_stack(
    tmp_path: Path, started: Callable[[], list[psutil.Process]]
) -> None:
    settings = load(home=tmp_path / "home", textapi_url="http://127.0.0.1:1")
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as raised, start_stack(settings, workers=1):
        signal.raise_signal(signal.SIGTERM)

    assert raised.value.code == 128 + signal.SIGTERM
    assert started() == []
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_service_that_cannot_start_is_named_with_its_last_log_line(
    tmp_path: Path, started: Callable[[], list[psutil.Process]]
) -> None:
    settings = load(home=tmp_path / "home").model_copy(
        update={"textapi_key_limit": "as much as you like"}
    )  # unchecked
    message = (
        r"textapi ended with status 1 before it was ready \(.*'as much as you like' is no limit"
    )
    with pytest.raises(StackError, match=message), start_stack(settings, workers=1):
        pass

    assert started() == []
