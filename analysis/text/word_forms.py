"""The forms of a word, by the dictionaries of the package simplemma (MIT licence).

They have the forms of 54 languages, each with its lemma. Nothing is downloaded at run time.
"""

from __future__ import annotations

from collections.abc import Collection

#: Tongues that share a dictionary, by the code of a text's language.
_DICTIONARIES = {"no": "nb", "hr": "hbs", "sr": "hbs", "bs": "hbs"}


def has_dictionary(language: str) -> bool:
    """Return whether the forms of a language, a code of ISO 639-1, are known."""
    from simplemma.strategies.dictionaries import dictionary_factory  # noqa: PLC0415 - rarely used

    return _DICTIONARIES.get(language, language) in dictionary_factory.SUPPORTED_LANGUAGES


def find_word_forms(words: Collection[str], language: str) -> dict[str, set[str]]:
    """Return the forms of each of *words* in *language*, small letters and capitals alike.

    A word is among its forms, and the only one where the dictionary does not know it. Forms with
    other signs than letters are left out: the keyword rule finds a word before an apostrophe.
    """
    from simplemma import Lemmatizer  # noqa: PLC0415
    from simplemma.strategies import DefaultStrategy  # noqa: PLC0415
    from simplemma.strategies.dictionaries import DefaultDictionaryFactory  # noqa: PLC0415

    # A factory of our own: that of the package keeps hundreds of megabytes.
    factory = DefaultDictionaryFactory(cache_max_size=1)
    code = _DICTIONARIES.get(language, language)
    lemmatizer = Lemmatizer(lemmatization_strategy=DefaultStrategy(dictionary_factory=factory))
    words_of_lemma: dict[str, list[str]] = {}
    for word in words:
        words_of_lemma.setdefault(lemmatizer.lemmatize(word, lang=code), []).append(word)

    forms = {word: {word} for word in words}
    for form, lemma in factory.get_dictionary(code).items():
        if lemma in words_of_lemma and form.isalpha():
            for word in words_of_lemma[lemma]:
                forms[word].add(form)

    return forms
