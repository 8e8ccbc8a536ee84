"""Samples that a language model codes until every wanted share is known well enough."""

from __future__ import annotations

import html
import random
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.stored import keep_codebook, stored_codebook
from analysis.kinds import kind_named
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from cli.plan_sample import SamplePlan, SamplePlanner, describe_sample
from core.enums import ENDED, JobKind, SamplePeriod, State
from core.errors import UsageError
from core.prices import parse_money
from core.settings import Settings, environment
from language_models.completion import OPERATION
from models.codes import CodeValue, Coding, UnitKey, replace_codes
from models.database import Database
from models.run_transitions import retry_run
from models.runs import LOOK_JOB
from models.tables import Answer, AnswerDocument, Code, Document, Job, Run, SampleLook
from models.watches import start_watch
from producers.code_sample import choose_for_people, draw_code_sample
from producers.dry_run import OUR_ENGINE
from producers.imports import import_paths
from producers.plan import plan_run
from producers.submit import submit_run
from producers.trainings import plan_code_training, submit_training
from producers.watches import check_due_watches
from reports.build import report_folder
from reports.data.estimate_rows import EstimateRow
from reports.data.run_data import load_run
from reports.data.tables.codes import CODES
from reports.data.tables.estimates import read_estimates
from reports.pages.shown_estimates import choose_method
from reports.stats.looks import LEVELS
from tests.command_kit import run_command
from tests.databases import on_sqlite
from tests.e2e_kit import write_archive
from tests.jobs_kit import Jobs
from tests.model_kit import CODER, PRICE, codes_of, months, run_row, with_model
from tests.model_workers import start_worker
from tests.packs_kit import pack, verify
from tests.sample_kit import (
    HARM,
    HARMFUL,
    export_bytes,
    headline,
    import_months,
    make_model,
    moment_after_calls,
    submit,
    work_with_kills,
)
from tests.services import wait_until
from tests.stub_model import ModelServer, running_model
from workers.executor import work_one_slice

# A time of 2024-04-10: March is over.
NOON = 1_712_750_400.0

BOTH_MONTHS = {
    "first": "2024-01",
    "last": "2024-02",
    "keywords": (Keyword.parse("flood"),),
    "steps": ("keywords",),
}

HARMFUL_TEXTS = 123

FEW = 450
HARMFUL_OF_FEW = 62


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with running_model(make_model()) as server:
        yield server


@pytest.fixture
def empty_jobs(stub_settings: Settings, model: ModelServer) -> Iterator[Jobs]:
    settings = with_model(stub_settings, model, model_price=PRICE)
    with closing(Jobs(settings)) as opened:
        yield opened


@pytest.fixture
def jobs(empty_jobs: Jobs) -> Jobs:
    import_months(empty_jobs)
    return empty_jobs


@pytest.fixture
def few_texts(empty_jobs: Jobs) -> Jobs:
    """Half of the texts, for runs that code all of them."""
    import_months(empty_jobs, FEW)
    return empty_jobs


def work(jobs: Jobs, run: int, slices: int = 200) -> None:
    """Work on every due job of a run, as workers do, until it has ended or is paused."""
    for _ in range(slices):
        with jobs.db.write() as connection:
            waiting = update(Job).where(Job.run_id == run, Job.state == State.WAITING)
            connection.execute(waiting.values(due_at=0.0))

        if run_row(jobs.db, run).state in (*ENDED, State.PAUSED):
            return

        for job in open_jobs(jobs.db, run):
            work_one_slice(jobs.runtime, job.id)

    raise AssertionError(open_jobs(jobs.db, run))


def open_jobs(db: Database, run: int) -> list[Any]:
    is_worked_on = (Job.kind != JobKind.REPORT) | (Job.name == LOOK_JOB)
    jobs = select(Job.__table__).where(Job.run_id == run, is_worked_on, Job.state.not_in(ENDED))
    with db.read() as connection:
        return list(connection.execute(jobs.order_by(Job.id)))


def looks_of(db: Database, run: int) -> list[Any]:
    looks = select(SampleLook.__table__).where(SampleLook.run_id == run)
    with db.read() as connection:
        return list(connection.execute(looks.order_by(SampleLook.number)))


