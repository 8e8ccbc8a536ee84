"""A text that the service refuses is set aside by name, and its job goes on; `retry` asks again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import State
from core.settings import Settings
from models.documents import add_documents
from models.run_transitions import retry_run
from tests import stub_textapi
from tests.exports_kit import rows_of
from tests.integration.test_answered_sentences import document
from tests.integration.test_fetching import stored_post
from tests.jobs_kit import Jobs
from tests.odd_textapi import serving
from tests.packs_kit import pack, verify

MONTH = MonthsParameters(
    first="2020-03", last="2020-03", keywords=(Keyword.parse("fever:marsh fever"),)
)
BAD = "Fever in Lorn worries the xyzzy."
TEXTS = [f"Fever in ward {number} of the town. It goes on." for number in range(1, 9)]


class Strict:
    """A Text API that refuses requests in which a word stands, and counts requests by body."""

    def __init__(self, word: str, status: int = 422) -> None:
        self.word, self.status = word, status
        self.requests = Counter[str]()
        self.answered = Counter[str]()

    def respond(self, operation: str, body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        request = f"{operation} {body}"
        self.requests[request] += 1
        if self.word in body["text"].casefold():
            return self.status, {}, b'{"error": "it cannot be read"}'

        self.answered[request] += 1
        return 200, {}, json.dumps(stub_textapi.answer(operation, body)).encode()


@pytest.fixture
def jobs(settings: Settings) -> Iterator[Jobs]:
    with closing(Jobs(settings)) as opened:
        texts = [*TEXTS[:4], BAD, *TEXTS[4:]]
        add_documents(opened.db, [document(number, text) for number, text in enumerate(texts, 1)])
        yield opened


def work(jobs: Jobs, service: Strict, run: int) -> Any:
    with serving(service.respond) as odd:
        updated = jobs.settings.model_copy(update={"textapi_url": odd.url})
        with closing(Jobs(updated)) as working:
            working.do_all(run)

    return jobs.row(run)


def reasons(jobs: Jobs, run: int) -> dict[str, str | None]:
    return {row["step"]: row["reason"] for row in rows_of(jobs.db, run, "coverage")}


def test_one_refused_text_is_left_out_by_name_and_its_month_is_done(jobs: Jobs) -> None:
    service = Strict("xyzzy")
    run = jobs.submit(MONTH)
    job = work(jobs, service, run)

    left_out = "left out: 1 document that textapi refused (nyt:5: 422)"
    assert (job.state, job.reason) == (State.DONE, left_out)
    assert reasons(jobs, run)["keywords"] == left_out
    documents = {row["document"] for row in rows_of(jobs.db, run, "mentions")}
    assert documents == {f"nyt:{number}" for number in (1, 2, 3, 4, 6, 7, 8, 9)}
    assert max(service.requests.values()) == 1


@pytest.mark.thorough
def test_a_refused_text_is_not_asked_about_again_by_another_run(jobs: Jobs) -> None:
    work(jobs, Strict("xyzzy"), jobs.submit(MONTH))
    second = Strict("xyzzy")
    run = jobs.submit(MONTH)
    assert "nyt:5: 422" in work(jobs, second, run).reason
    assert second.requests.total() == 0


def test_retry_asks_about_the_refused_text_alone_and_completes_the_month(jobs: Jobs) -> None:
    run = jobs.submit(MONTH)
    work(jobs, Strict("xyzzy"), run)
    assert retry_run(jobs.db, run, ["2020-03"]) == 1

    mended = Strict("no such word")
    job = work(jobs, mended, run)
    assert (job.state, job.reason) == (State.DONE, None)
    assert "nyt:5" in {row["document"] for row in rows_of(jobs.db, run, "mentions")}
    about_keywords = [body for body in mended.requests if body.startswith("sentences_with")]
    assert len(about_keywords) == 1
    assert "xyzzy" in about_keywords[0]
    assert retry_run(jobs.db, run) == 0


@pytest.mark.thorough
def test_a_refused_post_is_left_out_of_every_step_and_the_others_are_asked_about_alone(
    settings: Settings,
) -> None:
    with closing(Jobs(settings)) as jobs:
        texts = ["The harbour of Lorn is closed.", "A quiet xyzzy in Lorn.", "Lorn has a bridge."]
        posts = [stored_post(number, text=text) for number, text in enumerate(texts, 1)]
        add_documents(jobs.db, posts)
        service = Strict("xyzzy")
        run = jobs.submit(AccountsParameters(), "bob")
        assert work(jobs, service, run).state == State.DONE

        left_out = "left out: 1 post that textapi refused (posts:2: 422)"
        steps = reasons(jobs, run)
        assert {steps[step] for step in ("polarity", "phrases", "entities")} == {left_out}
        assert max(service.requests.values()) == 1

        assert retry_run(jobs.db, run) == 1
        mended = Strict("no such word")
        work(jobs, mended, run)
        assert not {reason for reason in reasons(jobs, run).values() if "left out" in str(reason)}
        assert not service.answered.keys() & mended.requests.keys()


def test_a_service_that_refuses_every_text_fails_the_job_after_a_few_calls(jobs: Jobs) -> None:
    service = Strict("fever", 400)
    run = jobs.submit(MONTH.model_copy(update={"text_size": 100}))
    job = work(jobs, service, run)
    assert job.state == State.FAILED
    assert "(400)" in job.reason
    # Five of several texts, five of one, and as many as were in flight then.
    assert service.requests.total() <= 20

    assert retry_run(jobs.db, run) == 1
    assert work(jobs, Strict("no such word"), run).state == State.DONE
    assert len({row["document"] for row in rows_of(jobs.db, run, "mentions")}) == 9


@pytest.mark.parametrize("status", [401, 413])
def test_what_the_key_the_address_or_the_size_is_at_fault_for_fails_the_job(
    jobs: Jobs, status: int
) -> None:
    run = jobs.submit(MONTH)
    assert work(jobs, Strict("xyzzy", status), run).state == State.FAILED


@pytest.mark.thorough
def test_a_pack_holds_the_refusal_and_is_verified_with_it(jobs: Jobs, tmp_path: Any) -> None:
    run = jobs.submit(MONTH)
    work(jobs, Strict("xyzzy"), run)
    assert verify(pack(jobs, run, tmp_path / "run.zip")).problems == []
