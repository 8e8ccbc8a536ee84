"""Runs of queries: what they ask, what they find, what they cost again, and files of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from analysis.kinds import kind_named
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from analysis.query.forms import MOST_FORMS
from cli.context import find_engine
from core.enums import Within
from core.settings import Settings
from models.documents import add_documents
from models.keyword_answers import store_keyword_answers
from models.tables import Document, Mention
from producers.plan import plan_run
from reports.data.run_command import submit_command
from reports.data.run_data import load_run
from reports.data.tables.periods import read_periods
from reports.pages.summarizing import summarize_run
from tests.command_kit import Run
from tests.e2e_kit import write_archive
from tests.integration.test_fetching import stored_post
from tests.integration.test_wrong_usage import parameters
from tests.jobs_kit import Jobs
from tests.plan_kit import call_counts, plan_submitted_run
from tests.stub_textapi import polarity as stub_polarity

TEXTS = [
    "Trump Cuts a Tax.",
    "Trump and Biden on Taxes. Trump wins.",
    "Biden, Taxed by Us.",
    "The US Taxes Trump, Who Is Not Amused by the TAXI.",
]
KEYWORDS = (
    Keyword.parse("trump NOT biden"),
    Keyword.parse("Levies:tax* near/2 (trump OR biden)"),
    Keyword.parse("=US"),
    Keyword.parse("biden"),
)


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:
    with closing(Jobs(stub_settings)) as opened:
        add_texts(opened, TEXTS)
        yield opened


def add_texts(jobs: Jobs, texts: list[str], first: int = 0) -> None:
    of_month = {"source": "nyt", "handle": None, "period": "2020-03"}
    for number, text in enumerate(texts, start=first):
        at = {"published_at": datetime(2020, 3, 3 + number % 20)}  # noqa: DTZ001 - as it is stored
        row = stored_post(number, text=text) | of_month | at | {"identity": f"nyt:{number:03}"}
        add_documents(jobs.db, [row])


def months(*keywords: Keyword, steps: tuple[str, ...] = ("keywords",)) -> MonthsParameters:
    return MonthsParameters(first="2020-03", last="2020-03", keywords=keywords, steps=steps)


def calls(jobs: Jobs, run_id: int) -> int:
    return sum(call_counts(jobs.db, run_id).values())


def mentions(jobs: Jobs, job: Any) -> set[tuple[str, str, str]]:
    columns = select(Mention.keyword, Mention.term, Mention.sentence).where(
        Mention.job_id == job.id
    )
    with jobs.db.read() as connection:
        return {tuple(row) for row in connection.execute(columns)}


def test_a_query_is_asked_for_by_its_words_and_decided_by_what_they_found(jobs: Jobs) -> None:
    engine = find_engine(jobs.settings)
    plan = plan_run(jobs.db, months(*KEYWORDS), (), engine=engine, settings=jobs.settings)
    job = jobs.do(months(*KEYWORDS))
    assert job.state == "done"
    assert mentions(jobs, job) == {
        ("trump NOT biden", "trump", TEXTS[0]),
        ("trump NOT biden", "trump", "Trump wins."),
        ("trump NOT biden", "trump", TEXTS[3]),
        ("Levies", "tax*", TEXTS[0]),
        ("Levies", "trump", TEXTS[0]),
        ("Levies", "tax*", "Trump and Biden on Taxes."),
        ("Levies", "trump", "Trump and Biden on Taxes."),
        ("Levies", "biden", "Trump and Biden on Taxes."),
        ("Levies", "tax*", TEXTS[2]),
        ("Levies", "biden", TEXTS[2]),
        ("Levies", "tax*", TEXTS[3]),
        ("Levies", "trump", TEXTS[3]),
        ("=US", "=US", TEXTS[3]),
        ("biden", "biden", "Trump and Biden on Taxes."),
        ("biden", "biden", TEXTS[2]),
    }
    assert plan.calls_to_make == plan.calls_needed == calls(jobs, job.run_id) == len(TEXTS)
    again = plan_submitted_run(jobs.db, job.run_id, engine=engine, settings=jobs.settings)
    assert again.calls_to_make == 0


def test_terms_asked_before_cost_no_call_in_another_combination(jobs: Jobs) -> None:
    jobs.do(months(*KEYWORDS))
    other = (
        Keyword.parse("biden AND (tax* OR =US) NOT trump", Within.DOCUMENT),
        Keyword.parse("taxed OR taxi"),
    )
    engine = find_engine(jobs.settings)
    plan = plan_run(jobs.db, months(*other), (), engine=engine, settings=jobs.settings)
    assert (plan.calls_needed, plan.calls_to_make) == (len(TEXTS), 0)
    job = jobs.do(months(*other))
    assert calls(jobs, job.run_id) == 0
    assert {row[:2] for row in mentions(jobs, job)} == {
        (other[0].name, "biden"),
        (other[0].name, "tax*"),
        ("taxed OR taxi", "taxed"),
        ("taxed OR taxi", "taxi"),
    }


def test_periods_have_a_row_for_the_query_and_one_for_each_term_that_it_seeks(jobs: Jobs) -> None:
    job = jobs.do(months(*KEYWORDS[:2], steps=("keywords", "polarity")))
    data = load_run(jobs.db, job.run_id)
    counts = {(row.keyword, row.term): (row.matched, row.mentions) for row in read_periods(data)}
    assert counts == {
        ("trump NOT biden", None): (3, 3),
        ("trump NOT biden", "trump"): (3, 3),
        ("Levies", None): (4, 4),
        ("Levies", "biden"): (2, 2),
        ("Levies", "tax*"): (4, 4),
        ("Levies", "trump"): (3, 3),
    }


def test_what_a_query_seeks_is_masked_as_it_matches(jobs: Jobs) -> None:
    job = jobs.do(months(Keyword.parse("x:=US AND tax*"), steps=("keywords", "polarity")))
    with jobs.db.read() as connection:
        scored = set(connection.execute(select(Mention.sentence, Mention.polarity)))

    masked = "The TOPIC Topic Trump, Who Is Not Amused by the TOPIC."
    assert scored == {(TEXTS[3], stub_polarity(masked))}
    assert job.state == "done"


def test_a_star_that_stands_for_nothing_asks_nothing_and_is_a_true_zero(jobs: Jobs) -> None:
    job = jobs.do(months(Keyword.parse("zebra*")))
    (row, _) = read_periods(load_run(jobs.db, job.run_id))
    assert (row.state, row.documents, row.matched) == ("complete", len(TEXTS), 0)
    assert calls(jobs, job.run_id) == 0


def test_a_star_that_stands_for_too_many_words_fails_the_job_with_the_reason(jobs: Jobs) -> None:
    add_texts(jobs, [f"Sea{number} Rises." for number in range(MOST_FORMS + 1)], first=100)
    job = jobs.do(months(Keyword.parse("sea*")))
    assert (job.state, job.reason.split(":")[0]) == (
        *("failed", "sea* stands for more than 100 words (sea0, sea1, sea10, sea100, sea11, …)"),
    )
    assert calls(jobs, job.run_id) == 0


def test_a_report_shows_the_query_and_a_rule_by_a_whole_word(jobs: Jobs) -> None:
    parameters_ = months(Keyword.parse("sea*"), Keyword.parse("x:tax* NOT =US", Within.DOCUMENT))
    summary = summarize_run(load_run(jobs.db, jobs.submit(parameters_)))
    assert summary.keyword_example is not None
    assert summary.keyword_example.term == "US"
    assert summary.command == (
        "tidings submit months 2020-03..2020-03 --keyword 'sea*' --keyword 'x:tax* NOT =US' "
        "--match document --steps keywords"
    )
    only_stars = summarize_run(load_run(jobs.db, jobs.submit(months(Keyword.parse("sea*")))))
    assert only_stars.keyword_example is None


# The command line


def keywords_of_run() -> list[Keyword]:
    read = kind_named("months").read_parameters(parameters())
    assert isinstance(read, MonthsParameters)
    return list(read.keywords)


# Before there was `--match`, `--within` said it.
@pytest.mark.parametrize("match", ["--match", "--within"])
def test_subjects_come_from_a_file_of_lines_after_those_of_the_command(
    run: Run, tmp_path: Path, match: str
) -> None:
    lines = "\ufefftrump NOT biden\r\n\r\n  covid:covid-19,corona \nLeader:=Trump\n"
    (tmp_path / "k.txt").write_text(lines)
    options = ("--keyword", "sea", "--keywords-file", "k.txt", match, "document")
    assert run("submit", "months", "2020-03", *options)[0] == 0
    assert keywords_of_run() == [
        Keyword.parse("sea"),
        Keyword.parse("trump NOT biden", Within.DOCUMENT),
        Keyword.parse("covid:covid-19,corona"),
        Keyword.parse("Leader:=Trump", Within.DOCUMENT),
    ]


@pytest.mark.parametrize(
    ("written", "both"),
    [
        ("covid:corona*", "covid:covid OR corona*"),
        ("The virus:=Corona*", 'The virus:"The virus" OR =Corona*'),
    ],
)
def test_a_name_before_one_term_with_a_star_is_told_at_first_and_with_the_plan(
    run: Run, written: str, both: str
) -> None:
    keyword = Keyword.parse(written)
    name, query = written.split(":")
    told = f"{written} looks for {query} alone, and not for {name}: one term with a star is a query"
    assert (keyword.name, keyword.query) == (name, query)
    assert keyword.lone_star is not None
    assert keyword.lone_star.startswith(told)
    assert keyword.lone_star.endswith(f"For both write '{both}'")
    assert Keyword.parse(both).terms == (name, query)

    _, error = run("submit", "months", "2020-03", "--keyword", written)
    assert error.startswith(f"tidings: {told}")
    arguments = ("plan", "months", "2020-03", "--keyword", written)
    assert run(*arguments)[1].count(f"tidings: {told}") == 2
    for plain in ("corona*", "covid:covid*", "covid:corona*,sars", both):
        assert Keyword.parse(plain).lone_star is None


def test_a_name_that_a_query_does_not_look_for_is_told(run: Run) -> None:
    arguments = ("submit", "months", "2020-03", "--keyword")
    status, error = run(*arguments, "covid:=Corona OR flu")
    assert status == 0
    assert error.startswith(
        "tidings: covid is the name of the query =Corona OR flu and is not looked for itself: add"
    )
    status, error = run("submit", "months", "2020-03", "--keyword", "10:30*,b")
    assert status == 0
    assert error.startswith("tidings: 10:30*,b is read as the subject 10 with other terms behind")
    for plain in ("covid:covid OR flu", "The virus:=Corona", "U.S.", "covid:corona", "=US"):
        assert "is not looked for" not in run(*arguments, plain)[1]


def test_a_term_with_a_colon_is_told(run: Run) -> None:
    status, error = run("submit", "months", "2020-03", "--keyword", "trade:tariff:trade war")
    assert status == 0
    assert error.startswith(
        "tidings: tariff:trade war is one term with a colon in it: terms are parted by commas, as "
        "in trade:tariff,trade war"
    )
    assert "colon" not in run("submit", "months", "2020-03", "--keyword", "trade:tariff,war")[1]


def test_the_names_of_a_table_are_names_only_and_the_command_says_the_same(
    run: Run,
    tmp_path: Path,
) -> None:
    (tmp_path / "k.CSV").write_text('Name,QUERY\nLeader,trump\n,\n"A, b","""a, b"" OR c*"\n')
    status, error = run("submit", "months", "2020-03", "--keywords-file", "k.CSV")
    assert status == 0
    assert error.startswith("tidings: c* stands for no word of the documents that are stored so")
    keywords = keywords_of_run()
    assert [(keyword.name, keyword.terms) for keyword in keywords] == [
        *(("Leader", ("trump",)), ("A, b", ("a, b", "c*")))
    ]
    written = [keyword.as_written for keyword in keywords]
    assert [Keyword.parse(text) for text in written] == keywords
    assert submit_command(months(*keywords), ()).count("--keyword ") == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("k.txt", b"covid\n(a OR b\n", "k.txt, line 2: a bracket is never closed"),
        ("k.txt", b"caf\xe9\n", "k.txt is no UTF-8: save it in that encoding"),
        ("k.txt", b"\n \n", "no subject was given"),
        ("k.txt", b"a\n" * 600_000, "k.txt is larger than a megabyte"),
        ("k.csv", b"covid,corona\n", "the first line of a CSV file has to be name,query"),
        ("k.csv", b"name,query\na,b,c\n", "line 2: a row is a name and a query"),
        ("k.csv", b"name,query\na\n", "line 2: a row is a name and a query"),
        ("k.csv", b"name,query\na:b,c\n", "k.csv, line 2: 'a:b' has a colon"),
        ("k.csv", b'name,query\n\na,"b, c"\n', "k.csv, line 3: 'b, c' has a comma"),
        ("k.csv", b'name,query\na,"b\n', "is no CSV, line"),
        ("k.csv", b"name,query\na,b\nA,c\n", "A was given twice"),
    ],
)
def test_a_file_of_subjects_that_is_wrong_says_where(
    run: Run,
    tmp_path: Path,
    name: str,
    content: bytes,
    message: str,
) -> None:
    (tmp_path / name).write_bytes(content)
    status, error = run("submit", "months", "2020-03", "--keywords-file", name)
    assert (status, error.count("\n")) == (2, 1)
    assert message in error