def look_reason(db: Database, run: int) -> str:
    reason = select(Job.reason).where(Job.run_id == run, Job.name == LOOK_JOB)
    with db.read() as connection:
        return connection.scalar(reason) or ""


def kill_while_it_asks(jobs: Jobs, run: int, model: ModelServer) -> None:
    """Let a process work on a run, and kill it after its first calls."""
    asked = model.texts.total()
    model.faults.latency = 0.1
    process = start_worker(jobs.settings, run)
    wait_until(lambda: model.texts.total() > asked, what="a call of the process")
    process.kill()
    process.join()
    model.faults.latency = 0.0


def train_network(jobs: Jobs) -> str:
    """Return a network that learned from what a person says of half of the texts of a run."""
    run = submit_run(jobs.db, MonthsParameters(**BOTH_MONTHS), ())
    work(jobs, run)
    code_as_person(jobs, run, number_of=2)
    parameters, new_jobs = plan_code_training(run, HARM.hash.hex())
    training = submit_training(jobs.db, parameters, new_jobs)
    work(jobs, training)
    assert run_row(jobs.db, training).state == State.DONE
    # What a person says counts in other runs, too.
    with jobs.db.write() as connection:
        connection.execute(delete(Code).where(Code.coder == "person:Ann"))

    return f"network:{training}"


def code_as_person(jobs: Jobs, run: int, number_of: int = 1, among: Iterable[UnitKey] = ()) -> None:
    """Store the right codes of every so many documents, or of units, as those of a person."""
    with jobs.db.write() as connection:
        codebook_id = keep_codebook(connection, jobs.db, HARM)

    with jobs.db.read() as connection:
        documents = connection.execute(select(Document.id, Document.text)).all()

    texts = {document.id: document.text or "" for document in documents}
    units = list(among) or [UnitKey(document) for document in texts if document % number_of == 0]
    codes = {
        unit: {"harm": CodeValue("yes" if HARMFUL.match(texts[unit.document_id]) else "no")}
        for unit in units
    }
    with jobs.db.write() as connection:
        replace_codes(connection, jobs.db, Coding(run, codebook_id, "person:Ann"), codes)


def estimates(db: Database, run: int) -> dict[str | None, EstimateRow]:
    rows = read_estimates(load_run(db, run))
    return {row.period: row for row in rows if row.method == CODER}


def whole_by_method(db: Database, run: int) -> dict[str, EstimateRow]:
    rows = read_estimates(load_run(db, run))
    return {row.method: row for row in rows if row.period is None}


def exports(db: Database, run: int) -> tuple[list[Any], list[Any]]:
    """Return the rows of codes and estimates without the run's number."""
    data = load_run(db, run)
    tables = (CODES.read(data), read_estimates(data))
    codes, shares = (
        [[getattr(row, name) for name in row.__slots__][1:] for row in rows] for rows in tables
    )
    return codes, shares


def test_a_sample_grows_until_the_share_is_known(jobs: Jobs, model: ModelServer) -> None:
    run = submit(jobs, half_width=0.04)
    work(jobs, run)

    assert run_row(jobs.db, run).state == State.DONE
    looks = looks_of(jobs.db, run)
    assert 2 <= len(looks) <= 5
    assert [look.outcome is None for look in looks] == [True] * (len(looks) - 1) + [False]
    assert looks[0].coded == 100 < looks[-1].coded < 900
    assert looks[-1].half_width <= 0.04 < looks[0].half_width
    assert look_reason(jobs.db, run).startswith("every wanted share is known to ± 4 points")

    share = estimates(jobs.db, run)[None]
    assert share.confidence == 1 - LEVELS[len(looks) - 1]
    assert share.low <= HARMFUL_TEXTS / 900 <= share.high
    assert (share.high - share.low) / 2 == pytest.approx(looks[-1].half_width, abs=1e-6)
    assert (share.n_person, share.n_model) == (0, looks[-1].coded)
    # Nothing was asked twice.
    assert set(model.texts.values()) == {1}
    assert model.texts.total() == looks[-1].coded


