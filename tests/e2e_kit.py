"""Run the pipeline: a stub of the Text API, a worker, an archive of a few headlines."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from analysis.frozen_model import FrozenModel
from cli.stack.ports import http_answers
from core.broker import celery_app, redis_client
from core.enums import ENDED
from core.settings import Settings
from models.database import Database
from models.runs import get_run
from producers.dispatch import dispatch_due_jobs
from producers.submit import submit_run
from tests.ports import reserved_port
from tests.services import child_process, wait_until

ROOT = Path(__file__).parents[1]


class Stub:
    """A running stub: what it counted, and its faults."""

    def __init__(self, url: str) -> None:
        self.url = url

    def counts(self) -> dict[str, Any]:
        with closing(urlopen(f"{self.url}/counts")) as response:  # noqa: S310 - loopback
            counts: dict[str, Any] = json.load(response)
            return counts

    def faults(self, **faults: object) -> None:
        self._post("faults", faults)

    def clear(self) -> None:
        """Begin again without counts and faults."""
        self._post("clear", {})

    def _post(self, path: str, body: Mapping[str, object]) -> None:
        request = Request(f"{self.url}/{path}", data=json.dumps(body).encode(), method="POST")  # noqa: S310
        with closing(urlopen(request)):  # noqa: S310
            pass


@contextmanager
def running_stub(folder: Path) -> Iterator[Stub]:
    """Run a stub of the Text API; its log is in *folder*."""
    port = reserved_port()
    command = [sys.executable, str(ROOT / "tests/stub_textapi.py"), str(port)]
    with child_process(
        "stub", command, {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}, folder
    ) as child:
        url = f"http://127.0.0.1:{port}"
        wait_until(
            lambda: http_answers(f"{url}/counts") or child.describe_end(),
            what=f"the stub's start ({child.log})",
        )
        yield Stub(url)


def write_archive(folder: Path, headlines: dict[str, list[str]]) -> Path:
    """Write headlines by day in the format of the NYT archive."""
    folder.mkdir(parents=True, exist_ok=True)
    docs = [
        {
            "_id": f"made-up/{day}/{number}",
            "headline": {"main": headline, "print_headline": None},
            "pub_date": f"{day}T12:00:00+0000",
            "web_url": f"https://example.org/{day}/{number}",
            "type_of_material": "News",
        }
        for day, texts in headlines.items()
        for number, headline in enumerate(texts)
    ]
    path = folder / "archive.json.gz"
    path.write_bytes(
        gzip.compress(
            json.dumps({"response": {"docs": docs, "meta": {"hits": len(docs)}}}).encode()
        )
    )
    return path


def dispatch_to_workers(db: Database, stub_settings: Settings) -> None:
    """Send job messages for due jobs, as the commands do."""
    with redis_client(stub_settings) as broker:
        dispatch_due_jobs(db, celery_app(stub_settings), broker)


def run_to_its_end(
    stub_settings: Settings, parameters: FrozenModel, *names: str, **options: Any
) -> int:
    """Submit a run, wait until it has ended, its report aside, and return its id."""
    db = Database(stub_settings.database)
    run = submit_run(db, parameters, names, **options)
    dispatch_to_workers(db, stub_settings)

    def ended() -> bool:
        with db.read() as connection:
            return get_run(connection, run).state in ENDED

    wait_until(ended, seconds=90, what=f"the end of run {run}")
    db.close()
    return run
