"""A service that writes sentences otherwise than it was asked: what is placed, and what is counted.

Each run is compared with the same one at a service that answers with the text's own sentences.
"""

from __future__ import annotations

import io
import json
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import State
from core.settings import Settings
from models.documents import add_documents
from models.keyword_answers import delete_keyword_answers
from models.run_transitions import retry_run
from models.tables import Answer, KeywordQuestion, KeywordSentences, SearchedBlock
from reports.data.exports import write
from tests import stub_textapi
from tests.databases import on_sqlite
from tests.jobs_kit import Jobs
from tests.odd_textapi import serving
from tests.packs_kit import pack, verify
from tests.services import wait_until
from tests.tiers import thorough_but
from textapi.client import RETRY_POLICY
from workers.textapi_fetcher import UNPLACED_RETRIED

FEVER = MonthsParameters(
    first="2020-03",
    last="2020-03",
    keywords=(Keyword.parse("fever"),),
    steps=("keywords", "polarity"),
    text_size=400,
)
#: each of the texts in a request of its own
ALONE = FEVER.model_copy(update={"text_size": 100})
CALM = "The harbour of Lorn is closed since Monday, as it often is. "
#: composed letters, capitals that have no small letter of one character, white space, a repetition
TEXTS = (
    f"{CALM}Fog. Café in Zürich: fever  at the café, says İnci Weiß, who waits.\nThe fever rises.",
    f"{CALM}A calm day. The fever is back. Nothing new. The fever is back.",
    f"{CALM}No news of anything today. The ferry is late, as on every day of this week.",
    f"{CALM}Calm. Mayor: “fever” costs ½ a million… Straße closed.",
    f"{CALM}Nothing at all. Fever again, fever for ever. Ende",
    f"{CALM}Long FEVER of März\u00a0is over, they say, and the harbour opens on Monday",
)
FOREIGN = "Something else entirely."
FEVER_FOREIGN = "In other words: a fever."

Rewrite = Callable[[str], str]


def decompose(sentence: str) -> str:
    return unicodedata.normalize("NFD", sentence)


def join_white_space(sentence: str) -> str:
    return " ".join(sentence.split())


def spread_white_space(sentence: str) -> str:
    return sentence.replace(" ", " \n\t")


def cut(sentence: str) -> str:
    return f"{sentence[:22]}…" if len(sentence) > 22 else sentence