def test_a_report_follows_when_the_sample_is_enough(jobs: Jobs) -> None:
    run = submit(jobs, half_width=0.2)
    work(jobs, run)
    reports = select(Job.name).where(Job.run_id == run, Job.state == State.QUEUED)
    with jobs.db.read() as connection:
        assert list(connection.scalars(reports)) == ["report"]

    assert len(looks_of(jobs.db, run)) == 1


@pytest.mark.thorough
@on_sqlite
def test_the_page_tells_the_error_of_the_model_from_that_of_readers(
    jobs: Jobs, tmp_path: Path
) -> None:
    run = submit(jobs, half_width=0.05)
    work(jobs, run)
    looks = looks_of(jobs.db, run)
    page = build_page(jobs.db, run, tmp_path / "first")
    confidence = f"{100 * (1 - LEVELS[len(looks) - 1]):.4g} %"
    assert "A language model read a random sample" in page
    assert f"± of the model model:stub: ± {100 * looks[-1].half_width:.2g} points" in page
    assert f"{confidence} intervals, from {looks[-1].coded} different texts" in page
    assert "± of readers Unknown: not checked against people." in page
    share = estimates(jobs.db, run)[None]
    shown = f"{100 * share.estimate:.1f} % of all 900 texts"
    assert f"model:stub would answer “yes” for {shown}" in page
    assert "eader would answer" not in page
    assert "as model:stub would code" in (tmp_path / "first" / "codes.html").read_text()

    with jobs.db.read() as connection:
        codebook_id, _ = stored_codebook(connection, HARM.hash.hex())

    units = list(codes_of(jobs.db, run, HARM))[:40]
    with jobs.db.write() as connection:
        coding = Coding(run, codebook_id, "person:Ann")
        codes = {unit: {"harm": CodeValue("no")} for unit in units}
        replace_codes(connection, jobs.db, coding, codes)

    page = build_page(jobs.db, run, tmp_path / "second")
    assert "One person read a random sample" in page
    assert "intervals, from 40 different texts that people coded." in page
    # None of 40 texts that people coded reports harm.
    assert "The one reader would answer “yes” for" in page
    assert "40 texts read" in page


@pytest.mark.thorough
def test_a_network_a_model_and_people_are_one_design(jobs: Jobs, tmp_path: Path) -> None:
    network = train_network(jobs)
    alone = submit(jobs, half_width=0.04)
    run = submit(jobs, half_width=0.04, coder=f"{network},{CODER}")
    for sampled_run in (alone, run):
        work(jobs, sampled_run)
        assert run_row(jobs.db, sampled_run).state == State.DONE

    # The network coded all texts, the model those of the sample.
    looks_alone, looks = looks_of(jobs.db, alone), looks_of(jobs.db, run)
    assert looks[-1].coded < looks_alone[-1].coded
    assert looks[-1].half_width <= 0.04
    assert len(codes_of(jobs.db, run, HARM, coder=network)) == 900
    sample = list(codes_of(jobs.db, run, HARM))
    assert len(sample) == looks[-1].coded
    both = f"{CODER} and {network}"
    by_method = {
        row.method: row for row in read_estimates(load_run(jobs.db, run)) if not row.period
    }
    assert by_method.keys() == {CODER, both}
    assert by_method[both].low <= HARMFUL_TEXTS / 900 <= by_method[both].high
    half_width = (by_method[both].high - by_method[both].low) / 2
    assert half_width == pytest.approx(looks[-1].half_width, abs=1e-6)
    assert by_method[both].n_model == looks[-1].coded

    drawn = draw_code_sample(jobs.db, run, HARM, n=60, per=SamplePeriod.MONTH, seed=1)
    assert len(drawn) == len(sample)
    asked = choose_for_people(jobs.db, run, looks[-1].codebook_id, drawn, 60)
    code_as_person(jobs, run, among=[text.unit for text in asked])
    by_method = {
        row.method: row for row in read_estimates(load_run(jobs.db, run)) if not row.period
    }
    of_people = {
        method: row.high - row.low for method, row in by_method.items() if row.model is None
    }
    assert list(of_people) == [
        "people",
        f"people and {CODER}",
        f"people and {network}",
        f"people, {CODER} and {network}",
    ]
    assert of_people[f"people and {CODER}"] < of_people["people"]
    row = by_method[f"people and {CODER}"]
    assert (row.n_person, row.n_model) == (60, len(sample))
    assert all(row.low <= HARMFUL_TEXTS / 900 <= row.high for row in by_method.values())

    page = build_page(jobs.db, run, tmp_path / "page")
    # That whose intervals of the run and its months are narrower on the whole is shown.
    by_machines = [row for row in read_estimates(load_run(jobs.db, run)) if row.model is not None]
    (told,) = (row for row in choose_method(by_machines) if row.period is None)
    width = 50 * (told.high - told.low)
    assert f"± of the model {CODER}: ± {width:.2g} points at most" in page
    assert "intervals, from 60 different texts that people coded." in page
    assert "whose codes help Widest interval of the run’s shares: ± " in page
    assert f"points by {both}" in page
    result = verify(pack(jobs, run, tmp_path / "texts.zip", texts=True, figures=True))
    assert (result.problems, result.not_checked) == ([], {})
    assert "what looks at a growing sample found" in result.given
    assert verify(pack(jobs, run, tmp_path / "run.zip")).problems == []


