"""Settings: a misspelt variable is an error, and a process gets those that it needs alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingsError
from core.settings import environment, load, private_folder


@pytest.mark.parametrize(
    ("misspelt", "nearest"),
    [
        ("TIDINGS_TEXTAPI_LIMIT", "TIDINGS_TEXTAPI_LIMITS"),
        ("TIDINGS_REDIS", "TIDINGS_REDIS_URL"),
        ("TIDINGS_HOMES", "TIDINGS_HOME"),
    ],
)
def test_a_misspelt_variable_is_an_error_that_names_the_nearest(
    monkeypatch: pytest.MonkeyPatch, misspelt: str, nearest: str
) -> None:
    monkeypatch.setenv(misspelt, "5/s")
    with pytest.raises(SettingsError, match=rf"^{misspelt} is no setting: .* {nearest}\?"):
        load()


def test_a_misspelt_variable_in_the_env_file_is_an_error_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("POSTGRES_PASSWORD=x\nTIDINGS_NYT_KEYS=secret\n")
    with pytest.raises(SettingsError, match="TIDINGS_NYT_KEYS is no setting") as told:
        load()
    assert "secret" not in str(told.value)


def test_a_process_gets_the_settings_that_it_needs_alone() -> None:
    settings = load(redis_url="redis://:pass@h", textapi_polarity="compatible")
    variables = environment(settings, ("textapi_polarity",))
    given = {name: value for name, value in variables.items() if name.startswith("TIDINGS_")}
    assert given == {"TIDINGS_TEXTAPI_POLARITY": "compatible"}


@pytest.mark.parametrize("name", ["file", "file/home"])
def test_a_home_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=rf"{name} is no folder to write to"):
        private_folder(tmp_path / name)

    with pytest.raises(SettingsError, match="is no folder to write to"):
        load(home=tmp_path / name)


@pytest.mark.parametrize("address", ["ftp://host/hidden", "hidden", "http:///hidden"])
def test_a_webhook_is_an_http_address_that_no_message_shows(address: str) -> None:
    with pytest.raises(SettingsError, match="TIDINGS_WEBHOOK_URL") as error:
        load(webhook_url=address)

    assert "hidden" not in str(error.value)
    settings = load(webhook_url="https://host/hidden")
    assert "hidden" not in repr(settings)
