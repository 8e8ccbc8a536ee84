"""The archives, names and words of a run of months, as the database has them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from analysis.languages import settle_languages
from analysis.options import Keyword
from analysis.query.all_forms import words_with_all_forms, write_all_forms
from analysis.query.forms import with_forms
from analysis.query.phrases import describe_phrases
from core.errors import BadInput, UsageError
from core.printing import printable
from models.database import Database
from models.documents import DocumentScope, list_texts
from models.languages import count_languages
from models.origins import sources_with_outlets, stored_languages, stored_names, stored_sources
from sources.registry import archives, source_named

if TYPE_CHECKING:
    from core.settings import Settings

# An error message lists this many stored names at most.
SHOWN = 20
FORMS_SHOWN = 10

# Words are sought in the forms of each language that at least this share of the documents has.
LEAST_SHARE_OF_LANGUAGE = 0.05

# "en", "en-GB", "English".
_ENGLISH = re.compile(r"en(g|glish)?\b", re.IGNORECASE)


def match_names(
    db: Database,
    settings: Settings,
    sources: tuple[str, ...],
    typed: Mapping[str, Sequence[str]],
    remarks: list[str],
    *,
    are_named: bool,
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Return the archives of a run, and the names of outlets, sections and material as stored.

    Unless the user named the *sources*, they are chosen by what is stored. Raises `UsageError` if a
    name that was *typed* has no stored document and none can be fetched, and if an option names
    nothing.
    """
    if not are_named:
        sources = _choose_archives(db, settings, sources[0], typed["outlet"], remarks)

    can_fetch = any(source_named(source).fetches_months(settings) for source in sources)
    spelled = spell_names(db, sources, typed, can_fetch=can_fetch)
    if not are_named:
        sources = _keep_archives_of_outlets(db, sources, spelled["outlet"])

    return sources, spelled


def _choose_archives(
    db: Database, settings: Settings, default: str, outlets: Sequence[str], remarks: list[str]
) -> tuple[str, ...]:
    """Return the archives of a run that names none.

    Named outlets may be in any stored archive. If the *default* archive holds nothing and cannot be
    fetched, the run uses the stored archives, and a remark is added to *remarks*.
    """
    stored = db.fetch(stored_sources)
    archive_names = tuple(archive.name for archive in archives() if archive.name in stored)
    is_default_there = default in stored or source_named(default).fetches_months(settings)

    if not archive_names or (is_default_there and not outlets):
        return (default,)
    if not outlets:
        remarks.append(f"nothing of {default} is stored: the run is of {', '.join(archive_names)}")

    return archive_names


def _keep_archives_of_outlets(
    db: Database, sources: Sequence[str], outlets: Sequence[str]
) -> tuple[str, ...]:
    """Return the *sources* that have one of the outlets, or all if none has."""
    if not outlets:
        return tuple(sources)

    outlet_sources = db.fetch(sources_with_outlets, outlets)
    return tuple(source for source in sources if source in outlet_sources) or tuple(sources)


def spell_names(
    db: Database, sources: Sequence[str], typed: Mapping[str, Sequence[str]], *, can_fetch: bool
) -> dict[str, tuple[str, ...]]:
    """Return the outlets, sections and material that were *typed*, as they are stored.

    Raises `UsageError` if a name has no stored document and none can be fetched, and if an option
    names nothing.
    """
    spelled: dict[str, tuple[str, ...]] = {}
    with db.read() as connection:
        for field, texts in typed.items():
            names = stored_names(connection, field, sources=sources) if texts else []
            stored = [stored_name.name for stored_name in names]
            split = split_outlets(texts, stored) if field == "outlet" else texts
            if texts and not any(part.strip() for part in split):
                raise UsageError(f"--{field} names nothing: `tidings stored` lists the names")

            spelled[field] = _spell(field, split, stored, can_fetch=can_fetch)

    return spelled


def split_outlets(texts: Sequence[str], stored: Sequence[str]) -> tuple[str, ...]:
    """Return the names in comma-separated *texts*, each once; prefer the longest *stored* names.

    "Smith, Jones & Co" is one name if such an outlet is stored.
    """
    folded = {outlet.casefold() for outlet in stored}
    outlets: dict[str, None] = {}
    for text in texts:
        parts = text.split(",")
        while parts:
            length = len(parts)
            while length > 1 and ",".join(parts[:length]).strip().casefold() not in folded:
                length -= 1

            if outlet := ",".join(parts[:length]).strip():
                outlets[outlet] = None

            parts = parts[length:]

    return tuple(outlets)