def test_a_name_that_a_file_repeats_is_told_with_its_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "k.txt").write_text("flu\nCovid:sars\n")
    options = ("--keyword", "covid", "--keywords-file", "k.txt")
    status, error = run("submit", "months", "2020-03", *options)
    assert status == 2
    assert "--keywords-file k.txt, line 2: Covid was given twice, case is ignored" in error


def test_a_star_is_told_or_refused_before_anything_is_queued(
    run: Run,
    tmp_path: Path,
) -> None:
    many = [f"Sea{number} Rises, Vaccine{'s' * (number % 12)}" for number in range(MOST_FORMS + 1)]
    write_archive(tmp_path, {"2020-03-01": many})
    assert run("import", "archive.json.gz")[0] == 0
    status, error = run("submit", "months", "2020-03", "--keyword", "sea*")
    assert (status, error.count("\n")) == (2, 1)
    assert error.startswith("tidings: --keyword: sea* stands for more than 100 words (sea0, ")

    status, error = run("submit", "months", "2020-03", "--keyword", "vaccin*")
    assert status == 0
    shown = ", ".join("vaccine" + "s" * number for number in range(10))
    assert error.startswith(f"tidings: vaccin* stands for {shown} and 2 more\n")


def many_words(keywords: int) -> tuple[list[str], list[str]]:
    """Return headlines with 95 forms for the star of each of *keywords*, and these."""
    stems = [f"stem{chr(97 + number)}" for number in range(keywords)]
    headlines = []
    for form in range(95):
        headlines.append(" ".join(f"{stem}{form}" for stem in stems))

    return headlines, [f"{stem}*" for stem in stems]


