"""The sample of mentions that people label, and the file in which they may do it.

The sample is stratified by month and keyword. Each mention has its own random number, a hash of the
seed and its name, and the sample of a stratum holds the mentions with the lowest numbers
("permanent random numbers": E. Ohlsson, "Coordination of samples using permanent random numbers",
in Business Survey Methods, 1995). So the sample is the same on every machine and for every coder, a
larger sample contains a smaller one, and an erased document only gives its own place to another.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from operator import itemgetter
from pathlib import Path

from analysis.kinds import kind_named
from core.errors import BadInput, UsageError
from models.codes import UnitKey
from models.database import Database
from models.labels import LabelledMention, list_mentions_by_month, read_sentences
from models.runs import get_run
from producers.coded_files.texts import is_same_text, read_text, refuse
from sources.csv_rows import read_rows

# A file may hold these names in place of the labels.
NAMES = {"negative": -1, "neutral": 0, "positive": 1}

SKIPPED = "skip"


@dataclass(frozen=True)
class SampledMention:
    """A mention of the sample; *item* names it in a file that is coded."""

    key: UnitKey
    item: str
    period: str

    # The identity of the document.
    document: str

    sentence: str


@dataclass(frozen=True)
class CodedItem:
    """A row of a coded file: a label, or None if the mention was skipped.

    *sentence* is the sentence in the file; None if the file has none.
    """

    item: str
    value: int | None
    row: int
    sentence: str | None


@dataclass(frozen=True)
class CodedFile:
    """What a coded file holds; if it is not in UTF-8, only its ASCII characters are certain."""

    path: Path
    items: list[CodedItem]
    is_utf8: bool


def draw_sample(db: Database, run_id: int, *, per: int, seed: int) -> list[SampledMention]:
    """Return *per* mentions of each month and keyword, or all of fewer, in random order.

    The first mention of each stratum comes first, then the second ones and so on: a coder who stops
    early has coded about as many of each. Raises `NotFound`, and `UsageError` if the run has no
    mention with a polarity.
    """
    check_run_of_months(db, run_id)
    drawn: list[tuple[int, bytes, LabelledMention]] = []
    for mentions in list_mentions_by_month(db, run_id):
        strata: dict[str, list[tuple[bytes, LabelledMention]]] = defaultdict(list)
        for mention in mentions:
            strata[mention.key.keyword].append((_hash(mention, f"{seed}"), mention))

        for stratum in strata.values():
            lowest = nsmallest(per, stratum, key=itemgetter(0))
            for round_number, (random_number, mention) in enumerate(lowest):
                drawn.append((round_number, random_number, mention))

    drawn.sort(key=itemgetter(0, 1))
    if not drawn:
        raise UsageError(
            f"run {run_id} has no mention with a polarity (yet): `tidings status {run_id}` says why"
        )

    return _with_sentences(db, run_id, [mention for _, _, mention in drawn])


def check_run_of_months(db: Database, run_id: int) -> None:
    """Raise `NotFound` if there is no such run, `UsageError` if it is not a run of months."""
    with db.read() as connection:
        kind = kind_named(get_run(connection, run_id).kind)

    if not kind.has_mentions:
        raise UsageError(
            f"run {run_id} is of {kind.name}: mentions are labelled, which only runs of months have"
        )


def _with_sentences(
    db: Database, run_id: int, mentions: Sequence[LabelledMention]
) -> list[SampledMention]:
    with db.read() as connection:
        sentences = read_sentences(connection, run_id, [mention.key for mention in mentions])

    sample = []
    for mention in mentions:
        # A mention without a sentence was erased in this moment.
        if mention.key in sentences:
            origin = (mention.period, mention.document, sentences[mention.key])
            sample.append(SampledMention(mention.key, item_of(mention), *origin))

    return sample


def item_of(mention: LabelledMention) -> str:
    """Return the name of a mention in a file: no spreadsheet program changes it."""
    return f"m{_hash(mention).hex()[:16]}"


def _hash(mention: LabelledMention, seed: str = "") -> bytes:
    key = "\0".join((seed, mention.document, mention.key.keyword, f"{mention.key.position}"))
    return hashlib.blake2b(key.encode(), digest_size=16).digest()


def find_items(db: Database, run_id: int, items: Collection[str]) -> dict[str, UnitKey]:
    """Return the mentions of the run that *items* name; leave out items without a mention."""
    mention_keys: dict[str, UnitKey] = {}
    for mentions in list_mentions_by_month(db, run_id):
        for mention in mentions:
            item = item_of(mention)
            if item in items:
                mention_keys[item] = mention.key

    return mention_keys


def read_coded_file(path: Path) -> CodedFile:
    """Return the rows of a coded file that have a label, each item once.

    Raises `BadInput` if the file cannot be read, lacks a column, holds a text that is no label, or
    two labels of one item.
    """
    text, is_utf8 = read_text(path)
    table = read_rows(iter(text.splitlines(keepends=True)))
    head = next(table, [])
    columns = [column.strip().casefold() for column in head] if isinstance(head, list) else []
    missing = [column for column in ("item", "label") if column not in columns]
    if missing:
        raise BadInput(
            f"{path} has no column {missing[0]}: code the file that `tidings label RUN --out` wrote"
        )

    coded: dict[str, CodedItem] = {}
    problems: list[str] = []
    for row_number, cells in enumerate(table, start=2):
        if not isinstance(cells, list) or len(cells) < len(columns):
            problems.append(f"row {row_number} is no row of the table")
            continue

        cells_by_column = dict(zip(columns, cells, strict=False))
        item, label = cells_by_column["item"].strip(), cells_by_column["label"].strip()
        try:
            code = parse_label(label) if label else None
        except ValueError as error:
            problems.append(f"row {row_number}: {error}")
            continue

        if not label:
            continue

        coded_item = CodedItem(item, code, row_number, cells_by_column.get("sentence"))
        earlier = coded.setdefault(item, coded_item)
        if earlier.value != code:
            problems.append(f"row {row_number} gives {item} another label than row {earlier.row}")

    refuse(path, problems)
    return CodedFile(path, list(coded.values()), is_utf8)


def check_sentences(
    db: Database, run_id: int, file: CodedFile, keys: Mapping[str, UnitKey]
) -> None:
    """Raise `BadInput` if a row has another sentence than the mention that *keys* has for its item.

    This happens if rows were moved against the column of items, for example in sorting by hand.
    """
    with db.read() as connection:
        sentences = read_sentences(connection, run_id, list(keys.values()))

    problems: list[str] = []
    for coded in file.items:
        stored = sentences.get(keys[coded.item]) if coded.item in keys else None
        if stored is None or not coded.sentence:
            continue
        if not is_same_text(coded.sentence, stored, is_utf8=file.is_utf8):
            problems.append(f"row {coded.row} has another sentence than {coded.item}")

    refuse(file.path, problems)


def parse_label(text: str) -> int | None:
    """Return -1, 0 or 1, or None for "skip". Raises ValueError if *text* is none of them."""
    plain = text.strip().removeprefix("'").casefold().replace("\N{MINUS SIGN}", "-")
    if plain == SKIPPED:
        return None
    if plain in NAMES:
        return NAMES[plain]

    try:
        code = float(plain.replace(",", "."))
    except ValueError:
        code = 2.0

    if code not in NAMES.values():
        excerpt = text if len(text) <= 20 else f"{text[:20]}…"
        raise ValueError(f"{excerpt!r} is no label: write -1, 0, 1, or skip")

    return int(code)


def coded_rows(
    run_id: int, sample: Sequence[SampledMention], labels: dict[UnitKey, int | None]
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of the file to be coded: `FILE_COLUMNS`, with the labels that are there."""
    for mention in sample:
        label = labels.get(mention.key, "")
        label_text = SKIPPED if label is None else f"{label}"
        origin = (run_id, mention.period, mention.key.keyword, mention.document)
        yield mention.item, label_text, mention.sentence, *origin


FILE_COLUMNS: dict[str, type] = {
    "item": str,
    "label": str,
    "sentence": str,
    "run": int,
    "period": str,
    "keyword": str,
    "document": str,
}
