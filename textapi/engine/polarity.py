"""Polarity from -1 (negative) to 1 (positive), in three modes.

``vader`` (VADER, Hutto and Gilbert 2014) agrees better with human readers; on a long text it
saturates, so a text's polarity is the mean over its sentences. ``compatible`` is the lexicon
polarity of TextBlob over the whole text, which the original service answered; it is never averaged.
``news`` is our own network (`textapi.engine.news`), sentence by sentence as ``vader``.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable
from functools import cache
from operator import itemgetter
from typing import Literal, NamedTuple

from core.errors import StackError
from textapi.engine import ENGINE
from textapi.engine.input_limits import without_endless_signs
from textapi.text.sentences import sentences

Mode = Literal["vader", "compatible", "news"]
# Requests that prefer none of the modes are answered with this one.
DEFAULT_MODE: Mode = "vader"
# Answers are stored under the name of their engine, so a mode whose polarities change gets a new
# version; the answers of the others stay good.
_VERSIONS: dict[Mode, str] = {"news": "2"}
# The codes of the languages whose texts each mode scores.
LANGUAGES = frozenset({"en"})

# VADER's time grows with the square of a sentence's length. A sentence with more characters is
# scored in pieces, cut between words, so that one request cannot hold up a server.
_LONGEST_SENTENCE = 500

_PLAIN_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")


def choose_mode(preferred: str | None) -> Mode:
    """Return the mode called *preferred*, else `DEFAULT_MODE`."""
    return next((mode for mode in _SCORERS if mode == preferred), DEFAULT_MODE)


def engine_name(mode: Mode) -> str:
    """Return the name of the engine whose polarities are those of *mode*."""
    version = _VERSIONS.get(mode)
    return f"{ENGINE}+{mode}-{version}" if version else f"{ENGINE}+{mode}"


def scores_as(engine: str, mode: Mode) -> bool:
    """Return whether the polarities of *engine* are those of *mode*, whatever else it reads by."""
    return f"{engine}+".startswith(f"{engine_name(mode)}+")


class NeutralBand(NamedTuple):
    """The bounds of a neutral polarity, which is between them."""

    low: float
    high: float

    def sign(self, polarity: float) -> int:
        """Return -1 for a negative *polarity*, 1 for a positive one, 0 for a neutral one."""
        if self.low < polarity < self.high:
            return 0
        return -1 if polarity <= self.low else 1


# Hutto and Gilbert, "VADER" (ICWSM 2014). Engines without a band of their own are read by it.
VADER_BAND = NeutralBand(-0.05, 0.05)


def neutral_band(engine: str) -> NeutralBand:
    """Return the neutral band of the polarities of *engine*, by its name."""
    if not scores_as(engine, "news"):
        return VADER_BAND

    from textapi.engine import news  # noqa: PLC0415  # half a megabyte that other modes do without

    return NeutralBand(*news.load().neutral_band)


def text_polarity(text: str, mode: Mode = "vader") -> float:
    """Return the polarity of *text* as a whole, 0 if there is nothing to score."""
    if mode == "compatible":
        return _scorer(mode)(text)
    return _mean(score for score, _ in polarity_by_sentence(text, mode))


def polarity_by_sentence(text: str, mode: Mode = "vader") -> list[tuple[float, str]]:
    """Return (polarity, sentence) of each sentence of *text*, in order."""
    score = _scorer(mode)
    return [(score(sentence), sentence) for sentence in sentences(text)]


def most_positive(text: str, count: int, mode: Mode = "vader") -> list[str]:
    """Return the *count* most positive sentences in that order; the earlier of equal ones first."""
    return _sort_sentences(text, mode, reverse=True)[:count]


def most_negative(text: str, count: int, mode: Mode = "vader") -> list[str]:
    """Return the *count* most negative sentences in that order; the earlier of equal ones first."""
    return _sort_sentences(text, mode, reverse=False)[:count]


def _sort_sentences(text: str, mode: Mode, *, reverse: bool) -> list[str]:
    scored = sorted(polarity_by_sentence(text, mode), key=itemgetter(0), reverse=reverse)
    return list(dict.fromkeys(sentence for _, sentence in scored))


def _mean(scores: Iterable[float]) -> float:
    listed = list(scores)
    return math.fsum(listed) / len(listed) if listed else 0.0


@cache
def _scorer(mode: Mode) -> Callable[[str], float]:
    """Return the function that scores a sentence. Raises `StackError` if its library is missing."""
    try:
        return _SCORERS[mode]()
    except ImportError as error:
        raise StackError(
            f"polarity mode {mode!r} needs {error.name}, which is not installed: "
            "pip install 'tidings[server]'"
        ) from error


def _vader_scorer() -> Callable[[str], float]:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415

    analyzer = SentimentIntensityAnalyzer()

    def score(sentence: str) -> float:
        # VADER knows "don't" as a negation, and not with a curly quote.
        return float(analyzer.polarity_scores(sentence.translate(_PLAIN_QUOTES))["compound"])

    return _in_pieces(score)


def _news_scorer() -> Callable[[str], float]:
    from textapi.engine import news  # noqa: PLC0415  # half a megabyte that other modes do without

    return _in_pieces(news.load().score)


def _in_pieces(score_piece: Callable[[str], float]) -> Callable[[str], float]:
    """Return the function that scores a long sentence as the mean of its pieces."""

    def score(sentence: str) -> float:
        if len(sentence) <= _LONGEST_SENTENCE:
            return score_piece(sentence)

        shorter = without_endless_signs(sentence)
        pieces = textwrap.wrap(shorter, _LONGEST_SENTENCE, break_on_hyphens=False)
        return _mean(map(score, pieces))

    return score


def _lexicon_scorer() -> Callable[[str], float]:
    from textblob.en import sentiment  # noqa: PLC0415  # workers do without; it takes a second

    def score(text: str) -> float:
        polarity, _subjectivity = sentiment(text)
        # Python 3.12 adds floats up otherwise than 3.11: the last digits are not kept.
        return max(-1.0, min(1.0, round(float(polarity), 12)))

    return score


_SCORERS: dict[Mode, Callable[[], Callable[[str], float]]] = {
    "vader": _vader_scorer,
    "compatible": _lexicon_scorer,
    "news": _news_scorer,
}