@pytest.mark.parametrize("command", ["submit", "plan"])
def test_stars_that_stand_for_more_words_in_all_than_a_request_takes_are_refused(
    run: Run,
    tmp_path: Path,
    command: str,
) -> None:
    headlines, stars = many_words(11)
    write_archive(tmp_path, {"2020-03-01": headlines})
    assert run("import", "archive.json.gz")[0] == 0
    status, error = run(command, "months", "2020-03", "--keyword", " OR ".join(stars))
    assert (status, error.count("\n")) == (2, 1)
    assert "the subjects have 1,045 words of 7,205 characters in a month, more than" in error
    assert run(command, "months", "2020-03", "--keyword", " OR ".join(stars[:10]))[0] == 0


def test_a_month_that_was_fetched_later_fails_with_the_number_of_words(jobs: Jobs) -> None:
    headlines, stars = many_words(11)
    add_texts(jobs, headlines, first=100)
    job = jobs.do(months(Keyword.parse(f"x:{' OR '.join(stars)}")))
    assert job.state == "failed"
    assert "the subjects have 1,045 words" in job.reason
    assert calls(jobs, job.run_id) == 0


HEADLINES = [
    *("Trump and Biden Meet", "Trump Meets Biden", "Biden Against Trump", "Trump, Biden: a Debate"),
    *("Black and White", "In Black and White", "Rock & Roll", "The White House"),
]


