"""Extractive summaries: the sentences of the most frequent words, in the order of the text."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import chain

from textapi.text.sentences import sentences

# The codes of the languages whose function words are known.
LANGUAGES = frozenset({"en"})

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")

# These words say how others belong together and not what a text is about: they have no frequency.
FUNCTION_WORDS = frozenset(
    re.findall(
        r"\S+",
        """
        a an the this that these those some any no every each either neither such own other another
        same all both half i me my mine we us our ours you your yours he him his she her hers it its
        they them their theirs one who whom whose which what myself yourself himself herself itself
        ourselves themselves and or but nor so yet if then than because although though while when
        where whether since until unless as of in on at by to for from with without into onto over
        under above below up down off out about against between among through during before after
        toward towards upon within along across behind beyond near per via is are was were be been
        being am do does did done doing have has had having will would shall should can could may
        might must ought not n't never only just very too also more most much many few less least
        again still even ever already now here there why how
        s t re ve ll d m don doesn didn isn aren wasn weren won wouldn couldn can't won't don't it's
        i'm that's
        """,
    )
)


def words(text: str) -> list[str]:
    """Return the content words of *text*, in lower case, in order."""
    lower = text.lower().replace("\u2019", "'")
    return [word for word in _WORD.findall(lower) if word not in FUNCTION_WORDS]


def summarize(text: str, proportion: float = 0.3) -> str:
    """Return a *proportion* (above 0, at most 1) of the distinct sentences, at least one.

    The earlier of sentences whose words have the same mean frequency is taken.
    """
    distinct = list(dict.fromkeys(sentences(text)))
    words_by_sentence = [words(sentence) for sentence in distinct]
    frequency = Counter(chain.from_iterable(words_by_sentence))

    scores = []
    for sentence_words in words_by_sentence:
        total = math.fsum(frequency[word] for word in sentence_words)
        scores.append(total / max(1, len(sentence_words)))

    count = max(1, round(proportion * len(distinct)))
    best = sorted(range(len(distinct)), key=lambda index: scores[index], reverse=True)[:count]
    return " ".join(distinct[index] for index in sorted(best))
