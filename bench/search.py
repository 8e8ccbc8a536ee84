"""Whether a search reaches the recall that was asked, and how many texts are read for it.

    python bench/search.py [--folder FOLDER] [--runs 300] [--beside 30] [--seed 1]
                           [--tags movies ...] [--text headline|both] [--texts 0]
                           [--reader model|people]

FOLDER holds the archive months 2017-01 to 2018-12 of nyt, by default TIDINGS_REAL_DATA/nyt. The
newspaper's own tags are the codes, its headlines are what is read (with --text both the abstracts
too): a tag is given to an article of which the headline may say nothing, so that much of it is hard
to find. Equal texts are one, relevant if half of the articles have the tag. With --texts each run
is in an archive of its own, so many texts that are drawn by chance. Batches are as large as a model
or people read them.

Each run of a tag draws by chance anew and goes on to recall .8, then .9, then .95. Told are: how
often the interval held the true recall at all looks of a run, how often the recall that was asked
was reached when the search ended, and which part of all texts was read then. Beside it, in fewer
runs, the same interval where the ranking learns nothing, and where all is read in random order; and
the words and the ranking alone, by who knows the truth.

Usual rules end a search after so many irrelevant texts in a row: ASReview's users take 50, 100 or
250 (https://github.com/asreview/asreview/discussions/557). The SAFE procedure (J. Boetje and R. van
de Schoot, Systematic Reviews 13, 81, 2024) reads a random hundredth first, then by the ranking
until 50 in a row are irrelevant and a tenth of all texts and twice as many as are relevant by the
hundredth were read. Its papers known before and its second model are not here. These rules are put
to the same ranking, after the same hundredth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import harness
import numpy as np
from numpy.typing import NDArray

from analysis.codebooks.near_misses import Bits, Floats, WordsOfTexts
from analysis.codebooks.search_ranking import SearchRanking
from analysis.grains import list_months
from analysis.text.repeats import Words, read_form
from reports.stats.search_recall import ChanceDraws, DrawPlan, SearchProgress
from sources.base import SourceDocument
from sources.registry import source_named
from workers.document_search import (
    LATELY_SHARE,
    LEAST_LATELY,
    choose_batch,
    rank_highest,
    size_for_model,
    size_for_people,
)

RECALLS = (0.8, 0.9, 0.95)

# The rules that end after irrelevant texts in a row, and what SAFE asks beside them.
IN_A_ROW = (50, 100, 250)
FIRST_PART, SAFE_PART, SAFE_TIMES, SAFE_IN_A_ROW = 0.01, 0.1, 2.0, 50

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

    def draw(self, texts: int, rng: np.random.Generator) -> Archive:
        """Return an archive of so many *texts*, drawn by chance."""
        drawn = np.zeros(self.words.texts, bool)
        drawn[rng.choice(self.words.texts, texts, replace=False)] = True
        numbers = np.cumsum(drawn) - 1
        kept = drawn[self.words.text_of]
        words = WordsOfTexts(
            texts,
            self.words.vocabulary,
            self.words.words[kept],
            numbers[self.words.text_of[kept]],
        )
        have_tag = {name: has_tag[drawn] for name, has_tag in self.have_tag.items()}
        return Archive(words, self.vocabulary, self.copies[drawn], have_tag)


@dataclass(frozen=True)
class Subject:
    """What is searched for in an archive: its *tag* says which texts are *relevant*."""

    archive: Archive
    tag: str

    @cached_property
    def relevant(self) -> Bits:
        """Which texts are relevant."""
        return self.archive.have_tag[self.tag]

    @cached_property
    def found(self) -> Integers:
        """How many relevant documents each text is."""
        return self.archive.copies * self.relevant

    @cached_property
    def ranking(self) -> SearchRanking:
        """The ranking, which forgets between runs."""
        return SearchRanking(self.archive.words, [self.archive.has_word(TAGS[self.tag][1])])

    def draw(self, texts: int, rng: np.random.Generator) -> Subject:
        """Return the subject in an archive of so many *texts*, or in all where it is 0."""
        return Subject(self.archive.draw(texts, rng), self.tag) if texts else self


@dataclass(frozen=True)
class End:
    """Where a run had reached a recall by its interval: the part of texts read, and the recall.

    *holds* says whether the interval held the true recall then.
    """

    read: float
    recall: float
    holds: bool


@dataclass(frozen=True)
class Strategy:
    """How texts are read: whether the ranking *learns*, and which *draws* a batch has if always.

    *find_size* says how many texts are read before the next look, from those read and those that
    remain to be read.
    """

    find_size: Callable[[int, int], int]
    learns: bool = True
    draws: DrawPlan | None = None


def main() -> None:
    options = harness.parse_options(
        __doc__,
        folder="",
        runs=300,
        beside=30,
        seed=1,
        tags=tuple(TAGS),
        text="headline",
        texts=0,
        reader="model",
    )
    folder = harness.real_data(options.folder, "nyt")
    archive = read_archive(folder, with_abstracts=options.text == "both")
    search = Strategy(
        size_for_model if options.reader == "model" else lambda read, _: size_for_people(read)
    )
    for tag in options.tags:
        subject = Subject(archive, tag)
        label = f"{tag} ({100 * subject.found.sum() / archive.copies.sum():.1f} %)"
        chances = [np.random.default_rng([options.seed, run]) for run in range(options.runs)]
        print_runs(label, subject, search, chances, options.texts)

        print_known(label, subject)
        beside = chances[: options.beside]
        words_alone = replace(search, learns=False)
        print_runs(f"{label}, words alone", subject, words_alone, beside, options.texts)
        random_order = replace(search, learns=False, draws=DrawPlan(1.0))
        print_runs(f"{label}, random order", subject, random_order, beside, options.texts)
        print_rules(label, subject, beside, options.texts)


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


def print_known(label: str, subject: Subject) -> None:
    """Print what is read by who knows the truth."""
    subject.ranking.forget()
    by_words = rank_highest(subject.ranking.score())
    by_ranking = np.concatenate(list(read_by_ranking(subject, np.empty(0, np.int64), 0.2)))
    for recall in RECALLS:
        for name, order in (("words alone", by_words), ("ranking alone", by_ranking)):
            reached = np.searchsorted(np.cumsum(subject.found[order]), recall * subject.found.sum())
            figure = f"{label}, recall {recall:g}, {name}, known"
            read = 100 * (int(reached) + 1) / len(order)
            harness.print_figure(figure, [read], "%", floor=100 * recall)


def read_by_ranking(subject: Subject, first: Integers, share: float) -> Iterator[Integers]:
    """Yield all texts in the order in which they are read: the *first*, then by the ranking.

    Batches are of a *share* of what was read.
    """
    subject.ranking.forget()
    unread = np.ones(subject.archive.words.texts, bool)
    texts = first
    while True:
        subject.ranking.learn(texts, subject.relevant[texts])
        unread[texts] = False
        places = np.flatnonzero(unread)
        if len(texts):
            yield texts
        if not len(places):
            return

        read = len(unread) - len(places)
        size = max(size_for_people(0), int(share * read))
        texts = places[rank_highest(subject.ranking.score()[places])[:size]]


def print_rules(
    label: str, subject: Subject, chances: list[np.random.Generator], texts: int
) -> None:
    """Print where rules that look at what came last end, and the recall that they reach."""
    ends: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for rng in chances:
        drawn = subject.draw(texts, rng)
        for rule, end in end_by_rules(drawn, rng).items():
            ends[rule].append(end)

    for rule, of_runs in ends.items():
        read, recalls = map(np.array, zip(*of_runs, strict=True))
        reached = [f"{100 * (recalls >= recall).mean():.0f}" for recall in RECALLS]
        note = f"recall {recalls.mean():.3f} ({recalls.min():.3f} to {recalls.max():.3f})"
        note += f", at least .8, .9, .95 in {', '.join(reached)} %"
        harness.print_figure(f"{label}, {rule}", (100 * read).tolist(), "%", note=note)


def end_by_rules(subject: Subject, rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """Return by rule which part of the texts it reads, and the recall at its end."""
    texts = subject.archive.words.texts
    first = rng.choice(texts, round(FIRST_PART * texts), replace=False)
    expected = texts * float(subject.relevant[first].mean())
    least = max(SAFE_PART * texts, SAFE_TIMES * expected)
    rules = {f"ends after {row} in a row": (row, 0.0) for row in IN_A_ROW}
    rules["ends by SAFE"] = (SAFE_IN_A_ROW, least)

    ends: dict[str, tuple[float, float]] = {}
    read = found = in_a_row = 0
    for number, batch in enumerate(read_by_ranking(subject, first, 0.05)):
        for text in batch.tolist():
            read += 1
            found += int(subject.found[text])
            in_a_row = 0 if subject.relevant[text] or not number else in_a_row + 1
            for rule, (row, fewest) in rules.items():
                if rule not in ends and in_a_row >= row and read >= fewest:
                    ends[rule] = (read / texts, found / int(subject.found.sum()))

        if len(ends) == len(rules):
            break

    return {rule: ends.get(rule, (1.0, 1.0)) for rule in rules}


def print_runs(
    label: str,
    subject: Subject,
    strategy: Strategy,
    chances: list[np.random.Generator],
    texts: int,
) -> None:
    """Print what runs of one strategy reach; each is in an archive of its own with *texts*."""
    held = 0
    ends: dict[float, list[End]] = defaultdict(list)
    for rng in chances:
        search = SimulatedSearch(subject.draw(texts, rng), strategy, rng)
        for recall, end in search.run():
            ends[recall].append(end)

        held += search.held

    share = [100 * held / len(chances)]
    harness.print_figure(f"{label}, interval held at all looks", share, "%", floor=95.0)
    for recall in RECALLS:
        holds = [100 * float(np.mean([end.holds for end in ends[recall]]))]
        harness.print_figure(f"{label}, recall {recall:g}, interval holds", holds, "%", floor=94.0)
        reached = [100 * float(np.mean([end.recall >= recall for end in ends[recall]]))]
        harness.print_figure(f"{label}, recall {recall:g} reached", reached, "%", floor=95.0)
        read = [100 * end.read for end in ends[recall]]
        found = np.mean([end.recall for end in ends[recall]])
        note = f"mean {np.mean(read):.1f} %, recall {found:.3f}"
        name = f"{label}, recall {recall:g}, read"
        harness.print_figure(name, read, "%", floor=100 * recall, note=note)


class SimulatedSearch:
    """A search by coders who err in nothing."""

    def __init__(self, subject: Subject, strategy: Strategy, rng: np.random.Generator) -> None:
        self.held = True
        self._strategy, self._rng = strategy, rng
        self._relevant, self._copies = subject.relevant, subject.archive.copies
        self._documents, self._truth = int(self._copies.sum()), int(subject.found.sum())
        self._ranking = subject.ranking
        self._ranking.forget()
        self._unread = np.ones(len(self._relevant), bool)
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

        counts = (self._documents, self._read, self._found, draws, top_read, top_found)
        progress = SearchProgress(*counts)
        self.held &= self._holds(progress)
        return progress

    def _holds(self, progress: SearchProgress) -> bool:
        refutes_truth = progress.refutes_more_than(self._truth - 1)
        return not (refutes_truth or progress.refutes_fewer_than(self._truth + 1))

    def _read_batch(self, progress: SearchProgress, recall: float) -> None:
        places = np.flatnonzero(self._unread)
        read = len(self._unread) - len(places)
        size = min(len(places), self._strategy.find_size(read, progress.count_to_read(recall)))
        draws = self._strategy.draws or progress.plan_draws(recall)
        scores, copies = self._ranking.score()[places], self._copies[places]
        batch = choose_batch(scores, copies, size, draws, self._rng)
        before = (self._read, self._found)
        self._read_texts(places[batch.top], None)
        self._top.append((self._read - before[0], self._found - before[1]))
        self._read_texts(places[batch.by_chance], batch.weights)
        texts = places[np.concatenate((batch.top, batch.by_chance))]
        self._unread[texts] = False
        if self._strategy.learns:
            self._ranking.learn(texts, self._relevant[texts])

    def _read_texts(self, texts: Integers, weights: Floats | None) -> None:
        """Read *texts*, drawn by chance with *weights* or from the top."""
        copies, hits = self._copies[texts], self._relevant[texts]
        read = self._read + np.cumsum(copies)
        found = self._found + np.cumsum(copies * hits)
        if weights is not None:
            unread = (self._documents - (read - copies)).astype(float)
            self._draws.append((unread, (found - copies * hits).astype(float), hits, weights))
        if len(texts):
            self._read, self._found = int(read[-1]), int(found[-1])


if __name__ == "__main__":
    main()
