"""All settings, read once where a process starts and passed down as one frozen object.

A value comes from the first of: the environment (prefix ``TIDINGS_``), a ``.env`` file, what ``tidings up`` wrote to
``TIDINGS_HOME/stack.json``, the default here.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from core.errors import SettingsError
from core.processes import is_locked
from core.rate_limit_notation import parse_limits

STACK_FILE = "stack.json"
STACK_LOCK = "stack.lock"

Seconds = float


def _comma_separated(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


Keys = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_comma_separated)]


class Settings(BaseSettings):
    """What a process needs to know of the world; every field is an environment variable ``TIDINGS_<NAME>``."""

    model_config = SettingsConfigDict(
        env_prefix="TIDINGS_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(
        Path(".tidings"), description="Folder of the embedded stack, its database and the reports."
    )
    database_url: str | None = Field(None, description="SQLAlchemy address of the database.")
    redis_url: str | None = Field(
        None, description="Address of Redis or Valkey, password included."
    )
    reports_dir: Path | None = Field(
        None, description="Where reports are written; by default HOME/reports."
    )
    log_format: Literal["console", "json"] = Field("console", description="How log lines look.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least level that is logged."
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port on which a worker serves Prometheus metrics; none by default.",
    )
    metrics_host: str = Field(
        "127.0.0.1", description="Address on which a worker serves Prometheus metrics."
    )
    alive_file: Path | None = Field(
        None,
        description="File whose time a worker renews every two seconds while it is alive, for health checks.",
    )
    slice_seconds: Seconds = Field(
        60.0, gt=0, le=120, description="How long a job works before it lets others in."
    )
    lease_seconds: Seconds = Field(
        25.0, ge=2, description="How long a claimed job stays claimed without a heartbeat."
    )
    patience_seconds: Seconds = Field(
        3600.0,
        ge=0,
        description="How long a job without progress keeps coming back to a service that is away.",
    )

    textapi_url: str | None = Field(None, description="Base address of the Text API.")
    textapi_key: SecretStr | None = Field(None, description="The key that is sent to the Text API.")
    textapi_limits: str = Field(
        "", description='What the Text API allows all workers together: "10/s,50000/d".'
    )
    textapi_concurrency: int = Field(10, ge=1, description="Calls in flight per process.")
    textapi_connect_timeout: Seconds = Field(5.0, gt=0, description="Time to connect to a service.")
    textapi_timeout: Seconds = Field(30.0, gt=0, description="Time for one call in all.")

    textapi_keys: Keys = Field((), description="Server: keys that are let in, comma-separated.")
    textapi_polarity: Literal["vader", "compatible"] = Field(
        "vader", description="Server: polarity mode."
    )
    textapi_key_limit: str = Field(
        "", description='Server: what one key may ask, "100/s"; none by default.'
    )

    nyt_url: str = Field(
        "https://api.nytimes.com", description="Base address of the NYT Archive API."
    )
    nyt_key: SecretStr | None = Field(None, description="Key of the NYT Archive API.")
    nyt_limits: str = Field("5/min,500/d", description="Limit of the NYT Archive API.")
    x_url: str = Field("https://api.x.com", description="Base address of the X API v2.")
    x_bearer: SecretStr | None = Field(None, description="Bearer token of the X API v2.")
    x_limits: str = Field("450/15min", description="Limit of the X API v2.")
    x_query: str = Field(
        "from:{handle} lang:en -has:links -is:retweet",
        description="Query for a handle; {handle} is filled in.",
    )
    x_price_per_post: float = Field(
        0.0, ge=0, description="What a post read costs, for `tidings plan`."
    )
    bluesky_url: str = Field(
        "https://public.api.bsky.app", description="Base address of Bluesky's public API."
    )
    bluesky_limits: str = Field("3000/5min", description="Limit of Bluesky.")
    mastodon_url: str | None = Field(
        None, description="Stands in for every Mastodon home server (tests, mirrors)."
    )
    mastodon_limits: str = Field("300/5min", description="Limit of one Mastodon server.")

    @field_validator(
        "textapi_limits",
        "textapi_key_limit",
        "nyt_limits",
        "x_limits",
        "bluesky_limits",
        "mastodon_limits",
    )
    @classmethod
    def _is_a_limit(cls, value: str) -> str:
        try:
            parse_limits(value)
        except SettingsError as error:
            raise ValueError(str(error)) from None
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The stack file comes after the environment and `.env`, before the defaults."""
        return init_settings, env_settings, dotenv_settings, _StackFile(settings_cls)

    @property
    def reports(self) -> Path:
        """The folder in which each run's report is a folder."""
        return self.reports_dir or self.home / "reports"

    @property
    def database(self) -> str:
        """The database's address: as set, else the SQLite file of the embedded stack."""
        return self.database_url or f"sqlite:///{(self.home / 'tidings.db').resolve()}"


class _StackFile(PydanticBaseSettingsSource):
    """Reads what ``tidings up`` wrote.

    An absent file is no error, a broken one is. A file left behind by a stack that was killed says nothing: a living
    one holds the lock beside it.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Not used: the file is read whole in `__call__`."""
        raise AssertionError(field_name)

    def __call__(self) -> dict[str, Any]:
        home = self.current_state.get("home") or Settings.model_fields["home"].default
        path = Path(str(home)) / STACK_FILE
        if not is_locked(path.with_name(STACK_LOCK)):
            return {}
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"{path} cannot be read ({error}): end the stack, start `tidings up` again"
            ) from error
        return {name: value for name, value in found.items() if name in Settings.model_fields}


def load(**given: object) -> Settings:
    """Settings of this process; *given* values come before all others.

    Raises `SettingsError` that names each wrong variable, never its value.
    """
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = "; ".join(
            f"TIDINGS_{'_'.join(map(str, one['loc'])).upper()}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors()
        )
        raise SettingsError(f"a setting makes no sense: {wrong}") from None


def environment(settings: Settings) -> dict[str, str]:
    """The environment that gives another process these settings and no others, wherever it stands."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("TIDINGS_")
    }
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    return inherited | {
        f"TIDINGS_{n.upper()}": _as_text(value) for n, value in given.items() if value is not None
    }


def _as_text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(_as_text, value))
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value.resolve() if isinstance(value, Path) else value)


def private_folder(path: Path) -> Path:
    """Make the folder *path* where it is not there, and let nobody but this user look into it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def stack_lock(home: Path) -> Path:
    """The lock file that the embedded stack holds for as long as any process of it is alive."""
    return home / STACK_LOCK


def stack_file(home: Path) -> Path:
    """Where the embedded stack says how it can be reached."""
    return home / STACK_FILE


def write_private(path: Path, content: str) -> None:
    """Write *content* so that only this user can read it, all of it or nothing."""
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    part.replace(path)
