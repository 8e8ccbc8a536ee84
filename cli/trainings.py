"""Train and use networks: ``tidings submit training``, ``predict``, ``export RUN weights``."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, ClassVar, Literal

import typer
from typer import Option

from cli import context
from cli.messages import show, show_json
from cli.options import DeclaredCommand, Json, Name, NoReport, Once, Run, Wait, check_utf8
from core.errors import BadInput, UsageError

# The text of a network option; `networks.presets` checks it.
Value = str | None


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """Options of every network."""

    data: str
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
class RecurrentOptions(NetworkOptions):
    """Options of recurrent networks."""

    sequence: Annotated[Value, Option(metavar="N", help="Values of a window.")] = None
    truncate: Annotated[
        Value, Option(metavar="N", help="Steps of back-propagation; none for all.")
    ] = None
    clip: Annotated[Value, Option(metavar="C", help="Largest gradient; none for any.")] = None
    clip_by: Annotated[Value, Option(metavar="norm|value", help="What is clipped.")] = None
    carry: Annotated[
        Value, Option(metavar="yes|no", help="Keep the hidden state between windows.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class SweepOptions:
    """Options of every training of a network, with its submission."""

    network: ClassVar[Literal["feedforward", "recurrent"]]

    sweep: Annotated[
        list[str] | None,
        Option(
            metavar="OPTION=V,V,…",
            help="A job for each value; given again, for each pair of values.",
        ),
    ] = None
    name: Name = None
    once: Once = False
    no_report: NoReport = False
    wait: Wait = False

    def run(self) -> None:
        """Submit the training, a job for each point of the sweep. Raises `UsageError`."""
        from cli.progress import dispatch_and_wait, note_equal_run
        from producers.trainings import plan_training, submit_training
        from workers.training_data import check_data

        own_options = {option.name for option in fields(SweepOptions)}
        typed = {name: text for name, text in asdict(self).items() if name not in own_options}
        parameters, jobs = plan_training(self.network, typed.pop("data"), typed, self.sweep or ())
        settings = context.load_settings()
        with closing(context.open_database(settings, create=True)) as db:
            try:
                check_data(db, parameters, jobs)
            except BadInput as error:
                # Data that does not fit the options is wrong usage.
                raise UsageError(str(error)) from error

            on_equal = note_equal_run if self.once else None
            run = submit_training(
                db,
                parameters,
                jobs,
                name=self.name,
                with_report=not self.no_report,
                person=settings.person,
                on_equal=on_equal,
            )
            dispatch_and_wait(db, settings, run, wait=self.wait)


group = typer.Typer(no_args_is_help=True, help="Train networks, one for each point of a sweep.")


@group.command("feedforward", cls=DeclaredCommand)
@dataclass(frozen=True, kw_only=True)
class FeedforwardTraining(SweepOptions, NetworkOptions):
    """Train a network to classify images."""

    network = "feedforward"
    data: Annotated[
        str,
        Option(
            metavar="digits|PATH",
            callback=check_utf8,
            help="Pictures: scikit-learn's, or MNIST's files.",
        ),
    ]


@group.command("recurrent", cls=DeclaredCommand)
@dataclass(frozen=True, kw_only=True)
class RecurrentTraining(SweepOptions, RecurrentOptions):
    """Train a network to forecast the next value of a series."""

    network = "recurrent"
    data: Annotated[
        str,
        Option(
            metavar="sine|PATH.csv:COLUMN|RUN:polarity",
            callback=check_utf8,
            help="A series: synthetic, of a file, or of a run.",
        ),
    ]


@group.command("codes")
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
        training = submit_training(
            db, parameters, jobs, name=name, person=settings.person, on_equal=on_equal
        )
        dispatch_and_wait(db, settings, training, wait=wait)


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
    from workers.predictions import predict_data

    with closing(context.open_database()) as db:
        predictions = predict_data(db, run, job, data)

    if as_json:
        show_json(predictions)
        return

    for prediction in predictions:
        show("  ".join(f"{column} {_format(cell)}" for column, cell in prediction.items()))


def _format(cell: Any) -> str:
    if cell is None:
        return "-"
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)
