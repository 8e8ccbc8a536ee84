"""Train and use networks: ``tidings submit training``, ``predict``, ``export RUN weights``.

Typer reads the annotations of the dataclasses here, which are therefore no texts.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import MISSING, asdict, dataclass, fields, make_dataclass
from typing import Annotated, Any, ClassVar, Literal

import typer
from typer import Option

from cli import context
from cli.messages import show_listing
from cli.options import DeclaredCommand, Json, Name, NoReport, Once, Run, Wait, check_utf8
from core.errors import BadInput, UsageError

Network = Literal["feedforward", "recurrent"]

# These are the last options of recurrent networks, which others do not have.
RECURRENT_ONLY = ("sequence", "truncate", "clip", "clip_by", "carry")

# The networks, with the metavar and the help of their data, and the help of their command.
NETWORKS: dict[Network, tuple[str, str, str]] = {
    "feedforward": (
        "digits|PATH",
        "Pictures: scikit-learn's, or MNIST's files.",
        "Train a network to classify images.",
    ),
    "recurrent": (
        "sine|PATH.csv:COLUMN|RUN:polarity",
        "A series: synthetic, of a file, or of a run.",
        "Train a network to forecast the next value of a series.",
    ),
}

# The metavar and the help of each option of a network; `networks.presets` checks its text.
NETWORK_OPTIONS: dict[str, tuple[str | None, str]] = {
    "preset": (None, "standard (the default) or tutorial."),
    "hidden": ("N[,N]", "Hidden layers, as 30,20."),
    "activation": (None, "Of the hidden layers: sigmoid, tanh or relu."),
    "loss": (None, "quadratic or cross-entropy."),
    "initialiser": (None, "How the first weights are drawn."),
    "optimizer": (None, "sgd, momentum or adam."),
    "schedule": (None, "How the learning rate falls."),
    "learning_rate": ("R", "Size of a step."),
    "weight_decay": ("R", "Pull of weights to zero."),
    "batch_size": ("N", "Samples of one step."),
    "epochs": ("N", "Passes over the training samples."),
    "patience": ("N", "Stop after N epochs without improvement."),
    "precision": ("32|64", "Bits of a number."),
    "seed": ("N", "The same seed gives the same weights."),
    "sequence": ("N", "Values of a window."),
    "truncate": ("N", "Steps of back-propagation; none for all."),
    "clip": ("C", "Largest gradient; none for any."),
    "clip_by": ("norm|value", "What is clipped."),
    "carry": ("yes|no", "Keep the hidden state between windows."),
}


@dataclass(frozen=True, kw_only=True)
class SweepOptions:
    """Options of every training of a network, with its submission."""

    network: ClassVar[Network]

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


def _declare_command(network: Network) -> None:
    """Add the command that trains a network; recurrent ones alone have the last options."""
    data_metavar, data_help, command_help = NETWORKS[network]
    data = Option(metavar=data_metavar, callback=check_utf8, help=data_help)
    fields_of_network: list[tuple[str, Any, Any]] = [("data", Annotated[str, data], MISSING)]
    for name, (metavar, help_text) in NETWORK_OPTIONS.items():
        if network == "recurrent" or name not in RECURRENT_ONLY:
            typed = Annotated[str | None, Option(metavar=metavar, help=help_text)]
            fields_of_network.append((name, typed, None))

    options = make_dataclass(f"{network}_options", fields_of_network, frozen=True, kw_only=True)
    command = make_dataclass(
        f"{network}_command",
        (),
        bases=(SweepOptions, options),
        namespace={"network": network},
        frozen=True,
        kw_only=True,
    )
    group.command(network, cls=DeclaredCommand, help=command_help)(command)


for _network in NETWORKS:
    _declare_command(_network)


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
        show_listing(predict_data(db, run, job, data), _describe_prediction, as_json=as_json)


def _describe_prediction(prediction: Mapping[str, Any]) -> Iterator[str]:
    cells = []
    for column, cell in prediction.items():
        text = "-" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else cell
        cells.append(f"{column} {text}")

    yield "  ".join(cells)
