"""A WARC file whose import was killed is read on from the first record that was not stored."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from cli.import_ import LEFT_OUT
from cli.main import app
from core.errors import ImportGoesOn
from models.database import Database
from models.erasure import documents_named, forget_documents
from models.imports import drop_places
from models.suppression_list import suppress, unsuppress
from models.tables import Document, DocumentDetails, Import, Origin
from producers import imports
from producers.imports import Imported, import_paths
from sources import cc_news
from tests.command_kit import python_script
from tests.databases import new_sqlite
from tests.tiers import thorough_but
from tests.warc_kit import Answer, titled, write
from textapi.text.sentences import sentences

RECORDS, BATCH = 240, 20

# Imports a file in batches, and is killed behind the last one, or before it is committed.
KILLED_IMPORT = f"""
import os, signal, sys
from pathlib import Path
from models.database import Database
from producers import imports

url, path, batches, within_transaction = sys.argv[1:]
imports.BATCH = {BATCH}
left = int(batches)
count_import = imports.count_import

def count_and_die(*arguments, **named):
    count_import(*arguments, **named)
    if left == 1:
        os.kill(os.getpid(), signal.SIGKILL)

def die(documents):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

if within_transaction == "True":
    imports.count_import = count_and_die
imports.import_paths(
    Database(url), [Path(path)], source=None, handle=None, columns={{}}, on_progress=die
)
"""


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", BATCH)


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of the records that are looked at from now on, in order."""
    addresses: list[str] = []
    page_of = cc_news._page_of

    def note(record: Any) -> Any:
        addresses.append(record.rec_headers.get_header("WARC-Target-URI"))
        return page_of(record)

    monkeypatch.setattr(cc_news, "_page_of", note)
    return addresses


def answer(number: int) -> Answer:
    """A page; of ten one is no page, one has no title and one no date."""
    address = f"https://tide{number % 7}.example/{number}"
    if number % 10 == 3:
        return Answer(address, status="404 Not Found")
    if number % 10 == 6:
        return Answer(address, titled(""))

    date = f"2024-05-{number % 28 + 1:02}"
    head = f'<meta property="article:published_time" content="{date}">' if number % 10 else ""
    return Answer(address, titled(f"Tide {number} Comes In", head))


def write_tides(path: Path, *, numbers: Iterable[int] = range(RECORDS)) -> Path:
    return write(path, map(answer, numbers), packed=path.suffix == ".gz")


def import_file(db: Database, path: Path, **options: Any) -> Imported:
    return import_paths(db, [path], source=None, handle=None, columns={}, **options)


def import_killed(
    db: Database, path: Path, *, batches: int = 4, within_transaction: bool = False
) -> dict[str, Any]:
    """Import a file in a process that is killed by SIGKILL; return the record that it left."""
    command = python_script(KILLED_IMPORT, db.url, path, batches, within_transaction)
    ended = subprocess.run(command, capture_output=True, timeout=100, check=False)  # noqa: S603
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    return record(db)


def record(db: Database) -> dict[str, Any]:
    """The only record of an import."""
    with db.read() as connection:
        return dict(connection.execute(select(Import.__table__)).mappings().one())


def documents(db: Database) -> list[tuple[Any, ...]]:
    columns = (Document.identity, Document.text, Document.published_at, Document.address)
    origins = (Origin.outlet, Origin.language, Document.import_id, DocumentDetails.abstract)
    rows = select(*columns, *origins).join(Origin, Origin.id == Document.origin_id)
    with_details = rows.outerjoin(DocumentDetails, DocumentDetails.document_id == Document.id)
    with db.read() as connection:
        return [tuple(row) for row in connection.execute(with_details.order_by(Document.identity))]


def said(imported: Imported) -> tuple[dict[str, int], list[str], list[str]]:
    remarks = [remark.text for remark in imported.tally.remarks]
    return imported.counts(), remarks, [str(left_out) for left_out in imported.left_out]


@pytest.fixture
def undisturbed(tmp_path: Path) -> Iterator[Database]:
    url = new_sqlite(tmp_path / "undisturbed.db")
    with closing(Database(url)) as database:
        yield database


