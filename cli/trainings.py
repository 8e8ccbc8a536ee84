"""Train and use networks: ``tidings submit training``, ``predict``, ``export RUN weights``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer import Option

from cli import context
from cli.messages import inform, show
from cli.options import Json, Name, Once, Run, Wait, check_utf8, expand_options
from core.errors import BadInput, UsageError

if TYPE_CHECKING:
    from models.database import Database

# `export` takes this word beside the names of tables.
WEIGHTS = "weights"

Sweep = Annotated[
    list[str] | None,
    Option(
        metavar="OPTION=V,V,…", help="A job for each value; given again, for each pair of values."
    ),
]

# The text of a network option; `networks.presets` checks it.
Value = str | None


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """Options of every network."""

    preset: Annotated[Value, Option(help="standard (the default) or tutorial.")] = None
    hidden: Annotated[Value, Option(metavar="N[,N]", help="Hidden layers, as 30,20.")] = None
    activation: Annotated[Value, Option(help="Of the hidden layers: sigmoid, tanh or relu.")] = None
    loss: Annotated[Value, Option(help="quadratic or cross-entropy.")] = None
    initialiser: Annotated[Value, Option(help="How the first weights are drawn.")] = None
    optimizer: Annotated[Value, Option(help="sgd, momentum or adam.")] = None
    schedule: Annotated[Value, Option(help="How the learning rate falls.")] = None
    learning_rate: Annotated[Value, Option(metavar="R", help="Size of a step.")] = None
    weight_decay: Annotated[Value, Option(metavar="R", help="Pull of weights to zero.")] = None
    batch_size: Annotated[Value, Option(metavar="N", help="Samples of one step.")] = None
    epochs: Annotated[Value, Option(metavar="N", help="Passes over the training samples.")] = None
    patience: Annotated[
        Value, Option(metavar="N", help="Stop after N epochs without improvement.")
    ] = None
    precision: Annotated[Value, Option(metavar="32|64", help="Bits of a number.")] = None
    seed: Annotated[Value, Option(metavar="N", help="The same seed gives the same weights.")] = None


@dataclass(frozen=True, kw_only=True)
class RecurrentOptions:
    """Options of recurrent networks alone."""

    sequence: Annotated[Value, Option(metavar="N", help="Values of a window.")] = None
    truncate: Annotated[
        Value, Option(metavar="N", help="Steps of back-propagation; none for all.")
    ] = None
    clip: Annotated[Value, Option(metavar="C", help="Largest gradient; none for any.")] = None
    clip_by: Annotated[Value, Option(metavar="norm|value", help="What is clipped.")] = None
    carry: Annotated[
        Value, Option(metavar="yes|no", help="Keep the hidden state between windows.")
    ] = None


group = typer.Typer(no_args_is_help=True, help="Train networks, one for each point of a sweep.")


@group.command("feedforward")
@expand_options
def submit_feedforward(
    data: Annotated[
        str,
        Option(
            metavar="digits|PATH",
            callback=check_utf8,
            help="Pictures: scikit-learn's, or MNIST's files.",
        ),
    ],
    options: NetworkOptions,
    sweep: Sweep = None,
    name: Name = None,
    once: Once = False,
    wait: Wait = False,
) -> None:
    """Train a network to classify images."""
    _submit("feedforward", data, asdict(options), sweep or (), name=name, once=once, wait=wait)


@group.command("recurrent")
@expand_options
def submit_recurrent(
    data: Annotated[
        str,
        Option(
            metavar="sine|PATH.csv:COLUMN|RUN:polarity",
            callback=check_utf8,
            help="A series: synthetic, of a file, or of a run.",
        ),
    ],
    options: NetworkOptions,
    recurrent_options: RecurrentOptions,
    sweep: Sweep = None,
    name: Name = None,
    once: Once = False,
    wait: Wait = False,
) -> None:
    """Train a network to forecast the next value of a series."""
    network_options = asdict(options) | asdict(recurrent_options)
    _submit("recurrent", data, network_options, sweep or (), name=name, once=once, wait=wait)


@group.command("codes")
@expand_options
def submit_codes(
    run: Run,
    codebook: Annotated[
        str,
        Option(
            metavar="FILE|NAME",
            callback=check_utf8,
            help="The codebook by which people coded the run: a file, or relevance.",
        ),
    ],
    name: Name = None,
    once: Once = False,
    wait: Wait = False,
) -> None:
    """Train a network on what people coded of a run, to code other texts as they did."""
    from analysis.codebooks.stored import choose_codebook, keep_codebook
    from cli.progress import dispatch_and_wait, note_equal_run
    from producers.trainings import plan_code_training, submit_training
    from workers.training_data import check_codes

    settings = context.load_settings()
    with closing(context.open_database(settings)) as db:
        chosen = choose_codebook(db, codebook)
        try:
            check_codes(db, run, chosen)
        except BadInput as error:
            # Another command codes more texts.
            raise UsageError(str(error)) from error

        with db.write() as connection:
            keep_codebook(connection, db, chosen)

        parameters, jobs = plan_code_training(run, chosen.hash.hex())
        on_equal = note_equal_run if once else None
        training = submit_training(db, parameters, jobs, name=name, on_equal=on_equal)
        dispatch_and_wait(db, settings, training, wait=wait)


def _submit(
    network: Literal["feedforward", "recurrent"],
    data: str,
    options: dict[str, str | None],
    sweep: Sequence[str],
    *,
    name: str | None,
    once: bool,
    wait: bool,
) -> None:
    from cli.progress import dispatch_and_wait, note_equal_run
    from producers.trainings import plan_training, submit_training
    from workers.training_data import check_data

    parameters, jobs = plan_training(network, data, options, sweep)
    settings = context.load_settings()
    with closing(context.open_database(settings, create=True)) as db:
        try:
            check_data(db, parameters, jobs)
        except BadInput as error:
            # Data that does not fit the options is wrong usage.
            raise UsageError(str(error)) from error

        on_equal = note_equal_run if once else None
        run = submit_training(db, parameters, jobs, name=name, on_equal=on_equal)
        dispatch_and_wait(db, settings, run, wait=wait)


def predict(
    run: Run,
    data: Annotated[
        str,
        Option(
            metavar="PATH",
            help="Images (IDX, .npz or a folder), a series as in the training, or lines of text.",
        ),
    ],
    job: Annotated[
        str | None, Option(callback=check_utf8, help="Which network, where the run has several.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Predict classes of images, the value after each window, the polarity or codes of lines."""
    from workers.training_data import predict_data

    with closing(context.open_database()) as db:
        predictions = predict_data(db, run, job, data)

    if as_json:
        print(json.dumps(predictions))
        return

    for prediction in predictions:
        show("  ".join(f"{column} {_format(cell)}" for column, cell in prediction.items()))


def _format(cell: Any) -> str:
    if cell is None:
        return "-"
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)


def write_weights(db: Database, run: int, job: str | None, out: Path | None) -> None:
    """Write the weights of a finished training to *out*.

    Raises `UsageError`, `NotFound`, and `TidingsError` if it cannot be written.
    """
    from core.atomic_files import write_atomically
    from models.trainings import get_trained_network

    if out is None or out.suffix != ".npz":
        raise UsageError("weights go to a file: --out FILE.npz")

    with db.read() as connection:
        training = get_trained_network(connection, run, job)

    write_atomically(out, training.weights)
    inform(f"the weights of {training.job} are in {out}")
