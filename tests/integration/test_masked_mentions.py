"""Mentions are scored with their keyword's terms masked: stored, planned and submitted so."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from analysis.kinds import kind_named
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from cli.context import find_engine
from core.settings import Settings, environment
from models.documents import add_documents
from models.tables import Mention, Run
from producers.plan import plan_run
from reports.data.run_command import submit_command
from tests.command_kit import run_command
from tests.integration.test_fetching import stored_post
from tests.jobs_kit import Jobs
from tests.plan_kit import call_counts, plan_submitted_run
from tests.stub_textapi import polarity as stub_polarity
from textapi.messages import Engine

SENTENCE = "Fever Spreads at Protests."
KEYWORDS = (Keyword.parse("protests"), Keyword.parse("fever"))


def parameters(**changed: Any) -> MonthsParameters:
    steps = ("keywords", "polarity")
    return MonthsParameters(
        first="2020-03", last="2020-03", keywords=KEYWORDS, steps=steps, **changed
    )


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:
    with closing(Jobs(stub_settings)) as opened:
        texts = [SENTENCE, "Rain, and a fever.", SENTENCE]
        of_month = {"source": "nyt", "handle": None, "period": "2020-03"}
        for number, text in enumerate(texts):
            at = {"published_at": datetime(2020, 3, 3 + number)}  # noqa: DTZ001 - as it is stored
            row = stored_post(number, text=text) | of_month | at | {"identity": f"nyt:{number}"}
            add_documents(opened.db, [row])

        yield opened


def polarities(jobs: Jobs) -> dict[tuple[str, str], float | None]:
    columns = select(Mention.keyword, Mention.sentence, Mention.polarity)
    with jobs.db.read() as connection:
        return {(row[0], row[1]): row[2] for row in connection.execute(columns)}


def engine_of(jobs: Jobs) -> Engine:
    return find_engine(jobs.settings)


def test_a_sentence_of_two_keywords_has_a_polarity_for_each(jobs: Jobs) -> None:
    plan = plan_run(jobs.db, parameters(), (), engine=engine_of(jobs), settings=jobs.settings)
    run = jobs.submit(parameters())
    assert jobs.to_its_end(run).state == "done"
    assert polarities(jobs) == {
        ("protests", SENTENCE): stub_polarity("Fever Spreads at Topic."),
        ("fever", SENTENCE): stub_polarity("Topic Spreads at Protests."),
        ("fever", "Rain, and a fever."): stub_polarity("Rain, and a topic."),
    }
    calls = call_counts(jobs.db, run)
    assert (
        plan.needed_by_operation
        == calls
        == {
            "sentences_with_keywords": 2,
            "polarity_by_sentence": 1,
        }
    )
    again = plan_submitted_run(jobs.db, run, engine=engine_of(jobs), settings=jobs.settings)
    assert (again.calls_needed, again.calls_to_make) == (3, 0)


def test_a_run_from_before_the_option_reads_as_not_masked_and_scores_so(jobs: Jobs) -> None:
    run = jobs.submit(parameters())
    with jobs.db.write() as connection:
        stored = connection.scalar(select(Run.parameters).where(Run.id == run))
        assert stored is not None
        assert stored.pop("mask_keyword") is True
        connection.execute(update(Run).where(Run.id == run).values(parameters=stored))

    assert kind_named("months").read_parameters(stored) == parameters(mask_keyword=False)
    jobs.to_its_end(run)
    of_sentence = {polarity for (_, text), polarity in polarities(jobs).items() if text == SENTENCE}
    assert len(of_sentence) == 1  # whichever keyword it mentions


def test_no_mask_is_stored_and_stands_in_the_command_that_makes_the_run_again(
    jobs: Jobs,
) -> None:
    command = "submit months 2020-03 --keyword fever"
    for number, words in enumerate((command, f"{command} --no-mask"), start=1):
        done = run_command(*shlex.split(words), variables=environment(jobs.settings))
        assert done.stdout == f"{number}\n", done.stderr
        with jobs.db.read() as connection:
            stored = connection.scalar(select(Run.parameters).where(Run.id == number))

        assert stored is not None
        read = kind_named("months").read_parameters(stored)
        assert isinstance(read, MonthsParameters)
        assert read.mask_keyword is (number == 1)
        assert ("--no-mask" in submit_command(read, ())) is (number == 2)
