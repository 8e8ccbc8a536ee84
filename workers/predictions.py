"""What a trained network says of new inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from analysis.codebooks.coded_text import CodedText
from analysis.codebooks.network import read_network
from analysis.kinds.trainings import CODES, TrainingParameters
from core.errors import BadInput, UsageError
from models.database import Database
from models.trainings import get_trained_network
from networks.errors import NetworkError
from networks.files import read_inputs
from networks.recurrent import Recurrent
from networks.results import classify, forecast
from networks.storage import load_network
from producers.trainings import options_of
from workers.training_data import read_series


def predict_data(db: Database, run_id: int, job: str | None, data: str) -> list[dict[str, Any]]:
    """Return the predictions of a finished training for *data*.

    For images, a row has the class ``predicted`` for an ``index``; for a file of texts, a line's
    codes; for a series, the value after a window beside the ``actual`` one, which is None for
    the last window. Raises `NotFound`, `UsageError` and `BadInput`.
    """
    trained = db.fetch(get_trained_network, run_id, job)
    parameters = TrainingParameters.model_validate(trained.parameters)
    if parameters.network == CODES:
        return _code_lines(trained.weights, data)

    try:
        network, scaling = load_network(trained.weights)
        if not isinstance(network, Recurrent):
            classes = classify(network, scaling, read_inputs(data)).tolist()
            return [{"index": index, "predicted": label} for index, label in enumerate(classes)]

        sequence = options_of(parameters, trained.options).sequence or 1
        forecasts = forecast(network, scaling, read_series(db, data).values, sequence)
    except NetworkError as error:
        raise BadInput(str(error)) from None

    return [
        {"index": index, "actual": actual, "predicted": predicted}
        for index, actual, predicted in forecasts
    ]


def _code_lines(weights: bytes, path: str) -> list[dict[str, Any]]:
    """Return the codes of each line of the file, with their probabilities.

    Raises `UsageError` if the codebook asks of keywords, which a line does not name.
    """
    network = read_network(weights)
    if network.codebook.asks_of_keyword and not network.codebook.is_of_mentions:
        raise UsageError(
            f"the codebook {network.codebook.name} asks of a keyword, which lines do not name: "
            "submit a run with --codebook and --coder"
        )

    predictions = []
    texts = [CodedText(line) for line in _read_lines(path)]
    for index, codes in enumerate(network.code(texts)):
        prediction: dict[str, Any] = {"index": index}
        for variable, value in codes.items():
            prediction |= {variable: value.code, f"{variable} probability": value.probability}

        predictions.append(prediction)

    return predictions


def _read_lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{path} cannot be read ({error}): give a file of texts, one a line"
        ) from None