def _spell(
    field: str, names: Sequence[str], stored: Sequence[str], *, can_fetch: bool
) -> tuple[str, ...]:
    stored_by_folded = {name.casefold(): name for name in reversed(stored)}

    spelled: dict[str, None] = {}
    for name in names:
        if name in stored:
            spelled[name] = None
        elif name.casefold() in stored_by_folded:
            spelled[stored_by_folded[name.casefold()]] = None
        elif stored and not can_fetch:
            near = get_close_matches(name.casefold(), stored_by_folded, n=3)
            nearest = [stored_by_folded[folded] for folded in near]
            sorted_names = dict.fromkeys([*nearest, *stored])
            raise UsageError(
                f"--{field} {printable(name)}: no stored document is of it; "
                f"there are {_list_names(list(sorted_names))}"
            )
        else:
            spelled[name] = None

    return tuple(spelled)


def _list_names(names: Sequence[str]) -> str:
    listed = ", ".join(map(printable, names[:SHOWN]))
    return listed if len(names) <= SHOWN else f"{listed} and {len(names) - SHOWN:,} more"


def are_english_news(db: Database, sources: Sequence[str], outlets: Sequence[str]) -> bool:
    """Return whether archives are of English news, or all that is stored of them is in English."""
    for source in map(source_named, sources):
        if source.archive is None or not source.archive.is_english_news:
            languages = db.fetch(stored_languages, source.name, outlets)
            if not languages or not all(map(_ENGLISH.match, languages)):
                return False

    return True


def match_words(
    db: Database,
    sources: Sequence[str],
    keywords: Sequence[Keyword],
    scopes: Sequence[DocumentScope],
    remarks: list[str],
) -> tuple[Keyword, ...]:
    """Return keywords with the forms of words as ``run~`` in their place.

    Remarks are added on these forms, on phrases that look like queries, and on what stars stand for
    in the stored documents of *scopes*. Raises `UsageError` where forms cannot be known, where a
    star stands for too many words, and where no document holds such a phrase.
    """

    def texts() -> Iterator[str]:
        for scope in scopes:
            yield from list_texts(db, scope)

    if words_with_all_forms(keywords):
        try:
            written = write_all_forms(keywords, _list_languages(db, sources, scopes))
        except (BadInput, ValueError) as error:
            raise UsageError(f"--keyword: {error}") from None

        keywords = written.keywords
        remarks += written.remarks

    remarks += describe_phrases(keywords, texts)
    try:
        remarks += _describe_stars(db, keywords, scopes)
    except BadInput as error:
        raise UsageError(f"--keyword: {error}") from None

    return tuple(keywords)


def _list_languages(
    db: Database, sources: Sequence[str], scopes: Sequence[DocumentScope]
) -> list[str]:
    """Return the languages of the stored documents, or of the archives where none is stored."""
    counts = Counter[str]()
    for scope in scopes:
        settle_languages(db, scope)
        counts.update(db.fetch(count_languages, scope))

    least = LEAST_SHARE_OF_LANGUAGE * counts.total()
    stored = [language for language, count in counts.most_common() if count >= least]
    declared = {source_named(source).language for source in sources}
    return stored or sorted(filter(None, declared))


def _describe_stars(
    db: Database, keywords: Sequence[Keyword], scopes: Sequence[DocumentScope]
) -> Iterator[str]:
    """Yield what each star stands for in the documents that are stored so far.

    Raises `BadInput` if a month has more forms, or more words in all, than can be requested.
    """
    starred = [str(term) for keyword in keywords for term in keyword.starred_terms]
    forms: dict[str, set[str]] = {term: set() for term in starred}
    for scope in scopes if forms else ():
        for keyword in with_forms(keywords, list_texts(db, scope)):
            for term, month_forms in keyword.forms.items():
                forms[term].update(month_forms)

    for term, term_forms in forms.items():
        if not term_forms:
            yield f"{term} stands for no word of the documents that are stored so far"
            continue

        more = len(term_forms) - FORMS_SHOWN
        ending = f" and {more} more" if more > 0 else ""
        yield f"{term} stands for {', '.join(sorted(term_forms)[:FORMS_SHOWN])}{ending}"
