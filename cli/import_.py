"""``tidings import``: read documents from files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from cli import context
from cli.messages import show, show_json, warn
from cli.options import check_utf8
from core.errors import UsageError
from core.languages import parse_language
from core.printing import printable
from core.quantities import quantity
from sources.base import LONGEST_NAME, clean, clean_name
from sources.columns import FIELDS, list_columns, show_column
from sources.registry import SOURCES, archives, parse_handle, source_named

SOURCE_NAMES = ", ".join(source.name for source in SOURCES if source.has_files)

if TYPE_CHECKING:
    from producers.imports import Imported
    from sources.base import ColumnsRead

# This exit status says that something unreadable was left out.
LEFT_OUT = 3

MAX_REMARKS = 20


@dataclass(frozen=True)
class ImportTotals:
    """What an import read."""

    read: Annotated[int, "Documents read."]
    added: Annotated[int, "Those that were new."]
    known: Annotated[int, "Those that were stored already."]
    conflicts: Annotated[int, "Not stored, since another text has their id or address."]
    two_dates: Annotated[int, "Documents that stand in two months; the first date counts."]
    completed: Annotated[int, "Stored documents that were completed."]
    forgotten: Annotated[int, "Not stored, since they were forgotten on request."]
    empty: Annotated[int, "Documents without a text."]
    left_out: Annotated[int, "What could not be read; the exit status is 3 if there is any."]
    wrong_times: Annotated[int, "Documents whose time cannot be right."]
    empty_times: Annotated[int, "Documents without a time."]
    replaced_characters: Annotated[int, "Characters that no database stores."]
    resumed: Annotated[dict[str, int], "Record offset at which a file was read on, by file."]


def import_documents(
    paths: Annotated[list[Path], Argument(help="Files or folders; .gz too.", show_default=False)],
    source: Annotated[
        str | None,
        Option(help=f"One of {SOURCE_NAMES}; by default recognised in each file."),
    ] = None,
    handle: Annotated[
        str | None, Option(callback=check_utf8, help="The account that posted what a file holds.")
    ] = None,
    outlet: Annotated[
        str | None,
        Option(callback=check_utf8, help="The newspaper or site that published the headlines."),
    ] = None,
    language: Annotated[
        str | None,
        Option(
            metavar="CODE",
            help="The language of all texts, as en or de, whatever they state. By default the one "
            "that they state (a column of languages, a post's own), else it is detected.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        Option(
            metavar="FIELD=NAME",
            callback=check_utf8,
            help=f"Which column holds {', '.join(FIELDS)}.",
        ),
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Read documents from files. Importing the same twice adds nothing.

    A WARC file whose import was stopped is read on from the first record that was not stored.

    A table with a column of outlets, or --outlet, and without a column of handles is of headlines
    (--source archive), else of posts. WARC files hold pages of news; their extra is tidings[warc].

    What is stored without a handle, an outlet or a time is completed by an import that knows it.

    The exit status is 3 when something unreadable was left out, 0 when documents were merely empty.
    """
    from cli.progress import progress_display
    from core.progress import listening
    from producers.imports import import_paths

    if handle is not None:
        handle = parse_handle(handle)
        if not handle.strip("@ "):
            raise UsageError("--handle names no account: write its name, as @nasa")

    if outlet is not None:
        outlet = _parse_outlet(outlet, handle, source)
    if language is not None:
        language = parse_language(language)

    columns = _parse_columns(column or (), paths)

    # How many files of a folder are read, each time that this changes.
    files: list[str] = []

    # The offset at which each file is read on.
    resumed: dict[str, int] = {}

    with (
        closing(context.open_database(create=True)) as db,
        progress_display("import", is_often_short=True) as display,
        listening(files.append),
    ):

        def show_progress(documents: int) -> None:
            display.update(", ".join([*files[-1:], f"{quantity(documents, 'document')} read"]))

        show_progress(0)

        def note_resumed(path: Path, offset: int) -> None:
            resumed[clean(str(path))[0]] = offset
            warn(f"goes on at record offset {offset:,} of {path}, where an earlier import stopped")

        imported = import_paths(
            db,
            paths,
            source=source,
            handle=handle,
            columns=columns,
            outlet=outlet,
            language=language,
            on_progress=show_progress,
            on_resume=note_resumed,
        )

    tally, stored = imported.tally, imported.stored
    _print_tables(tally.tables)
    _print_omissions(imported)
    if as_json:
        show_json(_count(imported, resumed))
    else:
        used = f"{quantity(tally.documents, 'document')} read, {stored.added:,} of them new"
        if stored.completed:
            used += f", {stored.completed:,} stored ones completed"

        show(f"{used}; {tally.empty:,} empty, {tally.left_out:,} left out")

    if tally.left_out:
        raise typer.Exit(LEFT_OUT)


def _parse_columns(pairs: Sequence[str], paths: Sequence[Path]) -> dict[str, str]:
    """Return the name of each field's column. Raises `UsageError`, also if a path is missing."""
    columns = dict(pair.partition("=")[::2] for pair in pairs)
    if not all(columns.values()):
        raise UsageError("--column wants FIELD=NAME, as text=headline")

    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no {printable(path)}")

    return columns


