"""Settings: a misspelt variable is an error, and a process gets those that it needs alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingsError
from core.settings import environment, load, private_folder, secret_names


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


@pytest.mark.parametrize("name", secret_names())
def test_every_secret_can_be_in_a_file_that_its_variable_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    secrets = {"database_url": "postgresql://u:p@h/d", "redis_url": "redis://:p@h:6379/0"}
    secret = secrets.get(name, "https://h/s3cret" if name.endswith("url") else "s3cret")
    (tmp_path / "secret").write_text(f"{secret}\n")
    monkeypatch.setenv(f"TIDINGS_{name.upper()}_FILE", str(tmp_path / "secret"))

    variables = environment(load())
    assert variables[f"TIDINGS_{name.upper()}"] == secret
    assert f"TIDINGS_{name.upper()}_FILE" not in variables


def test_the_secrets_are_the_keys_and_the_addresses_with_a_password() -> None:
    assert set(secret_names()) == {
        *("database_url", "redis_url", "webhook_url", "textapi_key", "textapi_keys"),
        *("model_key", "nyt_key", "x_bearer"),
    }


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "is empty"),
        (b"\xff\xfes3cret", "is no UTF-8"),
        (b"s3cret" * 2_000, "has more than 8,000 characters"),
    ],
)
def test_a_secret_s_file_that_cannot_be_used_is_named_with_its_setting_and_without_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)

    monkeypatch.setenv("TIDINGS_NYT_KEY_FILE", str(path))
    with pytest.raises(SettingsError) as told:
        load()

    assert str(told.value).startswith(f"TIDINGS_NYT_KEY_FILE: {path} {problem}")
    assert "s3cret" not in str(told.value)


def test_a_secret_that_is_given_twice_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("TIDINGS_NYT_KEY_FILE=secret\n")
    monkeypatch.setenv("TIDINGS_NYT_KEY", "s3cret")
    message = "TIDINGS_NYT_KEY and TIDINGS_NYT_KEY_FILE are both set: remove one"
    with pytest.raises(SettingsError, match=message):
        load()


def test_only_secrets_are_read_from_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDINGS_TEXTAPI_LIMITS_FILE", "limits")
    with pytest.raises(SettingsError, match="TIDINGS_TEXTAPI_LIMITS_FILE is no setting"):
        load()