@pytest.mark.parametrize("name", thorough_but(["a.warc.gz", "a.warc"], "a.warc.gz"))
@pytest.mark.parametrize("within_transaction", [False, True])
def test_a_killed_import_goes_on_at_the_first_record_that_was_not_stored(
    db: Database,
    undisturbed: Database,
    tmp_path: Path,
    pages: list[str],
    name: str,
    within_transaction: bool,
) -> None:
    path = write_tides(tmp_path / name)
    whole = import_file(undisturbed, path)
    all_pages = list(pages)
    pages.clear()

    killed = import_killed(db, path, batches=4, within_transaction=within_transaction)
    batches = 3 if within_transaction else 4
    assert killed["read"] + killed["empty"] == batches * BATCH
    cursor = killed["place"]["cursor"]
    records = cursor["records"]
    assert batches * BATCH < records < batches * BATCH * 1.3
    resumed: list[tuple[Path, int]] = []
    imported = import_file(db, path, on_resume=lambda *where: resumed.append(where))

    assert resumed == [(path, cursor["offset"])]
    assert pages == all_pages[records:]
    assert len(pages) == RECORDS + 1 - records
    assert said(imported) == said(whole)
    assert imported.counts()["added"] == RECORDS * 8 // 10
    assert documents(db) == documents(undisturbed)
    at_once, in_two = record(undisturbed), record(db)
    assert in_two["place"] is None
    assert in_two | {"at": 0.0} == at_once | {"at": 0.0}


def test_an_import_that_is_killed_again_and_again_goes_on_each_time(
    db: Database, undisturbed: Database, tmp_path: Path, pages: list[str]
) -> None:
    path = write_tides(tmp_path / "a.warc.gz")
    whole = import_file(undisturbed, path)
    pages.clear()
    kills = [import_killed(db, path, batches=3) for _ in range(3)]
    offsets = [killed["place"]["cursor"]["offset"] for killed in kills]
    assert offsets == sorted(set(offsets))
    assert said(import_file(db, path)) == said(whole)
    assert len(pages) < RECORDS // 5
    assert documents(db) == documents(undisturbed)


def test_a_file_that_was_read_to_its_end_is_read_from_its_start(
    db: Database, tmp_path: Path, pages: list[str]
) -> None:
    path = write_tides(tmp_path / "a.warc.gz")
    import_killed(db, path)
    import_file(db, path)
    pages.clear()
    again = import_file(db, path)
    assert (len(pages), again.stored.added, again.tally.documents) == (
        RECORDS + 1,
        0,
        RECORDS * 8 // 10,
    )


def change_size(path: Path) -> None:
    more = write_tides(path.with_name("more.warc"), numbers=[RECORDS])
    path.write_bytes(path.read_bytes() + more.read_bytes())


def change_beginning(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"software: a test", b"software: a tent", 1))


CHANGES = [(change_size, 243, 193), (change_beginning, 241, 192)]


@pytest.mark.parametrize(("change", "records", "read"), thorough_but(CHANGES, CHANGES[1]))
def test_a_changed_file_is_read_from_its_start(
    db: Database, tmp_path: Path, pages: list[str], change: Any, records: int, read: int
) -> None:
    path = write_tides(tmp_path / "a.warc")
    before = path.read_bytes()
    import_killed(db, path)
    change(path)
    assert path.read_bytes() != before

    resumed: list[Any] = []
    imported = import_file(db, path, on_resume=lambda *where: resumed.append(where))
    assert (resumed, len(pages), imported.tally.documents) == ([], records, read)
    with db.read() as connection:
        places = connection.execute(select(Import.id, Import.place.is_(None)).order_by(Import.id))
        assert [tuple(row) for row in places] == [(1, False), (2, True)]


def test_a_file_that_is_to_be_read_otherwise_is_read_from_its_start(
    db: Database, tmp_path: Path, pages: list[str]
) -> None:
    path = write_tides(tmp_path / "a.warc.gz")
    import_killed(db, path)
    imported = import_file(db, path, outlet="The Tides")
    assert len(pages) == RECORDS + 1
    assert imported.tally.documents == RECORDS * 8 // 10


def test_another_file_of_that_name_is_read_from_its_start_and_takes_no_place(
    db: Database, tmp_path: Path, pages: list[str]
) -> None:
    path = write_tides(tmp_path / "a.warc.gz")
    killed = import_killed(db, path)
    (tmp_path / "other").mkdir()
    other = write_tides(tmp_path / "other" / "a.warc.gz", numbers=range(500, 530))
    assert import_file(db, other).stored.added == 24
    assert len(pages) == 31
    pages.clear()
    import_file(db, path)
    assert len(pages) == RECORDS + 1 - killed["place"]["cursor"]["records"]


