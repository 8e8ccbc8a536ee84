"""The commands ``submit training …`` and ``predict``, and ``export RUN weights``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cli import context
from cli.control import Run
from cli.run_options import utf8
from core.errors import BadInput, UsageError
from models.database import Database

WEIGHTS = "weights"  # what `export` takes beside the tables

Images = Annotated[
    str, typer.Option(metavar="digits|PATH", help="Images: scikit-learn's, or MNIST's files.")
]
SeriesName = Annotated[
    str,
    typer.Option(
        metavar="sine|PATH.csv:COLUMN|RUN:polarity",
        help="A series: computed, of a file, or of a run.",
    ),
]
# `networks.presets` parses and checks the options of a network, which are text here.
Preset = Annotated[str | None, typer.Option(help="standard (the default) or tutorial.")]
Hidden = Annotated[
    str | None, typer.Option(metavar="N[,N]", help="Sizes of the hidden layers, as 30 or 30,20.")
]
Activation = Annotated[
    str | None, typer.Option(help="Of the hidden layers: sigmoid, tanh or relu.")
]
Loss = Annotated[str | None, typer.Option(help="quadratic or cross-entropy.")]
Initialiser = Annotated[str | None, typer.Option(help="How the first weights are drawn.")]
Optimizer = Annotated[str | None, typer.Option(help="sgd, momentum or adam.")]
Schedule = Annotated[str | None, typer.Option(help="How the learning rate falls over the epochs.")]
Rate = Annotated[str | None, typer.Option("--learning-rate", metavar="R", help="Size of a step.")]
Decay = Annotated[
    str | None, typer.Option("--weight-decay", metavar="R", help="How weights are pulled to zero.")
]
BatchSize = Annotated[
    str | None, typer.Option("--batch-size", metavar="N", help="Samples of one step.")
]
Epochs = Annotated[str | None, typer.Option(metavar="N", help="Passes over the training samples.")]
Patience = Annotated[
    str | None, typer.Option(metavar="N", help="Stop after N epochs without a better validation.")
]
Precision = Annotated[str | None, typer.Option(metavar="32|64", help="Bits of a number.")]
Seed = Annotated[
    str | None, typer.Option(metavar="N", help="The same seed gives the same weights.")
]
Sequence_ = Annotated[
    str | None, typer.Option("--sequence", metavar="N", help="Values of a window.")
]
Truncate = Annotated[
    str | None, typer.Option(metavar="N", help="Steps that errors go back through; none for all.")
]
Clip = Annotated[str | None, typer.Option(metavar="C", help="Largest gradient; none for any.")]
ClipBy = Annotated[
    str | None, typer.Option("--clip-by", metavar="norm|value", help="What is clipped.")
]
Carry = Annotated[
    str | None,
    typer.Option(metavar="yes|no", help="Hand the hidden state on from window to window."),
]
Sweep = Annotated[
    list[str] | None,
    typer.Option(
        metavar="OPTION=V,V,…", help="A job for each value; given again, for each pair of values."
    ),
]
Name = Annotated[str | None, typer.Option(help="A name to know the run by.")]
Wait = Annotated[
    bool,
    typer.Option(
        "--wait", help="Wait for the end: status 0 when all is done, 1 when a job failed."
    ),
]
JobName = Annotated[
    str | None, typer.Option("--job", help="Which network, where the run has several.")
]


def register(app: typer.Typer) -> None:
    """Add this file's top-level commands to *app*."""
    app.command()(predict)


def submit_typer() -> typer.Typer:
    """Return the commands of ``tidings submit training``."""
    training = typer.Typer(
        no_args_is_help=True, help="Train networks, one for each point of a sweep."
    )
    training.command("feedforward")(submit_feedforward)
    training.command("recurrent")(submit_recurrent)
    return training