@pytest.fixture
def archive(run: Run, tmp_path: Path) -> Run:
    """``tidings`` where the headlines are stored."""
    write_archive(tmp_path, {"2020-03-01": HEADLINES})
    assert run("import", "archive.json.gz")[0] == 0
    return run


@pytest.mark.parametrize("command", ["submit", "plan"])
@pytest.mark.parametrize(
    ("phrase", "message"),
    [
        ("white and house", " (1 match white AND house); for a query write white AND house, "),
        ("trump or house", " (5 match trump OR house); for a query write trump OR house, "),
        ("trump near debate", " (1 match trump near/5 debate); for a query write trump near/5 "),
        ("trump & house", "; for a query write trump AND house, "),
        ("not biden", "; for a query write AND, OR or NOT, as in trump NOT biden, "),
        ("deba!", " (1 match deba*); for a query write deba*, "),
    ],
)
def test_a_phrase_like_a_query_that_no_document_holds_is_refused(
    archive: Run, command: str, phrase: str, message: str
) -> None:
    status, error = archive(command, "months", "2020-03", "--keyword", phrase)
    assert (status, error.count("\n")) == (2, 1)
    assert error.startswith(
        f"tidings: --keyword: no stored document holds the phrase {phrase!r}{message}"
    )
    assert error.endswith("for the phrase all the same put it in quotation marks\n")
    assert archive("submit", "months", "2020-03", "--keyword", f'"{phrase}"')[0] == 0


