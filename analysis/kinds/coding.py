"""The options of a run by which its texts are coded: the codebook, and who codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.wanted import parse_sought, parse_wanted
from analysis.options import ALL, MENTIONS, SAMPLE, ModelOptions, TextOptions
from analysis.step import Pipeline, Step
from core.enums import MODEL
from core.errors import UsageError
from core.prices import parse_price
from core.printing import printable
from core.ratelimit.notation import parse_limits
from models.codes import NETWORK, training_of
from models.database import Database
from models.trainings import get_trained_network

if TYPE_CHECKING:
    from core.settings import Settings

P = TypeVar("P", bound=TextOptions)

# Names of models have signs such as "openai/gpt-oss:20b" and "Qwen2.5-7B@q4".
_MODEL_NAME = re.compile(r"[\w.:/@+-]{1,100}", re.ASCII)
_ANY_MODEL = MODEL.removesuffix(":")

_NETWORK = re.compile(rf"{NETWORK}\d{{1,9}}")


def match_coder(
    db: Database,
    settings: Settings,
    kind: str,
    pipeline: Pipeline,
    parameters: P,
    *,
    keyword_names: Sequence[str],
) -> P:
    """Return the parameters with the codebook's hash, and the step that codes, if they name one.

    The run is of *kind*, whose steps are those of *pipeline*, and has these keywords. Raises
    `UsageError` if codebook, coder and step do not fit each other, or the run.
    """
    (step,) = (step for step in pipeline.steps if step.is_by_coder)
    if parameters.codebook is None and parameters.coder is None:
        _check_uncoded(parameters, step)
        return parameters

    if parameters.codebook is None:
        raise UsageError("--coder codes by a codebook: write --codebook FILE too")

    coder = parameters.coder
    if coder is None:
        raise UsageError(
            "--codebook needs a coder: write --coder network:RUN, with the run of `tidings submit "
            "training codes`, or --coder model:NAME"
        )

    # It loads YAML, which other commands do without.
    from analysis.codebooks.stored import choose_codebook  # noqa: PLC0415

    codebook = choose_codebook(db, parameters.codebook)
    has_keywords = pipeline.names[0] == "keywords"
    _check_unit(kind, codebook, has_keywords=has_keywords)
    network, model = _part_coders(coder)
    if model is None:
        _refuse_model_options(parameters)
    if network is not None:
        _check_network(db, network, codebook)
    if model is not None:
        parameters = parameters.model_copy(update={"coder": model, "network_coder": network})
        parameters = _match_model(
            db,
            settings,
            parameters,
            codebook,
            kind=kind,
            keyword_names=keyword_names,
            has_keywords=has_keywords,
        )

    steps = pipeline.sort_names({*parameters.steps, step.name})
    missing = [need for need in step.needs if need in pipeline.names]
    if not set(missing) <= set(steps):
        raise UsageError(f"--steps: {step.name} needs {missing[0]}: write {','.join(missing)} too")

    changes = {"codebook": codebook.hash.hex(), "steps": steps}
    return parameters.model_copy(update=changes)


def _part_coders(coder: str) -> tuple[str | None, str | None]:
    """Return the network and the model that a coder names; at least one of them is there."""
    network: str | None = None
    model: str | None = None
    for part in coder.split(","):
        is_model = part == _ANY_MODEL or part.startswith(MODEL)
        if (model if is_model else network) is not None:
            raise UsageError(
                f"--coder {printable(coder)}: a run has a network, a model, or one of each: write "
                "network:RUN,model:NAME"
            )

        if is_model:
            model = part
        else:
            network = part

    return network, model


def _refuse_model_options(parameters: TextOptions) -> None:
    """Raise `UsageError` if a run that a network codes has options of language models."""
    if parameters.code is not None:
        raise UsageError("--code: a network codes all texts, which costs nothing; leave it out")
    if parameters.names_wanted:
        raise UsageError(
            "--within SHARE and --for: a network codes all texts, which costs nothing; leave them "
            "out"
        )

    if parameters.find is not None:
        raise UsageError("--find: a network codes all texts, which costs nothing; leave it out")
    if parameters.batch:
        raise UsageError("--batch is for a language model: a network asks nothing")


def _check_uncoded(parameters: TextOptions, step: Step) -> None:
    """Raise `UsageError` if a run without codebook and coder names what is coded."""
    if step.name in parameters.steps:
        raise UsageError(
            f"the step {step.name} needs a codebook and a coder: write --codebook FILE --coder "
            "network:RUN or --coder model:NAME"
        )

    if parameters.code is not None:
        raise UsageError("--code says what a model codes: write --codebook and --coder too")
    if parameters.find is not None:
        raise UsageError("--find says what a model reads: write --codebook and --coder model:NAME")
    if parameters.names_wanted:
        raise UsageError(
            "--within SHARE, --for and --per say how large a sample a model codes: write "
            "--within SHARE --codebook FILE --coder model:NAME"
        )


def _match_model(
    db: Database,
    settings: Settings,
    parameters: P,
    codebook: Codebook,
    *,
    kind: str,
    keyword_names: Sequence[str],
    has_keywords: bool,
) -> P:
    """Return the parameters with the model's name, what it codes, and how it is asked."""
    from analysis.codebooks.stored import keep_codebook  # noqa: PLC0415

    model_name = (parameters.coder or "").partition(":")[2] or settings.model_name
    if not model_name or not _MODEL_NAME.fullmatch(model_name):
        raise UsageError(
            "--coder: write model:NAME, with the name that the server gives the model, or set "
            "TIDINGS_MODEL_NAME"
        )

    if not settings.model_url:
        raise UsageError(
            f"--coder {MODEL}{model_name}: no server of language models is known; set "
            "TIDINGS_MODEL_URL"
        )

    code: str | None = parameters.code or (MENTIONS if has_keywords else ALL)
    if code == MENTIONS and not has_keywords:
        raise UsageError(f"--code mentions: a run of {kind} has no keywords; write all")

    _check_currency(settings)
    parameters = _match_wanted(parameters, codebook)
    if parameters.half_width is not None:
        if parameters.code not in (None, SAMPLE):
            raise UsageError(
                "--within SHARE says how large a sample is coded: leave --code out, or --within"
            )

        code = SAMPLE

    if parameters.find is not None:
        if parameters.code is not None or parameters.names_wanted:
            raise UsageError("--find says what the model reads: leave --code and --within out")

        sought = parse_sought(codebook, parameters.find)
        sought.choose_keywords(codebook, keyword_names)
        code, parameters = None, parameters.model_copy(update={"find": f"{sought}"})

    with db.write() as connection:
        keep_codebook(connection, db, codebook)

    options = ModelOptions(max_tokens=settings.model_max_tokens, price=settings.model_price)
    changes = {"coder": f"{MODEL}{model_name}", "code": code, "model": options}
    return parameters.model_copy(update=changes)


