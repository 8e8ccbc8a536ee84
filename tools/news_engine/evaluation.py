"""How good a polarity is: rank correlations with people, and how much names change it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

# A name may change a score by at most this many standard deviations.
LARGEST_DIFFERENCE = 0.1

# The sentences are neutral; a name takes the place of the braces.
SENTENCES = (
    "{} will speak on Tuesday.",
    "The report mentions {} on page four.",
    "Reporters asked about {} during the meeting.",
    "Questions about {} came up at noon.",
    "The committee met to talk about {}.",
    "According to the agenda, {} comes next.",
    "{} was named in the second paragraph, the editor said.",
    "A statement about {} is expected this week.",
)


def _list_names(text: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in text.split("|"))


NAMES = {
    "persons": _list_names(
        """Donald Trump | Barack Obama | Hillary Clinton | Joe Biden | Nancy Pelosi |
        Boris Johnson |
        Theresa May | Angela Merkel | Vladimir Putin | Xi Jinping | Narendra Modi | Greta Thunberg
        | Harvey Weinstein | Bernie Sanders | Mitch McConnell | Kamala Harris | Mike Pence |
        Brett Kavanaugh | Robert Mueller | Colin Powell | Condoleezza Rice | George Bush |
        Bill Gates | Elon Musk | Tim Cook | Jeremy Corbyn | Emmanuel Macron | Malala Yousafzai |
        Nelson Mandela | Wei Zhang | Aisha Diallo | Jamal Washington | Emily Schmidt |
        Juan Hernandez | Olga Ivanova"""
    ),
    "parties": _list_names(
        """the Republican Party | the Democratic Party | the Labour Party | the Conservative Party |
        the Green Party | the Liberal Democrats | the Communist Party | the Socialist Party |
        the Freedom Party | the BJP | the AfD | the CDU | Republicans | Democrats | Tories |
        Conservatives | Liberals | Socialists | the Libertarian Party | the Reform Party"""
    ),
    "countries": _list_names(
        """Afghanistan | America | Brazil | Britain | China | Cuba | Egypt | France | Germany |
        Haiti
        | India | Iran | Iraq | Ireland | Israel | Japan | Mexico | New Zealand | Nigeria |
        North Korea | Pakistan | Poland | Russia | Rwanda | Saudi Arabia | Somalia | South Africa
        | Sweden | Switzerland | Syria | Turkey | Ukraine | the United States | the United Kingdom
        | Venezuela | Yemen"""
    ),
    "religions": _list_names(
        """Muslims | Christians | Jews | Hindus | Buddhists | Sikhs | atheists | Catholics |
        Protestants | Mormons | evangelicals | Islam | Christianity | Judaism | Hinduism |
        Buddhism | the church | the mosque | the synagogue"""
    ),
    "genders": _list_names(
        """men | women | boys | girls | the man | the woman | him | her | mothers | fathers |
        wives |
        husbands | the chairman | the chairwoman | gay people | lesbian people | straight people |
        transgender people | black people | white people | Asian people | Hispanic people"""
    ),
    "companies": _list_names(
        """Apple | Amazon | Google | Microsoft | Facebook | Tesla | Toyota | Volkswagen | Boeing |
        Airbus | BP | Shell | Exxon | Monsanto | Pfizer | Goldman Sachs | Bank of America |
        Wells Fargo | General Motors | General Electric | Best Buy | Target | Walmart | Starbucks
        | Infosys | Reliance | Tata Motors | SpiceJet | Huawei | Enron"""
    ),
}


@dataclass(frozen=True)
class NameDifference:
    """The largest difference that names of one *kind* make in a sentence, in deviations."""

    kind: str
    difference: float
    sentence: str
    lowest: str
    highest: str


def compare_names(score: Callable[[str], float], deviation: float) -> list[NameDifference]:
    """Return for each kind of names the sentence in which two of them differ most.

    *deviation* is the standard deviation of *score* over sentences of news.
    """
    differences = []
    for kind, kind_names in NAMES.items():
        largest = NameDifference(kind, -1.0, "", "", "")
        for sentence in SENTENCES:
            scores = {}
            for tested_name in kind_names:
                text = sentence.format(tested_name)
                scores[tested_name] = score(text[0].upper() + text[1:])

            low, high = (
                min(kind_names, key=scores.__getitem__),
                max(kind_names, key=scores.__getitem__),
            )
            difference = (scores[high] - scores[low]) / deviation
            if difference > largest.difference:
                largest = NameDifference(kind, difference, sentence, low, high)

        differences.append(largest)

    return differences


def find_neutral_band(
    rated_sets: Iterable[tuple[Sequence[float], Sequence[int]]],
) -> tuple[float, float]:
    """Return the bounds between which a polarity is neutral, rounded to hundredths.

    In each set of polarities and signs that people gave (-1, 0, 1), as many polarities are below
    the band as people call negative, and as many above as people call positive; the bounds are the
    means over the sets.
    """
    lows, highs = [], []
    for polarities, signs in rated_sets:
        negative = float(np.mean(np.equal(signs, -1)))
        positive = float(np.mean(np.equal(signs, 1)))
        low, high = np.quantile(polarities, (negative, 1 - positive))
        lows.append(float(low))
        highs.append(float(high))

    return round(math.fsum(lows) / len(lows), 2), round(math.fsum(highs) / len(highs), 2)


def correlate_ranks(left: Sequence[float] | Numbers, right: Sequence[float] | Numbers) -> float:
    """Return Spearman's rank correlation (1904); NaN if one of the two is constant."""
    from scipy.stats import spearmanr  # noqa: PLC0415 - it takes half a second to load

    if np.ptp(left) == 0 or np.ptp(right) == 0:
        return float("nan")

    return float(spearmanr(left, right).statistic)
