"""Which polarity engine a run is scored by: decided at submit, named in its answers' keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from analysis.kinds import kind_named
from analysis.kinds.months import Months, MonthsParameters
from analysis.options import Keyword
from cli.context import find_engine
from core.settings import Settings
from models.documents import add_documents
from models.runs import engines_of
from models.tables import Mention, Run
from tests.integration.test_fetching import stored_post
from tests.integration.test_textapi_server import KEYS, Server, running
from tests.jobs_kit import Jobs
from tests.plan_kit import plan_submitted_run
from textapi.engine.polarity import text_polarity

SENTENCE = "Lost hikers are rescued as the Velmont fire spreads."
VADER, NEWS = "tidings-1.3+vader", "tidings-1.3+news-2"


def parameters(**changed: Any) -> MonthsParameters:
    fields: dict[str, Any] = {"steps": ("keywords", "polarity"), **changed}
    keywords = (Keyword.parse("hikers"),)
    return MonthsParameters(first="2020-03", last="2020-03", keywords=keywords, **fields)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture
def jobs(settings: Settings, server: Server) -> Iterator[Jobs]:
    at_server = {"textapi_url": server.url, "textapi_key": SecretStr(KEYS[0])}
    with closing(Jobs(settings.model_copy(update=at_server))) as opened:
        for source in ("nyt", "archive"):
            row = stored_post(1, text=SENTENCE) | {"source": source, "handle": None}
            row |= {"period": "2020-03", "published_at": datetime(2020, 3, 3)}  # noqa: DTZ001
            add_documents(opened.db, [row | {"identity": f"{source}:1"}])

        yield opened


def submit_as_typed(jobs: Jobs, typed: MonthsParameters, *fields: str) -> int:
    """Submit a run as the command line does, which gave *fields*."""
    kind = kind_named("months")
    matched = kind.match_stored(jobs.db, jobs.settings, typed, (), fields)
    return jobs.submit(matched.parameters)


def score_of(jobs: Jobs, run: int) -> tuple[set[str], float | None]:
    assert jobs.to_its_end(run).state == "done"
    with jobs.db.read() as connection:
        (polarity,) = connection.scalars(
            select(Mention.polarity).where(Mention.job_id == jobs.row(run).id)
        )
        return set(engines_of(connection, run)), polarity


MASKED = SENTENCE.replace("hikers", "topic")


def test_months_of_english_news_are_scored_by_news(jobs: Jobs) -> None:
    run = submit_as_typed(jobs, parameters())
    assert score_of(jobs, run) == ({NEWS}, text_polarity(MASKED, "news"))


def test_an_archive_of_unknown_language_keeps_the_servers_own_engine(jobs: Jobs) -> None:
    run = submit_as_typed(jobs, parameters(sources=("archive",)), "sources")
    assert score_of(jobs, run) == ({VADER}, text_polarity(MASKED, "vader"))


@pytest.mark.parametrize(
    ("languages", "preferred"),
    [
        (("en",), "news"),
        (("en-GB", "English"), "news"),
        (("en", "de"), None),
        (("en", ""), None),
        (("",), None),
        ((), None),
    ],
)
def test_an_archive_is_of_english_news_if_all_of_it_says_so(
    settings: Settings, languages: tuple[str, ...], preferred: str | None
) -> None:
    with closing(Jobs(settings)) as jobs:
        for number, language in enumerate(languages):
            row = stored_post(number, text=SENTENCE) | {"source": "archive", "handle": None}
            row |= {"period": "2020-03", "outlet": "The Paper", "language": language}
            add_documents(jobs.db, [row | {"identity": f"archive:{number}"}])

        other = stored_post(99, text=SENTENCE) | {"source": "archive", "handle": None}
        other |= {"period": "2020-03", "outlet": "Die Zeitung", "language": "de"}
        add_documents(jobs.db, [other | {"identity": "archive:99"}])

        typed = parameters(sources=("archive",), outlets=("the paper",))
        chosen = Months().choose_polarity_engine(jobs.db, typed)
        assert chosen.polarity == preferred


def test_a_run_without_polarity_asks_the_servers_own_engine(jobs: Jobs) -> None:
    kind = kind_named("months")
    typed = parameters(steps=("keywords",))
    matched = kind.match_stored(jobs.db, jobs.settings, typed, (), ())
    assert matched.parameters.polarity is None


def test_a_run_from_before_keeps_its_engine_and_its_answers(jobs: Jobs) -> None:
    """A run that was stored without a preference finds the answers that it was given."""
    run = jobs.submit(parameters())
    with jobs.db.write() as connection:
        stored = connection.scalar(select(Run.parameters).where(Run.id == run))
        assert stored is not None
        assert stored.pop("polarity") is None
        connection.execute(update(Run).where(Run.id == run).values(parameters=stored))

    assert score_of(jobs, run) == ({VADER}, text_polarity(MASKED, "vader"))

    newer = submit_as_typed(jobs, parameters())
    assert score_of(jobs, newer)[0] == {NEWS}
    engine = find_engine(jobs.settings)
    again = plan_submitted_run(jobs.db, run, engine=engine, settings=jobs.settings)
    assert (again.calls_needed, again.calls_to_make) == (2, 0)


def test_a_plan_counts_the_answers_of_the_preferred_engine(jobs: Jobs) -> None:
    run = submit_as_typed(jobs, parameters())
    assert score_of(jobs, run)[0] == {NEWS}
    engine = find_engine(jobs.settings, "news")
    again = plan_submitted_run(jobs.db, run, engine=engine, settings=jobs.settings)
    assert (again.calls_needed, again.calls_to_make) == (2, 0)
