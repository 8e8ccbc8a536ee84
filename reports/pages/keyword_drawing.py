"""The pictures of keywords over all months."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from analysis.text.words import merge_spellings
from reports.figures import cloud, entities, over_time, phrases, style
from reports.figures.figure_store import FigureStore
from reports.figures.shares import shares_spec
from reports.pages.front_values import FrontPage
from reports.pages.keyword_section import KeywordSection
from reports.pages.word_section import add_words
from reports.stats.intervals import mean
from reports.words.quantities import quantity


def draw_keyword(keyword: KeywordSection, front: FrontPage, store: FigureStore) -> None:
    """Draw the figures of a keyword over all months, whose pages have counted its words."""
    subject, panel = keyword.subject, front.share_panels[keyword.name]
    long_subject = replace(subject, span=front.share_span)
    over_phrases = subject
    if front.has_yearly_findings:
        first_year, last_year = subject.span.first[:4], subject.span.last[:4]
        over_phrases = replace(subject, span=style.Range(first_year, last_year))

    keyword.mean = mean(keyword.polarities)
    keyword.scored = sum(not math.isnan(score) for score in keyword.polarities)
    keyword.picture = store.show_all(
        shares_spec([panel], front.share_span, f"{subject.slug}-shares")
    )
    add_section = partial(store.add_section, keyword.sections)
    merged_counts = merge_spellings(keyword.word_counts)
    add_words(
        add_section,
        subject,
        cloud.choose(merged_counts, keyword.asked.terms, front.parameters.max_words),
        front.mask,
        counted=quantity(keyword.counted_documents, "document"),
        has_repeats=keyword.counted_documents < keyword.matched,
        has_links=store.word_links,
    )
    phrases_spec = phrases.phrases_spec(
        over_phrases,
        keyword.phrases,
        keyword.finding_rows,
        kept=front.parameters.phrases,
    )
    add_section("phrases", "Phrases", phrases_spec)
    unit = "documents that mention it and hold the name"
    add_section(
        "entities",
        "Names",
        entities.entities_spec(subject, keyword.names, unit=unit),
    )
    if says_something(keyword.matched_by_term.values()):
        term_spec = over_time.terms_spec(long_subject, keyword.series_by_term, keyword.series)
        add_section("terms", "The words for it", term_spec)

    scale = front.labels.scale(keyword.name)
    mood_spec = over_time.polarity_spec(long_subject, keyword.drawn_series, scale=scale)
    keyword.polarity = store.show_all(mood_spec)


def says_something(matched: Iterable[int], least: float = 0.1) -> bool:
    """Return whether a second term has at *least* this share of the documents."""
    ranked = sorted(matched, reverse=True)
    return len(ranked) > 1 and ranked[1] >= least * sum(ranked)
