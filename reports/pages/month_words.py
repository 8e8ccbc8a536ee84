"""The words of a keyword's documents in a month, and their cloud or list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from analysis.options import Keyword
from analysis.steps.distinctive import FEWEST_DOCUMENTS
from analysis.text.words import count_words, without_rare_pairs
from reports.data.run_data import RunData
from reports.data.tables.mentions import MentionRow
from reports.figures import cloud
from reports.figures.figure_store import FigureSection, FigureStore
from reports.figures.origin import describe_origin
from reports.figures.spec import Subject
from reports.pages.word_section import add_words
from reports.words.quantities import quantity


@dataclass(frozen=True)
class MonthWords:
    """How many documents hold each word, as pages count them, and how many documents there are."""

    keyword: Keyword
    counts: Counter[str]
    documents: int

    def draw(
        self, run: RunData, store: FigureStore, subject: Subject, *, has_repeats: bool
    ) -> list[FigureSection]:
        """Return a cloud, or a list in its place; nothing of a few documents.

        *subject* is the keyword in the month; with repeats, texts that are alike count once.
        """
        sections: list[FigureSection] = []
        if self.documents >= FEWEST_DOCUMENTS and subject.documents is not None:
            note = describe_origin([run], subject.documents.period)
            add_words(
                partial(store.add_section, sections, figure_note=note),
                subject,
                cloud.choose(self.counts, self.keyword.terms, run.parameters.max_words),
                run.mask,
                counted=quantity(self.documents, "document"),
                has_repeats=has_repeats,
                has_links=store.word_links,
            )

        return sections


def count_month_words(keyword: Keyword, mentions: Sequence[MentionRow]) -> MonthWords:
    """Count the words of the documents of a month's *mentions*, which are no repeats."""
    texts = {mention.document: mention.text for mention in mentions}
    counts = without_rare_pairs(count_words(texts.values(), keyword.patterns))
    return MonthWords(keyword, counts, len(texts))
