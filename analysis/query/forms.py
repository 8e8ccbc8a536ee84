"""What a star stands for: the forms of a term that documents hold.

The Text API knows only whole words, so each form is requested as a word of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from analysis.options import Keyword
from analysis.query.grammar import LONGEST_TERM
from analysis.query.terms import Term
from analysis.text.mentions import all_terms
from core.errors import BadInput
from textapi.messages import MAX_KEYWORD_CHARACTERS, MAX_KEYWORDS
from textapi.text.keywords import APOSTROPHES, HYPHENS, pattern
from textapi.text.normal_form import normal_form
from textapi.text.sentences import sentences

# A term has at most this many forms in a month: each is a row of the ledger for each text.
MOST_FORMS = 100

_PLAIN_SIGNS = str.maketrans(dict.fromkeys(HYPHENS, "-") | dict.fromkeys(APOSTROPHES, "'"))


def find_forms(terms: Collection[Term], texts: Iterable[str]) -> dict[Term, tuple[str, ...]]:
    """Return the sorted forms in *texts* of each of *terms*, which have a star.

    Forms that differ in case, white space or the kind of hyphen are one. Raises `BadInput` if there
    are more than can be requested.
    """
    forms: dict[Term, set[str]] = {term: set() for term in terms}
    if not forms:
        return {}

    for text in texts:
        for term, term_forms in forms.items():
            term_forms.update(_find_forms(term, text))
            if len(term_forms) > MOST_FORMS:
                examples = ", ".join(sorted(term_forms)[:5])
                raise BadInput(
                    f"{term} stands for more than {MOST_FORMS} words ({examples}, …): write more "
                    "letters before the star, or the words that are meant"
                )

    return {term: tuple(sorted(filter(_is_word, term_forms))) for term, term_forms in forms.items()}


def with_forms(keywords: Sequence[Keyword], texts: Iterable[str]) -> list[Keyword]:
    """Return *keywords* with the forms that their terms with a star have in *texts*.

    Texts are read only if there is such a term. Raises `BadInput` as `find_forms` does, and if all
    words together are more than the Text API takes.
    """
    terms: list[Term] = []
    for keyword in keywords:
        terms += keyword.starred_terms

    forms = find_forms(terms, texts)

    expanded = []
    for keyword in keywords:
        keyword_forms = {str(term): forms[term] for term in keyword.starred_terms}
        expanded.append(
            keyword.model_copy(update={"forms": keyword_forms}) if keyword_forms else keyword
        )

    if terms:
        _refuse_many_words(expanded)

    return expanded


def _refuse_many_words(expanded: Sequence[Keyword]) -> None:
    """Raise `BadInput` if the stars stand for more words than a request can hold."""
    words = all_terms(expanded)
    characters = sum(map(len, words))
    if len(words) > MAX_KEYWORDS or characters > MAX_KEYWORD_CHARACTERS:
        raise BadInput(
            f"with what their stars stand for, the subjects have {len(words):,} words of "
            f"{characters:,} characters in a month, more than the Text API takes, "
            f"{MAX_KEYWORDS:,} and {MAX_KEYWORD_CHARACTERS:,}: write more letters before the "
            "stars, or submit several runs"
        )


def _find_forms(term: Term, text: str) -> Iterator[str]:
    if term.pattern.search(text):
        for sentence in sentences(text):
            for start, end in term.pattern.find_spans(sentence):
                yield _normalize(normal_form(sentence[start:end]))


def _is_word(form: str) -> bool:
    return len(form) <= LONGEST_TERM


def _normalize(match: str) -> str:
    """Return the form in small letters, unless the term's pattern misses it then ("İ")."""
    form = " ".join(match.translate(_PLAIN_SIGNS).split())
    return form.lower() if pattern(form.lower()).fullmatch(form) else form
