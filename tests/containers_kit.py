"""docker-compose.yml as a separate project with test secrets on a real Docker engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.ports import reserved_port

ROOT = Path(__file__).parents[1]
SECRETS = {
    name: f"SECRET{name.replace('_', '')}0123456789"
    for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD")
}
SECRETS |= {
    name: f"SECRET{name.replace('_', '')}0123456789"
    for name in ("FLOWER_PASSWORD", "TIDINGS_TEXTAPI_KEY")
}
UNREACHABLE = dict.fromkeys(
    ("TIDINGS_NYT_URL", "TIDINGS_X_URL", "TIDINGS_BLUESKY_URL"), "http://127.0.0.1:1"
)
SECRETS |= {
    "TIDINGS_NYT_KEY": "SECRETNYTKEY0123456789",
    "TIDINGS_X_BEARER": "SECRETXBEARER0123456789",
}


def engine_answers() -> bool:
    """Whether a Docker engine with compose answers here."""
    docker = shutil.which("docker")
    return (
        bool(docker)
        and not subprocess.run(  # noqa: S603
            [docker, "compose", "ls"], capture_output=True, check=False
        ).returncode
    )


class Compose:
    """The compose project *name* with its archive and reports in *folder*.

    *changes* override services of the compose file.
    """

    def __init__(
        self, name: str, folder: Path, changes: Mapping[str, Any], variables: Mapping[str, str]
    ) -> None:
        self.name = name
        self.flower_port = reserved_port()
        self.variables = {
            **SECRETS,
            **UNREACHABLE,
            "ARCHIVE": str(folder / "archive"),
            "FLOWER_PORT": str(self.flower_port),
            **variables,
        }
        out = folder / "out"
        for shared in (folder / "archive", out):
            shared.mkdir(exist_ok=True)

        out.chmod(0o777)
        services = {
            **changes,
            **{name: {"volumes": [f"{out}:/srv/out"]} for name in ("reporter", "tidings")},
        }
        self._files = [ROOT / "docker-compose.yml", folder / "changes.json"]
        self._files[1].write_text(json.dumps({"services": services}))
        (folder / "empty.env").touch()
        self._env_file = folder / "empty.env"

    def __call__(self, *arguments: str) -> str:
        """Run ``docker compose`` with these arguments; return its output, fail on an error."""
        command = [
            "docker",
            "compose",
            "--project-name",
            self.name,
            "--env-file",
            str(self._env_file),
        ]
        command += [word for file in self._files for word in ("--file", str(file))]
        done = subprocess.run(  # noqa: S603
            [*command, *arguments],
            env=os.environ | self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not done.returncode, (
            f"docker compose {' '.join(arguments)}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
        return done.stdout

    def tidings(self, *arguments: str) -> str:
        """Run ``tidings`` with these arguments in a new container; return its output."""
        return self("run", "--rm", "-T", "tidings", *arguments)

    def ask_database(self, query: str) -> str:
        """Return the single value of *query*."""
        return self(
            "exec", "-T", "db", "psql", "--username=tidings", "-tA", "--command", query
        ).strip()

    def containers(self, service: str) -> list[str]:
        """Return the ids of the running containers of a service."""
        return self("ps", "--quiet", service).split()


def docker(*arguments: str) -> str:
    """Run ``docker`` with these arguments; return its output, errors included."""
    done = subprocess.run(["docker", *arguments], capture_output=True, check=True)  # noqa: S603, S607
    return (done.stdout + done.stderr).decode(errors="replace")


def secrets_in_layers(image: str) -> set[str]:
    """Return the names of the secrets in any file of any layer of *image*."""
    found: set[str] = set()
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saving:  # noqa: S603, S607
        assert saving.stdout
        end = b""
        while chunk := saving.stdout.read(2**24):
            window = end + chunk
            found.update(name for name, secret in SECRETS.items() if secret.encode() in window)
            end = window[-100:]

    assert not saving.returncode
    return found