@pytest.mark.parametrize("packed_by_record", thorough_but([0, 40], 40))
def test_a_file_that_was_packed_as_a_whole_has_no_place(
    db: Database, tmp_path: Path, pages: list[str], packed_by_record: int
) -> None:
    first = write_tides(tmp_path / "first.warc.gz", numbers=range(packed_by_record))
    rest = write_tides(tmp_path / "rest.warc", numbers=range(packed_by_record, RECORDS))
    path = tmp_path / "a.warc.gz"
    path.write_bytes(first.read_bytes() + gzip.compress(rest.read_bytes()))
    killed = import_killed(db, path, batches=2)
    assert (killed["read"] + killed["empty"], killed["place"]) == (2 * BATCH, None)
    assert import_file(db, path).tally.documents == RECORDS * 8 // 10
    assert len(pages) == RECORDS + 2


def test_a_damaged_end_is_named_once_and_behind_the_place(
    db: Database, undisturbed: Database, tmp_path: Path, pages: list[str]
) -> None:
    path = write_tides(tmp_path / "a.warc.gz")
    path.write_bytes(path.read_bytes()[:-60])
    whole = import_file(undisturbed, path)
    import_killed(db, path)
    imported = import_file(db, path)
    assert said(imported) == said(whole)
    assert (imported.tally.left_out, len(imported.left_out)) == (1, 1)
    assert documents(db) == documents(undisturbed)
    assert record(db)["left_out"] == 1

    pages.clear()
    import_file(db, path)
    assert len(pages) == RECORDS + 1


def test_the_command_says_where_it_goes_on(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_tides(tmp_path / "a.warc.gz")
    path.write_bytes(path.read_bytes()[:-60])
    offset = import_killed(db, path)["place"]["cursor"]["offset"]
    monkeypatch.setenv("TIDINGS_DATABASE_URL", db.url)
    result = CliRunner().invoke(app, ["import", "--json", str(path)])
    assert result.exit_code == LEFT_OUT
    counts = json.loads(result.stdout)
    assert counts["resumed"] == {str(path): offset}
    assert (counts["read"], counts["added"], counts["known"]) == (191, 191, 0)
    assert (counts["empty"], counts["left_out"]) == (24, 1)
    place = f"goes on at record offset {offset:,} of {path}, where an earlier import stopped"
    assert f"tidings: {place}\n" in result.stderr
    assert "215 of 241 records are pages" in result.stderr

    result = CliRunner().invoke(app, ["import", "--json", str(path)])
    assert json.loads(result.stdout)["resumed"] == {}
    assert "goes on" not in result.stderr


def test_of_two_imports_of_a_file_the_one_behind_ends_and_nothing_is_lost(
    db: Database, undisturbed: Database, tmp_path: Path
) -> None:
    path = write_tides(tmp_path / "a.warc.gz")
    whole = import_file(undisturbed, path)
    overtakers: list[int] = []

    def stop(_documents: int) -> None:
        raise KeyboardInterrupt

    def overtake(documents: int) -> None:
        if not overtakers:
            overtakers.append(documents)
            with pytest.raises(KeyboardInterrupt):
                import_file(db, path, on_progress=stop)

    with pytest.raises(ImportGoesOn, match=r"another process reads the file of import 1, .*let it"):
        import_file(db, path, on_progress=overtake)

    assert said(import_file(db, path)) == said(whole)
    assert documents(db) == documents(undisturbed)


def test_a_document_that_was_forgotten_and_may_come_back_does(
    db: Database, tmp_path: Path, pages: list[str]
) -> None:
    path = write_tides(tmp_path / "a.warc.gz")
    import_killed(db, path)
    name = documents(db)[0][0]
    with db.write() as connection:
        ids = documents_named(connection, name)
        suppress(connection, db, ids, None)

    forget_documents(db, ids, sentences=sentences, reason="a test", result_tables=())
    assert record(db)["place"] is None
    with db.write() as connection:
        assert unsuppress(connection, handle=None, document=name)

    import_file(db, path)
    assert len(pages) == RECORDS + 1
    assert name in [row[0] for row in documents(db)]


def test_what_may_come_back_again_makes_files_be_read_from_their_starts(
    db: Database, tmp_path: Path
) -> None:
    path = write_tides(tmp_path / "a.warc.gz")
    import_killed(db, path)
    with db.write() as connection:
        assert not unsuppress(connection, handle="ann", document=None)

    assert record(db)["place"] is None


def test_an_import_in_which_documents_are_erased_goes_on_and_leaves_no_place(
    db: Database, tmp_path: Path
) -> None:
    path = write_tides(tmp_path / "a.warc.gz")
    places: list[bool] = []

    def erase_after_three_batches(_documents: int) -> None:
        places.append(record(db)["place"] is not None)
        if len(places) == 3:
            with db.write() as connection:
                drop_places(connection)

    imported = import_file(db, path, on_progress=erase_after_three_batches)
    assert places == [True] * 3 + [False] * 8
    assert (imported.stored.added, record(db)["read"]) == (192, 192)
