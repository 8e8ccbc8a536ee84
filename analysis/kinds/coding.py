"""The options of a run by which its texts are coded: the codebook, and the network that codes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from analysis.codebooks.codebook import Codebook, CodedUnit
from analysis.options import TextOptions
from analysis.steps import codes
from core.errors import UsageError
from core.printing import printable
from models.codes import NETWORK
from models.database import Database
from models.trainings import get_trained_network

if TYPE_CHECKING:
    from analysis.kinds.kind import Kind

P = TypeVar("P", bound=TextOptions)

_CODER = re.compile(rf"{NETWORK}(\d{{1,9}})")


def match_coder(db: Database, kind: Kind[Any], parameters: P) -> P:
    """Return the parameters with the codebook's hash, and the step that codes, if they name one.

    Raises `UsageError` if codebook, coder and step do not fit each other, or the run.
    """
    if parameters.codebook is None and parameters.coder is None:
        if codes.NAME in parameters.steps:
            raise UsageError(
                "the step codes needs a codebook and a coder: write --codebook FILE --coder "
                "network:RUN"
            )
        return parameters
    if parameters.codebook is None:
        raise UsageError("--coder codes by a codebook: write --codebook FILE too")
    if parameters.coder is None:
        raise UsageError(
            "--codebook needs a coder of all texts: write --coder network:RUN, with the run of "
            "`tidings submit training codes`"
        )

    # It loads YAML, which other commands do without.
    from analysis.codebooks.stored import choose_codebook  # noqa: PLC0415

    codebook = choose_codebook(db, parameters.codebook)
    _check_unit(kind, codebook)
    _check_network(db, parameters.coder, codebook)
    steps = kind.pipeline.sort_names({*parameters.steps, codes.NAME})
    missing = [need for need in codes.STEP.needs if need in kind.pipeline.names]
    if not set(missing) <= set(steps):
        raise UsageError(f"--steps: codes needs {missing[0]}: write {','.join(missing)} too")
    changes = {"codebook": codebook.hash.hex(), "steps": steps}
    return parameters.model_copy(update=changes)


def training_of(coder: str) -> int:
    """Return the run that trained a coder ``network:RUN``. Raises `UsageError` for another name."""
    match = _CODER.fullmatch(coder)
    if match is None:
        raise UsageError(
            f"--coder {printable(coder)}: write network:RUN, with the run of `tidings submit "
            "training codes`"
        )
    return int(match[1])


def _check_unit(kind: Kind[Any], codebook: Codebook) -> None:
    has_keywords = kind.pipeline.names[0] == "keywords"
    if codebook.unit == CodedUnit.POST and has_keywords:
        raise UsageError(
            f"the unit of the codebook {codebook.name} is a post, and a run of {kind.name} has "
            "none: write unit: document or unit: mention"
        )
    if codebook.asks_of_keyword and not has_keywords:
        raise UsageError(
            f"the codebook {codebook.name} asks of keywords, which a run of {kind.name} does not "
            "have: write a codebook without {keyword} whose unit is post"
        )


def _check_network(db: Database, coder: str, codebook: Codebook) -> None:
    run_id = training_of(coder)
    with db.read() as connection:
        trained = get_trained_network(connection, run_id)
    stored_hash = trained.parameters.get("codebook")
    if stored_hash is None:
        raise UsageError(
            f"run {run_id} trained a {trained.parameters['network']} network, which codes no "
            "texts: `tidings submit training codes` trains one that does"
        )
    if stored_hash != codebook.hash.hex():
        raise UsageError(
            f"the network of run {run_id} was trained by another codebook than {codebook.name}, or "
            "by other words of it: a changed word is another codebook; train a network by this one"
        )


def describe_coder(parameters: TextOptions) -> list[str]:
    """Return what a plan says of the coder of a run: that it asks nothing."""
    if parameters.coder is None or codes.NAME not in parameters.steps:
        return []
    return [f"{parameters.coder} codes every text in the workers: no call, no cost"]
