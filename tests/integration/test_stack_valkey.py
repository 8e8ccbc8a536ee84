from pathlib import Path

import pytest
import redis

from cli.stack import valkey
from tests.services import running_valkey


@pytest.mark.parametrize("name", ["plain", "with space", 'a "quoted" one', "back\\slash", "größer"])
def test_valkey_keeps_its_data_in_any_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    with running_valkey(folder) as url, redis.Redis.from_url(url) as client:
        client.set("a", "1")

    with running_valkey(folder) as url, redis.Redis.from_url(url) as client:
        assert client.get("a") == b"1"


def test_valkey_evicts_nothing_and_logs_every_write(tmp_path: Path) -> None:
    with (
        running_valkey(tmp_path / "v") as url,
        redis.Redis.from_url(url, decode_responses=True) as client,
    ):
        assert client.config_get("*") | {
            "maxmemory-policy": "noeviction",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "bind": "127.0.0.1",
        } == client.config_get("*")


def test_its_configuration_and_its_data_are_private(tmp_path: Path) -> None:
    configuration = valkey.configure(tmp_path / "v", port=1, password="made")
    assert configuration.stat().st_mode & 0o777 == 0o600
    assert configuration.parent.stat().st_mode & 0o777 == 0o700


def test_a_server_that_is_not_there_does_not_answer() -> None:
    assert not valkey.answers("redis://127.0.0.1:1/0")
