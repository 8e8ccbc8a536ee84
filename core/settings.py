"""All settings, read once when a process starts and passed on as one frozen object.

A value comes from the first of: the environment (prefix ``TIDINGS_``), a ``.env`` file, the file
that ``TIDINGS_<SECRET>_FILE`` names, what ``tidings up`` wrote to ``TIDINGS_HOME/stack.json``, the
default here.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import socket
from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from core.addresses import (
    check_database_address,
    check_http_address,
    check_redis_address,
    sqlite_address,
)
from core.errors import SettingsError
from core.names import check_name
from core.prices import parse_price
from core.processes import is_locked
from core.ratelimit.notation import parse_call_limits, parse_limits

STACK_FILE = "stack.json"
STACK_LOCK = "stack.lock"
PREFIX = "TIDINGS_"
FILE_SUFFIX = "_FILE"
# No key and no address is longer; another file was mounted.
LONGEST_SECRET = 8_000
# Tests and benchmarks use these variables, which are no settings.
NO_SETTINGS = frozenset(
    {
        "TIDINGS_CHAOS_MINUTES",
        "TIDINGS_REAL_DATA",
        "TIDINGS_TEST_MODEL_URL",
        "TIDINGS_TEST_POSTGRES_URL",
    }
)


def _split_at_commas(raw: object) -> object:
    if isinstance(raw, str):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    return raw


def _check_secret_address(address: SecretStr) -> SecretStr:
    check_http_address(address.get_secret_value())
    return address


def _checked_by(parse: Callable[[str], object]) -> AfterValidator:
    """Return the validator of a text that *parse* can read; pydantic reports a ValueError."""

    def check(text: str) -> str:
        try:
            parse(text)
        except SettingsError as error:
            raise ValueError(str(error)) from None

        return text

    return AfterValidator(check)


def _check_origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    for origin in origins:
        if origin != "*" and not re.fullmatch(r"https?://[^\s/]+", origin):
            raise ValueError('write an origin as "https://example.org", without a path')
    return origins


def _split_models(raw: object) -> object:
    """Split at commas; what has a slash is a folder, which other processes read from elsewhere."""
    parts = _split_at_commas(raw)
    if not isinstance(parts, tuple):
        return parts

    return tuple(str(Path(part).resolve()) if "/" in part else part for part in parts)


def _check_utf8(path: Path) -> Path:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise ValueError("its name is no UTF-8: choose another folder") from None

    return path


Address = Annotated[str, AfterValidator(check_http_address)]
DatabaseAddress = Annotated[str, AfterValidator(check_database_address)]
RedisAddress = Annotated[str, AfterValidator(check_redis_address)]
SecretAddress = Annotated[SecretStr, AfterValidator(_check_secret_address)]
Folder = Annotated[Path, AfterValidator(_check_utf8)]
Keys = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split_at_commas)]
Limits = Annotated[str, _checked_by(parse_call_limits)]
WeightedLimits = Annotated[str, _checked_by(parse_limits)]
PriceText = Annotated[str, _checked_by(parse_price)]
Origins = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(_split_at_commas),
    AfterValidator(_check_origins),
]
Models = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_models)]
PersonName = Annotated[str, AfterValidator(check_name)]
Seconds = float


class Settings(BaseSettings):
    """The configuration of a process; every field is an environment variable ``TIDINGS_<NAME>``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Folder = Field(
        Path(".tidings"), description="Folder of the stack, its database and reports."
    )
    user: PersonName | None = Field(
        None, description="Who submits runs and pays for them; by default the user at this machine."
    )
    database_url: DatabaseAddress | None = Field(
        None,
        description="SQLAlchemy address of the database; with ?prepare=no behind a pooler that "
        "keeps no prepared statements.",
    )
    redis_url: RedisAddress | None = Field(
        None, description="Address of Redis or Valkey, with password."
    )
    reports_dir: Folder | None = Field(
        None, description="Folder of reports; by default HOME/reports."
    )
    log_format: Literal["console", "json"] = Field("console", description="Format of log lines.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Lowest level that is logged."
    )
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="Port of a worker's Prometheus metrics; none by default."
    )
    metrics_host: str = Field("127.0.0.1", description="Address of a worker's Prometheus metrics.")
    alive_file: Path | None = Field(
        None, description="File that a living worker touches every two seconds, for health checks."
    )
    slice_seconds: Seconds = Field(
        60.0,
        gt=0,
        le=120,
        description="Length of a job's time slice, after which others get a turn.",
    )
    lease_seconds: Seconds = Field(
        25.0, ge=2, description="How long a claimed job stays claimed without a heartbeat."
    )
    patience_seconds: Seconds = Field(
        3600.0, ge=0, description="How long a job without progress retries a service that is away."
    )

    webhook_url: SecretAddress | None = Field(
        None, description="Address that the events of watched runs are sent to, as JSON; a secret."
    )

    textapi_url: Address | None = Field(None, description="Base address of the Text API.")
    textapi_key: SecretStr | None = Field(None, description="Key that is sent to the Text API.")
    textapi_limits: Limits = Field(
        "", description='Limit of the Text API, for all workers together: "10/s,50000/d".'
    )
    textapi_concurrency: int = Field(10, ge=1, description="Calls in flight per process.")
    textapi_connect_timeout: Seconds = Field(5.0, gt=0, description="Time to connect to a service.")
    textapi_timeout: Seconds = Field(
        30.0,
        gt=0,
        le=300,
        description="Time for one call of the Text API in all; more for a slow service.",
    )

    textapi_keys: Keys = Field((), description="Server: keys that are accepted, comma-separated.")
    textapi_polarity: Literal["vader", "news", "compatible"] | None = Field(
        None,
        description="Server: polarity engine of every answer; by default the one that a request "
        "prefers, else vader.",
    )
    textapi_key_limit: Limits = Field(
        "", description='Server: limit of calls with one key, "100/s"; none by default.'
    )
    spacy_models: Models = Field(
        (),
        description="Server: models of spaCy for names in other languages, by their folders or "
        "installed packages (fr_core_news_sm), comma-separated.",
    )
    textapi_cors_origins: Origins = Field(
        (),
        description="Server: origins of web pages that may ask it from a browser, comma-separated; "
        '"*" for any.',
    )

    model_url: Address | None = Field(
        None,
        description="Base address of a server of language models that speaks OpenAI's chat "
        "completions.",
    )
    model_key: SecretStr | None = Field(None, description="Key that is sent to it.")
    model_name: str | None = Field(
        None, description="Model that `--coder model` stands for, as the server calls it."
    )
    model_limits: WeightedLimits = Field(
        "",
        description="Limit of the server, for all workers together: calls, tokens and money, "
        '"500/min,200k tokens/min,5 USD/d".',
    )
    model_price: PriceText = Field(
        "",
        description='Price of its tokens: "0.15 in, 0.60 out, USD per million; batch 50 %; as of '
        "2026-11-01\"; nothing for a server of one's own.",
    )
    model_max_tokens: int = Field(
        500, ge=1, le=100_000, description="Tokens that an answer about a text may have."
    )
    model_batch_lines: int = Field(
        50_000, ge=1, description="Texts that a batch may have, as the server allows."
    )
    model_batch_tokens: int | None = Field(
        None, ge=1, description="Tokens that its batches may have enqueued at once; no limit else."
    )
    model_batch_seconds: Seconds = Field(
        60.0, gt=0, description="Time between two looks at batches, in which no process is held."
    )
    model_concurrency: int = Field(10, ge=1, description="Calls of it in flight per process.")
    model_timeout: Seconds = Field(
        120.0, gt=0, le=300, description="Time for one call of it in all; more for a slow server."
    )

    nyt_url: Address = Field(
        "https://api.nytimes.com", description="Address of the NYT Archive API."
    )
    nyt_key: SecretStr | None = Field(None, description="Key of the NYT Archive API.")
    nyt_limits: Limits = Field("5/min,500/d", description="Limit of the NYT Archive API.")
    x_url: Address = Field("https://api.x.com", description="Address of the X API v2.")
    x_bearer: SecretStr | None = Field(None, description="Bearer token of the X API v2.")
    x_limits: Limits = Field("450/15min", description="Limit of the X API v2.")
    x_query: str = Field(
        "from:{handle} lang:en -has:links -is:retweet",
        description="Query for a handle; {handle} is filled in.",
    )
    x_price_per_post: float = Field(0.0, ge=0, description="Price of a post, for `tidings plan`.")
    bluesky_url: Address = Field(
        "https://public.api.bsky.app", description="Address of Bluesky's public API."
    )
    bluesky_limits: Limits = Field("3000/5min", description="Limit of Bluesky.")
    mastodon_url: Address | None = Field(
        None, description="Address used for every Mastodon server (tests, mirrors)."
    )
    mastodon_limits: Limits = Field("300/5min", description="Limit of one Mastodon server.")
    loc_url: Address = Field(
        "https://www.loc.gov", description="Address of the Library of Congress's JSON API."
    )
    loc_text_url: Address = Field(
        "https://tile.loc.gov", description="Address of its texts of newspaper pages."
    )
    loc_limits: Limits = Field("20/min", description="Limit of each of the two.")
    loc_query: str = Field(
        "front_pages_only=true",
        description="Which pages of Chronicling America: parameters of its search, as "
        "location_state=ohio&front_pages_only=true.",
    )
    feeds_limits: Limits = Field(
        "1/2s", description="Limit of each host of feeds; 1/2s is one request at a time."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read files after the environment and `.env`, before the defaults."""
        secret_files = InitSettingsSource(settings_cls, _read_secret_files())
        return (
            init_settings,
            env_settings,
            dotenv_settings,
            secret_files,
            _StackFile(settings_cls, {}),
        )

    @property
    def person(self) -> str:
        """Return who runs this process: as set, else the user at this machine."""
        if self.user is not None:
            return self.user

        try:
            user = getpass.getuser()
        except (ImportError, KeyError, OSError):
            # A container may run as a number without a name.
            user = str(os.getuid())

        return f"{user}@{socket.gethostname()}"

    @property
    def reports(self) -> Path:
        """Return the folder in which each run's report is a folder."""
        return self.reports_dir or self.home / "reports"

    @property
    def longest_slice_seconds(self) -> float:
        """Return how long the time slice of a job takes at most.

        A call may begin at its end, to the Text API or for a page of posts with its retries, and
        the database may be away when the answer is stored.
        """
        longest_call = max(self.textapi_timeout, 30.0)
        if self.model_url:
            longest_call = max(longest_call, self.model_timeout)

        return self.slice_seconds + longest_call + 60.0

    @property
    def database(self) -> str:
        """Return the database's address: as set, else the SQLite file of the embedded stack."""
        return self.database_url or sqlite_address(str((self.home / "tidings.db").resolve()))


def _read_secret_files() -> dict[str, Any]:
    """Read the files that ``TIDINGS_<SECRET>_FILE`` name, as containers get secrets."""
    variables = {**_env_file_variables(), **os.environ}
    secrets = {}
    for field_name in secret_names():
        variable = f"{PREFIX}{field_name}".upper()
        file_variable = f"{variable}{FILE_SUFFIX}"
        path = variables.get(file_variable)
        if not path:
            continue
        if variables.get(variable):
            raise SettingsError(f"{variable} and {file_variable} are both set: remove one")

        secrets[field_name] = _read_secret(Path(path), file_variable)

    return secrets


def secret_names() -> list[str]:
    """Return the fields that are secrets, or addresses with a password."""
    addresses = ("database_url", "redis_url")
    names = []
    for field_name, field in Settings.model_fields.items():
        if field_name in addresses or "SecretStr" in str(field.annotation):
            names.append(field_name)

    return names


def _read_secret(path: Path, variable: str) -> str:
    """Return the secret in the file *path*, without the end of its line. Raises `SettingsError`."""
    try:
        with path.open(encoding="utf-8") as file:
            secret = file.read(LONGEST_SECRET + 1).rstrip("\r\n")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError(f"{variable}: {path} cannot be read ({reason}): mount it") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{variable}: {path} is no UTF-8: write the secret as text") from None

    if not secret or len(secret) > LONGEST_SECRET:
        problem = "is empty" if not secret else f"has more than {LONGEST_SECRET:,} characters"
        raise SettingsError(f"{variable}: {path} {problem}: write the secret and nothing else")

    return secret


class _StackFile(InitSettingsSource):
    """The file that ``tidings up`` wrote, read while its stack holds the lock beside it.

    A missing file is no error, but a broken one is.
    """

    def __call__(self) -> dict[str, Any]:
        home = self.current_state.get("home") or Settings.model_fields["home"].default
        path = stack_file(Path(str(home)))
        try:
            is_up = is_locked(stack_lock(path.parent))
        except OSError as error:
            raise _no_folder(path.parent, error) from error

        if not is_up:
            return {}

        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"{path} cannot be read ({error}): end the stack, start `tidings up` again"
            ) from error

        return {
            field_name: setting
            for field_name, setting in content.items()
            if field_name in Settings.model_fields
        }


