"""Names in a sentence by its capitals: the engine `news` reads a stand-in in their place.

Which name stands in a sentence must not change its polarity, and many names are words with a
valence: "Hope Solo", "Best Buy", "The Poor". Within a sentence a capital tells a name, unless the
sentence is in Title Case: then the words that running text writes small are made small first
(`textapi.engine.truecase`). Where the case of a text tells nothing, nothing is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet

from textapi.engine.truecase import ABBREVIATIONS, SMALL_IN_HEADLINES, restore_case
from textapi.text import word_list
from textapi.text.word_list import WordList, base_form

# The stand-in counts for nothing in any engine: names and masked keywords are read as this word.
STAND_IN = "topic"

_WORD = re.compile("[^\\W\\d_]+(?:['\u2018\u2019\u201b\u02bc][^\\W\\d_]+)*")
_BEGIN_SIGNS = frozenset('.?!:"\u201c\u201d\u2018\u201e\u00ab\u2014\u2013*|\n')


def hide_names(sentence: str, shouted: Collection[str] = ()) -> str:
    """Return *sentence* with the stand-in for each word that its capitals tell to be a name.

    A word of *shouted* in capitals is none: "NOT".
    """
    # The capital at the begin tells nothing, nor do those of a line in capitals throughout.
    if sentence.isupper() or sentence[1:].islower():
        return sentence

    restored = restore_case(sentence)
    words = list(_WORD.finditer(restored))
    known_words = word_list.load()
    if not _is_running_text(words, known_words):
        return sentence

    pieces: list[str] = []
    cursor = 0
    for index in sorted(_find_names(restored, words, known_words, shouted)):
        # The stand-in takes the place of one word: a few letters fall apart in small letters.
        if _WORD.fullmatch(words[index][0].casefold()):
            pieces += [restored[cursor : words[index].start()], STAND_IN]
            cursor = words[index].end()

    return "".join([*pieces, restored[cursor:]])


def _is_running_text(words: Sequence[re.Match[str]], known_words: WordList) -> bool:
    """Return whether a word is written small that a headline in Title Case would not."""
    for word in words:
        base = base_form(word[0])
        if word[0].islower() and base in known_words.common and base not in SMALL_IN_HEADLINES:
            return True

    return False


def _find_names(
    text: str, words: Sequence[re.Match[str]], known_words: WordList, shouted: Collection[str]
) -> set[int]:
    """Return the indexes of the names among *words* of *text*, which is not in Title Case."""
    begins = _find_begins(text, words)
    names = set()
    for index, word in enumerate(words):
        is_within_and_capital = index not in begins and _is_capitalized(word[0])
        is_abbreviation = word[0].casefold() not in shouted and _is_abbreviation(text, words, index)
        if is_within_and_capital or is_abbreviation:
            names.add(index)

    for index in begins - names:
        if index + 1 in names and _begins_name(text, words[index : index + 2], known_words):
            names.add(index)

    return names | _find_links(text, words, names)


def _is_capitalized(word: str) -> bool:
    """Return whether only the first letter of *word* is a capital; "I'm" is no name."""
    return word[0].isupper() and not word.isupper() and not word.startswith(("I'", "I\u2019"))


def _is_abbreviation(text: str, words: Sequence[re.Match[str]], index: int) -> bool:
    """Return whether a word in capitals is an abbreviation ("NATO", "A.I.") and not shouted.

    It is shouted if a word beside it is in capitals too ("SO HAPPY").
    """
    word = words[index]
    if not word[0][:1].isupper() or base_form(word[0]).upper() not in word[0]:
        return False
    if len(base_form(word[0])) == 1:
        return text[word.end() : word.end() + 1] == "."

    neighbours = (*words[max(0, index - 1) : index], *words[index + 1 : index + 2])
    return not any(len(neighbour[0]) > 1 and neighbour[0].isupper() for neighbour in neighbours)


def _begins_name(text: str, pair: Sequence[re.Match[str]], known_words: WordList) -> bool:
    """Return whether the first word of a sentence belongs to the name behind it.

    It does if it is a given name ("Hope Solo"), and if the second word of the *pair* is a common
    word that has a capital all the same ("Best Buy").
    """
    first, second = pair
    if text[first.end() : second.start()] != " " or not _is_capitalized(first[0]):
        return False

    is_common = known_words.is_only_common(second[0]) and base_form(second[0]) != STAND_IN
    return is_common or base_form(first[0]) in known_words.given


def _find_links(text: str, words: Sequence[re.Match[str]], names: AbstractSet[int]) -> set[int]:
    """Return the indexes of small words between two names: "Bank of America", "World War I"."""
    links: set[int] = set()
    run: set[int] = set()
    for index, word in enumerate(words):
        is_joined = index > 0 and text[words[index - 1].end() : word.start()] == " "
        if index in names:
            links |= run if is_joined else set()
            run = set()
        elif is_joined and word[0] == "I" and index - 1 in names:
            links.add(index)
        elif is_joined and word[0] in SMALL_IN_HEADLINES and (run or index - 1 in names):
            run.add(index)
        else:
            run = set()

    return links


def _find_begins(text: str, words: Sequence[re.Match[str]]) -> set[int]:
    """Return the indexes of *words* before which a sentence, a quotation or a part may begin."""
    begins = {0}
    for index in range(1, len(words)):
        previous = words[index - 1]
        between = text[previous.end() : words[index].start()]
        is_abbreviation = len(previous[0]) == 1 or (
            previous[0][0].isupper() and previous[0].lower() in ABBREVIATIONS
        )
        signs = _BEGIN_SIGNS - {"."} if is_abbreviation else _BEGIN_SIGNS
        if not signs.isdisjoint(between):
            begins.add(index)

    return begins
