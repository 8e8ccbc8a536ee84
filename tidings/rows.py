"""Rows of tables that somebody looks for, and shares side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tidings.errors import TidingsError, suggest
from tidings.tables import import_library
from tidings.words import Texts, arguments

if TYPE_CHECKING:
    import pyarrow as pa

# What a frame of shares calls the columns of `periods`.
_SHARES = {
    "share": "share",
    "share_low": "low",
    "share_high": "high",
    "documents": "n",
    "matched": "matched",
    "cut_off": "cut_off",
}


class Rows:
    """The rows of a *table* that remain."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def texts(self, column: str) -> list[Any]:
        """Return the cells of a column."""
        cells: list[Any] = self.table[column].to_pylist()
        return cells

    def keep(self, column: str, wanted: Collection[str]) -> None:
        """Keep the rows whose *column* is one of the *wanted*."""
        from pyarrow.compute import field  # noqa: PLC0415

        self.table = self.table.filter(field(column).isin(list(wanted)))

    def narrow(self, period: str | None = None, **names: Texts | None) -> None:
        """Keep the rows of a period, and of the *names* by column; case is ignored.

        Raises `TidingsError` for a name that no row has.
        """
        for column, wanted in names.items():
            if wanted is not None:
                known = sorted(filter(None, self.table[column].unique().to_pylist()))
                check_names(column, arguments(wanted), known)
                folded = {name.casefold() for name in arguments(wanted)}
                self.keep(column, [name for name in known if name.casefold() in folded])

        if period is not None:
            from pyarrow.compute import field  # noqa: PLC0415

            first, following = _parse_period(period)
            moment = field("published_at")
            self.table = self.table.filter((moment >= first) & (moment < following))

    def drop_repeated(self, *key: str) -> None:
        """Keep the first row of each *key*."""
        keys = list(zip(*map(self.texts, key), strict=True))
        first = {row_key: place for place, row_key in reversed(list(enumerate(keys)))}
        self.table = self.table.take(sorted(first.values()))

    def hold_name(self, name: str, entities: pa.Table) -> None:
        """Keep the sentences with a name in any spelling that *entities* has of it.

        Raises `TidingsError` if it is no name of them, and no sentence holds it.
        """
        spellings = {name}
        names = entities["name"].to_pylist()
        for known, written in zip(names, entities["spellings"].to_pylist(), strict=True):
            spellings.update(written if known == name else ())

        pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, spellings))})(?!\w)")
        held = [bool(pattern.search(sentence or "")) for sentence in self.texts("sentence")]
        if not any(held):
            check_names("name", [name], names)

        self.table = self.table.filter(held)


def check_names(column: str, names: Collection[str], known: Iterable[str | None]) -> None:
    """Raise `TidingsError` if a name is none of the *known*, case ignored."""
    known_by_folded = {name.casefold(): name for name in known if name is not None}
    for name in names:
        if name.casefold() not in known_by_folded:
            meant = suggest(name, known_by_folded.values())
            raise TidingsError(f"the run has no {column} {name!r}: {meant}")


def _parse_period(period: str) -> tuple[datetime, datetime]:
    """Return the beginning of a period and of what follows it. Raises `TidingsError`.

    It is a day, week, month or year, or the first and the last of several; pandas writes a week as
    its first and last day.
    """
    first, _, last = str(period).replace("/", "..").partition("..")
    try:
        return _begin(first), _begin(last or first, is_next=True)
    except ValueError:
        raise TidingsError(
            f"{period} is no period: write 2020, 2020-03, 2020-W10 or 2020-03-05, or two of them "
            "with .. between them"
        ) from None


def _begin(period: str, *, is_next: bool = False) -> datetime:
    """Return when a period begins, or the next one. Raises `ValueError`."""
    ending, days = {4: ("-01-01", 366), 7: ("-01", 31), 8: ("", 7)}.get(len(period), ("", 1))
    moment = datetime.fromisoformat(f"{period}{ending}").replace(tzinfo=UTC)
    following = moment + timedelta(days=days) if is_next else moment
    return following.replace(day=1) if ending else following


def pivot_shares(periods: Any, group: str | None) -> Any:
    """Return the rows of a frame `periods` as rows of periods with a column for each keyword."""
    is_wanted = periods["term"].isna() & periods["keyword"].notna()
    is_wanted &= periods["group"].isna() if group is None else periods["group"].notna()
    texts = dict.fromkeys(["keyword", group or "group"], str)
    rows = periods[is_wanted].rename(columns={"group": group or "group"}).astype(texts)
    if rows.empty:
        raise TidingsError("the run has no shares of keywords: `table` returns what it has")

    index = ["period"] if group is None else [group, "period"]
    columns = {name: rows.pivot(index=index, columns="keyword", values=name) for name in _SHARES}
    return import_library("pandas").concat(columns, axis=1).rename(columns=_SHARES, level=0)


def fill_in(sample: pa.Table, code: Callable[[str], Any]) -> pa.Table:
    """Return a sample with what a function says of each text.

    It returns the code of the only variable, or a dictionary of codes by variable.
    """
    import pyarrow as pa  # noqa: PLC0415

    columns = sample.to_pydict()
    names = sample.column_names
    variables = names[1 : names.index("text")]
    codes = []
    for text in columns["text"]:
        answer = code(text)
        codes.append(
            answer if isinstance(answer, Mapping) else dict.fromkeys(variables[:1], answer)
        )

    for variable in variables:
        columns[variable] = [by_variable.get(variable) for by_variable in codes]

    return pa.table(columns)
