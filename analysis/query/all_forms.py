"""Words with `ALL_FORMS` in keywords: their forms are written in their place, once, at submission.

So a run says what it looked for, and a later dictionary changes nothing in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from analysis.options import Keyword, as_operand
from analysis.query.forms import MOST_FORMS
from analysis.query.grammar import LONGEST_TERM
from analysis.query.terms import ALL_FORMS, CASE, Term
from analysis.text.word_forms import find_word_forms, has_dictionary
from core.errors import BadInput
from core.languages import language_name

Forms: TypeAlias = Mapping[str, Collection[str]]


def words_with_all_forms(keywords: Sequence[Keyword]) -> list[str]:
    """Return each word that stands for its forms once, without the sign."""
    words: dict[str, None] = {}
    for keyword in keywords:
        for term in _terms_with_all_forms(keyword):
            signed = [word for word in term.words.split() if word.endswith(ALL_FORMS)]
            words.update(dict.fromkeys(word.removesuffix(ALL_FORMS) for word in signed))

    return list(words)


@dataclass(frozen=True)
class WrittenForms:
    """Keywords with the forms of their words, and a remark for each word that had several."""

    keywords: tuple[Keyword, ...]
    remarks: list[str]


def write_all_forms(keywords: Sequence[Keyword], languages: Sequence[str]) -> WrittenForms:
    """Return *keywords* with the forms in *languages* of each word that stands for all of them.

    Raises `BadInput` where no dictionary has the languages, or a word has too many forms.
    """
    words = words_with_all_forms(keywords)
    known = [language for language in languages if has_dictionary(language)]
    named = ", ".join(map(language_name, known or languages))
    if not known:
        raise BadInput(
            f"{words[0]}{ALL_FORMS} stands for the forms of a word, and no dictionary has those of "
            f"{named or 'documents whose language is not known'}: write each form"
        )

    forms: dict[str, set[str]] = {word: set() for word in words}
    for language in known:
        for word, found in find_word_forms(words, language).items():
            forms[word] |= found

    remarks = []
    for word in words:
        listed = sorted({form.casefold() for form in forms[word]})
        remarks.append(f"{word}{ALL_FORMS} stands for {', '.join(listed)} ({named})")

    written = tuple(write_forms(keyword, forms) for keyword in keywords)
    return WrittenForms(written, remarks)


def write_forms(keyword: Keyword, forms: Forms) -> Keyword:
    """Return *keyword* with the *forms* of each word in its place, joined by OR.

    Raises `BadInput` where a term would stand for more than `MOST_FORMS`.
    """
    terms = _terms_with_all_forms(keyword)
    if not terms:
        return keyword

    query = keyword.query or ""
    for term in terms:
        phrases = [phrase for phrase in _write_phrases(term, forms) if len(phrase) <= LONGEST_TERM]
        if len(phrases) > MOST_FORMS:
            raise BadInput(
                f"{term} stands for {len(phrases)} words ({', '.join(phrases[:5])}, …), more than "
                f"{MOST_FORMS}: write the ones that are meant, or a star"
            )

        mark = CASE if term.case_sensitive else ""
        choice = " OR ".join(as_operand(f"{mark}{phrase}") for phrase in phrases)
        if len(phrases) > 1 and not _written(term).fullmatch(query):
            choice = f"({choice})"

        query = _written(term).sub(choice, query)

    return Keyword.parse_query(keyword.name, query, keyword.within)


def _terms_with_all_forms(keyword: Keyword) -> list[Term]:
    query = keyword.parsed_query
    return [term for term in query.terms if term.has_all_forms] if query else []


def _write_phrases(term: Term, forms: Forms) -> list[str]:
    """Return the term with each form of each of its words that stand for several."""
    choices: list[Collection[str]] = []
    for word in term.words.split():
        stem = word.removesuffix(ALL_FORMS)
        choices.append([word] if stem == word else forms[stem])

    phrases = {" ".join(words).casefold(): " ".join(words) for words in product(*choices)}
    return sorted(phrases.values(), key=str.casefold)


def _written(term: Term) -> re.Pattern[str]:
    """Return what finds the term as a query writes it, with its quotation marks."""
    mark = CASE if term.case_sensitive else ""
    words = re.escape(term.words)
    flags = re.NOFLAG if term.case_sensitive else re.IGNORECASE
    return re.compile(rf'(?<![^\s(]){mark}(?:"{words}"|{words})(?![^\s)])', flags)