def test_a_phrase_that_few_documents_hold_beside_its_query_is_told(archive: Run) -> None:
    status, error = archive("submit", "months", "2020-03", "--keyword", "trump and biden")
    assert status == 0
    assert error.startswith(
        "tidings: 'trump and biden' is looked for as a phrase, which 1 stored document holds (4 "
        "match trump AND biden); for a query write trump AND biden\n"
    )
    for phrase in ("black and white", "rock & roll", '"trump and biden"'):
        status, error = archive("submit", "months", "2020-03", "--keyword", phrase)
        assert status == 0
        assert "phrase" not in error


def test_a_phrase_is_told_of_where_it_is_one_of_several_terms_or_nothing_is_stored(
    archive: Run,
) -> None:
    arguments = ("submit", "months", "2020-03", "--keyword", "music:rock & roll,pop and soul")
    status, error = archive(*arguments)
    assert status == 0
    assert error.startswith(
        "tidings: no stored document holds the phrase 'pop and soul'; for a query write pop AND "
    )
    status, error = archive("submit", "months", "2021-03", "--keyword", "pop and soul")
    assert status == 0
    assert "'pop and soul' is looked for as a phrase: for a query write pop AND soul" in error


def test_words_of_operators_in_the_queries_of_a_table_are_refused(
    run: Run,
    tmp_path: Path,
) -> None:
    (tmp_path / "k.csv").write_text("name,query\nBoth,trump and biden\n")
    status, error = run("submit", "months", "2020-03", "--keywords-file", "k.csv")
    assert status == 2
    assert "k.csv, line 2: 'and' stands in a phrase: write AND as an operator" in error


def test_a_term_is_found_in_texts_encoded_otherwise_though_an_answer_of_old_missed_it(
    jobs: Jobs,
) -> None:
    encoded = ["A Cafe\u0301 Opens.", "No Im\u00adpfung at the Ca\u200bfé.", "Cafe\u0301s Close."]
    add_texts(jobs, encoded, first=len(TEXTS))
    engine = find_engine(jobs.settings).name
    with jobs.db.read() as connection:
        ids = connection.scalars(select(Document.id).where(Document.period == "2020-03")).all()

    with jobs.db.write() as connection:
        answers = dict.fromkeys(ids, "[]")
        store_keyword_answers(jobs.db, connection, {(engine, "café"): answers})

    keyword = Keyword.parse("cafe\u0301")
    job = jobs.do(months(keyword))
    assert job.state == "done"
    assert mentions(jobs, job) == {("café", "café", encoded[0]), ("café", "café", encoded[1])}
    assert calls(jobs, job.run_id) == 0
