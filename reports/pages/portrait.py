"""The page of one account or search: its values, and its pictures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain

from analysis.text.garbled import DamagedTexts
from analysis.text.words import merge_spellings
from reports.data.run_data import RunData
from reports.data.tables.distinctive import DistinctiveRow
from reports.data.tables.periods import PeriodRow
from reports.data.tables.phrases import PhraseRow
from reports.figures import cloud, entities, over_time, style
from reports.figures.figure_store import FigureRef, FigureSection, FigureStore, slug
from reports.figures.spec import Subject
from reports.pages.account_posts import AccountPosts, describe_damage, describe_limits
from reports.pages.word_section import (
    StandingWord,
    add_words,
    list_standing_words,
    no_word_stands_out,
)
from reports.words.document_queries import DocumentQuery
from reports.words.quantities import NAMED, quantity
from reports.words.scales import STUDENT_INTERVALS


@dataclass
class Portrait:
    """One handle or search."""

    # The name of the job: @nasa, search:term.
    name: str

    # The name as readers see it: @NASA.
    title: str

    # What one of its documents is called.
    noun: str

    # All posts, those with a polarity, and the mean of these.
    n: int
    scored: int
    mean: float | None

    sources: list[str]

    # A row for every month from the first known post to the last.
    months: list[PeriodRow]

    # The same by the run's grain.
    rows: list[PeriodRow]

    phrases: list[PhraseRow]
    distinctive: list[DistinctiveRow]
    names: entities.TopNames

    reasons: list[str]

    # How many posts are garbled or cut.
    damaged: DamagedTexts = field(default_factory=DamagedTexts)

    # The posts over time, with which the page begins.
    picture: list[FigureRef] = field(default_factory=list)

    # Words and names; then the polarity.
    sections: list[FigureSection] = field(default_factory=list)
    polarity: list[FigureRef] = field(default_factory=list)

    @property
    def slug(self) -> str:
        """The name as a part of file names."""
        return slug(self.name)

    @property
    def documents(self) -> DocumentQuery:
        """All of its posts."""
        return DocumentQuery(job=self.name)

    @property
    def limits(self) -> list[str]:
        """Sentences on earlier posts that may be missing, and on posts that are damaged."""
        limits = describe_limits(self.sources, self.n)
        return limits + describe_damage(self.damaged, self.n, self.noun)

    @property
    def standing_words(self) -> list[StandingWord]:
        """The words that stand out against the run's other accounts."""
        return list_standing_words(self.distinctive)

    @property
    def nothing_distinctive(self) -> str:
        """What the page says if no word stands out."""
        return no_word_stands_out(self.distinctive)

    @property
    def most_named(self) -> list[tuple[str, int]]:
        """The persons and organisations that are named most, each with how often it came."""
        counted_names = chain.from_iterable(self.names.headlines.values())
        ranked = sorted(counted_names, key=lambda counted: (-counted[1], counted[0]))
        return ranked[:NAMED]


def draw_portrait(
    portrait: Portrait, posts: AccountPosts, run: RunData, store: FigureStore
) -> None:
    """Draw the posts over time, words, names and the polarity of an account."""
    rows = portrait.rows
    span = style.Range(rows[0].period, rows[-1].period) if rows else style.Range("", "")
    subject = Subject(portrait.title, portrait.slug, span, portrait.documents, noun=portrait.noun)
    if rows:
        portrait.picture = store.show_all(over_time.posts_spec(subject, rows, posts=posts.n))

    add = partial(store.add_section, portrait.sections)
    add_words(
        add,
        subject,
        cloud.choose(merge_spellings(posts.words), posts.names, run.parameters.max_words),
        run.mask,
        counted=quantity(posts.authored - posts.repeats, subject.noun),
        has_repeats=posts.repeats > 0,
        has_links=store.word_links,
    )
    unit = f"{subject.noun}s that hold the name, or a handle of its letters"
    add("names", "Names", entities.entities_spec(subject, portrait.names, unit=unit))
    if rows:
        # A period of reposts alone has no mean, and is no gap.
        scored_rows = [replace(row, mentions=row.polarity_n or 0) for row in rows]
        mood_spec = over_time.polarity_spec(
            subject, scored_rows, unit=subject.noun, intervals=STUDENT_INTERVALS
        )
        portrait.polarity = store.show_all(mood_spec)