def build_page(db: Database, run: int, folder: Path) -> str:
    """Return the words of the page on codes."""
    report_folder.build(db, [run], folder)
    page = (folder / "codes.html").read_text(encoding="utf-8")
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


@on_sqlite
def test_each_period_that_is_asked_for_is_known(jobs: Jobs) -> None:
    run = submit(jobs, half_width=0.08, wanted_by=SamplePeriod.MONTH)
    work(jobs, run)

    shares = estimates(jobs.db, run)
    assert set(shares) == {None, "2024-01", "2024-02"}
    assert all((row.high - row.low) / 2 <= 0.08 for row in shares.values())


def test_a_cap_ends_the_sample_and_says_what_is_not_known(jobs: Jobs) -> None:
    free = submit(jobs, half_width=0.2)
    work(jobs, free)
    cost_of_pilot = run_row(jobs.db, free).cost_charged
    cap = cost_of_pilot * 2
    other = Codebook.model_validate({**HARM.model_dump(by_alias=True), "instructions": "Read."})
    parameters = months(jobs, other, first="2024-01", half_width=0.01)
    run = submit_run(jobs.db, parameters, (), max_cost=parse_money(f"{cap / 1_000_000:.6f}USD"))
    work(jobs, run)

    row = run_row(jobs.db, run)
    assert row.state == State.DONE
    assert 0.7 * cap < row.cost_charged <= cap
    reason = look_reason(jobs.db, run)
    assert reason.startswith("not known to ± 1 points, since the cap of ")
    assert "harm=yes: ± " in reason


