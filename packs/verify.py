"""Verification of a pack: its files are made again from its answers and compared."""

from __future__ import annotations

import hashlib
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from core.errors import BadInput, TidingsError
from core.progress import track
from models.database import Database, migrate
from packs import contents
from packs.archive import PackReader
from packs.comparison import Comparison
from packs.contents import PackedRun, read_object
from packs.repeating import MALFORMED
from packs.restoring import restore
from packs.row_source import RowSource
from packs.verification import Verification
from reports.data.exports import tables_of

# The file `run.json` may have so many bytes.
LARGEST_RUN_FILE = 16 * 2**20

_IMPOSSIBLE = "what they are computed from cannot be read"


def verify_pack(path: Path, scratch: Path) -> Verification:
    """Check the pack at *path* without a service, in the empty folder *scratch*.

    Raises `BadInput` where it is no pack.
    """
    with PackReader(path) as pack:
        run = read_object(pack.read(contents.RUN, LARGEST_RUN_FILE), contents.RUN, PackedRun)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()

        result = Verification(
            run=run.number,
            kind=run.kind,
            made_by=run.versions.get("tidings", "?"),
            checked_by=version("tidings"),
            texts=run.texts,
            files=len(pack.names),
            sha256=sha256,
        )

        differences = _compare_checksums(pack)
        url = f"sqlite:///{scratch / 'pack.db'}"
        migrate(url)
        with closing(Database(url)) as db:
            try:
                source = RowSource(pack, run)
                restored = restore(db, pack, run, source)
                comparison = Comparison(pack, run, source, restored, scratch, result)
                comparison.compare()
                differences |= comparison.differences
            except (BadInput, DBAPIError, *MALFORMED) as error:
                reason = str(error) if isinstance(error, TidingsError) else repr(error)
                result.problems.append(f"no table can be computed again: {reason}")
                result.recomputed = []
                tables = [table.name for table in tables_of(run.run_kind)]
                result.not_checked = dict.fromkeys([*tables, contents.FIGURES], _IMPOSSIBLE)

        result.problems += [
            f"{file_name}{problem}" for file_name, problem in sorted(differences.items())
        ]
        result.equal = not result.problems
        return result


def _compare_checksums(pack: PackReader) -> dict[str, str]:
    """Return the problem of each file that differs from its checksum."""
    checksums = pack.checksums()
    names = set(pack.names) - {contents.CHECKSUMS}
    problems = dict.fromkeys(names - checksums.keys(), f" is not in {contents.CHECKSUMS}")
    problems |= dict.fromkeys(checksums.keys() - names, " is missing")
    for file_name in track("reading the pack", sorted(names & checksums.keys()), "files"):
        try:
            if pack.hash(file_name) != checksums[file_name]:
                problems[file_name] = f" is not the file that {contents.CHECKSUMS} names"
        except BadInput as error:
            problems[file_name] = f": {error}"

    return problems
