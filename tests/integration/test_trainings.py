"""Trainings as jobs, on both databases: results, slices, kills, data of every kind, commands."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update

from cli import context, main
from core.broker import celery_app
from core.enums import State
from core.errors import LeaseLost, NotFound, UsageError
from core.settings import Settings, environment
from models.database import Database
from models.job_transitions import claim_job
from models.run_transitions import cancel_run, pause_run, resume_run, retry_run
from models.tables import Epoch, Job, Run, Training
from models.trainings import get_trained_network
from networks.storage import load_network
from producers.trainings import Network, plan_training, submit_training
from reports.data import exports
from tests.command_kit import python_script
from tests.report_stories import Text, months_run, store
from tests.services import wait_until
from workers import trainings
from workers.context import JobContext
from workers.executor import work_one_slice
from workers.runtime import Runtime
from workers.trainings import run_training

ENDLESS = {"hidden": "8", "sequence": "10", "epochs": "1000000"}


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    opened = Runtime(settings, celery_app(settings))
    yield opened
    opened.lease_db.close()
    opened.close()


@pytest.fixture
def images(tmp_path: Path) -> str:
    """Noisy bars, upright or lying, on 5 by 5 points."""
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 2, 240)
    x = generator.random((240, 5, 5)) * 0.3
    for image, label in zip(x, labels, strict=True):
        at = generator.integers(0, 5)
        image[(slice(None), at) if label else (at, slice(None))] += 0.7

    np.savez(tmp_path / "bars.npz", x=x, y=labels)
    return str(tmp_path / "bars.npz")


def submit(
    db: Database, network: Network, data: str, sweep: Sequence[str] = (), **given: Any
) -> int:
    return submit_training(db, *plan_training(network, data, given, sweep))


def jobs(db: Database, run: int) -> list[Any]:
    with db.read() as connection:
        statement = select(*Job.__table__.columns).where(Job.run_id == run, Job.kind == "training")
        return list(connection.execute(statement.order_by(Job.id)))


def result(db: Database, run: int) -> Any:
    with db.read() as connection:
        return connection.execute(
            select(*Training.__table__.columns)
            .join(Job, Job.id == Training.job_id)
            .where(Job.run_id == run)
        ).one()


def epochs(db: Database, run: int) -> list[int]:
    return [row["epoch"] for row in export(db, run, "epochs")]


def work(runtime: Runtime, run: int) -> int:
    """Work on the run's jobs until they have ended; how many slices that took."""
    slices = 0
    while waiting := [job for job in jobs(runtime.db, run) if job.state == State.QUEUED]:
        work_one_slice(runtime, waiting[0].id)
        slices += 1

    return slices


