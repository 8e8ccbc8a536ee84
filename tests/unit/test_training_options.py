import sys
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.trainings import NETWORK_OPTIONS, RECURRENT_ONLY
from core.errors import BadInput, UsageError
from models.database import Database
from networks.presets import RECURRENT_ONLY as RECURRENT_OF_NETWORKS
from networks.presets import Options, resolve_options
from producers.trainings import options_of, plan_training
from workers.training_data import load_training_data


def test_a_training_without_a_sweep_is_one_job_with_every_option_in_the_run() -> None:
    parameters, (job,) = plan_training("feedforward", "digits", {"hidden": "30,20", "epochs": None})
    assert (job.name, job.options) == ("feedforward", {})
    assert parameters.options["hidden"] == [30, 20]
    assert parameters.options["epochs"] == 30  # of the preset
    assert "sequence" not in parameters.options  # the other network's


def test_a_sweep_is_a_grid_of_jobs_named_by_the_options_it_varies() -> None:
    parameters, jobs = plan_training(
        "feedforward", "digits", {}, ["learning-rate=0.50,1", "hidden=30,100"]
    )
    assert [job.name for job in jobs] == [
        "feedforward learning-rate=0.5 hidden=30",
        "feedforward learning-rate=0.5 hidden=100",
        "feedforward learning-rate=1 hidden=30",
        "feedforward learning-rate=1 hidden=100",
    ]
    assert jobs[1].options == {"learning_rate": 0.5, "hidden": [100]}
    assert not {"learning_rate", "hidden"} & parameters.options.keys()


def test_the_same_value_written_in_two_ways_is_one_job() -> None:
    _, jobs = plan_training("feedforward", "digits", {}, ["learning-rate=1,1.0,1e0"])
    assert [job.name for job in jobs] == ["feedforward learning-rate=1"]
    assert jobs[0].options == {"learning_rate": 1.0}


def test_a_sweep_of_presets_gives_each_job_what_its_preset_says() -> None:
    parameters, jobs = plan_training("recurrent", "sine", {}, ["preset=standard,tutorial"])
    standard, tutorial = (options_of(parameters, job.options) for job in jobs)
    assert standard == resolve_options("recurrent", {"preset": "standard"})
    assert tutorial == resolve_options("recurrent", {"preset": "tutorial"})


def test_an_option_taken_away_from_a_preset_stays_away_when_it_is_read_again() -> None:
    parameters, (job,) = plan_training(
        "recurrent", "sine", {"preset": "tutorial", "truncate": "none"}
    )
    assert options_of(parameters, job.options).truncate is None


@given(
    preset=st.sampled_from(["standard", "tutorial"]),
    values=st.fixed_dictionaries(
        {},
        optional={
            "learning-rate": st.floats(1e-6, 10).map(str),
            "truncate": st.sampled_from(["none", "1", "7"]),
            "clip": st.sampled_from(["none", "0.5"]),
            "patience": st.sampled_from(["none", "3"]),
            "carry": st.sampled_from(["yes", "no"]),
            "seed": st.integers(0, 2**40).map(str),
        },
    ),
    swept=st.lists(st.integers(1, 500), min_size=1, max_size=4),
)
def test_every_job_reads_back_the_options_that_were_submitted(
    preset: str, values: dict[str, str], swept: list[int]
) -> None:
    sweep = [f"hidden={','.join(map(str, swept))}"]
    parameters, jobs = plan_training("recurrent", "sine", {"preset": preset, **values}, sweep)
    expected = [
        resolve_options("recurrent", {"preset": preset, **values, "hidden": size})
        for size in dict.fromkeys(swept)
    ]
    assert [options_of(parameters, job.options) for job in jobs] == expected


@pytest.mark.parametrize(
    ("given_options", "sweep", "message"),
    [
        ({"hidden": "0"}, [], "hidden"),
        ({"activation": "bent"}, [], "'bent'"),
        ({"epochs": "many"}, [], "epochs is 'many'"),
        ({"sequence": "5"}, [], "no option 'sequence'"),
        ({"preset": "best"}, [], "'best'"),
        ({}, ["learning-rate=1,-1"], "learning-rate"),
        ({}, ["learning-rate"], "OPTION=VALUE"),
        ({}, ["learning-rate=,"], "OPTION=VALUE"),
        ({}, ["depth=1"], "no option 'depth'"),
        ({}, ["seed=1", "seed=2"], "given twice"),
        ({"batch-size": "5"}, ["batch_size=1,2"], "were both given"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_queued(
    given_options: dict[str, str], sweep: list[str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        plan_training("feedforward", "digits", given_options, sweep)


def test_a_path_means_the_same_wherever_a_worker_stands(
    tmp_path: Path,
) -> None:  # where the test stands
    assert plan_training("feedforward", "mnist", {})[0].data == str(tmp_path / "mnist")
    assert (
        plan_training("recurrent", "a:b.csv:mood: mean", {})[0].data
        == f"{tmp_path}/a:b.csv:mood: mean"
    )
    assert plan_training("recurrent", "3:polarity", {})[0].data == "3:polarity"


def test_a_recurrent_network_reads_no_images() -> None:
    with pytest.raises(UsageError, match="--data digits: a recurrent network reads sine"):
        plan_training("recurrent", "digits", {})


def test_digits_without_scikit_learn_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    parameters, (job,) = plan_training("feedforward", "digits", {})
    with pytest.raises(BadInput, match=r"pip install 'tidings\[digits\]'"):
        load_training_data(Database("sqlite://"), parameters, options_of(parameters, job.options))


def test_the_command_declares_each_option_of_networks_once() -> None:
    declared = {field.name for field in fields(Options)} - {"kind"}
    assert set(NETWORK_OPTIONS) == declared
    assert set(RECURRENT_ONLY) == RECURRENT_OF_NETWORKS
