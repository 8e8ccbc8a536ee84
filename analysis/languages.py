"""In which languages the documents of a job are, and which of them an engine cannot read.

A text whose language cannot be decided, such as a headline of two names, counts as one of its
outlet or account.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.languages import find_language, language_name
from core.quantities import quantity
from models.database import Database, batched
from models.documents import DocumentScope
from models.languages import (
    LanguageRow,
    Publisher,
    ids_without_language,
    set_languages,
    texts_with_languages,
)
from sources.registry import source_named

# A publisher with fewer decided texts says nothing of the others.
FEWEST_DECIDED = 3

# A reason names this many languages at most.
LANGUAGES_NAMED = 3


def code_languages(stated: Sequence[tuple[str | None, str]], texts: Sequence[str]) -> list[str]:
    """Return the code of each text's language.

    *stated* has for each text the language that its archive states and the name of its source. The
    language of a text that states none, and whose source has none of its own, is detected.
    """
    codes = [
        find_language(language) or source_named(source).language for language, source in stated
    ]
    unknown_texts = [text for text, code in zip(texts, codes, strict=True) if code is None]
    # The commands' help, which lists the steps of runs, does without numpy.
    from analysis.text.language_detector import detect_languages  # noqa: PLC0415

    detected = iter(detect_languages(unknown_texts))
    return [next(detected) if code is None else code for code in codes]


def settle_languages(db: Database, scope: DocumentScope) -> None:
    """Store the languages of the documents of *scope* that were stored before languages were."""
    with db.read() as connection:
        unread = ids_without_language(connection, scope)

    for batch in batched(unread):
        with db.read() as connection:
            documents = texts_with_languages(connection, batch)
        stated = [(document.language, document.source) for document in documents]
        codes = code_languages(stated, [document.text for document in documents])
        ids = [document.id for document in documents]
        with db.write() as connection:
            set_languages(connection, dict(zip(ids, codes, strict=True)))


@dataclass
class DocumentLanguages:
    """The documents of a job by publisher and language; "" stands for an undecided one."""

    _ids: Mapping[Publisher, Mapping[str, list[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    @classmethod
    def of(cls, language_rows: Iterable[LanguageRow]) -> DocumentLanguages:
        """Return the languages of documents."""
        languages = cls()
        for language_row in language_rows:
            languages._ids[language_row.publisher][language_row.code or ""].append(
                language_row.document_id
            )
        return languages

    def find_outside(self, known: Collection[str]) -> dict[int, str]:
        """Return the documents that are in none of the *known* languages, with their languages.

        An undecided text is among them if most decided texts of its publisher are.
        """
        outside: dict[int, str] = {}
        for ids_by_code in self._ids.values():
            decided = Counter({code: len(ids) for code, ids in ids_by_code.items() if code})
            foreign = Counter({code: n for code, n in decided.items() if code not in known})
            for code in foreign:
                outside |= dict.fromkeys(ids_by_code[code], code)

            is_foreign = 2 * foreign.total() > decided.total() >= FEWEST_DECIDED
            if is_foreign:
                main_code = min(foreign, key=lambda code: (-foreign[code], code))
                outside |= dict.fromkeys(ids_by_code.get("", ()), main_code)
        return outside


def describe_languages(codes: Iterable[str] | Mapping[str, int], noun: str = "document") -> str:
    """Return how many documents are in each language: "120 documents in German and 3 in French"."""
    counts = sorted(Counter(codes).items(), key=lambda count: (-count[1], count[0]))
    named = counts[:LANGUAGES_NAMED]
    others = sum(count for _, count in counts[LANGUAGES_NAMED:])
    parts = [f"{count:,} in {language_name(code)}" for code, count in named]
    if others:
        parts.append(f"{others:,} in other languages")
    first_count = named[0][1]
    parts[0] = parts[0].replace(f"{first_count:,}", quantity(first_count, noun), 1)
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
