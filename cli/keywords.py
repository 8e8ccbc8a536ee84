"""The subjects of a run over months: ``--keyword`` and ``--keywords-file``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from analysis.options import Keyword
from analysis.text.mentions import all_terms
from cli.messages import warn
from cli.text_files import read_text_file
from core.enums import Within
from core.errors import UsageError
from core.printing import printable
from textapi.messages import MAX_KEYWORD_CHARACTERS, MAX_KEYWORDS
from textapi.text.sentences import sentences

_HEADER = ["name", "query"]

# A time, which a colon would divide into a subject and its terms.
_TIME = re.compile(r"\s*\d{1,2}:\d\d(?!\d)")


def read_keywords(texts: Sequence[str], file: Path | None, within: Within) -> tuple[Keyword, ...]:
    """Return the keywords of the command line, then those of *file*. Raises `UsageError`."""
    keywords: list[Keyword] = []
    for text in texts:
        try:
            keywords.append(_parse(text, within))
        except ValueError as error:
            option = "--keyword" if len(texts) == 1 else f"--keyword {printable(text)}"
            raise UsageError(f"{option}: {error}") from None

    origins = ["--keyword"] * len(keywords)
    for line_number, keyword in _read_file(file, within) if file is not None else ():
        keywords.append(keyword)
        origins.append(f"--keywords-file {file}, line {line_number}")

    if not keywords:
        raise UsageError(
            "no subject was given: write --keyword NAME[:TERM,TERM], or --keywords-file FILE"
        )

    _refuse_repeated_names(keywords, origins)
    _refuse_many_terms(keywords)
    for term in all_terms(keywords):
        if len(sentences(term)) > 1:
            warn(f"{term!r} holds the end of a sentence, and is looked for within one")

    return tuple(keywords)


def _read_file(path: Path, within: Within) -> Iterator[tuple[int, Keyword]]:
    """Yield the keywords of a file with their lines.

    It has one a line, or is CSV with the columns name and query.
    """
    text = read_text_file("--keywords-file", path)
    rows: Iterable[tuple[int, str | None, str]] = _read_table(text)
    if path.suffix.lower() != ".csv":
        lines = enumerate(text.splitlines(), start=1)
        rows = [(line_number, None, line.strip()) for line_number, line in lines if line.strip()]

    for line_number, keyword_name, query in rows:
        try:
            yield line_number, _parse(query, within, keyword_name)
        except ValueError as error:
            raise UsageError(f"--keywords-file {path}, line {line_number}: {error}") from None


def _read_table(text: str) -> Iterator[tuple[int, str, str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [column.strip().casefold() for column in next(reader, [])]
        lines = [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        raise UsageError(f"--keywords-file is no CSV, line {reader.line_num}: {error}") from None

    if header != _HEADER:
        raise UsageError("--keywords-file: the first line of a CSV file has to be name,query")

    for line_number, cells in lines:
        keyword_name, query = map(str.strip, (*cells, "", "")[:2])
        if not (keyword_name and query) or len(cells) > len(_HEADER):
            raise UsageError(
                f"--keywords-file, line {line_number}: a row is a name and a query, with "
                '"…" around one that holds a comma'
            )

        yield line_number, keyword_name, query


def _parse(text: str, within: Within, keyword_name: str | None = None) -> Keyword:
    """Return the keyword; warn if it may not look for what was meant. Raises ValueError.

    A row of a table has a name beside its query.
    """
    if keyword_name is not None:
        if ":" in keyword_name:
            raise ValueError(f"{keyword_name!r} has a colon: write the name without")
        return Keyword.parse_query(keyword_name, text, within)

    keyword = Keyword.parse(text, within)
    if _TIME.match(text):
        warn(
            f"{printable(text)} is read as the subject {keyword.name} with other terms behind the "
            f'colon: put a time in quotation marks, "{keyword.name}:…"'
        )
    if with_colon := [term for term in keyword.terms if ":" in term and keyword.query is None]:
        warn(
            f"{printable(with_colon[0])} is one term with a colon in it: terms are parted by "
            f"commas, as in {printable(text.replace(':', ',').replace(',', ':', 1))}"
        )
    if keyword.lone_star is not None:
        warn(printable(keyword.lone_star))
    elif not keyword.is_name_sought and len(keyword.name.split()) == 1:
        warn(
            f"{printable(keyword.name)} is the name of the query {printable(keyword.query or '')} "
            "and is not looked for itself: add it with OR if it should be"
        )

    return keyword


def _refuse_repeated_names(keywords: Sequence[Keyword], origins: Sequence[str]) -> None:
    """Raise `UsageError` if two keywords have one name; *origins* say where each was read."""
    folded_names: set[str] = set()
    for keyword, origin in zip(keywords, origins, strict=True):
        if keyword.name.casefold() in folded_names:
            raise UsageError(
                f"{origin}: {keyword.name} was given twice, case is ignored; put its terms "
                "behind one, NAME:term,term"
            )

        folded_names.add(keyword.name.casefold())


def _refuse_many_terms(keywords: Sequence[Keyword]) -> None:
    terms = all_terms(keywords)
    characters = sum(map(len, terms))
    if len(terms) > MAX_KEYWORDS or characters > MAX_KEYWORD_CHARACTERS:
        raise UsageError(
            f"--keyword: {len(terms):,} terms of {characters:,} characters are more than the Text "
            f"API takes, {MAX_KEYWORDS:,} and {MAX_KEYWORD_CHARACTERS:,}: submit several runs"
        )
