"""Runs to be packed, and packs with a changed file."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.settings import Settings
from models.documents import add_documents
from packs import derived, make
from packs.make import make_pack
from packs.verification import Verification
from packs.verify import verify_pack
from reports.data.run_data import RunData
from tests.e2e_kit import running_stub
from tests.jobs_kit import Jobs

KEYWORDS = (Keyword.parse("fever:flu"), Keyword.parse("protests"))
HEADLINES = {
    "2020-03-01": ["Fever Spreads at Protests. The city waits.", "Rain, and a flu."],
    "2020-03-02": ["NASA sends a rover to Mars.", "Protests grow. NASA is silent about a fever."],
    "2020-04-09": ["Nothing of that. NASA rests."],
}
ANOTHER_STYLE = "another"
UNQUOTED = "NASA sends a rover to Mars."  # mentions nothing


def months(**changed: Any) -> MonthsParameters:
    steps = ("keywords", "polarity", "summary", "phrases", "entities", "distinctive")
    values = {"first": "2020-03", "last": "2020-05", "keywords": KEYWORDS, "steps": steps}
    return MonthsParameters(**values | changed)


@contextmanager
def jobs_over_headlines(folder: Path, redis_url: str, sqlite_template: Path) -> Iterator[Jobs]:
    """Yield jobs over the headlines, with a database and a stub of the Text API in *folder*."""
    database = folder / "tidings.db"
    shutil.copyfile(sqlite_template, database)
    with running_stub(folder / "stub") as stub:
        settings = Settings(
            home=folder / "home",
            database_url=f"sqlite:///{database}",
            redis_url=redis_url,
            textapi_url=stub.url,
        )
        with closing(Jobs(settings)) as jobs:
            store_headlines(jobs)
            yield jobs


def store_headlines(jobs: Jobs) -> None:
    for day, texts in HEADLINES.items():
        for number, text in enumerate(texts):
            row = document(f"nyt:{day}/{number}", "nyt", text, at=datetime.fromisoformat(day))
            add_documents(jobs.db, [row])


def document(
    identity: str, source: str, text: str, *, at: datetime, handle: str | None = None
) -> dict[str, Any]:
    return {
        "identity": identity,
        "source": source,
        "handle": handle,
        "author_id": None,
        "published_at": at,
        "period": f"{at:%Y-%m}",
        "address": f"https://example.org/{identity}",
        "text": text,
        "material": None,
        "repost": False,
    }


def pack(jobs: Jobs, run: int, out: Path, *, figures: bool = False, **options: Any) -> Path:
    """Pack a run; without *figures*, which take most of the time, as if other fonts drew them."""
    with TemporaryDirectory(dir=out.parent) as scratch, pytest.MonkeyPatch.context() as patch:
        if not figures:
            patch.setattr(derived, "style_hash", lambda: ANOTHER_STYLE)
            patch.setattr(make, "draw_figures", _draw_none)

        make_pack(jobs.db, run, out, scratch=Path(scratch), **options)

    return out


def _draw_none(_run: RunData, folder: Path, *_: object, **__: object) -> None:
    (folder / "figures").mkdir()


def without_figures(path: Path) -> Path:
    """Return a copy of a pack as if it was packed without figures."""
    with ZipFile(path) as archive:
        figures = [name for name in archive.namelist() if name.startswith("figures/")]
        manifest = json.loads(archive.read("run.json"))

    manifest["figure_style"] = ANOTHER_STYLE
    content = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    return forge(path, {**dict.fromkeys(figures), "run.json": content.encode()})


def verify(path: Path) -> Verification:
    with TemporaryDirectory(dir=path.parent) as scratch:
        return verify_pack(path, Path(scratch))


def change(
    path: Path, name: str, edit: Callable[[bytes], bytes], *, checksums: bool = False
) -> Path:
    """Return a copy of the pack with another file *name*; with *checksums* its own is corrected."""
    changed = path.with_name(f"changed-{path.name}")
    with ZipFile(path) as old, ZipFile(changed, "w", ZIP_DEFLATED) as new:
        before = old.read(name)
        after = edit(before)
        assert after != before
        for each in old.namelist():
            content = after if each == name else old.read(each)
            if each == "SHA256SUMS" and checksums:
                digests = (hashlib.sha256(text).hexdigest().encode() for text in (before, after))
                content = content.replace(*digests)

            new.writestr(each, content)

    return changed


def forge(path: Path, files: Mapping[str, bytes | None]) -> Path:
    """Return a copy of the pack with other *files* and right checksums; None removes a file."""
    forged = path.with_name(f"forged-{path.name}")
    with ZipFile(path) as pack:
        contents = {name: pack.read(name) for name in pack.namelist()}

    contents |= {name: content for name, content in files.items() if content is not None}
    for name in [*(name for name, content in files.items() if content is None), "SHA256SUMS"]:
        del contents[name]

    checksums = ""
    for name, content in sorted(contents.items()):
        if name.endswith("/"):
            continue

        checksums += f"{hashlib.sha256(content).hexdigest()}  {name}\n"

    with ZipFile(forged, "w", ZIP_DEFLATED) as pack:
        for name, content in {**contents, "SHA256SUMS": checksums.encode()}.items():
            pack.writestr(name, content)

    return forged


def follow(path: Path) -> dict[str, bytes]:
    """Return the tables and figures that follow from the answers of the pack at *path*."""
    with TemporaryDirectory(dir=path.parent) as scratch:
        verify_pack(path, Path(scratch))
        expected = Path(scratch) / "expected"
        files = {}
        for file in (*expected.glob("exports/*"), *expected.glob("figures/*")):
            files[file.relative_to(expected).as_posix()] = file.read_bytes()

        return files


@contextmanager
def flipped_byte(path: Path, place: int) -> Iterator[Path]:
    """Yield a copy of the file with another byte at *place*."""
    changed = path.with_name(f"flipped-{path.name}")
    shutil.copyfile(path, changed)
    with changed.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 0x55]))

    yield changed
    changed.unlink()
