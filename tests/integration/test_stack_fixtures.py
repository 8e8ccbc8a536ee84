import os
from urllib.parse import urlsplit

import pytest
import redis
from sqlalchemy import inspect

from core.settings import Settings
from models.database import Database


def test_no_setting_of_the_caller_reaches_a_test() -> None:
    assert not {"TIDINGS_HOME", "TIDINGS_DATABASE_URL", "TIDINGS_REDIS_URL"} & set(os.environ)
    assert Settings().redis_url is None


def test_each_test_has_a_database_of_its_own_with_our_tables(database_url: str) -> None:
    assert {"runs", "jobs"} <= set(_tables(database_url))


def test_an_empty_database_has_no_table(empty_database_url: str) -> None:
    assert _tables(empty_database_url) == []


def test_valkey_is_empty_and_requires_its_password(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0

    with (
        redis.Redis(port=urlsplit(redis_url).port or 0, retry=None) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def _tables(url: str) -> list[str]:
    database = Database(url, pooled=False)
    try:
        return inspect(database.engine).get_table_names()
    finally:
        database.close()
