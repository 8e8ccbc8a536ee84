"""Trained networks: ``tidings submit training …``, ``tidings predict``, ``tidings export RUN weights``."""

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

Pictures = Annotated[
    str, typer.Option(metavar="digits|PATH", help="Pictures: scikit-learn's, or MNIST's files.")
]
Numbers = Annotated[
    str,
    typer.Option(
        metavar="sine|PATH.csv:COLUMN|RUN:polarity",
        help="A series: made up, of a file, or of a run.",
    ),
]
# What a network's options may be is said by `networks.presets`: they come here as text, to be checked in one place.
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
    """Give *app* the commands of this file that stand alone."""
    app.command()(predict)


def submit_typer() -> typer.Typer:
    """The commands behind ``tidings submit training``."""
    training = typer.Typer(
        no_args_is_help=True, help="Train networks, one for each point of a sweep."
    )
    training.command("feedforward")(submit_feedforward)
    training.command("recurrent")(submit_recurrent)
    return training


def submit_feedforward(
    data: Pictures,
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
    """Learn to tell pictures apart."""
    given = {
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
    _submit("feedforward", data, given, sweep or (), name=name, wait=wait)


def submit_recurrent(
    data: Numbers,
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
    """Learn to forecast the next value of a series."""
    given = {
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
    _submit("recurrent", data, given, sweep or (), name=name, wait=wait)


def _submit(
    network: Literal["feedforward", "recurrent"],
    data: str,
    given: dict[str, str | None],
    sweep: Sequence[str],
    *,
    name: str | None,
    wait: bool,
) -> None:
    from cli.progress import dispatch_and_wait
    from producers.trainings import plan_training, submit_training
    from workers.training_data import check_data

    parameters, jobs = plan_training(network, data, given, sweep)
    settings = context.settings()
    db = context.database(settings, make=True)
    try:
        check_data(db, parameters, jobs)
    except BadInput as error:  # nothing is submitted: what was asked for does not fit
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
            help="Pictures (IDX, .npz or a folder), or a series as it was trained on.",
        ),
    ],
    job: JobName = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The class of each picture, or the value after each window of a series, as a trained network sees them."""
    from workers.training_data import predictions

    said = predictions(context.database(context.settings()), run, job, data)
    if as_json:
        print(json.dumps(said))
        return
    for row in said:
        print("  ".join(f"{name} {_shown(value)}" for name, value in row.items()))


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def write_weights(db: Database, run: int, job: str | None, out: Path | None) -> None:
    """Write the weights of a finished training to *out*. Raises `UsageError`, `NotFound`, `BadInput`."""
    from models.trainings import trained

    if out is None or out.suffix != ".npz":
        raise UsageError("weights go to a file: --out FILE.npz")
    with db.read() as connection:
        found = trained(connection, run, job)
    try:
        out.write_bytes(found.weights)
    except OSError as error:
        raise BadInput(
            f"{out} cannot be written ({error.strerror}): choose another place for it"
        ) from error
    print(f"the weights of {found.job} are in {out}", file=sys.stderr)
