"""The page of a keyword: a picture, sentences, words, phrases, names, then moods and tables."""

from __future__ import annotations

from analysis import grains
from reports.data.bulk_days import find_bulk_days
from reports.data.queries import group_by
from reports.data.repeat_counts import count_repeated_documents
from reports.data.run_data import RunData
from reports.data.subject_names import read_names
from reports.data.tables.coverage import CoverageGrid
from reports.data.tables.distinctive import read_distinctive
from reports.data.tables.periods import group_by_term, read_periods
from reports.data.years import read_finding_rows
from reports.figures import style
from reports.figures.figure_store import slug
from reports.figures.spec import Subject
from reports.pages.keyword_section import KeywordSection
from reports.pages.month_section import KeywordMonth
from reports.words.document_queries import DocumentQuery


def make_sections(run: RunData, coverage: CoverageGrid) -> list[KeywordSection]:
    """Return each keyword with its rows of all months."""
    rows_by_term = group_by_term(read_periods(run))
    finding_rows = group_by_term(read_finding_rows(run))
    words_by_keyword = group_by("keyword", read_distinctive(run))
    sections = []
    parameters, names = run.month_parameters, read_names(run)
    span = style.Range(parameters.first, parameters.last)
    for keyword in parameters.keywords:
        query = DocumentQuery(subject=keyword.name)
        subject = Subject(names[keyword.name], slug(keyword.name), span, query)
        months = {}
        for month_row in rows_by_term[keyword.name, None]:
            months[month_row.period] = KeywordMonth(
                month_row,
                coverage.reasons(month_row.period),
                [],
            )

        term_rows = {term: rows_by_term[keyword.name, term] for term in keyword.compared_terms}
        keyword_rows = rows_by_term[keyword.name, None]
        sections.append(
            KeywordSection(
                keyword.name,
                subject,
                keyword.terms,
                keyword_rows,
                term_rows,
                months,
                words_by_keyword[keyword.name],
                finding_rows[keyword.name, None],
                repeated_documents=count_repeated_documents(run, keyword.name, None),
                repeats_by_month={
                    period: count_repeated_documents(run, keyword.name, period) for period in months
                },
                query=keyword.description,
                patterns=keyword.patterns,
            )
        )

    return sections


def find_series_span(run: RunData) -> style.Range:
    """Return the periods of the run's grain that hold a day of its months."""
    parameters = run.month_parameters
    first, last = grains.periods_of_months(parameters.first, parameters.last, run.grain)
    bulk = sorted({grains.period_of(day, run.grain) for day in find_bulk_days(run)})
    return style.Range(first, last, tuple(bulk))
