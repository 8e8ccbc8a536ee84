"""Names and words for groups of people, which the engine must not learn to like or dislike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import pairwise

from textapi.engine.news_words import LONGEST_NAME, plain
from workers.polarity.wordnet import WordNet

_TOKEN = re.compile("[^\\W\\d_]+(?:['\u2019][^\\W\\d_]+)*|[.!?:\"\u201c\u201d]")

# A text tells nothing about names if more than this share of its words has a capital.
_TITLE_CASE = 0.6

# A word with a valence is a name if it is seen with a capital at least this many times.
_FEWEST_RATED = 5

# Genders, orientations, ethnic groups, religions, parties, forms of address and points of the
# compass (as in "South Korea") make nobody better or worse.
GROUPS = frozenset(
    re.findall(
        r"\S+",
        """
        he she him her his hers himself herself man men woman women boy boys girl girls guy guys
        male males female females lady ladies gentleman gentlemen mr mrs ms miss sir madam
        mother mothers father fathers mom dad son sons daughter daughters husband husbands wife
        wives brother brothers sister sisters widow widower uncle aunt grandmother grandfather
        chairman chairwoman spokesman spokeswoman congressman congresswoman businessman
        businesswoman actor actress king queen prince princess
        gay gays lesbian lesbians bisexual bisexuals transgender trans queer straight heterosexual
        homosexual homosexuals nonbinary lgbt lgbtq
        black blacks white whites brown asian asians african africans latino latinos latina latinas
        hispanic hispanics arab arabs native natives aboriginal indigenous gypsy roma caucasian
        immigrant immigrants migrant migrants refugee refugees foreigner foreigners alien aliens
        jew jews jewish judaism muslim muslims moslem islam islamic islamist islamists sunni shia
        shiite christian christians christianity catholic catholics protestant protestants
        evangelical evangelicals orthodox mormon mormons hindu hindus hinduism sikh sikhs buddhist
        buddhists buddhism atheist atheists atheism agnostic agnostics rabbi imam priest pastor
        church mosque synagogue temple pagan pagans nun nuns monk monks secularists
        people person party parties moderates centrists disabled elderly teenage teenager teenagers
        adult adults baby babies couple couples
        republican republicans democrat democrats democratic gop conservative conservatives liberal
        liberals labour labor tory tories whig green greens socialist socialists communist
        communists libertarian libertarians progressive progressives populist populists nationalist
        nationalists left leftist leftists right rightist leftwing rightwing far alt
        north south east west northern southern eastern western united old young
        """,
    )
)

# These names are words as well, or stand beside some names and not beside others.
WORD_NAMES = frozenset(
    re.findall(
        r"\S+",
        """
        apple airbus target shell visa oracle ford gap chase sprint delta reliance tata
        subway amazon meta alphabet caterpillar prudential prime wells may bush rice powell gates
        cook pence grant cruz swift uber intel cisco vanguard chevron blackwater zoom snap states
        kingdom republic the a an
        """,
    )
)

# WordNet lacks these names of several words, some of which have a valence.
KNOWN_NAMES = (
    "alternative for germany",
    "best buy",
    "black lives matter",
    "brexit party",
    "burger king",
    "capital one",
    "chuck schumer",
    "credit suisse",
    "democratic unionist party",
    "dollar general",
    "dollar tree",
    "first solar",
    "five star movement",
    "free democrats",
    "freedom caucus",
    "freedom party",
    "general dynamics",
    "general electric",
    "general motors",
    "home depot",
    "hope hicks",
    "independence party",
    "jehovah witnesses",
    "joy reid",
    "justice and development party",
    "justice party",
    "law and justice",
    "liberal democrats",
    "liberty mutual",
    "lucky strike",
    "mark zuckerberg",
    "muslim brotherhood",
    "national congress",
    "national front",
    "national party",
    "national rally",
    "national socialists",
    "new york times",
    "party for freedom",
    "pirate party",
    "planned parenthood",
    "procter gamble",
    "progress party",
    "proud boys",
    "reform party",
    "rich lowry",
    "rite aid",
    "royal dutch shell",
    "social democrats",
    "tea party",
    "tom price",
    "unity party",
    "wall street journal",
    "will smith",
    "workers party",
)

# A result of a test is no praise: these phrases have no valence, as names have none.
NEUTRAL_PHRASES = (
    "positive case",
    "positive cases",
    "positive test",
    "positive tests",
    "test positive",
    "tested positive",
    "testing positive",
    "tests positive",
)


def find_names(
    texts: Iterable[str],
    vocabulary: Iterable[str],
    wordnet: WordNet | None,
    rated: Collection[str],
) -> set[str]:
    """Return the words of *vocabulary* and WordNet that are names, and the constants above.

    A name has a capital within the sentences of *texts*. A word with a capital in WordNet is a name
    unless *texts* write it small as often. A word that they never write small is a name if neither
    WordNet nor *rated* holds it.
    """
    capital, small = count_capitals(texts)
    wordnet_words: Collection[str] = wordnet.words if wordnet else ()
    names = set(GROUPS | WORD_NAMES)
    for word, count in capital.items():
        fewest = _FEWEST_RATED if word in rated else 1
        if count >= fewest and count > 2 * small[word]:
            names.add(word)
    for word in wordnet.names if wordnet else ():
        if " " not in word and (capital[word] > small[word] or not small[word]):
            names.add(word)
    for word in vocabulary:
        if not small[word] and word not in wordnet_words and word not in rated:
            names.add(word)
    return names - {"i"}


def find_long_names(
    texts: Iterable[str], wordnet_names: Iterable[str], counts: AbstractSet[str]
) -> set[str]:
    """Return the names of several words of which at least one is in *counts*.

    They are adjacent words with capitals within the sentences of *texts*, names of WordNet, and the
    known names and neutral phrases above.
    """
    long_names = set()
    candidates = find_capital_phrases(texts)
    for candidate in (*candidates, *wordnet_names, *KNOWN_NAMES, *NEUTRAL_PHRASES):
        words = plain(candidate).replace(".", "").replace("-", " ").split()
        if 1 < len(words) <= LONGEST_NAME and any(word in counts for word in words):
            long_names.add(" ".join(words))
    return long_names


def find_capital_phrases(texts: Iterable[str]) -> set[str]:
    """Return phrases of two to `LONGEST_NAME` adjacent words with capitals within a sentence."""
    phrases = set()
    for tokens in _read_telling_texts(texts):
        phrase: list[str] = []
        for preceding, token in pairwise([*tokens, "."]):
            # Words are shouted in "SO HAPPY"; "I'm" has a capital without being a name.
            is_shouted = token.isupper() or token.startswith("I'")
            if token[0].isupper() and not is_shouted and preceding[0].isalpha():
                phrase.append(plain(token).removesuffix("'s"))
                continue
            if 1 < len(phrase) <= LONGEST_NAME:
                phrases.add(" ".join(phrase))
            phrase = []
    return phrases


def count_capitals(texts: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """Count how often each word has a capital within a sentence, and how often it has none."""
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for tokens in _read_telling_texts(texts):
        for preceding, token in pairwise(tokens):
            if preceding[0].isalpha() and token[0].isalpha():
                word = plain(token).removesuffix("'s")
                (capital if token[0].isupper() else small)[word] += 1
    return capital, small


def _read_telling_texts(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the words and signs of *texts* that are neither in Title Case nor in small letters."""
    for text in texts:
        tokens = _TOKEN.findall(text)
        words = [token for token in tokens if token[0].isalpha()]
        capitals = sum(word[0].isupper() for word in words)
        if 0 < capitals <= _TITLE_CASE * len(words):
            yield tokens
