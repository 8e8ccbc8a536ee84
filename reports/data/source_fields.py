"""What sources tell of their documents: outlet, section, kind, desk and tags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.database import Database
from models.documents import tags_column
from models.origins import ORIGIN_FIELDS, read_origins
from models.tables import Document
from reports.data.formats import Cells

#: What a statement that reads documents selects for `SourceFields.columns`.
SOURCE_COLUMNS = (Document.origin_id, tags_column())
_ORIGIN_COLUMNS = ("outlet", "section", "material", "desk")


class SourceFields:
    """Makes the columns outlet, section, kind, desk and tags; reads each origin once."""

    def __init__(self, db: Database) -> None:
        self._db = db
        # Outlet, section, kind and desk by the id of the origin, None where not known. Documents
        # share these texts, which spares memory.
        self._origins: dict[int, tuple[str | None, ...]] = {}

    def columns(self, origin_ids: Sequence[int], tags: Cells) -> Iterator[Cells]:
        """Yield the five columns of documents whose `SOURCE_COLUMNS` these are."""
        missing = set(origin_ids) - self._origins.keys()
        if missing:
            self._read_origins(missing)

        # Without a document there is nothing that zip could take apart.
        origins = map(self._origins.__getitem__, origin_ids)
        yield from zip(*origins, strict=True) if origin_ids else [()] * len(_ORIGIN_COLUMNS)
        yield tags

    def _read_origins(self, ids: set[int]) -> None:
        with self._db.read() as connection:
            origins = read_origins(connection, ids)

        for origin_id, key in origins.items():
            names = dict(zip(ORIGIN_FIELDS, key, strict=True))
            self._origins[origin_id] = tuple(names[field] or None for field in _ORIGIN_COLUMNS)