def _match_wanted(parameters: P, codebook: Codebook) -> P:
    """Return the parameters with the categories whose shares are wanted. Raises `UsageError`."""
    if parameters.half_width is None:
        if parameters.names_wanted:
            flag = "--for" if parameters.wanted else "--per"
            raise UsageError(f"{flag} names shares that are to be known: write --within SHARE too")

        return parameters

    wanted = parse_wanted(codebook, parameters.wanted)
    return parameters.model_copy(update={"wanted": tuple(map(str, wanted))})


def _check_currency(settings: Settings) -> None:
    """Raise `UsageError` if a limit on costs is in another currency than the price."""
    currency = parse_price(settings.model_price).currency
    for window in parse_limits(settings.model_limits):
        if window.currency and window.currency != currency:
            raise UsageError(
                f"TIDINGS_MODEL_LIMITS has {window}, and TIDINGS_MODEL_PRICE is not in "
                f"{window.currency}: write both in one currency"
            )


def _check_unit(kind: str, codebook: Codebook, *, has_keywords: bool) -> None:
    if codebook.is_of_posts and has_keywords:
        raise UsageError(
            f"the unit of the codebook {codebook.name} is a post, and a run of {kind} has "
            "none: write unit: document or unit: mention"
        )

    if codebook.asks_of_keyword and not has_keywords:
        raise UsageError(
            f"the codebook {codebook.name} asks of keywords, which a run of {kind} does not "
            "have: write a codebook without {keyword} whose unit is post"
        )


def _check_network(db: Database, coder: str, codebook: Codebook) -> None:
    if not _NETWORK.fullmatch(coder):
        raise UsageError(
            f"--coder {printable(coder)}: write network:RUN, with the run of `tidings submit "
            "training codes`, or model:NAME"
        )

    run_id = training_of(coder)
    trained = db.fetch(get_trained_network, run_id)
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
    """Return what a plan says of the coder of a run: that a network asks nothing."""
    if parameters.coding_network is None:
        return []

    return [f"{parameters.coding_network} codes every text in the workers: no call, no cost"]
