"""Whether a search reaches the recall that was asked, and how many texts are read for it.

    python bench/search.py [--folder FOLDER] [--runs 300] [--seed 1] [--tags movies ...]
                           [--text headline|both]

FOLDER holds the archive months 2017-01 to 2018-12 of nyt, by default TIDINGS_REAL_DATA/nyt. The
newspaper's own tags are the codes, its headlines are what is read (with --text both the abstracts
too): a tag is given to an article of which the headline may say nothing, so that much of it is hard
to find. Equal texts are one, relevant if half of the articles have the tag.

Each run of a tag draws by chance anew and goes on to recall .8, then .9, then .95. Told are: how
often the interval held the true recall at all looks of a run, how often the recall that was asked
was reached when the search ended, and which part of all texts was read then. Beside it, for whoever
knows the truth: random order (the floor), the words of the keyword alone, and the ranking alone;
and the usual rule to end after so many irrelevant texts in a row, with the recall that it gave.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import harness
import numpy as np
from numpy.typing import NDArray

from analysis.codebooks.near_misses import Bits, Floats, WordsOfTexts
from analysis.codebooks.search_ranking import SearchRanking
from analysis.grains import list_months
from analysis.text.repeats import Words, read_form
from reports.stats.search_recall import ChanceDraws, SearchProgress
from sources.base import SourceDocument
from sources.registry import source_named
from workers.document_search import (
    LATELY_SHARE,
    LEAST_BATCH,
    LEAST_LATELY,
    choose_batch,
    find_lowest,
)

RECALLS = (0.8, 0.9, 0.95)
# A batch is of this share of what was read, without the program's bound of 200; or of this share of
# what is still to be read.
BATCH_SHARE, REMAINING_SHARE = 0.2, 0.3
IN_A_ROW = (50, 100, 200)

# What is searched for: the newspaper's tags, and a keyword to begin with.
TAGS = {
    "politics": (
        (
            "United States Politics and Government",
            "Politics and Government",
            "United States International Relations",
            "Law and Legislation",
            "Elections",
        ),
        ("trump", "senate"),
    ),
    "us-politics": (("United States Politics and Government",), ("trump",)),
    "books": (("Books and Literature",), ("book", "books")),
    "movies": (("Movies",), ("film", "movie")),
    "immigration": (("Immigration and Emigration",), ("immigration", "immigrants")),
    "trade": (("International Trade and World Market",), ("trade", "tariffs")),
    "warming": (("Global Warming",), ("climate",)),
    "guns": (("Gun Control",), ("gun",)),
}

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Archive:
    """The different texts: their words, how many articles have each, and which have each tag."""

    words: WordsOfTexts
    vocabulary: dict[str, int]
    copies: Integers
    have_tag: dict[str, Bits]

    def has_word(self, words: tuple[str, ...]) -> Bits:
        """Return which texts have one of *words*."""
        numbers = [self.vocabulary[word] for word in words]
        found = np.zeros(self.words.texts, bool)
        found[self.words.text_of[np.isin(self.words.words, numbers)]] = True
        return found


@dataclass(frozen=True)
class End:
    """Where a run had reached a recall by its interval: the part of texts read, and the recall.

    *holds* says whether the interval held the true recall then.
    """

    read: float
    recall: float
    holds: bool


def main() -> None:
    options = harness.parse_options(
        __doc__, folder="", runs=300, seed=1, tags=tuple(TAGS), text="headline"
    )
    folder = harness.real_data(options.folder, "nyt")
    archive = read_archive(folder, with_abstracts=options.text == "both")
    rng = np.random.default_rng(options.seed)
    for tag in options.tags:
        relevant = archive.have_tag[tag]
        share = int((archive.copies * relevant).sum()) / int(archive.copies.sum())
        has_keyword = archive.has_word(TAGS[tag][1])
        label = f"{tag} ({100 * share:.1f} %)"
        print_known(label, archive, relevant, has_keyword)
        print_runs(label, archive, relevant, has_keyword, rng, options.runs)


def read_archive(folder: Path, *, with_abstracts: bool) -> Archive:
    read = source_named("nyt").archive
    assert read is not None
    assert read.read is not None
    tags_by_form: dict[Words, list[frozenset[str]]] = defaultdict(list)
    for month in list_months("2017-01", "2018-12"):
        for item in read.read(folder / f"{month}.json.gz"):
            if isinstance(item, SourceDocument):
                text = f"{item.text} {item.abstract or ''}" if with_abstracts else item.text
                tags_by_form[read_form(text)].append(frozenset(item.tags or ()))

    vocabulary: dict[str, int] = {}
    words: list[int] = []
    text_of: list[int] = []
    for text_number, form in enumerate(tags_by_form):
        numbers = [vocabulary.setdefault(word, len(vocabulary)) for word in dict.fromkeys(form)]
        words += numbers
        text_of += [text_number] * len(numbers)

    have_tag = {
        name: np.array([has_any(tags, set(wanted)) for tags in tags_by_form.values()])
        for name, (wanted, _) in TAGS.items()
    }
    words_of_texts = WordsOfTexts(
        len(tags_by_form), len(vocabulary), np.array(words), np.array(text_of)
    )
    copies = np.array([len(tags) for tags in tags_by_form.values()])
    return Archive(words_of_texts, vocabulary, copies, have_tag)


def has_any(tags_of_copies: list[frozenset[str]], wanted: set[str]) -> bool:
    """Whether half of the articles have one of the tags *wanted*."""
    return 2 * sum(bool(tags & wanted) for tags in tags_of_copies) >= len(tags_of_copies)


def print_known(label: str, archive: Archive, relevant: Bits, has_keyword: Bits) -> None:
    """Print what is read by other rules: they know the truth, or look at what came last."""
    found = archive.copies * relevant
    by_words = np.argsort(-SearchRanking(archive.words, [has_keyword]).score(), kind="stable")
    by_ranking = read_by_ranking(archive, relevant, has_keyword)
    for recall in RECALLS:
        for name, order in (("words alone", by_words), ("ranking alone", by_ranking)):
            reached = np.searchsorted(np.cumsum(found[order]), recall * found.sum()) + 1
            figure = f"{label}, recall {recall:g}, {name}"
            harness.print_figure(figure, [100 * reached / len(order)], "%", floor=100 * recall)

    # Where the last irrelevant texts in a row begin.
    last_hit = np.maximum.accumulate(np.where(relevant[by_ranking], np.arange(len(by_ranking)), -1))
    in_a_row = np.arange(len(by_ranking)) - last_hit
    for row in IN_A_ROW:
        end = int(np.argmax(in_a_row >= row)) + 1
        recall = int(found[by_ranking[:end]].sum()) / int(found.sum())
        note = f"recall {recall:.3f}"
        harness.print_figure(
            f"{label}, ends after {row} in a row", [100 * end / len(by_ranking)], "%", note=note
        )


def read_by_ranking(archive: Archive, relevant: Bits, has_keyword: Bits) -> Integers:
    """Return all texts in the order in which they are read without a draw by chance."""
    ranking = SearchRanking(archive.words, [has_keyword])
    unread = np.ones(archive.words.texts, bool)
    order: list[Integers] = []
    while unread.any():
        places = np.flatnonzero(unread)
        size = find_size(archive.words.texts - len(places), len(places), len(places))
        texts = places[find_lowest(-ranking.score()[places], size)]
        ranking.learn(texts, relevant[texts])
        unread[texts] = False
        order.append(texts)

    return np.concatenate(order)


def print_runs(  # noqa: PLR0917 - a run needs an archive, a truth and chance
    label: str,
    archive: Archive,
    relevant: Bits,
    has_keyword: Bits,
    rng: np.random.Generator,
    runs: int,
) -> None:
    held = 0
    ends: dict[float, list[End]] = defaultdict(list)
    for _ in range(runs):
        search = SimulatedSearch(archive, relevant, has_keyword, rng)
        for recall, end in search.run():
            ends[recall].append(end)

        held += search.held

    harness.print_figure(
        f"{label}, interval held at all looks", [100 * held / runs], "%", floor=95.0
    )
    for recall in RECALLS:
        holds = [100 * float(np.mean([end.holds for end in ends[recall]]))]
        harness.print_figure(f"{label}, recall {recall:g}, interval holds", holds, "%", floor=94.0)
        reached = np.mean([end.recall >= recall for end in ends[recall]])
        harness.print_figure(
            f"{label}, recall {recall:g} reached", [100 * float(reached)], "%", floor=95.0
        )
        read = [100 * end.read for end in ends[recall]]
        found = np.mean([end.recall for end in ends[recall]])
        name = f"{label}, recall {recall:g}, read"
        harness.print_figure(name, read, "%", floor=100 * recall, note=f"recall {found:.3f}")


class SimulatedSearch:
    """A search by coders who err in nothing."""

    def __init__(
        self, archive: Archive, relevant: Bits, has_keyword: Bits, rng: np.random.Generator
    ) -> None:
        self.held = True
        self._relevant, self._copies = relevant, archive.copies
        self._truth = int((archive.copies * relevant).sum())
        self._ranking = SearchRanking(archive.words, [has_keyword])
        self._rng = rng
        self._unread = np.ones(len(relevant), bool)
        # Of the draws of each batch: unread and found before each, if it was a hit, and its weight.
        self._draws: list[tuple[Floats, Floats, Bits, Floats]] = [
            (np.empty(0), np.empty(0), np.empty(0, bool), np.empty(0))
        ]
        # Articles and relevant ones of each batch from the top.
        self._top: list[tuple[int, int]] = []
        self._read = self._found = 0

    def run(self) -> Iterator[tuple[float, End]]:
        """Yield each recall and where it was reached; note whether an interval ever failed."""
        for recall in RECALLS:
            while not (progress := self._look()).has_reached(recall):
                self._read_batch(progress, recall)

            part = float(1 - self._unread.mean())
            yield recall, End(part, self._found / self._truth, self._holds(progress))

    def _look(self) -> SearchProgress:
        draws = ChanceDraws(*map(np.concatenate, zip(*self._draws, strict=True)))
        lately = max(LEAST_LATELY, LATELY_SHARE * (~self._unread).sum())
        top_read = top_found = 0
        for read, relevant in reversed(self._top):
            if top_read >= lately:
                break

            top_read += read
            top_found += relevant

        documents = int(self._copies.sum())
        progress = SearchProgress(documents, self._read, self._found, draws, top_read, top_found)
        self.held &= self._holds(progress)
        return progress

    def _holds(self, progress: SearchProgress) -> bool:
        refutes_truth = progress.refutes_more_than(self._truth - 1)
        return not (refutes_truth or progress.refutes_fewer_than(self._truth + 1))

    def _read_batch(self, progress: SearchProgress, recall: float) -> None:
        places = np.flatnonzero(self._unread)
        remaining = progress.count_to_read(recall)
        size = find_size(len(self._unread) - len(places), len(places), remaining)
        scores, copies = self._ranking.score()[places], self._copies[places]
        batch = choose_batch(scores, copies, size, progress.plan_draws(recall), self._rng)
        before = (self._read, self._found)
        self._read_texts(places[batch.top], None)
        self._top.append((self._read - before[0], self._found - before[1]))
        self._read_texts(places[batch.by_chance], batch.weights)
        texts = places[np.concatenate((batch.top, batch.by_chance))]
        self._unread[texts] = False
        self._ranking.learn(texts, self._relevant[texts])

    def _read_texts(self, texts: Integers, weights: Floats | None) -> None:
        """Read *texts*, drawn by chance with *weights* or from the top."""
        copies, hits = self._copies[texts], self._relevant[texts]
        read = self._read + np.cumsum(copies)
        found = self._found + np.cumsum(copies * hits)
        if weights is not None:
            unread = (self._copies.sum() - (read - copies)).astype(float)
            self._draws.append((unread, (found - copies * hits).astype(float), hits, weights))
        if len(texts):
            self._read, self._found = int(read[-1]), int(found[-1])


def find_size(read: int, unread: int, remaining: int) -> int:
    wanted = min(BATCH_SHARE * read, REMAINING_SHARE * remaining)
    return min(unread, max(LEAST_BATCH, int(wanted)))


if __name__ == "__main__":
    main()