def submit_feedforward(
    data: Images,
    preset: Preset = None,
    hidden: Hidden = None,
    activation: Activation = None,
    loss: Loss = None,
    initialiser: Initialiser = None,
    optimizer: Optimizer = None,
    schedule: Schedule = None,
    learning_rate: Rate = None,
    weight_decay: Decay = None,
    batch_size: BatchSize = None,
    epochs: Epochs = None,
    patience: Patience = None,
    precision: Precision = None,
    seed: Seed = None,
    sweep: Sweep = None,
    name: Name = None,
    wait: Wait = False,
) -> None:
    """Train a network to classify images."""
    overrides = {
        "preset": preset,
        "hidden": hidden,
        "activation": activation,
        "loss": loss,
        "initialiser": initialiser,
        "optimizer": optimizer,
        "schedule": schedule,
        "learning-rate": learning_rate,
        "weight-decay": weight_decay,
        "batch-size": batch_size,
        "epochs": epochs,
        "patience": patience,
        "precision": precision,
        "seed": seed,
    }
    _submit("feedforward", data, overrides, sweep or (), name=name, wait=wait)


def submit_recurrent(
    data: SeriesName,
    preset: Preset = None,
    hidden: Hidden = None,
    sequence: Sequence_ = None,
    truncate: Truncate = None,
    clip: Clip = None,
    clip_by: ClipBy = None,
    carry: Carry = None,
    activation: Activation = None,
    loss: Loss = None,
    initialiser: Initialiser = None,
    optimizer: Optimizer = None,
    schedule: Schedule = None,
    learning_rate: Rate = None,
    weight_decay: Decay = None,
    batch_size: BatchSize = None,
    epochs: Epochs = None,
    patience: Patience = None,
    precision: Precision = None,
    seed: Seed = None,
    sweep: Sweep = None,
    name: Name = None,
    wait: Wait = False,
) -> None:
    """Train a network to forecast the next value of a series."""
    overrides = {
        "preset": preset,
        "hidden": hidden,
        "sequence": sequence,
        "truncate": truncate,
        "clip": clip,
        "clip-by": clip_by,
        "carry": carry,
        "activation": activation,
        "loss": loss,
        "initialiser": initialiser,
        "optimizer": optimizer,
        "schedule": schedule,
        "learning-rate": learning_rate,
        "weight-decay": weight_decay,
        "batch-size": batch_size,
        "epochs": epochs,
        "patience": patience,
        "precision": precision,
        "seed": seed,
    }
    _submit("recurrent", data, overrides, sweep or (), name=name, wait=wait)


def _submit(
    network: Literal["feedforward", "recurrent"],
    data: str,
    overrides: dict[str, str | None],
    sweep: Sequence[str],
    *,
    name: str | None,
    wait: bool,
) -> None:
    from cli.progress import dispatch_and_wait
    from producers.trainings import plan_training, submit_training
    from workers.training_data import check_data

    parameters, jobs = plan_training(network, data, overrides, sweep)
    settings = context.settings()
    db = context.database(settings, make=True)
    try:
        check_data(db, parameters, jobs)
    except BadInput as error:  # wrong usage, since nothing was submitted
        raise UsageError(str(error)) from error
    dispatch_and_wait(
        db, settings, submit_training(db, parameters, jobs, name=utf8(name)), wait=wait
    )


def predict(
    run: Run,
    data: Annotated[
        str,
        typer.Option(
            metavar="PATH",
            help="Images (IDX, .npz or a folder), or a series as in the training.",
        ),
    ],
    job: JobName = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Predict the class of each image, or the value after each window of a series."""
    from workers.training_data import predict_data

    rows = predict_data(context.database(context.settings()), run, job, data)
    if as_json:
        print(json.dumps(rows))
        return
    for row in rows:
        print("  ".join(f"{name} {_format(value)}" for name, value in row.items()))


def _format(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def write_weights(db: Database, run: int, job: str | None, out: Path | None) -> None:
    """Write a finished training's weights. Raises `UsageError`, `NotFound` and `BadInput`."""
    from models.trainings import get_trained_network

    if out is None or out.suffix != ".npz":
        raise UsageError("weights go to a file: --out FILE.npz")
    with db.read() as connection:
        trained = get_trained_network(connection, run, job)
    try:
        out.write_bytes(trained.weights)
    except OSError as error:
        raise BadInput(
            f"{out} cannot be written ({error.strerror}): choose another path"
        ) from error
    print(f"the weights of {trained.job} are in {out}", file=sys.stderr)
