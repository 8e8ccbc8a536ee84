"""``tidings code RUN --find``: a search that says which share of all it has found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from analysis.codebooks.codebook_files import parse_codebook, read_shipped
from analysis.codebooks.wanted import WantedCategory, parse_sought
from core.enums import ReadBy, SamplePeriod
from core.errors import UsageError
from models.code_samples import count_dropped_units
from models.codes import CodeValue, Coding, add_codes
from models.database import Database
from models.tables import Document, SearchedUnit
from producers.code_sample import SampledText, draw_code_sample
from reports.data.coded_samples import PEOPLE, read_coded_samples
from reports.data.run_data import load_run
from reports.data.tables.found import read_found
from reports.stats.search_recall import DrawPlan
from tests.coding_kit import Page, find_codebook, served
from tests.label_kit import terminal, tidings
from tests.report_stories import Text, months_run, store
from workers.document_search import DocumentSearch

CODEBOOK = """
name: ports
unit: document
variables:
  - {name: about, question: "Is it about a port?", type: yes-no}
  - name: stance
    question: Which stance?
    type: category
    if: about = yes
    categories: {for: praise, against: blame, neither: facts}
  - {name: long, question: "Is it long?", type: yes-no}
"""
BOOK = parse_codebook(CODEBOOK.encode(), "ports.yaml")
ABOUT = parse_sought(BOOK, "about=yes")

FIRST = ("Council", "Senate", "Mayor", "Paper", "School", "Farmer", "Singer", "Doctor")
SECOND = ("meets", "votes", "waits", "reads", "plays", "hopes", "turns", "leaves", "sees", "asks")
THIRD = ("today", "again", "early", "late", "alone", "outside")


def is_of_port(text: str) -> bool:
    return "harbour" in text or "dockers" in text


def add_ports(db: Database) -> int:
    """Store 480 texts, of which 36 are about ports: 12 hold the keyword of the run."""
    texts = []
    for number in range(480):
        first, second, third = FIRST[number % 8], SECOND[number // 8 % 10], THIRD[number // 80]
        end = ""
        if number % 40 == 0:
            end = " at the port and harbour"
        elif number % 20 == 3:
            end = " by the harbour with dockers"

        texts.append(Text(f"2020-03-{1 + number % 28:02}", f"{first} {second} {third}{end}."))

    # Two texts are the same but for their numbers: people read one of them.
    texts.append(Text("2020-03-02", "Ship 7 in the harbour."))
    texts.append(Text("2020-03-03", "Ship 8 in the harbour."))
    store(db, texts)
    return months_run(db, "2020-03", "2020-03", ["port"])


@pytest.fixture
def db(command_db: Database) -> Database:
    return command_db


@pytest.fixture
def run(db: Database) -> int:
    return add_ports(db)


@pytest.fixture
def ports(tmp_path: Path) -> Path:
    path = tmp_path / "ports.yaml"
    path.write_text(CODEBOOK, encoding="utf-8")
    return path


def read(
    db: Database, search: DocumentSearch, texts: list[SampledText], coder: str = "Ann"
) -> None:
    """Code what is sought of *texts*."""
    for text in texts:
        codes = {"about": CodeValue("yes" if is_of_port(text.text) else "no")}
        coding = Coding(search.search.run_id, search.search.codebook_id, f"person:{coder}")
        add_codes(db, coding, text.unit, codes)


def read_until(db: Database, search: DocumentSearch, recall: float) -> Iterator[list[SampledText]]:
    """Read batches until *recall* is reached."""
    while not (progress := search.look().progress).has_reached(recall):
        batch = search.plan_batch(progress.plan_draws(recall))
        yield batch
        read(db, search, batch)


def test_a_search_ends_when_its_interval_reaches_what_was_asked_and_lists_what_it_found(
    database_url: str,
) -> None:
    with closing(Database(database_url, pooled=False)) as db:
        _search_until_the_end(db, add_ports(db))


def _search_until_the_end(db: Database, run: int) -> None:
    search = DocumentSearch(db, run, BOOK, ABOUT)
    batches = list(read_until(db, search, 0.8))
    state = search.look()
    # 12 with the keyword, 24 without, and two with the same words.
    assert state.progress.found >= 0.8 * 38
    assert state.progress.documents == 482
    assert state.texts == 481
    assert state.texts_read == sum(map(len, batches)) <= 300
    # The keyword's texts come first, then those with words of these, since nothing else is known.
    assert sum("port" in text.text.split() for text in batches[0]) == 12
    assert sum("harbour" in text.text for text in batches[0]) == 37

    found = list(read_found(load_run(db, run)))
    assert sum(row.copies for row in found) == state.progress.found
    assert all(is_of_port(row.text) for row in found)
    assert {row.copies for row in found if row.text.startswith("Ship")} == {2}
    query, share = search.suggest_query()
    assert "harbour" in query.split(" OR ")
    assert share > 0.9


def test_each_draw_by_chance_is_from_all_that_were_unread_when_it_was_drawn(
    db: Database, run: int
) -> None:
    search = DocumentSearch(db, run, BOOK, ABOUT)
    for _ in range(3):
        read(db, search, search.plan_batch(DrawPlan(0.2)))

    state = search.look()
    assert len(state.progress.draws) == 30
    with db.read() as connection:
        rows = connection.execute(select(SearchedUnit.__table__).order_by("place")).all()

    left = 482
    for row in rows:
        assert row.unread == left
        left -= row.copies

    assert left == state.progress.documents - state.progress.read
    by_chance = [row.unread for row in rows if row.read_by == ReadBy.CHANCE]
    assert by_chance == state.progress.draws.unread.tolist()


def test_an_interrupted_batch_goes_on_and_what_is_open_tells_nothing_yet(
    db: Database, run: int
) -> None:
    search = DocumentSearch(db, run, BOOK, ABOUT)
    batch = search.plan_batch(DrawPlan(0.2))
    read(db, search, batch[:30])
    again = DocumentSearch(db, run, BOOK, ABOUT)
    remaining = again.plan_batch(DrawPlan(0.9))
    assert {text.unit for text in remaining} == {text.unit for text in batch[30:]}
    assert len(again.look().progress.draws) < 10
    read(db, again, remaining, "Ben")
    assert len(again.look().progress.draws) == 10


def test_what_was_coded_before_is_known_and_is_no_draw(db: Database, run: int) -> None:
    sample = draw_code_sample(db, run, BOOK, n=40, per=SamplePeriod.MONTH, seed=1)
    search = DocumentSearch(db, run, BOOK, ABOUT)
    read(db, search, sample)
    assert (search.look().texts_read, len(search.look().progress.draws)) == (40, 0)
    batch = search.plan_batch(DrawPlan(0.2))
    assert not {text.unit for text in batch} & {text.unit for text in sample}
    read(db, search, batch)
    assert len(search.look().progress.draws) == 10


def test_draws_from_fewer_documents_do_not_count_once_more_have_come(
    db: Database, run: int
) -> None:
    search = DocumentSearch(db, run, BOOK, ABOUT)
    read(db, search, search.plan_batch(DrawPlan(0.2)))
    store(db, [Text("2020-03-09", "A new text of the harbour.")], prefix="later")
    later = DocumentSearch(db, run, BOOK, ABOUT)
    assert later.look().progress.documents == 483
    assert len(later.look().progress.draws) == 0
    read(db, later, later.plan_batch(DrawPlan(0.2)))
    assert len(later.look().progress.draws) == 10


@pytest.mark.thorough
def test_what_ranked_high_is_no_random_sample_of_the_estimates(db: Database, run: int) -> None:
    """A sample is drawn, a search reads what is likely of it, and the sample is coded in order."""
    sample = draw_code_sample(db, run, BOOK, n=120, per=SamplePeriod.ALL, seed=1)
    search = DocumentSearch(db, run, BOOK, ABOUT)
    list(read_until(db, search, 0.8))

    def count_coded() -> int:
        samples = read_coded_samples(load_run(db, run))
        return sum(sample.count_coded(PEOPLE) for sample in samples)

    read_already = count_coded()
    first = next(place for place, text in enumerate(sample) if text.unit not in keys_of(db, run))
    # What comes before the first text that nobody has read counts, and nothing else.
    assert read_already == first
    read(db, search, sample[:60])
    assert 60 <= count_coded() < 70
    read(db, search, sample)
    assert count_coded() == 120
    with db.read() as connection:
        assert count_dropped_units(connection, run, find_codebook(db, BOOK)) == 0


def keys_of(db: Database, run: int) -> set[object]:
    with db.read() as connection:
        searched = select(SearchedUnit.document_id).where(SearchedUnit.run_id == run)
        return {(document, "", 0) for document in connection.scalars(searched)}


def test_a_search_goes_through_the_terminal_and_asks_no_more_than_it_needs(
    db: Database, run: int, ports: Path
) -> None:
    """The stance hangs on what is sought, and the length does not."""
    command = ("code", run, "--codebook", ports, "--find", "about=yes", "--recall", "0.7")
    asked = "1 yes  2 no"
    with terminal(*command) as session:
        session.wait_for("found 0 documents: 0 of 481 texts read")
        for _ in range(3):
            shown = session.wait_for(asked)
            session.press("1" if is_of_port(shown) else "2", after="s cannot")

        session.press("q", after=asked)
        assert "goes on from here" in session.wait_for_end()

    search = DocumentSearch(db, run, BOOK, ABOUT)
    assert search.look().texts_read == 3
    list(read_until(db, search, 0.7))
    with terminal(*command) as session:
        shown = session.wait_for_end()

    progress = search.look().progress
    assert session.status == 0
    assert re.search(r"found (\d+) documents: that is \d+ % \([78]\d to \d+ %\) of all", shown)
    assert f"found {progress.found} documents" in shown
    assert "a query to begin with" in shown
    rows = [json.loads(line) for line in tidings("export", run, "found").stdout.splitlines()]
    assert sum(row["copies"] for row in rows) == progress.found


def test_a_batch_is_coded_on_the_page(db: Database, run: int, ports: Path, tmp_path: Path) -> None:
    arguments = (run, "--codebook", ports, "--find", "about=yes", "--coder", "Ann")
    with served(tmp_path, *arguments) as server:
        page = Page(server.links["Ann"])
        state = page.state()
        assert state["total"] == 50
        while state["question"]:
            assert state["question"]["variable"] == "about"
            state = page.answer(state, "yes" if is_of_port(state["question"]["text"]) else "no")

        assert server.interrupt() == 0
        assert "found 38 documents: 50 of 481 texts read" in server.shown

    assert DocumentSearch(db, run, BOOK, ABOUT).look().texts_read == 50


def test_what_cannot_be_searched_is_refused_with_what_to_write(
    db: Database, run: int, ports: Path
) -> None:
    refused = tidings("code", run, "--find", "about=yes")
    assert (refused.returncode, "write --codebook FILE too" in refused.stderr) == (2, True)
    refused = tidings("code", run, "--codebook", ports, "--find", "about=maybe")
    assert "--find about=maybe is no category of the codebook" in refused.stderr
    with db.write() as connection:
        assert connection.scalar(select(func.count()).select_from(Document)) == 482

    two = months_run(db, "2020-03", "2020-03", ["port", "harbour"])
    relevance = read_shipped("relevance")
    with pytest.raises(UsageError, match="write --find KEYWORD:relevant=yes"):
        DocumentSearch(db, two, relevance, parse_sought(relevance, "relevant=yes"))

    named = parse_sought(relevance, "harbour:relevant=yes")
    search = DocumentSearch(db, two, relevance, named)
    assert {text.keyword for text in search.plan_batch(DrawPlan(0.2))} == {"harbour"}
    mentions = CODEBOOK.replace("document", "mention").encode()
    with pytest.raises(UsageError, match="unit: document"):
        DocumentSearch(db, run, parse_codebook(mentions, "ports.yaml"), ABOUT)


def test_what_is_sought_behind_a_condition_is_decided_by_it() -> None:
    blamed = WantedCategory("stance", "against")
    no, yes = {"about": CodeValue("no")}, {"about": CodeValue("yes")}
    assert blamed.is_found(BOOK, [no]) is False
    assert blamed.is_found(BOOK, [yes]) is None
    both = [{**yes, "stance": CodeValue("against")}, {**yes, "stance": CodeValue("for")}]
    assert blamed.is_found(BOOK, both) is True
    assert blamed.is_found(BOOK, [both[1]]) is False


def test_tables_of_documents_say_what_a_search_found_of_each_and_are_as_before_without_one(
    db: Database, run: int
) -> None:
    def export(table: str) -> list[dict[str, object]]:
        lines = tidings("export", run, table).stdout.splitlines()
        return [json.loads(line) for line in lines]

    before = {table: export(table) for table in ("documents", "mentions")}
    search = DocumentSearch(db, run, BOOK, ABOUT)
    list(read_until(db, search, 0.8))
    column = "found_ports_about_yes"
    for table, rows in before.items():
        later = export(table)
        assert [{**row, column: None} for row in rows] == [{**row, column: None} for row in later]
        assert list(later[0])[-1] == column
        assert all(row[column] == is_of_port(str(row["text"])) for row in later if row[column])

    documents = export("documents")
    progress = search.look().progress
    assert sum(row[column] is True for row in documents) == progress.found
    assert sum(row[column] is None for row in documents) == progress.unread
    # Two have the same words, and one of them was read.
    assert [row[column] for row in documents if "Ship" in str(row["text"])] == [True, True]
