"""A whole run: a stub of the Text API, a worker, an archive of a few headlines."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from analysis.parameters import Parameters
from cli.stack.ports import free_port, http_answers
from core.broker import celery_app, redis_client
from core.enums import ENDED
from core.settings import Settings
from models.database import Database
from models.runs import get_run
from producers.dispatch import dispatch_due_jobs
from producers.submit import submit_run
from tests.services import _child, wait_until

ROOT = Path(__file__).parents[1]


class Stub:
    """The stub's own account of what it was asked, and its faults."""

    def __init__(self, url: str) -> None:
        self.url = url

    def counts(self) -> dict[str, Any]:
        with closing(urlopen(f"{self.url}/counts")) as response:  # noqa: S310 - loopback
            found: dict[str, Any] = json.load(response)
            return found

    def faults(self, **faults: object) -> None:
        request = Request(f"{self.url}/faults", data=json.dumps(faults).encode(), method="POST")  # noqa: S310
        with closing(urlopen(request)):  # noqa: S310
            pass


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[Stub]:
    """A stub of the Text API in a process of its own."""
    with running_stub(tmp_path / "stub") as running:
        yield running


@contextmanager
def running_stub(folder: Path) -> Iterator[Stub]:
    """The same outside of tests; its log is in *folder*."""
    port = free_port()
    command = [sys.executable, str(ROOT / "tests/stub_textapi.py"), str(port)]
    with _child(
        "stub", command, {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}, folder
    ) as child:
        url = f"http://127.0.0.1:{port}"
        wait_until(
            lambda: http_answers(f"{url}/counts") or child.describe_end(),
            what=f"the stub's start ({child.log})",
        )
        yield Stub(url)


@pytest.fixture
def stub_settings(settings: Settings, stub: Stub) -> Settings:
    """Settings of a stack with the stub for its Text API."""
    return settings.model_copy(update={"textapi_url": stub.url})


def write_archive(folder: Path, headlines: dict[str, list[str]]) -> Path:
    """Headlines by day in the shape of the NYT archive."""
    folder.mkdir(parents=True, exist_ok=True)
    docs = [
        {
            "_id": f"made-up/{day}/{number}",
            "headline": {"main": headline, "print_headline": None},
            "pub_date": f"{day}T12:00:00+0000",
            "web_url": f"https://example.org/{day}/{number}",
            "type_of_material": "News",
        }
        for day, some in headlines.items()
        for number, headline in enumerate(some)
    ]
    path = folder / "archive.json.gz"
    path.write_bytes(
        gzip.compress(
            json.dumps({"response": {"docs": docs, "meta": {"hits": len(docs)}}}).encode()
        )
    )
    return path


def dispatch_to_workers(db: Database, stub_settings: Settings) -> None:
    """Send hints for what is due, as every command does that makes something due."""
    with redis_client(stub_settings) as broker:
        dispatch_due_jobs(db, celery_app(stub_settings), broker)


def run_to_its_end(
    stub_settings: Settings, parameters: Parameters, *names: str, **options: Any
) -> int:
    """Submit, and wait until the run has ended, its report aside; the run's id."""
    db = Database(stub_settings.database)
    run = submit_run(db, parameters, names, **options)
    dispatch_to_workers(db, stub_settings)

    def ended() -> bool:
        with db.read() as connection:
            return get_run(connection, run).state in ENDED

    wait_until(ended, seconds=90, what=f"the end of run {run}")
    db.close()
    return run