@on_sqlite
@pytest.mark.thorough
def test_a_sample_that_ends_by_its_looks_does_not_blame_the_cap(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.stats.looks.LEVELS", (0.05,))
    run = submit(jobs, half_width=0.01, max_cost="100USD")
    work(jobs, run)
    reason = look_reason(jobs.db, run)
    assert reason.startswith("not known to ± 1 points, since five looks are over: harm=yes: ± ")


@pytest.mark.thorough
def test_a_sample_that_needs_nearly_all_texts_gets_them(few_texts: Jobs) -> None:
    jobs = few_texts
    run = submit(jobs, half_width=0.001)
    work(jobs, run)

    # Five of the texts differ in a figure alone: they are read once.
    assert FEW - 8 <= len(codes_of(jobs.db, run, HARM)) <= FEW - 4
    share = estimates(jobs.db, run)[None]
    assert share.low - 1e-6 <= HARMFUL_OF_FEW / FEW <= share.high <= share.low + 0.002


@pytest.mark.thorough
def test_a_sample_and_then_all_texts_are_all_texts_at_once(
    few_texts: Jobs, model: ModelServer
) -> None:
    jobs = few_texts
    sample = submit(jobs, half_width=0.05)
    work(jobs, sample)
    asked = model.texts.total()
    run = submit(jobs, code="all")
    work(jobs, run)
    assert asked < 0.7 * FEW
    assert model.texts.total() == FEW
    assert set(model.texts.values()) == {1}

    at_once = submit(jobs, code="all")
    work(jobs, at_once)
    assert exports(jobs.db, run) == exports(jobs.db, at_once)
    assert len(exports(jobs.db, run)[0]) == FEW


@pytest.mark.thorough
def test_a_sample_and_then_all_by_killed_processes_are_all_at_once_to_the_byte(
    few_texts: Jobs, model: ModelServer
) -> None:
    jobs = few_texts
    chance = random.Random(33)
    wait_for_moment = moment_after_calls(jobs.settings, chance, model)
    kills = 0
    for options in ({"half_width": 0.05}, {"code": "all"}):
        killed = submit(jobs, **options)
        kill_while_it_asks(jobs, killed, model)
        kills += 1 + work_with_kills(jobs.settings, jobs.db, killed, wait_for_moment)

    # What was in flight at a kill is asked again, and nothing else.
    most_in_flight = kills * jobs.settings.model_concurrency
    assert FEW <= model.texts.total() <= FEW + most_in_flight

    asked = model.texts.total()
    with jobs.db.write() as connection:
        connection.execute(delete(AnswerDocument))
        connection.execute(delete(Answer))

    at_once = submit(jobs, code="all")
    work(jobs, at_once)
    assert model.texts.total() == asked + FEW
    exports_of_runs = [export_bytes(jobs.db, run) for run in (killed, at_once)]
    assert exports_of_runs[0] == tuple(
        table.replace(b"\n%d," % at_once, b"\n%d," % killed) for table in exports_of_runs[1]
    )


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in (1, 2))]
)
def test_what_is_killed_at_any_moment_asks_nothing_twice(
    jobs: Jobs, model: ModelServer, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that dies before or after its transaction leaves the run as it was, or enlarged."""
    from workers import sample_look  # noqa: PLC0415

    chance = random.Random(seed)
    enlarge = sample_look._enlarge
    killed: list[bool] = []

    def die(*arguments: Any) -> None:
        is_after = chance.random() < 0.5
        if chance.random() < 0.5 and len(killed) < 4:
            if is_after:
                enlarge(*arguments)

            killed.append(is_after)
            raise KeyboardInterrupt

        enlarge(*arguments)

    monkeypatch.setattr(sample_look, "_enlarge", die)
    run = submit(jobs, half_width=0.04)
    for _ in range(10):
        try:
            work(jobs, run)
            break
        except KeyboardInterrupt:
            continue

    assert run_row(jobs.db, run).state == State.DONE
    looks = looks_of(jobs.db, run)
    assert [look.number for look in looks] == list(range(1, len(looks) + 1))
    assert set(model.texts.values()) == {1}
    assert model.texts.total() == looks[-1].coded == len(codes_of(jobs.db, run, HARM))


@pytest.mark.parametrize(
    "wanted_by", [None, pytest.param(SamplePeriod.MONTH, marks=pytest.mark.thorough)]
)
def test_a_watched_run_keeps_its_error_as_months_come(
    jobs: Jobs, model: ModelServer, wanted_by: SamplePeriod | None
) -> None:
    run = submit(jobs, half_width=0.1, wanted_by=wanted_by)
    work(jobs, run)
    coded = set(codes_of(jobs.db, run, HARM))
    with jobs.db.write() as connection:
        start_watch(connection, jobs.db, run, every="day", max_calls=None, now=NOON)

    check_due_watches(jobs.db, jobs.settings, now=NOON + 60)
    work(jobs, run)

    texts_of_march = [headline(number) for number in range(900, 1300)]
    days = {f"2024-03-{1 + day:02}": texts_of_march[day::28] for day in range(28)}
    path = write_archive(jobs.settings.home / "march", days)
    import_paths(jobs.db, [path], source=None, handle=None, columns={})
    assert check_due_watches(jobs.db, jobs.settings, now=NOON + 90_000) == 1
    work(jobs, run)

    assert run_row(jobs.db, run).state == State.DONE
    assert look_reason(jobs.db, run).startswith("every wanted share is known to ± 10 points")
    shares = estimates(jobs.db, run)
    wanted = shares.values() if wanted_by else [shares[None]]
    assert "2024-03" in shares
    assert shares[None].n_population == 1300
    assert all((row.high - row.low) / 2 <= 0.1 for row in wanted)
    harmful = sum(bool(HARMFUL.match(text)) for text in texts_of_march)
    assert shares["2024-03"].low <= harmful / 400 <= shares["2024-03"].high
    # What was coded stays, and nothing was asked twice.
    assert coded <= codes_of(jobs.db, run, HARM).keys()
    assert set(model.texts.values()) == {1}


@pytest.mark.thorough
def test_a_look_that_failed_is_retried_and_ends_the_run(jobs: Jobs) -> None:
    run = submit(jobs, half_width=0.04)
    work(jobs, run)
    with jobs.db.write() as connection:
        look = update(Job).where(Job.run_id == run, Job.name == LOOK_JOB)
        connection.execute(look.values(state=State.FAILED))
        connection.execute(update(Run).where(Run.id == run).values(state=State.FAILED))

    assert retry_run(jobs.db, run) == 1
    assert run_row(jobs.db, run).state == State.RUNNING
    work(jobs, run)
    assert run_row(jobs.db, run).state == State.DONE


@pytest.mark.thorough
@on_sqlite
def test_a_larger_sample_contains_the_smaller_one(jobs: Jobs) -> None:
    narrow, wide = (submit(jobs, half_width=width) for width in (0.04, 0.2))
    for run in (narrow, wide):
        work(jobs, run)

    small, large = (set(codes_of(jobs.db, run, HARM)) for run in (wide, narrow))
    assert len(small) == 100
    assert small < large


def plan(jobs: Jobs, **options: Any) -> SamplePlan:
    parameters = months(jobs, HARM, first="2024-01", **options)
    planner = SamplePlanner(jobs.db, parameters)
    figures = plan_run(
        jobs.db,
        parameters,
        (),
        engine=OUR_ENGINE,
        settings=jobs.settings,
        size_sample=planner.size,
    )
    assert figures.model is not None
    sample = planner.finish(figures)
    assert figures.by_operation[OPERATION] == figures.model.calls
    return sample


def test_a_plan_without_a_code_assumes_the_worst_and_says_so(
    jobs: Jobs, model: ModelServer
) -> None:
    sample = plan(jobs, half_width=0.04)
    assert sample.population == 900
    assert 400 < sample.texts < sample.texts_for_half <= 900
    assert sample.texts > sample.assumed["10 %"] > sample.assumed["2 %"] >= 100
    assert sample.basis.startswith("the worst case, half of the texts")
    assert sample.cost is not None
    assert sample.cost_for_half is not None
    assert sample.cost < sample.cost_for_half
    lines = list(describe_sample(sample))
    assert lines[0].startswith(f"± 4 points      about {sample.texts} texts, ")
    assert lines[1].startswith(f"± 2 points      about {sample.texts_for_half} texts, ")
    assert any("below" in line or "less than 0.2 %" in line for line in lines)
    assert model.calls == 0


@pytest.mark.thorough
@on_sqlite
def test_a_plan_from_codes_is_what_the_looks_will_take(jobs: Jobs, model: ModelServer) -> None:
    pilot = submit(jobs, half_width=0.2)
    work(jobs, pilot)
    sample = plan(jobs, half_width=0.04)
    assert sample.basis == f"what model:stub coded of run {pilot}: 100 texts"
    assert sample.is_expected

    run = submit(jobs, half_width=0.04)
    work(jobs, run)
    coded = looks_of(jobs.db, run)[-1].coded
    # A plan from a hundred codes is a guess, and looks draw in steps.
    assert 0.9 * coded <= sample.texts < 1.3 * coded
    assert model.texts.total() == coded


@pytest.mark.thorough
def test_a_plan_by_month_takes_more(jobs: Jobs) -> None:
    whole = plan(jobs, half_width=0.04)
    by_month = plan(jobs, half_width=0.04, wanted_by=SamplePeriod.MONTH)
    assert whole.texts < by_month.texts


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"coder": "model:a,model:b"}, "a run has a network, a model, or one of each"),
        ({"coder": "model:a,"}, "write network:RUN, with the run of"),
        ({"half_width": 0.02, "code": "all"}, "leave --code out, or --within"),
        ({"half_width": 0.02, "wanted": ("share:fire",)}, "--for share:fire is no category"),
        ({"wanted": ("yes",)}, "write --within SHARE too"),
        (
            {"wanted_by": SamplePeriod.QUARTER},
            "--per names shares that are to be known: write",
        ),
    ],
)
def test_what_does_not_fit_is_refused(jobs: Jobs, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        months(jobs, HARM, **options)


@pytest.mark.thorough
@on_sqlite
def test_a_plan_says_what_a_network_saves(jobs: Jobs) -> None:
    network = train_network(jobs)
    coders = f"{network},{CODER}"
    before = plan(jobs, half_width=0.04, coder=coders)
    assert any("what that saves is known when it has coded them" in r for r in before.remarks)

    pilot = submit(jobs, half_width=0.2, coder=coders)
    work(jobs, pilot)
    alone, helped = (plan(jobs, half_width=0.04, coder=coder) for coder in (CODER, coders))
    assert helped.texts < 0.95 * alone.texts
    (remark,) = (remark for remark in helped.remarks if "network's codes" in remark)
    assert re.search(r"codes of run \d+ save \d+% of those of the model", remark)
    words = kind_named("months").command_words(months(jobs, HARM, coder=coders), ())
    assert words[words.index("--coder") + 1] == coders


def test_wanted_shares_are_stored_as_variables_with_categories(jobs: Jobs) -> None:
    parameters = months(jobs, HARM, half_width=0.02, wanted=("share:yes",))
    assert parameters.wanted == ("harm=yes",)
    assert parameters.code == "sample"
    words = kind_named("months").command_words(parameters, ())
    assert words[words.index("--within") + 1] == "0.02"


@pytest.mark.thorough
def test_a_pack_holds_the_looks(jobs: Jobs, tmp_path: Path) -> None:
    run = submit(jobs, half_width=0.2)
    work(jobs, run)
    result = verify(pack(jobs, run, tmp_path / "texts.zip", texts=True))
    assert (result.problems, result.not_checked) == ([], {})
    assert "what looks at a growing sample found" in result.given
    assert verify(pack(jobs, run, tmp_path / "run.zip")).problems == []


@on_sqlite
def test_codebooks_are_stored_once(jobs: Jobs) -> None:
    run = submit(jobs, half_width=0.2)
    work(jobs, run)
    with jobs.db.read() as connection:
        codebook_id, _ = stored_codebook(connection, HARM.hash.hex())

    assert {look.codebook_id for look in looks_of(jobs.db, run)} == {codebook_id}


@pytest.mark.thorough
def test_a_cap_below_the_first_sample_is_said_before_anything_is_asked(
    jobs: Jobs, model: ModelServer, tmp_path: Path
) -> None:
    path = tmp_path / "harm.json"
    path.write_text(HARM.model_dump_json(by_alias=True, exclude_defaults=True))
    variables = environment(jobs.settings)
    options = ["2024-01..2024-02", "--keyword", "flood", "--steps", "keywords"]
    options += ["--codebook", path, "--coder", CODER, "--within", "0.04"]

    def say(command: str, cap: str) -> str:
        done = run_command(command, "months", *options, "--max-cost", cap, variables=variables)
        assert done.returncode == 0, done.stderr
        return done.stderr

    unknown = "is less than the first sample of --within 0.04, of 100 texts, which may cost 0.0"
    assert unknown in say("plan", "0.001USD")
    assert unknown in say("submit", "0.001USD")
    assert "first sample" not in say("plan", "1USD") + say("submit", "1USD")
    assert model.calls == 0

    # Answers tell what a text costs.
    pilot = submit(jobs, half_width=0.2)
    work(jobs, pilot)
    cost = run_row(jobs.db, pilot).cost_charged
    known = "first sample of --within 0.04, of 100 texts, which costs about 0.00"
    assert known in say("submit", f"{0.8 * cost / 1_000_000:.6f}USD")
    assert "first sample" not in say("submit", f"{1.2 * cost / 1_000_000:.6f}USD")
