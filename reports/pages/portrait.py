"""The page of one account or search: its values, and its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain

from analysis.text.phrases import says_something
from analysis.text.words import merge_spellings
from reports.data.run_data import RunData, RunJob
from reports.data.tables.distinctive import DistinctiveRow
from reports.data.tables.entities import EntityRow, read_run_names
from reports.data.tables.periods import PeriodRow
from reports.data.tables.phrases import PhraseRow
from reports.figures import cloud, entities, over_time, style
from reports.figures.figure_store import FigureRef, FigureSection, FigureStore, slug
from reports.figures.spec import Subject
from reports.pages.account_posts import AccountPosts, describe_damage, describe_limits
from reports.pages.word_section import StandingWord, add_words, list_standing_words
from reports.stats.intervals import mean, round_figure
from reports.words.document_queries import DocumentQuery
from reports.words.quantities import NAMED, quantity
from reports.words.scales import STUDENT_INTERVALS


@dataclass
class Portrait:
    """One handle or search."""

    # The name of the job, and as readers see it: @nasa, @NASA.
    name: str
    title: str

    # What its pictures are of: its posts.
    subject: Subject

    # All posts, those with a polarity, and the mean of these.
    n: int
    scored: int
    mean: float | None

    sources: list[str]

    # A row for every month from the first known post to the last; the same by the run's grain.
    months: list[PeriodRow]
    rows: list[PeriodRow]

    # Those that say more than the account's names do.
    phrases: list[PhraseRow]

    # The words that stand out against the run's other accounts; None if none were compared.
    standing_words: list[StandingWord] | None

    names: entities.TopNames

    # Why steps failed or have no data.
    reasons: list[str]

    # Sentences on earlier posts that may be missing, and on posts that are damaged.
    limits: list[str]

    # The posts over time, with which the page begins.
    picture: list[FigureRef] = field(default_factory=list)

    # Words and names; then the polarity.
    sections: list[FigureSection] = field(default_factory=list)
    polarity: list[FigureRef] = field(default_factory=list)

    @property
    def most_named(self) -> list[tuple[str, int]]:
        """The persons and organisations that are named most, each with how often it came."""
        counted_names = chain.from_iterable(self.names.headlines.values())
        ranked = sorted(counted_names, key=lambda counted: (-counted[1], counted[0]))
        return ranked[:NAMED]


def make_portrait(
    run: RunData,
    job: RunJob,
    posts: AccountPosts,
    *,
    months: list[PeriodRow],
    rows: list[PeriodRow],
    phrases: Sequence[PhraseRow],
    words: Sequence[DistinctiveRow],
    entity_rows: Sequence[EntityRow],
    reasons: list[str],
    store: FigureStore,
) -> Portrait:
    """Return the portrait of a job by its *posts* and its rows of the tables, with pictures."""
    title, noun = run.kind.job_title(job.name, job.options), run.kind.document_noun
    span = style.Range(rows[0].period, rows[-1].period) if rows else style.Range("", "")
    query = DocumentQuery(job=job.name)

    portrait = Portrait(
        name=job.name,
        title=title,
        subject=Subject(title, slug(job.name), span, query, noun=noun),
        n=posts.n,
        scored=len(posts.polarities),
        mean=round_figure(mean(posts.polarities)),
        sources=sorted(posts.sources),
        months=months,
        rows=rows,
        phrases=[
            phrase for phrase in phrases if says_something(phrase.phrase, phrase.count, posts.names)
        ],
        standing_words=list_standing_words(words),
        names=entities.top_names(
            entity_rows, account_names=posts.names, run_names=read_run_names(run)
        ),
        reasons=reasons,
        limits=describe_limits(sorted(posts.sources), posts.n)
        + describe_damage(posts.damaged, posts.n, noun),
    )

    _draw_portrait(portrait, posts, run, store)
    return portrait


def _draw_portrait(
    portrait: Portrait, posts: AccountPosts, run: RunData, store: FigureStore
) -> None:
    """Draw the posts over time, words, names and the polarity of an account."""
    subject, rows = portrait.subject, portrait.rows
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
