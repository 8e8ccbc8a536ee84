"""Addresses are checked where settings are read, and shown without any part of a password."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from core.addresses import sqlite_address, sqlite_path, without_password
from core.errors import SettingsError
from core.settings import load
from models.database import Database

PASSWORDS = st.text("ABCDEFGHIJ@:/?#%&=[]", min_size=1, max_size=12)


@given(password=PASSWORDS, user=st.sampled_from(["", "someone"]))
@example(password="MY@SECRET", user="")
def test_no_part_of_a_password_is_shown(password: str, user: str) -> None:
    shown = without_password(f"redis://{user}:{password}@127.0.0.1:6379/0")
    assert not set("ABCDEFGHIJ") & set(shown)
    assert without_password("redis://:MY@SECRET@127.0.0.1:6379/0") == "redis://127.0.0.1:6379/0"


def test_the_user_and_the_place_are_shown_and_a_query_is_not() -> None:
    address = "postgresql://someone:pass@db.example:5432/texts?password=pass"
    assert without_password(address) == "postgresql://someone@db.example:5432/texts"
    assert without_password("sqlite:////home/me@work/tidings.db").endswith("me@work/tidings.db")


@given(st.text("ab%20?#&=@ é+", min_size=1, max_size=10).filter(lambda name: name.strip(".")))
def test_a_database_is_where_its_folder_is_whatever_its_name(name: str) -> None:
    path = f"/home/{name}/tidings.db"
    assert make_url(sqlite_address(path)).database == path
    assert sqlite_path(sqlite_address(path)) == path


@pytest.mark.parametrize("name", ["a%20b", "a?b", "a#b"])
def test_the_database_of_a_home_is_in_it_and_private(tmp_path: Path, name: str) -> None:
    settings = load(home=tmp_path / name)
    database = Database(settings.database)
    with database.write():
        pass

    database.close()
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o700
    assert (tmp_path / name / "tidings.db").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "secret"),
        ("REDIS_URL", "redis://h:port/0"),
        ("REDIS_URL", "redis://127.0.0.1:99999/0"),
        ("REDIS_URL", "redis://:my/secret@h/0"),
        ("TEXTAPI_URL", "http://a secret"),
        ("TEXTAPI_URL", "http://"),
        ("TEXTAPI_URL", "http://h:secret"),
        ("NYT_URL", "secret"),
        ("DATABASE_URL", "postgresql://u:secret@h:port/db"),
        ("DATABASE_URL", "postgresql://u:my@secret@127.0.0.1/db"),
        ("HOME", "a\udcff"),
    ],
)
def test_a_malformed_address_is_an_error_that_names_the_setting_and_not_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"TIDINGS_{name}", value)
    with pytest.raises(SettingsError, match=f"^a setting makes no sense: TIDINGS_{name}: ") as told:
        load()
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    "value",
    ["redis://h", "rediss://:p@ss@h:6379/0", "unix:///run/redis.sock", "redis://:p%2Fs@h:1/0"],
)
def test_every_good_address_of_redis_is_taken(value: str) -> None:
    assert load(redis_url=value).redis_url == value
