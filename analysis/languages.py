"""In which languages the documents of a job are, and which of them an engine cannot read.

A text whose language cannot be decided, such as a headline of two names, counts as one of its
outlet or account; if too few texts of an outlet are decided, as one of its archive.
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

# A publisher, or an archive, with fewer decided texts says nothing of the others.
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
    from textapi.text.language_detector import detect_languages  # noqa: PLC0415

    detected = iter(detect_languages(unknown_texts))
    return [next(detected) if code is None else code for code in codes]


def settle_languages(db: Database, scope: DocumentScope) -> None:
    """Store the languages of the documents of *scope* that were stored before languages were."""
    for batch in batched(db.fetch(ids_without_language, scope)):
        documents = db.fetch(texts_with_languages, batch)
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

        An undecided text is among them if most decided texts of its publisher are. An outlet of
        few decided texts, most of which are not in a known language, has the language of its
        archive.
        """
        archives: dict[str, Counter[str]] = defaultdict(Counter)
        for publisher, ids_by_code in self._ids.items():
            if publisher.handle is None:
                archives[publisher.source].update(_count_decided(ids_by_code))

        outside: dict[int, str] = {}
        for publisher, ids_by_code in self._ids.items():
            decided = _count_decided(ids_by_code)
            for code in decided.keys() - set(known):
                outside |= dict.fromkeys(ids_by_code[code], code)

            is_of_known = bool(decided) and not _is_foreign(decided, known)
            if decided.total() < FEWEST_DECIDED and not is_of_known:
                decided = archives[publisher.source] if publisher.handle is None else Counter()
            if decided.total() >= FEWEST_DECIDED and _is_foreign(decided, known):
                foreign = [code for code in decided if code not in known]
                main_code = min(foreign, key=lambda code: (-decided[code], code))
                outside |= dict.fromkeys(ids_by_code.get("", ()), main_code)

        return outside


def _count_decided(ids_by_code: Mapping[str, Sequence[int]]) -> Counter[str]:
    """Return how many documents are in each language."""
    return Counter({code: len(ids) for code, ids in ids_by_code.items() if code})


def _is_foreign(decided: Counter[str], known: Collection[str]) -> bool:
    """Whether most texts are in languages that are not *known*."""
    foreign = sum(n for code, n in decided.items() if code not in known)
    return 2 * foreign > decided.total()


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
