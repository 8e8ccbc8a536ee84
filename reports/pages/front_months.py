"""The months of a run, one after the other, as its front page counts them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from reports.data.run_data import RunData
from reports.data.tables.mentions import MentionRow
from reports.data.years import groups_by_year
from reports.figures import style
from reports.figures.figure_store import FigureStore
from reports.pages.keyword_section import KeywordSection
from reports.pages.month_pages import MonthReader
from reports.pages.month_section import MonthPage
from reports.words.texts import cut_at_word

# The card of a mark has so many headlines of its documents, each so long.
HEADLINES, MOST_LETTERS = 2, 110


def make_reader(
    run: RunData,
    store: FigureStore,
    keywords: Iterable[KeywordSection],
    scale_of_all: str,
) -> MonthReader:
    """Return what the pages of all months are made from."""
    parameters = run.month_parameters
    span = style.Range(parameters.first, parameters.last)
    subjects, scales = {}, {}
    pages = set() if groups_by_year(run) else set(span)
    for keyword in keywords:
        subjects[keyword.name], scales[keyword.name] = keyword.subject, keyword.scale
        pages.update(month_row.period for month_row in keyword.rows if month_row.documents)

    return MonthReader(
        run, store, parameters.keywords, subjects, scales, scale_of_all, span, sorted(pages)
    )


def _by_month(
    mentions: Iterable[MentionRow], span: style.Range
) -> Iterator[tuple[str, Iterable[MentionRow]]]:
    """Yield each month of *span* with its mentions; *mentions* are in the order of the months."""
    groups = groupby(mentions, key=lambda mention: mention.period)
    group = next(groups, None)
    for period in span:
        if group is not None and group[0] == period:
            yield period, group[1]
            group = next(groups, None)
        else:
            yield period, ()


def _note_month(keywords: Iterable[KeywordSection], month_page: MonthPage) -> None:
    """Add what a month's page has drawn to the counts of all months, and release the rest."""
    keywords_by_name = {keyword.name: keyword for keyword in keywords}
    for section in month_page.sections:
        keyword = keywords_by_name[section.name]
        keyword.word_counts.update(section.word_counts)
        keyword.counted_documents += section.counted_documents
        keyword.phrases += section.phrases
        keyword.polarities.extend(section.polarities)
        passages = [reading.mention.text for reading in section.readings[:HEADLINES]]
        if passages:
            quoted = [cut_at_word(passage, MOST_LETTERS) for passage in passages]
            keyword.headlines[month_page.period] = quoted


def read_months(
    keywords: Sequence[KeywordSection],
    reader: MonthReader,
    mentions: Iterable[MentionRow],
    show_month: Callable[[MonthPage], None],
    end_year: Callable[[str], None],
) -> None:
    """Show each month that has a page, and count it; end each year after its months."""
    paged_months = set(reader.pages)
    months = _by_month(mentions, reader.span)
    for year, year_months in groupby(months, key=lambda month: month[0][:4]):
        for period, month_mentions in year_months:
            if period in paged_months:
                keyword_months = {
                    keyword.name: keyword.months[period]
                    for keyword in keywords
                    if period in keyword.months
                }
                month_page = reader.make_page(period, keyword_months, month_mentions)
                show_month(month_page)
                _note_month(keywords, month_page)

        end_year(year)
