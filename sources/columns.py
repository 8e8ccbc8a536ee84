"""Which column of a table holds which field of a document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.errors import BadInput

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
        "published",  # the last, since a table of articles may hold "true" there
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
}  #: names by which a field's column is recognized, the surest first; case ignored
AUTHOR = "author"  #: of `COLUMN_NAMES`: a post's account, or the journalist of a headline
FIELDS = tuple(COLUMN_NAMES)  #: what `--column FIELD=NAME` names
_NAMES_SHOWN = 20
_LONGEST_NAME_SHOWN = 40  # characters


def fold_column(name: str) -> str:
    """Return a column's name as it is compared."""
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


def has_text_column(names: Iterable[str]) -> bool:
    """Whether one of the columns is recognized as the text."""
    return any(fold_column(name) in COLUMN_NAMES["text"] for name in names)


def find_columns(names: Iterable[str], given: Mapping[str, str], file: str) -> dict[str, str]:
    """Return each field's column: as *given* (field to name), else by `COLUMN_NAMES`.

    Raises `BadInput` where a given column is missing, or where no column holds the text.
    """
    present = [name for name in names if name]
    by_folded = {fold_column(name): name for name in reversed(present)}
    columns: dict[str, str] = {}

    for field, candidates in COLUMN_NAMES.items():
        name = given.get(field)
        if name is None:
            name = next((by_folded[each] for each in candidates if each in by_folded), None)
        elif fold_column(name) not in by_folded:
            raise BadInput(f"{file} has no column {name!r}: it has {list_columns(present)}")
        elif name not in present:
            name = by_folded[fold_column(name)]
        if name is not None:
            columns[field] = name

    if "text" not in columns:
        raise BadInput(
            f"{file}: no column is recognized as the text; name it with --column text=NAME: "
            f"{list_columns(present)}"
        )
    return columns


def list_unread(names: Iterable[str], columns: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the columns of which no field is read."""
    read = set(columns.values())
    return tuple(name for name in names if name.strip() and name not in read)


def prefer_columns(
    preferred: Iterable[str],
    names: Iterable[str],
    given: Mapping[str, str],
    columns: Mapping[str, str],
) -> Mapping[str, str]:
    """Return *columns* with the text in the first *preferred* one, unless the user named another.

    A table of an archive may well have the whole article in a column beside its headline.
    """
    by_folded = {fold_column(name): name for name in reversed(list(names))}
    text = next((by_folded[name] for name in preferred if name in by_folded), None)
    return columns if text is None or "text" in given else {**columns, "text": text}


def list_columns(names: Sequence[str]) -> str:
    """Return the names of columns, the first of many, as a terminal can show them."""
    shown = ", ".join(map(show_column, names[:_NAMES_SHOWN]))
    return f"{shown}, …" if len(names) > _NAMES_SHOWN else shown


def show_column(name: str) -> str:
    """Return the beginning of a column's name, as a terminal can show it."""
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
    return shown if len(shown) <= _LONGEST_NAME_SHOWN else f"{shown[:_LONGEST_NAME_SHOWN]}…"
