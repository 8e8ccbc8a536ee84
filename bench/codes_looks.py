"""Whether intervals cover the truth where the looks at a growing sample end it.

    python bench/codes_looks.py [--draws 1000] [--seed 1] [--folder FOLDER] [--years 2]
        [--widths .02 .03] [--networks .8 .9]

Each draw codes a pilot, then looks (`reports.stats.looks`) until the share is known to ± a half
width or five looks are over. Three kinds of archive: made-up months of 5,000 documents
(`bench/codes.py`), two made-up years of 24 such months, and, with a folder of the rated sentences
that a polarity training reads, those sentences in twelve months: who rated them put each into
"negative" or not, so that all codes are known. There a keyword is the five words that tell most of
being negative, near misses are found as `tidings label` finds them.

With `--networks` a network of such an accuracy has coded all documents of the made-up archives,
right as often in the category as outside of it; 0 is none.

For each archive: how often the interval of the last look covers the truth; the median of the codes
and their share of all texts; the half-width reached over the one asked for; after how many looks
it ended; and the half-width over the one that the look before predicted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import codes
import harness
import numpy as np
from numpy.typing import NDArray

from analysis.codebooks.near_misses import WordsOfTexts, score_texts
from reports.stats.coded_strata import CodedStratum, MachineCodes
from reports.stats.looks import (
    LEVELS,
    WantedShare,
    count_pilot,
    take_look,
)
from tools.news_training.ratings import read_ratings

MONTH_WIDTHS = (0.02, 0.03, 0.01)
YEARS_WIDTH = 0.005
SHARES = (0.005, 0.02, 0.05, 0.1, 0.3)
SETS = ("newsmtsc_train", "sentfin", "vader_amazonReviewSnippets")
KEYWORD_TERMS = 5
RATED_MONTHS = 12
RATED_WIDTH = 0.03

# The accuracies of networks that code all documents; 0 for none.
NETWORKS = (0.0,)


@dataclass(frozen=True)
class Drawing:
    """What came of a draw."""

    is_covered: bool
    codes: int
    looks: int
    half_width: float
    predicted: float | None


# The documents of each stratum that are in the category and not, by kind: periods x kinds x 2.
Documents = NDArray[np.int64]


def main() -> None:
    options = harness.parse_options(
        __doc__,
        draws=1000,
        seed=1,
        folder="",
        years=2,
        widths=MONTH_WIDTHS,
        shares=SHARES,
        networks=NETWORKS,
    )
    rng = np.random.default_rng(options.seed)
    for within, share, network in product(options.widths, options.shares, options.networks):
        label = describe_archive("month", share, network)
        measure(rng, label, make_months(share), within, options.draws, network)

    for name, documents in read_rated_archives(options.folder):
        share = int(documents[..., 0].sum()) / int(documents.sum())
        label = f"{name}, share {100 * share:.1f} %"
        measure(rng, label, [documents], RATED_WIDTH, options.draws)

    for share, network in product(options.shares if options.years else (), options.networks):
        years = [np.concatenate([month] * options.years * 12) for month in make_months(share)]
        label = describe_archive(f"{options.years} years", share, network)
        measure(rng, label, years, YEARS_WIDTH, max(1, options.draws // 5), network)


def describe_archive(period: str, share: float, network: float) -> str:
    coded = f", network {network:g}" if network else ""
    return f"{period}, share {100 * share:g} %{coded}"


def measure(  # noqa: PLR0917 - a measurement has many parts
    rng: np.random.Generator,
    label: str,
    archives: Sequence[Documents],
    within: float,
    draws: int,
    network: float = 0.0,
) -> None:
    """Draw from each archive in turn, and print what came of it."""
    drawings = []
    for number in range(draws):
        documents = archives[number % len(archives)]
        drawings.append(draw_until_within(rng, documents, within, network))

    print_drawings(label, within, drawings, int(archives[0].sum()))


def make_months(share: float) -> list[Documents]:
    """Return a month of each precision and recall of the keyword."""
    recalls = codes.RECALLS_OF_COMMON if share == codes.COMMON else codes.RECALLS
    months = []
    for precision, recall in product(codes.PRECISIONS, recalls):
        documents = codes.make_archive("month", share, precision, recall, accuracy=1.0).documents
        months.append(np.stack([documents[..., :2].sum(-1), documents[..., 2:].sum(-1)], axis=-1))

    return months


def draw_until_within(
    rng: np.random.Generator, documents: Documents, within: float, network: float
) -> Drawing:
    """Code a pilot and as many texts as the looks ask for."""
    orders = [
        draw_order(rng, in_category, others, network)
        for in_category, others in documents.reshape(-1, 2).tolist()
    ]
    kinds = [kind for _ in documents for kind in codes.KINDS]
    sizes = [len(order) for order in orders]
    pilot = count_pilot(len(documents), are_estimated=False)
    drawn = codes.divide(pilot, documents.sum(-1)).ravel().tolist()
    truth = int(documents[..., 0].sum()) / int(documents.sum())
    predicted = None

    for number in range(1, len(LEVELS) + 1):
        strata = [
            make_stratum(kind, order, n, has_network=network > 0)
            for kind, order, n in zip(kinds, orders, drawn, strict=True)
        ]
        numbered = [replace(stratum, number=number) for number, stratum in enumerate(strata)]
        wanted = [WantedShare("share", numbered)]
        look = take_look(number, wanted, within, drawn=drawn, texts=sizes)
        if look.drawn is None:
            break

        drawn, predicted = list(look.drawn), look.predicted

    estimate = look.shares[0].estimate
    assert estimate is not None
    is_covered = estimate.low - 1e-9 <= truth <= estimate.high + 1e-9
    return Drawing(is_covered, sum(drawn), number, look.half_width, predicted)


def draw_order(
    rng: np.random.Generator, in_category: int, others: int, network: float
) -> NDArray[np.float64]:
    """Return the codes of a stratum's documents, and the network's, in the order of drawing."""
    order = rng.permutation(np.arange(in_category + others) < in_category)
    is_right = rng.permutation(np.arange(len(order)) < round(network * len(order)))
    return np.stack([order, order == is_right], axis=1).astype(float)


def make_stratum(
    kind: str, order: NDArray[np.float64], n: int, *, has_network: bool
) -> CodedStratum:
    """Return a stratum of which the first *n* documents are coded."""
    machine = None
    if has_network:
        machine = MachineCodes(order[:n, 1].tolist(), int(order[:, 1].sum()), len(order))

    return CodedStratum(kind, len(order), order[:n, 0].tolist(), (), machine)


def print_drawings(label: str, within: float, drawings: Sequence[Drawing], documents: int) -> None:
    coverage = 100 * float(np.mean([drawing.is_covered for drawing in drawings]))
    n = float(np.median([drawing.codes for drawing in drawings]))
    ratios = [drawing.half_width / within for drawing in drawings]
    predicted = [
        drawing.half_width / drawing.predicted for drawing in drawings if drawing.predicted
    ]
    is_within = 100 * float(np.mean([ratio <= 1 for ratio in ratios]))
    looks = np.bincount([drawing.looks for drawing in drawings], minlength=6)[1:].tolist()
    note = (
        f"{n:.0f} codes ({100 * n / documents:.1f} %), within in {is_within:.0f} %, "
        f"reached/asked {np.median(ratios):.2f}, looks {looks}"
    )
    if predicted:
        note += f", reached/predicted {np.median(predicted):.2f}"
        note += f" ({np.quantile(predicted, 0.05):.2f} to {np.quantile(predicted, 0.95):.2f})"

    figure = f"{label}, ± {100 * within:g} points: covers"
    harness.print_figure(
        figure, [coverage], "%", floor=codes.WANTED, floor_name="least wanted", note=note
    )


def read_rated_archives(folder: str) -> Iterator[tuple[str, Documents]]:
    """Yield each set of rated sentences as the documents of twelve months, by part and code."""
    if not folder:
        return

    sentences = defaultdict(list)
    for sentence in read_ratings(Path(folder)):
        sentences[sentence.dataset].append((sentence.text, sentence.sign < 0))

    for name in SETS:
        if name in sentences:
            texts = [text for text, _ in sentences[name]]
            yield name, _arrange(texts, np.array([code for _, code in sentences[name]]))


def _arrange(texts: Sequence[str], is_negative: NDArray[np.bool_]) -> Documents:
    words = _number_words(texts)
    counts = np.bincount(words.words, minlength=words.vocabulary)
    negative = np.bincount(words.words[is_negative[words.text_of]], minlength=words.vocabulary)
    expected = counts * is_negative.mean()
    deviation = (negative - expected) / np.sqrt(expected + 1)
    keyword = np.argsort(-deviation)[:KEYWORD_TERMS]
    has_keyword = np.zeros(len(texts), bool)
    has_keyword[words.text_of[np.isin(words.words, keyword)]] = True

    scores = score_texts(words, has_keyword)
    scores[has_keyword] = 0
    near = np.zeros(len(texts), bool)
    near[np.argsort(-scores, kind="stable")[: has_keyword.sum()]] = True
    near &= scores > 0

    months = np.random.default_rng(0).integers(RATED_MONTHS, size=len(texts))
    documents = np.zeros((RATED_MONTHS, 3, 2), np.int64)
    kinds = np.where(has_keyword, 0, np.where(near, 1, 2))
    np.add.at(documents, (months, kinds, np.where(is_negative, 0, 1)), 1)
    return documents


def _number_words(texts: Sequence[str]) -> WordsOfTexts:
    vocabulary: dict[str, int] = {}
    words, text_of = [], []
    for number, text in enumerate(texts):
        for word in sorted({word.strip(".,;:!?'\"()").casefold() for word in text.split()}):
            words.append(vocabulary.setdefault(word, len(vocabulary)))
            text_of.append(number)

    return WordsOfTexts(len(texts), len(vocabulary), np.array(words), np.array(text_of))


if __name__ == "__main__":
    main()