def load(**overrides: object) -> Settings:
    """Return the settings of this process; *overrides* come before all other values.

    Raises `SettingsError` that names each invalid or misspelt variable, never its value.
    """
    _refuse_unknown(os.environ)
    _refuse_unknown(_env_file_variables())
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = []
        for problem in error.errors():
            variable = "_".join(map(str, problem["loc"])).upper()
            problems.append(f"{PREFIX}{variable}: {problem['msg'].removeprefix('Value error, ')}")

        raise SettingsError(f"a setting makes no sense: {'; '.join(problems)}") from None


def _refuse_unknown(variable_names: Iterable[str]) -> None:
    """Raise `SettingsError` if one of *variable_names* begins as settings do and is none."""
    settings = [f"{PREFIX}{field_name}".upper() for field_name in Settings.model_fields]
    settings += [f"{PREFIX}{field_name}".upper() + FILE_SUFFIX for field_name in secret_names()]
    for variable_name in sorted(variable_names):
        variable = variable_name.upper()
        if variable.startswith(PREFIX) and variable not in {*settings, *NO_SETTINGS}:
            nearest = get_close_matches(variable, settings, n=1)
            guess = f"did you mean {nearest[0]}? If not, remove it" if nearest else "remove it"
            raise SettingsError(f"{variable_name} is no setting: {guess}")