class RewritingService:
    """A Text API on loopback that rewrites the sentences which it finds, and counts its calls."""

    def __init__(self, rewrite: Rewrite) -> None:
        self.rewrite = rewrite
        self.calls = Counter[str]()
        self.texts: list[str] = []  # of each call for keywords

    def respond(self, operation: str, body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        self.calls[operation] += 1
        answer = stub_textapi.answer(operation, body)
        if operation == "sentences_with_keywords":
            self.texts.append(body["text"])
            answer = {term: list(map(self.rewrite, found)) for term, found in answer.items()}

        return 200, {}, json.dumps(answer).encode()


@pytest.fixture
def jobs(settings: Settings) -> Iterator[Jobs]:
    with closing(Jobs(settings)) as opened:
        add_documents(opened.db, [document(n, text) for n, text in enumerate(TEXTS, 1)])
        yield opened


def document(number: int, text: str) -> dict[str, Any]:
    return {
        "identity": f"nyt:{number}", "source": "nyt", "handle": None, "author_id": None,
        "published_at": datetime(2020, 3, 10), "period": "2020-03",  # noqa: DTZ001 - naive UTC
        "address": None, "text": text, "material": "News", "repost": False,
    }  # fmt: skip


def exports(jobs: Jobs, run: int) -> dict[str, list[dict[str, Any]]]:
    tables = {}
    for table in ("mentions", "periods", "coverage"):
        out = io.BytesIO()
        write(jobs.db, run, table, "jsonl", out)
        tables[table] = [json.loads(line) for line in out.getvalue().splitlines()]
        for row in tables[table]:
            del row["run"]

    return tables


def run_at(
    jobs: Jobs, rewrite: Rewrite, parameters: MonthsParameters = FEVER
) -> tuple[int, RewritingService]:
    """Do a run at a service that rewrites what it answers, with an empty ledger."""
    with jobs.db.write() as connection:
        for table in (Answer, KeywordSentences, SearchedBlock, KeywordQuestion):
            connection.execute(delete(table))

    service = RewritingService(rewrite)
    return resume_at(jobs, service, jobs.submit(parameters)), service


def resume_at(jobs: Jobs, service: RewritingService, run: int) -> int:
    with serving(service.respond) as odd:
        at_service = jobs.settings.model_copy(update={"textapi_url": odd.url})
        with closing(Jobs(at_service)) as working:
            working.do_all(run)

    return run


def mentions_of(jobs: Jobs, run: int) -> list[tuple[str, int, str]]:
    rows = exports(jobs, run)["mentions"]
    return [(row["document"], row["position"], row["sentence"]) for row in rows]


REWRITES = (str, decompose, str.upper, str.lower, spread_white_space, join_white_space)


@pytest.mark.parametrize("parameters", thorough_but([FEVER, ALONE], FEVER), ids=["packed", "alone"])
@pytest.mark.parametrize(
    ("rewrite", "database_url"),
    [*((rewrite, "sqlite") for rewrite in REWRITES), (decompose, "postgresql")],
    indirect=["database_url"],
)
def test_sentences_in_other_letters_case_and_white_space_are_the_texts_own(
    jobs: Jobs, rewrite: Rewrite, parameters: MonthsParameters
) -> None:
    run, service = run_at(jobs, str, parameters)
    expected = exports(jobs, run)
    assert len(expected["mentions"]) == 7

    run, rewriting = run_at(jobs, rewrite, parameters)
    assert exports(jobs, run) == expected
    assert rewriting.calls == service.calls


@pytest.mark.parametrize("parameters", [FEVER, ALONE], ids=["packed", "alone"])
def test_sentences_that_were_cut_are_placed_where_the_term_is_mentioned(
    jobs: Jobs, parameters: MonthsParameters
) -> None:
    run, service = run_at(jobs, str, parameters)
    expected = exports(jobs, run)
    run, cutting = run_at(jobs, cut, parameters)
    assert exports(jobs, run) == expected
    assert cutting.calls["sentences_with_keywords"] <= service.calls["sentences_with_keywords"] + 6


@on_sqlite
@pytest.mark.parametrize("foreign", thorough_but([FOREIGN, FEVER_FOREIGN], FEVER_FOREIGN))
def test_a_sentence_that_stands_nowhere_is_asked_again_then_counted_and_no_mention(
    jobs: Jobs, foreign: str
) -> None:
    def rewrite(sentence: str) -> str:
        return foreign if sentence.startswith("Fever again") else sentence

    expected = exports(jobs, run_at(jobs, str)[0])
    run, service = run_at(jobs, rewrite)
    assert service.texts.count(TEXTS[4]) == RETRY_POLICY.attempts
    mentions = [row for row in expected["mentions"] if row["document"] != "nyt:5"]
    assert exports(jobs, run)["mentions"] == mentions
    remark = "left out: sentences found in 1 of 5 documents do not stand there (nyt:5)"
    coverage = {
        row["step"]: (row["state"], row["reason"]) for row in exports(jobs, run)["coverage"]
    }
    assert coverage["keywords"] == ("complete", remark)
    assert coverage["polarity"] == ("complete", None)
    assert (jobs.row(run).state, jobs.row(run).reason) == (State.DONE, remark)

    again, unasked = RewritingService(rewrite), jobs.submit(FEVER)
    resume_at(jobs, again, unasked)
    assert not again.calls
    assert exports(jobs, unasked) == exports(jobs, run)


def test_an_answer_that_is_right_the_second_time_is_as_any_other(jobs: Jobs) -> None:
    foreign_texts: set[str] = set()

    def rewrite(sentence: str) -> str:
        is_new = sentence not in foreign_texts
        foreign_texts.add(sentence)
        return FOREIGN if is_new else sentence

    expected = exports(jobs, run_at(jobs, str)[0])
    run, _ = run_at(jobs, rewrite)
    assert exports(jobs, run) == expected


def test_where_most_answers_stand_nowhere_the_job_fails_and_a_retry_asks_for_them_anew(
    jobs: Jobs,
) -> None:
    expected = exports(jobs, run_at(jobs, str)[0])
    run, _ = run_at(jobs, lambda _: FOREIGN)
    job = jobs.row(run)
    assert job.state == State.FAILED
    assert job.reason.startswith(
        "textapi: sentences found in 5 of 5 documents do not stand there "
        "(nyt:1, nyt:2, nyt:4, nyt:5, nyt:6): see that TIDINGS_TEXTAPI_URL"
    )
    assert exports(jobs, run)["mentions"] == []
    assert {row["state"] for row in exports(jobs, run)["periods"]} == {"failed"}

    retry_run(jobs.db, run)
    mended = RewritingService(str)
    resume_at(jobs, mended, run)
    assert exports(jobs, run) == expected
    assert mended.calls["sentences_with_keywords"] > 0


def test_a_service_that_rewrites_every_sentence_is_not_asked_five_times_for_each_text(
    jobs: Jobs,
) -> None:
    texts = [f"Fever number {number} is here." for number in range(40)]
    add_documents(jobs.db, [document(number, text) for number, text in enumerate(texts, 100)])
    run, service = run_at(jobs, lambda sentence: sentence[::-1])
    repeated = sum(number - 1 for number in Counter(service.texts).values())
    assert repeated <= UNPLACED_RETRIED
    assert jobs.row(run).state == State.FAILED
    assert "45 of 45 documents do not stand there (nyt:1, nyt:100," in jobs.row(run).reason
    assert "and 40 more" in jobs.row(run).reason


def test_a_rewritten_sentence_that_comes_after_the_end_of_a_slice_is_not_asked_for_again(
    jobs: Jobs,
) -> None:
    service = RewritingService(lambda _sentence: FEVER_FOREIGN)

    def respond_late(operation: str, body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        time.sleep(0.3)
        return service.respond(operation, body)

    run = jobs.submit(ALONE)
    with serving(respond_late) as odd:
        short_slices = {"textapi_url": odd.url, "slice_seconds": 0.1, "textapi_concurrency": 1}
        with closing(Jobs(jobs.settings.model_copy(update=short_slices))) as working:
            working.do_all(run)

    assert jobs.row(run).state == State.FAILED
    assert "do not stand there" in jobs.row(run).reason
    assert set(Counter(service.texts).values()) == {1}


def test_a_job_fails_once_if_its_slice_ends_while_bad_answers_are_removed(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    slice_seconds = 1.0
    removals: list[int] = []

    def remove_late(*arguments: Any, **options: Any) -> None:
        delete_keyword_answers(*arguments, **options)
        if not removals:
            slice_end = time.monotonic() + slice_seconds
            wait_until(lambda: time.monotonic() >= slice_end, what="the end of the slice")

        removals.append(1)

    monkeypatch.setattr("workers.textapi_fetcher.UNPLACED_RETRIED", 0)
    monkeypatch.setattr("workers.ledger_fetcher.delete_keyword_answers", remove_late)
    service = RewritingService(lambda _sentence: FOREIGN)
    run = jobs.submit(ALONE)
    with serving(service.respond) as odd:
        short_slices = {"textapi_url": odd.url, "slice_seconds": slice_seconds}
        with closing(Jobs(jobs.settings.model_copy(update=short_slices))) as working:
            working.do_all(run)

    assert jobs.row(run).state == State.FAILED
    assert len(removals) == 1
    assert set(Counter(service.texts).values()) == {1}


def test_answers_that_were_stored_as_they_came_are_read_by_the_same_rule(jobs: Jobs) -> None:
    run, _ = run_at(jobs, str)
    expected = exports(jobs, run)
    with jobs.db.write() as connection:
        rows = connection.execute(
            select(KeywordSentences.document_id, KeywordSentences.sentences)
        ).all()
        for document_id, stored in rows:
            sentences = [decompose(sentence).upper() for sentence in json.loads(stored)]
            of_document = KeywordSentences.document_id == document_id
            changed = update(KeywordSentences).where(of_document)
            connection.execute(changed.values(sentences=json.dumps(sentences)))

    service, later = RewritingService(str), jobs.submit(FEVER)
    resume_at(jobs, service, later)
    assert exports(jobs, later) == expected
    assert not service.calls


def test_a_pack_with_sentences_left_out_is_verified(jobs: Jobs, tmp_path: Path) -> None:
    run, _ = run_at(jobs, lambda sentence: FOREIGN if "again" in sentence else sentence)
    assert jobs.row(run).reason.startswith("left out: ")
    assert verify(pack(jobs, run, tmp_path / "study.zip", texts=True)).equal