def _parse_outlet(written: str, handle: str | None, source: str | None) -> str:
    """Return the outlet's name. Raises `UsageError` if it is no name, or is given for posts."""
    outlet = clean_name(written)
    if outlet is None:
        raise UsageError(
            f"--outlet names no outlet: write its name, as 'The Guardian', in up to {LONGEST_NAME} "
            "characters"
        )

    if handle is not None:
        raise UsageError("--outlet is of headlines and --handle of posts: give one of them")

    sources = [archive.name for archive in archives()]
    if source is not None and source_named(source).name not in sources:
        raise UsageError(
            f"--outlet is of headlines, and {source} has posts: use --source {' or '.join(sources)}"
        )

    return outlet


def _count(imported: Imported, resumed: dict[str, int]) -> ImportTotals:
    tally, stored = imported.tally, imported.stored
    not_stored = stored.forgotten + stored.conflicts
    return ImportTotals(
        read=tally.documents,
        added=stored.added,
        known=tally.documents - stored.added - not_stored,
        conflicts=stored.conflicts,
        two_dates=stored.redated,
        completed=stored.completed,
        forgotten=stored.forgotten,
        empty=tally.empty,
        left_out=tally.left_out,
        wrong_times=tally.wrong_times,
        empty_times=tally.empty_times,
        replaced_characters=tally.replaced_characters,
        resumed=resumed,
    )


def _print_tables(tables: list[ColumnsRead]) -> None:
    """Print which columns were not read; print it once for files with the same columns."""
    files: dict[tuple[tuple[tuple[str, str], ...], tuple[str, ...]], list[str]] = {}
    for table in tables:
        if table.unread:
            files.setdefault((tuple(table.columns.items()), table.unread), []).append(table.file)

    for (columns, unread), file_names in list(files.items())[:MAX_REMARKS]:
        more = f" and {len(file_names) - 1:,} more" if len(file_names) > 1 else ""
        read = ", ".join(f"{field}={show_column(column)}" for field, column in columns)
        warn(f"{file_names[0]}{more}: columns {read}; not read: {list_columns(unread)}")


def _print_omissions(imported: Imported) -> None:
    """Print the first remarks on files, the first documents that were left out, and counts."""
    tally = imported.tally
    left_out = [f"left out: {document}" for document in imported.left_out]
    lists: dict[str, tuple[Sequence[object], int]] = {
        "more remarks on files": (tally.remarks, len(tally.remarks)),
        "more were left out": (left_out, tally.left_out),
    }
    for more, (listed, count) in lists.items():
        for remark in listed[:MAX_REMARKS]:
            warn(remark)

        if len(listed) > MAX_REMARKS:
            warn(f"and {count - MAX_REMARKS:,} {more}")

    for remark in filter(None, _describe_counts(imported)):
        warn(remark)


def _describe_counts(imported: Imported) -> Iterator[str | bool]:
    """Yield a remark on each count; false where there is nothing to remark."""
    tally, stored = imported.tally, imported.stored
    example = f", the first {tally.first_wrong_time!r}" if tally.first_wrong_time else ""
    times = "its time" if tally.wrong_times == 1 else "their times"
    yield tally.wrong_times > 0 and (
        f"{_in_no_month(tally.wrong_times)}: {times} cannot be read, or cannot be right (before "
        f"the source began, or in the future){example}"
    )

    nothing = "it has no time" if tally.empty_times == 1 else "they have no time"
    yield tally.empty_times > 0 and f"{_in_no_month(tally.empty_times)}: {nothing}"

    yield tally.unknown_languages > 0 and (
        f"{quantity(tally.unknown_languages, 'document')} of a language that is not known here, "
        f"the first {printable(tally.first_unknown_language)!r}: it was detected instead; write "
        "languages as en, de or German, or give --language"
    )

    stands = "document stands" if stored.redated == 1 else "documents stand"
    yield stored.redated > 0 and (
        f"{stored.redated:,} {stands} in two months: the first date counts"
    )
    yield stored.kept > 0 and (
        f"{stored.kept:,} stored documents lack what these files say of them, and stay as runs "
        "have read them: `tidings forget RUN` for those runs, then import again"
    )
    yield stored.conflicts > 0 and _describe_conflicts(imported)
    yield stored.forgotten > 0 and (
        f"{stored.forgotten:,} of the documents read were forgotten on request and stay away: "
        "`tidings forget --lift` lets them come back"
    )


def _in_no_month(documents: int) -> str:
    return f"{documents:,} document{' is' if documents == 1 else 's are'} in no month"


def _describe_conflicts(imported: Imported) -> str:
    """Return how many documents were not stored since another text has their id or address."""
    tables = imported.tally.tables
    id_columns = dict.fromkeys(table.columns["id"] for table in tables if "id" in table.columns)
    if id_columns:
        reason = (
            f"has their id (column {list_columns(list(id_columns))}), or their address if they "
            "have no id: if that column only numbers the rows, rename it so that it is no id "
            "(row_number, say), and import again"
        )
    elif tables:
        reason = (
            "is stored under their address, by which a document without an id is known: the text "
            "that came first stays"
        )
    else:
        reason = "is stored under their id, or their address if they have no id: it stays"

    conflicts = imported.stored.conflicts
    were = "was" if conflicts == 1 else "were"
    return f"{conflicts:,} of the documents read {were} not stored: another text {reason}"
