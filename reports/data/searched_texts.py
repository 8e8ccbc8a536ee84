"""What searches by codebooks say of a run's texts, and the columns that say so of documents."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.wanted import SoughtCategory, parse_wanted
from analysis.options import TextOptions
from analysis.text.repeats import Words, read_form
from models.codes import Coding, UnitCodes, UnitKey, read_all_peoples_codes, read_codes
from models.documents import quoted_text
from models.runs import LOOK_JOB
from models.tables import Document, Job, SearchedUnit, StoredCodebook
from reports.data.formats import Batch, Columns
from reports.data.queries import fetch_all, fetch_scalars
from reports.data.run_data import RunData, once_of_run

_WORD = re.compile(r"[^\W_]+")

Verdicts = dict[Words, bool]


@dataclass(frozen=True)
class SearchedText:
    """A text that a search had read, with its document; *is_found* is None if nobody has read it.

    The *reader* is a language model, or None for people.
    """

    row: Row[Any]
    codebook: Codebook
    reader: str | None
    is_found: bool | None

    @property
    def column(self) -> str:
        """The name of the column that the search has in tables of documents."""
        words = f"found {self.codebook.name} {self.row.keyword} {self.row.sought}"
        return "_".join(_WORD.findall(words))


def read_models_search(run: RunData) -> str | None:
    """Return what the language model says that searches in a run; None if none does, or yet."""
    if getattr(run.parameters, "find", None) is None:
        return None

    reason = select(Job.reason).where(Job.run_id == run.id, Job.name == LOOK_JOB)
    found: str | None = next(iter(fetch_scalars(run.db, reason)), None)
    return found or "has not found anything yet"


def read_searched_texts(run: RunData) -> Iterator[SearchedText]:
    """Yield what was read in each search of a run, by its codebook."""
    document_columns = (Document.identity, Document.period, Document.published_at, Document.address)
    statement = (
        select(SearchedUnit.__table__, *document_columns, StoredCodebook.content)
        .add_columns(quoted_text(run.text_part))
        .join(Document, Document.id == SearchedUnit.document_id)
        .join(StoredCodebook, StoredCodebook.id == SearchedUnit.codebook_id)
        .where(SearchedUnit.run_id == run.id)
        .order_by(SearchedUnit.codebook_id, SearchedUnit.sought, SearchedUnit.place)
    )
    codebooks: dict[int, Codebook] = {}
    codes: dict[tuple[int, str], Mapping[UnitKey, Sequence[UnitCodes]]] = {}
    for row in fetch_all(run.db, statement):
        if row.codebook_id not in codebooks:
            codebooks[row.codebook_id] = Codebook.model_validate(row.content)

        codebook = codebooks[row.codebook_id]
        (sought,) = parse_wanted(codebook, [row.sought])
        name = f"{SoughtCategory(sought, row.keyword or None)}"
        search = (row.codebook_id, name)
        reader = _find_reader(run, codebook, name)
        if search not in codes:
            codes[search] = _read_codes(run, row.codebook_id, reader)

        unit_codes = codes[search].get(UnitKey(row.document_id, row.keyword), ())
        yield SearchedText(row, codebook, reader, sought.is_found(codebook, unit_codes))


def _find_reader(run: RunData, codebook: Codebook, sought: str) -> str | None:
    """Return the language model that searches for what is *sought*; None if people do."""
    options: TextOptions = run.parameters
    is_by_model = (options.codebook, options.find) == (codebook.hash.hex(), sought)
    return options.coder if is_by_model else None


def _read_codes(
    run: RunData, codebook_id: int, reader: str | None
) -> Mapping[UnitKey, Sequence[UnitCodes]]:
    with run.db.read() as connection:
        if reader is None:
            return read_all_peoples_codes(connection, codebook_id)

        codes = read_codes(connection, Coding(run.id, codebook_id, reader))
        return {unit: [unit_codes] for unit, unit_codes in codes.items()}


@once_of_run
def read_verdicts(run: RunData) -> dict[str, Verdicts]:
    """Return which texts each search of *run* found, and which it did not, by its column."""
    verdicts_by_column: dict[str, Verdicts] = defaultdict(dict)
    for searched in read_searched_texts(run):
        verdicts = verdicts_by_column[searched.column]
        if searched.is_found is not None:
            verdicts[read_form(searched.row.text)] = searched.is_found

    return dict(verdicts_by_column)


def add_found_columns(
    run: RunData, columns: Columns, batches: Iterable[Batch]
) -> tuple[Columns, Iterable[Batch]]:
    """Return the columns and the cells of documents with a column more for each search of *run*.

    It is true for what was found, false for what was read and is none, None for what is unread.
    Documents with the same words, in the column `text`, have the same.
    """
    verdicts_by_column = read_verdicts(run)
    if not verdicts_by_column:
        return columns, batches

    place = list(columns).index("text")

    def extend() -> Iterator[Batch]:
        for cells in batches:
            forms = list(map(read_form, cells[place]))
            found = [list(map(verdicts.get, forms)) for verdicts in verdicts_by_column.values()]
            yield [*cells, *found]

    return columns | dict.fromkeys(verdicts_by_column, bool), extend()