def export(db: Database, run: int, table: str) -> list[dict[str, Any]]:
    out = io.BytesIO()
    exports.write(db, run, table, "jsonl", out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def without(rows: Sequence[Mapping[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def weights(db: Database, run: int, job: str | None = None) -> bytes:
    with db.read() as connection:
        return get_trained_network(connection, run, job).weights


def worker_process(settings: Settings, job: int) -> subprocess.Popen[bytes]:
    """A process that works one slice on the job, as a worker's child, with many checkpoints."""
    program = (
        "from workers import trainings; "
        "trainings.CHECKPOINT_SECONDS, trainings.CHECKPOINT_COST = 0.02, 0; "
        "from workers.celery import get_runtime; "
        f"from workers.executor import work_one_slice; work_one_slice(get_runtime(), {job})"
    )
    return subprocess.Popen(python_script(program), env=environment(settings))  # noqa: S603 - ours


def test_a_sweep_gives_each_job_its_epochs_predictions_figures_and_weights(
    db: Database, runtime: Runtime, images: str
) -> None:
    run = submit(db, "feedforward", images, ["hidden=4,6"], epochs="5", **{"learning-rate": "1"})
    assert work(runtime, run) == 2
    assert [(job.state, job.done_units, job.all_units) for job in jobs(db, run)] == [
        (State.DONE, 5, 5)
    ] * 2
    names = ["feedforward hidden=4", "feedforward hidden=6"]
    assert [(row["job"], row["epoch"]) for row in export(db, run, "epochs")] == [
        (name, epoch) for name in names for epoch in range(1, 6)
    ]
    table = export(db, run, "trainings")
    assert [(row["job"], row["hidden"], row["epochs"], row["baseline_mean"]) for row in table] == [
        (names[0], "4", 5, None),
        (names[1], "6", 5, None),
    ]
    predictions = [row for row in export(db, run, "predictions") if row["job"] == names[1]]
    assert [(row["split"], row["index"]) for row in predictions] == [
        ("test", index) for index in range(40)
    ]
    right = sum(row["actual"] == row["predicted"] for row in predictions)
    assert table[1]["accuracy"] == right / 40 > 0.8
    network, _ = load_network(weights(db, run, names[1]))
    assert network.sizes == (25, 6, 2)
    with db.read() as connection:
        assert connection.scalar(select(Run.state).where(Run.id == run)) == State.DONE
        with pytest.raises(UsageError, match=names[0]):
            get_trained_network(connection, run)

        with pytest.raises(NotFound, match="no trained network 'x'"):
            get_trained_network(connection, run, "x")


def test_equal_runs_give_equal_bytes_however_they_are_sliced(
    db: Database, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"epochs": "9", "hidden": "6", "sequence": "8"}
    whole = submit(db, "recurrent", "sine", **options)
    assert work(runtime, whole) == 1
    monkeypatch.setattr(
        JobContext, "slice_is_over", property(lambda _: True)
    )  # each slice is over after its first epoch
    sliced = submit(db, "recurrent", "sine", **options)
    assert work(runtime, sliced) == 9
    assert weights(db, sliced) == weights(db, whole)
    for table in ("epochs", "predictions", "trainings"):
        first, second = (
            without(export(db, run, table), "run", "seconds") for run in (whole, sliced)
        )
        assert first == second
        assert first

    other = submit(db, "recurrent", "sine", **options, seed="1")
    work(runtime, other)
    assert weights(db, other) != weights(db, whole)


@pytest.mark.thorough
def test_a_training_killed_at_three_random_points_ends_with_the_weights_of_one_that_was_not(
    db: Database, runtime: Runtime, settings: Settings
) -> None:
    options = {"epochs": "250", "hidden": "16", "sequence": "20", "precision": "64"}
    undisturbed = submit(db, "recurrent", "sine", **options)
    work(runtime, undisturbed)
    run = submit(db, "recurrent", "sine", **options)
    job = jobs(db, run)[0].id
    chance = random.Random(20200311)
    for _ in range(3):
        epoch = jobs(db, run)[0].done_units + chance.randint(1, 20)
        with worker_process(settings, job) as process:
            wait_until(lambda: jobs(db, run)[0].done_units >= epoch, what=f"epoch {epoch}")  # noqa: B023
            process.kill()

    killed = jobs(db, run)[0]
    assert (killed.state, killed.claims) == (State.RUNNING, 3)
    work_one_slice(runtime, job)  # its owner is seen to be gone
    (ended,) = jobs(db, run)
    assert (ended.state, ended.claims) == (State.DONE, 4)
    assert epochs(db, run) == list(range(1, 251))
    assert weights(db, run) == weights(db, undisturbed)


def test_a_cancelled_training_stops_in_the_middle_and_writes_nothing_more(
    db: Database, settings: Settings
) -> None:
    run = submit(db, "recurrent", "sine", **ENDLESS)
    with worker_process(settings, jobs(db, run)[0].id) as process:
        wait_until(lambda: jobs(db, run)[0].done_units > 0, what="the first epoch")
        cancel_run(db, run)
        there = epochs(db, run)
        assert process.wait(20) == 0

    assert jobs(db, run)[0].state == State.CANCELLED
    assert epochs(db, run) == there
    assert result(db, run).weights is None


def test_a_paused_training_goes_on_from_its_checkpoint(
    db: Database, runtime: Runtime, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = submit(db, "recurrent", "sine", **ENDLESS)
    job = jobs(db, run)[0].id
    with worker_process(settings, job) as process:
        wait_until(lambda: jobs(db, run)[0].done_units > 0, what="the first epoch")
        pause_run(db, run)
        assert process.wait(20) == 0

    (paused,) = jobs(db, run)
    assert (paused.state, paused.owner) == (State.QUEUED, None)
    work_one_slice(runtime, job)
    assert jobs(db, run)[0].claims == 1  # nothing new starts
    resume_run(db, run)
    monkeypatch.setattr(JobContext, "slice_is_over", property(lambda _: True))
    work_one_slice(runtime, job)
    assert epochs(db, run) == list(range(1, paused.done_units + 2))


def test_a_training_that_stops_early_keeps_all_its_epochs_and_its_best_weights(
    db: Database, runtime: Runtime, images: str
) -> None:
    run = submit(db, "feedforward", images, epochs="500", patience="2", schedule="constant")
    work(runtime, run)
    losses = [row["validation_loss"] for row in export(db, run, "epochs")]
    assert epochs(db, run) == list(range(1, len(losses) + 1))
    assert 3 <= len(losses) < 500
    assert losses.index(min(losses)) == len(losses) - 3
    assert jobs(db, run)[0].done_units == 500


def test_a_result_that_was_stored_before_its_worker_died_is_not_trained_again(
    db: Database, runtime: Runtime, images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = submit(db, "feedforward", images, epochs="2")
    work(runtime, run)
    stored = weights(db, run)
    with db.write() as connection:
        connection.execute(
            update(Job).where(Job.run_id == run, Job.kind == "training").values(state=State.QUEUED)
        )

    monkeypatch.delattr(trainings, "train")
    work(runtime, run)
    assert jobs(db, run)[0].state == State.DONE
    assert weights(db, run) == stored


def test_a_worker_that_lost_the_job_stores_nothing(
    db: Database, runtime: Runtime, images: str
) -> None:
    parameters, planned = plan_training("feedforward", images, {"epochs": "2"})
    run = submit_training(db, parameters, planned)
    job = jobs(db, run)[0].id
    claim = claim_job(db, job, owner=runtime.owner, lease_seconds=20, has_exited=lambda _: False)
    assert claim
    with db.write() as connection:
        connection.execute(update(Job).where(Job.id == job).values(owner="another", claims=2))

    with pytest.raises(LeaseLost):
        run_training(JobContext(runtime, claim, ends_at=float("inf")))

    with db.read() as connection:
        assert connection.execute(select(Epoch.epoch)).all() == []
        assert connection.execute(select(Training.job_id)).all() == []


def test_an_infinite_loss_fails_the_job_and_says_what_to_do(
    db: Database, runtime: Runtime, tmp_path: Path
) -> None:
    (tmp_path / "s.csv").write_text("v\n" + "\n".join(str(n % 7) for n in range(60)))
    given = {
        "hidden": "4",
        "sequence": "5",
        "optimizer": "sgd",
        "activation": "relu",
        "clip": "none",
    }
    run = submit(db, "recurrent", "s.csv:v", **given, **{"learning-rate": "1e30"})
    work(runtime, run)
    (job,) = jobs(db, run)
    assert job.state == State.FAILED
    assert "choose a learning rate below 1e+30" in job.reason


def test_a_file_that_went_away_fails_the_job_until_it_is_back(
    db: Database, runtime: Runtime, images: str
) -> None:
    run = submit(db, "feedforward", images, epochs="1")
    away = Path(images).rename(Path(images).with_suffix(".away"))
    work(runtime, run)
    (job,) = jobs(db, run)
    assert job.state == State.FAILED
    assert job.reason.startswith(f"{images} is no")
    away.rename(images)
    retry_run(db, run)
    work(runtime, run)
    assert jobs(db, run)[0].state == State.DONE


def test_an_epoch_that_is_too_long_for_any_slice_fails_with_the_reason(
    db: Database, runtime: Runtime, images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainings, "OVERRUN_SECONDS", -runtime.settings.slice_seconds)
    run = submit(db, "feedforward", images, epochs="1")
    work(runtime, run)
    assert "one epoch takes longer than 0 s" in jobs(db, run)[0].reason


def test_gaps_of_a_csv_column_are_left_out_and_counted(
    db: Database, runtime: Runtime, tmp_path: Path
) -> None:
    values = [str(n % 5) for n in range(80)]
    values[10] = values[30] = ""
    (tmp_path / "s.csv").write_text(
        "n,v\n" + "\n".join(f"{n},{value}" for n, value in enumerate(values))
    )
    run = submit(db, "recurrent", "s.csv:v", epochs="1", hidden="4", sequence="6")
    work(runtime, run)
    remarks = result(db, run).remarks
    assert remarks[0] == "2 of 80 rows have no value: 14 windows of 6 that hold one were left out."
    assert "does not beat the best simple forecast" in remarks[1]
    assert len(remarks) == 2
    row = export(db, run, "trainings")[0]
    assert 0 < row["baseline_recurrence"] < row["validation_rmse"]
    assert {row["split"] for row in export(db, run, "predictions")} == {"train", "validation"}


def test_a_runs_monthly_polarity_is_forecast_with_its_gap_counted(
    db: Database, runtime: Runtime, call: Callable[..., tuple[int, str, str]]
) -> None:
    months = [f"{year}-{month:02}" for year in (2018, 2019, 2020) for month in range(1, 13)]
    gap = "2019-02"
    store(db, [Text(f"{m}-03", f"The harbour of {m} is new.") for m in months if m != gap])
    source = months_run(db, months[0], months[-1], ["harbour"], no_data=[gap])
    assert (
        call("submit", "training", "recurrent", "--data", f"{source}:polarity")[0] == 2
    )  # 50 months make no window
    run = submit(db, "recurrent", f"{source}:polarity", epochs="2", hidden="4", sequence="4")
    work(runtime, run)
    assert result(db, run).remarks[0] == (
        "1 of 36 months have no value: 5 windows of 4 that hold one were left out."
    )
    polarity = [
        row["polarity_mean"] for row in export(db, source, "periods") if row["term"] is None
    ]
    actual = {row["index"]: row["actual"] for row in export(db, run, "predictions")}
    assert len(actual) == 32 - 5
    for index, value in actual.items():
        assert value == pytest.approx(polarity[index], abs=1e-6)  # in 32 bits

    status, out, _ = call("predict", str(run), "--data", f"{source}:polarity", "--json")
    assert status == 0
    assert json.loads(out)[-1]["index"] == 36  # the month to come
    assert json.loads(out)[-1]["actual"] is None


def test_a_run_of_several_keywords_needs_one_named(
    db: Database, call: Callable[..., tuple[int, str, str]]
) -> None:
    months = [f"2020-{month:02}" for month in range(1, 13)]
    store(db, [Text(f"{m}-03", f"The harbour of {m} has a ferry.") for m in months])
    source = months_run(db, months[0], months[-1], ["harbour", "ferry"])
    command = ("submit", "training", "recurrent", "--sequence", "3", "--data")
    status, _, err = call(*command, f"{source}:polarity")
    assert (status, err.count("\n")) == (2, 1)
    assert f"{source}:polarity:ferry, {source}:polarity:harbour" in err
    assert call(*command, f"{source}:polarity:ferry")[0] == 0


def test_the_bundled_digits_are_learned(db: Database, runtime: Runtime) -> None:
    pytest.importorskip("sklearn")
    run = submit(db, "feedforward", "digits", epochs="10")
    work(runtime, run)
    (row,) = export(db, run, "trainings")
    assert row["accuracy"] > 0.93
    assert len(export(db, run, "predictions")) == 1797 // 6


@pytest.fixture
def call(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs the command line as a person would: its status, standard output and standard error."""
    opened: list[Database] = []
    database = context.open_database

    def noted(*arguments: Any, **options: Any) -> Database:
        opened.append(database(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(
        context, "open_database", noted
    )  # a process of its own would close it by ending

    def run(*arguments: str) -> tuple[int, str, str]:
        for name, value in environment(settings).items():
            if name.startswith("TIDINGS_"):
                monkeypatch.setenv(name, value)

        monkeypatch.setattr(sys, "argv", ["tidings", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main.main()

        captured = capsys.readouterr()
        while opened:
            opened.pop().close()

        return int(ended.value.code or 0), captured.out, captured.err

    return run


def test_submitting_prints_the_run_and_its_network_can_be_exported_and_used(
    db: Database,
    runtime: Runtime,
    images: str,
    tmp_path: Path,
    call: Callable[..., tuple[int, str, str]],
) -> None:
    options = (
        "--epochs",
        "8",
        "--hidden",
        "6",
        "--learning-rate",
        "1",
        "--sweep",
        "seed=1,2",
        "--name",
        "bars",
    )
    status, out, _ = call("submit", "training", "feedforward", "--data", images, *options)
    run = int(out)
    assert (status, [job.name for job in jobs(db, run)]) == (
        0,
        ["feedforward seed=1", "feedforward seed=2"],
    )
    assert call("predict", str(run), "--data", images)[0] == 1  # it is not trained yet
    work(runtime, run)

    file = tmp_path / "w.npz"
    assert call("export", str(run), "weights", "--out", str(file))[0] == 2  # of two
    assert (
        call("export", str(run), "weights", "--job", "feedforward seed=2", "--out", str(file))[0]
        == 0
    )
    assert file.read_bytes() == weights(db, run, "feedforward seed=2")

    status, out, _ = call(
        "predict", str(run), "--job", "feedforward seed=2", "--data", images, "--json"
    )
    with np.load(images) as arrays:
        labels = arrays["y"]

    rows = json.loads(out)
    assert [row["index"] for row in rows] == list(range(240))
    assert (
        np.mean([row["predicted"] == label for row, label in zip(rows, labels, strict=True)]) > 0.9
    )
    np.savez(tmp_path / "other.npz", x=np.zeros((2, 9)))
    status, _, err = call(
        "predict", str(run), "--job", "feedforward seed=2", "--data", str(tmp_path / "other.npz")
    )
    assert (status, err.count("\n")) == (1, 1)
    assert "9" in err
    assert "25" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("feedforward", "--data", "nowhere"), "nowhere does not exist"),
        (("feedforward", "--data", "digits", "--hidden", "0"), "hidden"),
        (("feedforward", "--data", "digits", "--optimizer", "luck"), "'luck'"),
        (("recurrent", "--data", "nowhere.csv:v"), "nowhere.csv cannot be read"),
        (("recurrent", "--data", "sine", "--sequence", "500"), "choose a sequence of at most 197"),
        (
            ("recurrent", "--data", "sine", "--sweep", "sequence=10,500"),
            "choose a sequence of at most 197",
        ),
    ],
)
def test_bad_options_are_one_line_and_status_2_and_nothing_is_queued(
    db: Database,
    call: Callable[..., tuple[int, str, str]],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    status, out, err = call("submit", "training", *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err
    with db.read() as connection:
        assert connection.execute(select(Run.id)).all() == []
