"""The pictures of keywords over all months."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from analysis.text.words import merge_spellings
from core.enums import Grain
from reports.data.block_intervals import use_block_intervals
from reports.data.run_data import RunData
from reports.data.subject_names import read_names
from reports.data.tables.entities import read_entities, read_run_names
from reports.data.tables.periods import PeriodRow, group_by_term, read_series
from reports.data.variants import read_variants
from reports.data.years import has_yearly_findings, read_years
from reports.figures import cloud, entities, over_time, phrases, style
from reports.figures.figure_store import FigureRef, FigureStore
from reports.figures.shares import SharePanel, shares_spec
from reports.pages.keyword_pages import find_series_span
from reports.pages.keyword_section import KeywordSection
from reports.pages.surprises import read_notes
from reports.pages.word_section import add_words
from reports.stats.intervals import polarity_interval
from reports.words.quantities import quantity


def draw_keyword(
    keyword: KeywordSection,
    name_counts: entities.NameCounts,
    run: RunData,
    store: FigureStore,
    panel: SharePanel,
) -> None:
    """Draw the figures of a keyword over all months; *name_counts* are the keyword's."""
    subject = keyword.subject
    long_subject = replace(subject, span=find_series_span(run))
    ranked_names = entities.rank_names(name_counts, keyword.patterns, run_names=read_run_names(run))
    over_phrases = subject
    if has_yearly_findings(run):
        first_year, last_year = subject.span.first[:4], subject.span.last[:4]
        over_phrases = replace(subject, span=style.Range(first_year, last_year))

    keyword.picture = store.show_all(
        shares_spec([panel], long_subject.span, f"{subject.slug}-shares")
    )
    add_section = partial(store.add_section, keyword.sections)
    merged_counts = merge_spellings(keyword.word_counts)
    add_words(
        add_section,
        subject,
        cloud.choose(merged_counts, keyword.terms, run.parameters.max_words),
        run.mask,
        counted=quantity(keyword.counted_documents, "document"),
        has_repeats=keyword.counted_documents < keyword.matched,
        has_links=store.word_links,
    )
    phrases_spec = phrases.phrases_spec(
        over_phrases,
        keyword.phrases,
        keyword.finding_rows,
        kept=run.month_parameters.phrases,
    )
    add_section("phrases", "Phrases", phrases_spec)
    unit = "documents that mention it and hold the name"
    add_section(
        "entities",
        "Names",
        entities.entities_spec(subject, ranked_names, unit=unit),
    )
    if says_something(keyword.matched_by_term.values()):
        term_spec = over_time.terms_spec(long_subject, keyword.series_by_term, keyword.series)
        add_section("terms", "The words for it", term_spec)

    mood_spec = over_time.polarity_spec(long_subject, keyword.drawn_series, scale=keyword.scale)
    keyword.polarity = store.show_all(mood_spec)


def draw_keywords(
    keywords: Sequence[KeywordSection], run: RunData, store: FigureStore, *, has_years: bool
) -> tuple[dict[str, SharePanel], list[FigureRef]]:
    """Draw and return the picture of the front page, and draw those of each keyword.

    Return the panel of each keyword, too.

    They show all months; years if the run *has_years*, and its series are by year.
    """
    period_rows = read_years(run) if has_years and run.grain == Grain.YEAR else read_series(run)
    series_rows = group_by_term(period_rows)
    name_counts = entities.count_names(read_entities(run))
    all_series = {keyword.name: series_rows[keyword.name, None] for keyword in keywords}
    panels = read_share_panels(run, all_series)
    shown = store.show_all(shares_spec(list(panels.values()), find_series_span(run)))
    for keyword in keywords:
        keyword.series = all_series[keyword.name]
        keyword.drawn_series = use_block_intervals(run, keyword.series, run.grain)
        keyword.mean, _, _ = polarity_interval(keyword.polarities)
        keyword.scored = sum(not math.isnan(score) for score in keyword.polarities)
        keyword.series_by_term = {term: series_rows[keyword.name, term] for term in keyword.terms}
        draw_keyword(keyword, name_counts[keyword.name], run, store, panels[keyword.name])

    return panels, shown


def read_share_panels(
    run: RunData, series: Mapping[str, Sequence[PeriodRow]]
) -> dict[str, SharePanel]:
    """Return the panel of each keyword's *series*, with the shares without repeats beside them."""
    without_repeats = read_variants(run).without_repeats
    distinct: dict[str | None, dict[str, float]] = defaultdict(dict)
    if without_repeats is not None:
        for period_row in read_series(replace(without_repeats, grain=run.grain)):
            if period_row.term is None and period_row.share is not None:
                distinct[period_row.keyword][period_row.period] = period_row.share

    names, notes = read_names(run), read_notes(run)
    return {
        keyword: SharePanel(names[keyword], rows, distinct[keyword], notes.get(keyword, {}))
        for keyword, rows in series.items()
    }


def says_something(matched: Iterable[int], least: float = 0.1) -> bool:
    """Return whether a second term has at *least* this share of the documents."""
    ranked = sorted(matched, reverse=True)
    return len(ranked) > 1 and ranked[1] >= least * sum(ranked)
