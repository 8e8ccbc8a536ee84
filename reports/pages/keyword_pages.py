"""What the pages of keywords show, read over all months of a run."""

from __future__ import annotations

from analysis import grains
from core.enums import Grain
from reports.data.block_intervals import use_block_intervals
from reports.data.bulk_days import find_bulk_days
from reports.data.period_gaps import sum_matched
from reports.data.queries import group_by
from reports.data.repeat_counts import count_repeated_documents
from reports.data.run_data import RunData
from reports.data.subject_names import read_names
from reports.data.tables.distinctive import read_distinctive
from reports.data.tables.entities import read_entities, read_run_names
from reports.data.tables.periods import group_by_term, read_periods, read_series
from reports.data.years import groups_by_year, read_finding_rows, read_years
from reports.figures import entities, style
from reports.figures.figure_store import slug
from reports.figures.spec import Subject
from reports.pages.keyword_section import KeywordSection
from reports.pages.word_section import list_standing_words
from reports.words.document_queries import DocumentQuery


def read_sections(run: RunData) -> list[KeywordSection]:
    """Return each keyword with its rows of all months; the words of months come later."""
    rows_by_term = group_by_term(read_periods(run))
    finding_rows = group_by_term(read_finding_rows(run))
    is_by_year = groups_by_year(run) and run.grain == Grain.YEAR
    series_by_term = group_by_term(read_years(run) if is_by_year else read_series(run))
    words_by_keyword = group_by("keyword", read_distinctive(run))
    name_counts, run_names = entities.count_names(read_entities(run)), read_run_names(run)
    parameters, names = run.month_parameters, read_names(run)
    span = style.Range(parameters.first, parameters.last)
    sections = []
    for keyword in parameters.keywords:
        series = series_by_term[keyword.name, None]
        months = {row.period: row for row in rows_by_term[keyword.name, None]}
        by_term = {
            term: sum_matched(rows_by_term[keyword.name, term]) for term in keyword.compared_terms
        }
        query = DocumentQuery(subject=keyword.name)
        section = KeywordSection(
            asked=keyword,
            subject=Subject(names[keyword.name], slug(keyword.name), span, query),
            months=months,
            matched_by_term=by_term if len(by_term) > 1 else {},
            words_by_month=group_by("job", words_by_keyword[keyword.name]),
            standing_words=list_standing_words(words_by_keyword[keyword.name]),
            finding_rows=finding_rows[keyword.name, None],
            series=series,
            drawn_series=use_block_intervals(run, series, run.grain),
            series_by_term={term: series_by_term[keyword.name, term] for term in keyword.terms},
            names=entities.rank_names(
                name_counts[keyword.name], keyword.patterns, run_names=run_names
            ),
            repeats={
                month: count_repeated_documents(run, keyword.name, month)
                for month in (None, *months)
            },
        )
        sections.append(section)

    return sections


def find_series_span(run: RunData) -> style.Range:
    """Return the periods of the run's grain that hold a day of its months."""
    parameters = run.month_parameters
    first, last = grains.periods_of_months(parameters.first, parameters.last, run.grain)
    bulk = sorted({grains.period_of(day, run.grain) for day in find_bulk_days(run)})
    return style.Range(first, last, tuple(bulk))
