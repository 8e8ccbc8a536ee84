"""Which column of a table holds which field of a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from core.errors import BadInput

#: A field's column is recognized by these names, the surest first; case is ignored.
COLUMN_NAMES = {
    "text": (
        "full_text",
        "text",
        "content",
        "body",
        "tweet",
        "message",
        "headline",
        "title",
        "titel",
    ),
    "published_at": (
        "published_at",
        "created_at",
        "pub_date",
        "publish_date",
        "publication_date",
        "published_date",
        "date_published",
        "pubdate",
        "datetime",
        "timestamp",
        "date",
        "time",
        "seendate",
        "datum",
        # This name comes last, since a table of articles may hold "true" there.
        "published",
    ),
    "handle": ("handle", "screen_name", "username", "user_name", "user", "author", "account"),
    "id": ("tweet_id", "status_id", "post_id", "stories_id", "id_str", "id", "_id"),
    "address": ("url", "address", "link", "permalink", "web_url", "canonical_url"),
    "outlet": (
        "outlet",
        "media_name",
        "newspaper",
        "publication",
        "publisher",
        "source_name",
        "sourcecommonname",
        "domain",
    ),
    "section": ("section", "section_name", "ressort", "rubrik"),
    "desk": ("desk", "news_desk"),
    "material": ("type_of_material", "material", "kind"),
    "language": ("language", "lang"),
    "abstract": ("abstract",),
}
#: This name in `COLUMN_NAMES` is a post's account, or the journalist of a headline.
AUTHOR = "author"
#: These are the fields in `--column FIELD=NAME`.
FIELDS = tuple(COLUMN_NAMES)
_NAMES_SHOWN = 20
# A longer name is cut to so many characters.
_LONGEST_NAME_SHOWN = 40


def fold_column(column: str) -> str:
    """Return a column's name as it is compared."""
    return column.strip().casefold().replace(" ", "_").replace("-", "_")


def has_text_column(columns: Iterable[str]) -> bool:
    """Return whether one of the columns is recognized as the text."""
    return any(fold_column(column) in COLUMN_NAMES["text"] for column in columns)


def find_columns(
    header: Iterable[str], named_columns: Mapping[str, str], file: str
) -> dict[str, str]:
    """Return each field's column: as *named_columns* (field to name), else by `COLUMN_NAMES`.

    Raises `BadInput` where a given column is missing, or where no column holds the text.
    """
    present = [column for column in header if column]
    columns_by_folded_name = {fold_column(column): column for column in reversed(present)}
    columns: dict[str, str] = {}

    for field, candidates in COLUMN_NAMES.items():
        column = named_columns.get(field)
        if column is None:
            column = next(
                (
                    columns_by_folded_name[candidate]
                    for candidate in candidates
                    if candidate in columns_by_folded_name
                ),
                None,
            )
        elif fold_column(column) not in columns_by_folded_name:
            raise BadInput(f"{file} has no column {column!r}: it has {list_columns(present)}")
        elif column not in present:
            column = columns_by_folded_name[fold_column(column)]

        if column is not None:
            columns[field] = column

    if "text" not in columns:
        raise BadInput(
            f"{file}: no column is recognized as the text; name it with --column text=NAME: "
            f"{list_columns(present)}"
        )

    return columns


def number_columns(header: Iterable[str]) -> list[str]:
    """Return the names of columns, a repeated one with its number: "text", "text (2)"."""
    counts = Counter[str]()
    numbered = []
    for column in header:
        counts[column] += 1
        is_repeated = column.strip() and counts[column] > 1
        numbered.append(f"{column} ({counts[column]})" if is_repeated else column)

    return numbered


def list_unread(header: Iterable[str], columns: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the columns from which no field is read."""
    read = set(columns.values())
    return tuple(column for column in header if column.strip() and column not in read)


def prefer_columns(
    preferred: Iterable[str],
    header: Iterable[str],
    named_columns: Mapping[str, str],
    columns: Mapping[str, str],
) -> Mapping[str, str]:
    """Return *columns* with the text in the first *preferred* one, unless the user named another.

    A table of an archive may well have the whole article in a column beside its headline.
    """
    columns_by_folded_name = {fold_column(column): column for column in reversed(list(header))}
    text = next(
        (
            columns_by_folded_name[column]
            for column in preferred
            if column in columns_by_folded_name
        ),
        None,
    )
    return columns if text is None or "text" in named_columns else {**columns, "text": text}


def list_columns(header: Sequence[str]) -> str:
    """Return the names of columns, the first of many, as a terminal can show them."""
    listing = ", ".join(map(show_column, header[:_NAMES_SHOWN]))
    return f"{listing}, …" if len(header) > _NAMES_SHOWN else listing


def show_column(column: str) -> str:
    """Return the beginning of a column's name, as a terminal can show it."""
    printable = "".join(letter if letter.isprintable() else "\ufffd" for letter in column)
    return (
        printable
        if len(printable) <= _LONGEST_NAME_SHOWN
        else f"{printable[:_LONGEST_NAME_SHOWN]}…"
    )