def _env_file_variables() -> dict[str, str | None]:
    path = Path(str(Settings.model_config["env_file"]))
    if not path.is_file():
        return {}

    from dotenv import dotenv_values  # noqa: PLC0415 - only where there is such a file

    return dotenv_values(path, interpolate=False)


def environment(settings: Settings, only: Collection[str] | None = None) -> dict[str, str]:
    """Return an environment that gives a process these settings and no others, in any folder.

    *only* names the settings that the process needs, by default all.
    """
    inherited = os.environ.items()
    variables = {variable: text for variable, text in inherited if not variable.startswith(PREFIX)}
    field_names = settings.model_fields_set if only is None else settings.model_fields_set & {*only}
    for field_name in field_names:
        setting = getattr(settings, field_name)
        if setting is not None:
            variables[f"{PREFIX}{field_name}".upper()] = _format_value(setting)

    return variables


def _format_value(setting: object) -> str:
    if isinstance(setting, tuple):
        return ",".join(map(_format_value, setting))
    if isinstance(setting, SecretStr):
        return setting.get_secret_value()

    return str(setting.resolve() if isinstance(setting, Path) else setting)


def private_folder(path: Path) -> Path:
    """Make the folder *path* if it is missing, and let this user alone read it; return *path*.

    Raises `SettingsError` if that is impossible.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise _no_folder(path, error) from error

    return path


def _no_folder(path: Path, error: OSError) -> SettingsError:
    reason = error.strerror or type(error).__name__
    return SettingsError(f"{path} is no folder to write to ({reason}): set {PREFIX}HOME to one")


def stack_lock(home: Path) -> Path:
    """Return the lock file that the embedded stack holds while any process of it is alive."""
    return home / STACK_LOCK


def stack_file(home: Path) -> Path:
    """Return the file in which the embedded stack says how to reach it."""
    return home / STACK_FILE


def write_private(path: Path, content: str) -> None:
    """Write the file *path* atomically, readable by this user alone."""
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)

    part.replace(path)
