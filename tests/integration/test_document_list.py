"""The list of documents: as many rows as each number says, from parts that are written once."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from analysis.corpus import Corpus
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from analysis.steps.distinctive import WordCounts, distinctive_rows
from analysis.steps.entities import entity_rows
from analysis.steps.phrases import phrase_rows
from analysis.text.repeats import find_repeats
from core.enums import Grain, Grouping
from models.database import Database
from models.results import mentioning_documents
from models.tables import Code, DistinctiveWord, Entity, Phrase
from reports.build import report_folder
from reports.data.repeat_counts import count_repeated_documents
from reports.data.run_data import NO_SELECTION, RunData, Selection, load_run
from reports.data.tables.comentions import read_comentions
from reports.data.tables.distinctive import read_distinctive
from reports.data.tables.entities import read_entities, read_run_names
from reports.data.tables.periods import read_grouped_series, read_periods
from reports.data.tables.phrases import read_phrases
from reports.figures.entities import count_names, rank_names, top_names
from reports.words.document_queries import DocumentQuery
from tests import report_stories as stories
from tests.document_list_kit import DocumentList
from tests.groups_kit import Piece, run_months, store_pieces
from tests.report_stories import Text

PERSONS = ("Mara Quist", "Orla Bramble", "Senator Tidewell", "Quist", "Bramble")
PLACES = ("Elm Bay", "Oak Bay", "Northmark")
SAID = (
    "{person} wants a trade war over the ferry in {place}.",
    "Why {place} fears the tariff. {person} says no.",
    "A school in {place} opens late \U0001f9a0 after the trade war.",
    "{person} and the school board of {place} agree on trade.",
    "Ferry news from {place}.",
    "Trade Map and Ferry Tracker {n}.",
)


@dataclass(frozen=True)
class Counted:
    """A built report, its run and its list."""

    db: Database
    run: RunData
    folder: Path

    @property
    def listed(self) -> DocumentList:
        return DocumentList(self.folder)


def make_pieces() -> Iterator[Piece]:
    chance = random.Random(45)
    for number in range(700):
        at = f"2020-{1 + number % 5:02}-{chance.randint(1, 28):02}"
        said = chance.choice(SAID)
        # In one month nobody is called by the last name alone.
        persons = PERSONS[:2] if number % 5 == 0 else PERSONS
        text = said.format(person=chance.choice(persons), place=chance.choice(PLACES), n=number)
        outlet, section = chance.choice(("Post", "Mail")), chance.choice(("", "World", "Sport"))
        yield Piece(at, text, outlet, section, chance.choice(("News", "Letter")))


def add_counts(db: Database, run: RunData) -> None:
    """Store names, phrases, words and codes, counted as the steps count them."""
    chance = random.Random(1)
    for job in run.jobs:
        for keyword in run.keywords:
            with db.read() as connection:
                documents = mentioning_documents(connection, job.id, keyword.name)

            corpus = Corpus(keyword.name, {job.name: documents})
            answers = []
            for _, text in documents:
                found = [("PERSON", name) for name in PERSONS if name in text][:1]
                answers.append(found + [("GPE", name) for name in PLACES if name in text])

            distinct = corpus.without(find_repeats(corpus.texts_by_period))
            names = entity_rows(corpus, [job.name] * len(answers), answers, distinct=distinct)
            phrases = phrase_rows(
                corpus, [["trade war", "Ferry Tracker"]], keyword.terms, run.parameters
            )
            words = distinctive_rows(
                keyword.name,
                WordCounts.of([text for _, text in documents], keyword.patterns),
                WordCounts.of(["Rain in the bay.", "A ferry."]),
            )
            codes = []
            for document, _ in documents[:20]:
                code = {"run_id": run.id, "codebook_id": 1, "document_id": document, "position": 0}
                answer = {
                    "variable": "polarity",
                    "coder": "person:ann",
                    "state": "coded",
                    "at": 1.0,
                }
                codes.append(
                    {**code, **answer, "keyword": keyword.name, "code": chance.choice("01")}
                )

            with db.write() as connection:
                for table, rows in ((Entity, names), (Phrase, phrases), (DistinctiveWord, words)):
                    if rows:
                        connection.execute(
                            insert(table), [{"job_id": job.id, **row} for row in rows]
                        )

                connection.execute(insert(Code), codes)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    where = tmp_path_factory.mktemp("listed")
    db = stories.database(where)
    store_pieces(db, make_pieces())
    keywords = tuple(map(Keyword.parse, ("trade:tariff,trade war", "school", "ferry")))
    parameters = MonthsParameters(first="2020-01", last="2020-05", keywords=keywords)
    run = load_run(db, run_months(db, parameters))
    add_counts(db, run)
    report_folder.build(db, [run.id], where / "report")
    yield Counted(db, load_run(db, run.id), where / "report")
    db.close()


def count_periods(db: Database, run_id: int, selection: Selection) -> Iterator[tuple[Any, int]]:
    for grain in Grain:
        for row in read_periods(load_run(db, run_id, selection, grain)):
            if row.matched is not None:
                query = DocumentQuery(subject=row.keyword, term=row.term, period=row.period)
                yield query, row.matched

    for grouping in Grouping:
        for row in read_grouped_series(load_run(db, run_id, selection, Grain.WEEK, grouping)):
            if row.group is not None and row.matched is not None:
                group = grouping.value, row.group
                query = DocumentQuery(subject=row.keyword, term=row.term, period=row.period)
                yield replace(query, group=group), row.matched


def count_held(run: RunData) -> Iterator[tuple[DocumentQuery, int]]:
    for phrase in read_phrases(run):
        yield (
            DocumentQuery(subject=phrase.keyword, job=phrase.job, phrase=phrase.phrase),
            phrase.count,
        )

    for word in read_distinctive(run):
        yield DocumentQuery(subject=word.keyword, job=word.job, word=word.word), word.documents

    rows = list(read_entities(run))
    for job in run.jobs:
        for keyword in {row.keyword for row in rows}:
            of_page = [row for row in rows if row.job == job.name and row.keyword == keyword]
            for names in top_names(of_page, run_names=read_run_names(run)).by_type.values():
                for label, count in names:
                    yield DocumentQuery(subject=keyword, job=job.name, name=label), count


def count_names_of_run(run: RunData) -> Iterator[tuple[DocumentQuery, int]]:
    for keyword, counts in count_names(read_entities(run)).items():
        ranked = rank_names(counts, run_names=read_run_names(run))
        for names in ranked.by_type.values():
            for label, count in names:
                yield DocumentQuery(subject=keyword, name=label), count


def count_all(counted: Counted) -> Iterator[tuple[DocumentQuery, int]]:
    run = counted.run
    yield from count_periods(counted.db, run.id, NO_SELECTION)
    yield from count_held(run)
    for row in read_comentions(run):
        yield DocumentQuery(subject=row.keyword, other=row.other, period=row.period), row.both

    for period in read_periods(run):
        if period.term is None and period.keyword is not None:
            repeats = count_repeated_documents(run, period.keyword, period.period)
            query = {"subject": period.keyword, "period": period.period}
            yield DocumentQuery(**query, without_repeats=True), (period.matched or 0) - repeats

    coded = Counter[str]()
    statement = select(Code.document_id, Code.code).where(Code.run_id == run.id).distinct()
    with counted.db.read() as connection:
        for _, code in connection.execute(statement):
            coded[code] += 1

    for code, documents in coded.items():
        yield DocumentQuery(code=f"polarity:{code}"), documents


@pytest.mark.thorough
def test_a_thousand_numbers_of_tables_and_pages_lead_to_as_many_documents(counted: Counted) -> None:
    numbers = list(count_all(counted))
    kinds = Counter(field for query, number in numbers if number for field in query.given)
    assert all(kinds[field] > 5 for field in ("period", "term", "other", "outlet", "phrase"))
    assert all(kinds[field] > 5 for field in ("section", "kind", "name", "word", "subject"))
    chosen = random.Random(2).sample(numbers, 1000)
    listed = counted.listed
    counts = [(query, number) for query, number in chosen if listed.count(query) != number]
    assert [(query.address, number, listed.count(query)) for query, number in counts] == []
    assert sum(number for _, number in chosen) > 10_000


@pytest.mark.thorough
def test_a_person_whom_some_months_call_otherwise_has_the_documents_of_all(
    counted: Counted,
) -> None:
    numbers = list(count_names_of_run(counted.run))
    assert any(" (as Mara Quist" in str(query.name) for query, _ in numbers)
    listed = [(query.name, counted.listed.count(query)) for query, _ in numbers]
    assert listed == [(query.name, number) for query, number in numbers]


@pytest.mark.thorough
def test_what_a_selection_leaves_out_is_listed_where_numbers_count_it_alone(
    counted: Counted, tmp_path: Path
) -> None:
    selection = Selection(distinct=True)
    report_folder.build(counted.db, [counted.run.id], tmp_path, selection=selection)
    listed = DocumentList(tmp_path)
    numbers = [*count_held(counted.run), *count_periods(counted.db, counted.run.id, selection)]
    chosen = random.Random(3).sample(numbers, 200)
    wrong = [(query.address, number) for query, number in chosen if listed.count(query) != number]
    assert wrong == []
    assert listed.count(DocumentQuery()) < counted.listed.count(DocumentQuery())


@pytest.mark.thorough
def test_parts_of_months_that_did_not_change_are_not_written_again(
    counted: Counted, tmp_path: Path
) -> None:
    where = tmp_path / "report"
    report_folder.build(counted.db, [counted.run.id], where)
    before = {path.name: path.stat().st_mtime_ns for path in (where / "documents").iterdir()}
    stale = "2020-05-0123456789ab.js"
    for name in (stale, "notes.js"):
        (where / "documents" / name).touch()

    store_pieces(counted.db, [Piece("2020-05-09", "A ferry to nowhere.")], first=9000)
    keywords = tuple(Keyword.parse(name) for name in ("trade:tariff,trade war", "school", "ferry"))
    parameters = MonthsParameters(first="2020-01", last="2020-05", keywords=keywords)
    later = load_run(counted.db, run_months(counted.db, parameters))
    with counted.db.write() as connection:
        connection.execute(delete(Code))

    add_counts(counted.db, later)
    report_folder.build(counted.db, [later.id], where)
    after = {path.name: path.stat().st_mtime_ns for path in (where / "documents").glob("2*.js")}
    assert len(before) == len(after) == 5
    assert not (where / "documents" / stale).exists()
    assert (where / "documents" / "notes.js").exists()
    changed = after.items() - before.items()
    assert [name[:7] for name, _ in changed] == ["2020-05"]


@pytest.mark.thorough
def test_texts_that_are_left_out_are_in_no_part_and_counts_stay(
    counted: Counted, tmp_path: Path
) -> None:
    report_folder.build(counted.db, [counted.run.id], tmp_path, texts=False)
    listed = DocumentList(tmp_path)
    assert {text for part in listed.parts for _, text, _ in part["rows"]} == {""}
    query = DocumentQuery(subject="trade", period="2020-03")
    assert listed.count(query) == counted.listed.count(query) > 0
    for word in read_distinctive(counted.run):
        query = DocumentQuery(subject=word.keyword, job=word.job, word=word.word)
        assert listed.count(query) == word.documents

    held = {spelling for part in listed.parts for _, names, _ in part["word"] for spelling in names}
    assert held == {row.word.lower() for row in read_distinctive(counted.run) if row.documents}
    assert "cannot search texts" in (tmp_path / "documents.html").read_text(encoding="utf-8")

    # A word of a cloud leads to the list where it knows the words.
    def count_links(folder: Path) -> int:
        pages = [page.read_text(encoding="utf-8") for page in folder.glob("*.html")]
        return sum(len(re.findall(r"word=[^&\"]+&amp;without_repeats=1", page)) for page in pages)

    assert count_links(counted.folder) > 0
    assert count_links(tmp_path) == 0


def test_no_text_can_leave_the_data_of_the_page(tmp_path: Path) -> None:
    hostile = (
        "</script><script>alert(1)</script> \u2028 covid `${x}` \\u003c --> \ud7ff \U0001f9a0 covid"
    )
    db = stories.database(tmp_path)
    stories.store(db, [Text("2020-03-01", hostile, "javascript:alert(1)")])
    run = stories.months_run(db, "2020-03", "2020-03", ["covid"])
    report_folder.build(db, [run], tmp_path / "out")
    db.close()
    listed = DocumentList(tmp_path / "out")
    ((address, text, ((_, _, *places),)),) = listed.find(DocumentQuery(subject="covid"))
    assert address is None
    assert text == " ".join(hostile.split())
    units = text.encode("utf-16-le")
    marked = [
        units[2 * start : 2 * end].decode("utf-16-le")
        for start, end in zip(places[::2], places[1::2], strict=True)
    ]
    assert marked == ["covid", "covid"]


def test_posts_are_listed_by_account_and_by_year(tmp_path: Path) -> None:
    db = stories.database(tmp_path)
    texts = [
        Text(f"20{19 + n % 2}-0{1 + n % 9}-11", f"Liftoff {n} of the Quist.", None, handle, "x")
        for n, handle in enumerate(["nasa", "esa"] * 12)
    ]
    stories.store(db, texts)
    run = load_run(db, stories.handles_run(db, ["nasa", "esa"]))
    report_folder.build(db, [run.id], tmp_path / "out")
    listed = DocumentList(tmp_path / "out")
    rows = list(read_periods(run))
    wrong = [
        row
        for row in rows
        if listed.count(DocumentQuery(job=row.job, period=row.period)) != row.matched
    ]
    assert rows
    assert wrong == []
    names = sorted(name for name, *_ in listed.index["parts"])
    assert names == ["@esa-2020", "@nasa-2019"]
    db.close()


@pytest.mark.thorough
def test_a_reader_can_choose_by_every_field_of_a_query(counted: Counted) -> None:
    page = (counted.folder / "documents.html").read_text(encoding="utf-8")
    controls = re.findall(r'<(?:input|select) name="(\w+)"', page)
    own_fields = {field.name for field in fields(DocumentQuery)} - {"group", "job"}
    assert {*own_fields, *Grouping, "sort"} == set(controls)
