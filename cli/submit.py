"""Asking for a run: ``tidings plan …`` and ``tidings submit …``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from cli import opening
from cli.control import tell_workers
from core.errors import BadInput, UsageError
from core.queues import Step
from core.settings import Settings
from models.database import Database
from models.parameters import (
    HANDLE_STEPS,
    MONTH_STEPS,
    HandlesParameters,
    Keyword,
    MonthsParameters,
    Parameters,
    SearchParameters,
)

_RANGE = re.compile(r"^(\d{4}-\d{2})\.\.(\d{4}-\d{2})$")
_PNG = b"\x89PNG\r\n\x1a\n"
LARGEST_MASK = 5 * 2**20

MonthRange = Annotated[str, typer.Argument(metavar="FROM..TO", help="Months, as 2020-01..2021-12; both are included.")]
Keywords = Annotated[
    list[str],
    typer.Option("--keyword", metavar="NAME[:TERM,TERM]", help="A subject, with the other terms that count for it."),
]
Material = Annotated[str | None, typer.Option(help="Only documents of this type_of_material, as News.")]
Handles = Annotated[list[str], typer.Argument(metavar="HANDLE...", help="Accounts; - reads them from standard input.")]
Terms = Annotated[list[str], typer.Argument(metavar="TERM...", help="What people post on; a job for each.")]
Source = Annotated[str | None, typer.Option(help="Only this source: x, bluesky, mastodon or posts.")]
Steps = Annotated[
    str | None, typer.Option(help=f"Comma-separated, of: {', '.join(s for s in Step if s != Step.DOCUMENTS)}.")
]
Name = Annotated[str | None, typer.Option(help="A name to know the run by.")]
MaxCalls = Annotated[int | None, typer.Option(min=1, help="Stop after so many calls, all workers together.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Fetch at most so many documents of each.")]
Phrases = Annotated[int | None, typer.Option(min=1, max=100, help="Phrases kept; 3 for months, 5 for accounts.")]
Proportion = Annotated[float, typer.Option(help="Share of the sentences that a summary keeps.")]
TextSize = Annotated[int, typer.Option(min=100, help="Characters packed into one request.")]
Mask = Annotated[Path | None, typer.Option(help="A PNG in whose shape word clouds are drawn.")]
MaxWords = Annotated[int, typer.Option(min=1, help="Words of a word cloud at most.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for the end: status 0 when all is done, 1 when a job failed.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Give *app* the commands of this file, and those that submit trainings."""
    from cli.trainings import submit_typer

    submit = typer.Typer(no_args_is_help=True, help="Queue a run; its number is the last line on standard output.")
    submit.command("months")(submit_months)
    submit.command("handles")(submit_handles)
    submit.command("search")(submit_search)
    submit.add_typer(submit_typer(), name="training")
    app.add_typer(submit, name="submit")
    plan = typer.Typer(no_args_is_help=True, help="Say what a run would ask, how long it takes and what binds.")
    plan.command("months")(plan_months)
    app.add_typer(plan, name="plan")


def submit_months(
    months: MonthRange,
    keyword: Keywords,
    material: Material = None,
    steps: Steps = None,
    name: Name = None,
    max_calls: MaxCalls = None,
    limit: Limit = None,
    phrases: Phrases = None,
    proportion: Proportion = 0.1,
    text_size: TextSize = 3000,
    mask: Mask = None,
    max_words: MaxWords = 50,
    wait: Wait = False,
) -> None:
    """Who mentions a subject in the archive, month by month: counts, mood, phrases, who else is named."""
    parameters = months_parameters(
        months, keyword, material, steps, _options(phrases, proportion, text_size, limit, max_words)
    )
    submit(parameters, (), name=name, max_calls=max_calls, mask=mask, wait=wait)


def submit_handles(
    handles: Handles,
    source: Source = None,
    steps: Steps = None,
    name: Name = None,
    max_calls: MaxCalls = None,
    limit: Limit = None,
    phrases: Phrases = None,
    proportion: Proportion = 0.1,
    text_size: TextSize = 3000,
    mask: Mask = None,
    max_words: MaxWords = 50,
    wait: Wait = False,
) -> None:
    """A portrait of each account: summary, phrases, entities, mood over time."""
    given = [line.strip() for line in sys.stdin] if handles == ["-"] else handles
    names = [handle for handle in given if handle.strip("@ ")]
    if not names:
        raise UsageError("no handle was given")
    parameters = _checked(
        HandlesParameters,
        source=source,
        steps=_steps(steps, HANDLE_STEPS),
        **_options(phrases, proportion, text_size, limit, max_words),
    )
    submit(parameters, names, name=name, max_calls=max_calls, mask=mask, wait=wait)


def submit_search(
    terms: Terms,
    source: Source = None,
    steps: Steps = None,
    name: Name = None,
    max_calls: MaxCalls = None,
    limit: Limit = None,
    phrases: Phrases = None,
    proportion: Proportion = 0.1,
    text_size: TextSize = 3000,
    mask: Mask = None,
    max_words: MaxWords = 50,
    wait: Wait = False,
) -> None:
    """What people post on a term: the same steps as for an account."""
    parameters = _checked(
        SearchParameters,
        source=source,
        steps=_steps(steps, HANDLE_STEPS),
        **_options(phrases, proportion, text_size, limit, max_words),
    )
    submit(parameters, terms, name=name, max_calls=max_calls, mask=mask, wait=wait)


def plan_months(
    months: MonthRange,
    keyword: Keywords,
    material: Material = None,
    steps: Steps = None,
    phrases: Phrases = None,
    proportion: Proportion = 0.1,
    text_size: TextSize = 3000,
    max_words: MaxWords = 50,
    as_json: Json = False,
) -> None:
    """Documents, calls needed, answered and to make, the time at the limits and the limit that binds."""
    from core.limits import parse_limits
    from producers.plan import plan_months as plan

    known = opening.settings()
    parameters = months_parameters(
        months, keyword, material, steps, _options(phrases, proportion, text_size, None, max_words)
    )
    found = plan(
        opening.database(known, make=True),
        parameters,
        engine=_engine(known),
        windows=parse_limits(known.textapi_limits),
    )
    if as_json:
        print(json.dumps(found.as_json()))
        return
    print(f"documents       {found.documents:,}")
    print(f"calls needed    {found.calls_needed:,}")
    print(f"  answered      {found.calls_answered:,}")
    print(f"  to make       {found.calls_to_make:,}")
    for operation, calls in found.by_operation.items():
        print(f"    {operation:<26}{calls:,}")
    if found.binding_limit:
        print(f"time            {found.seconds:,.0f} s, until {found.ends_at}; the limit {found.binding_limit} binds")
    else:
        print("time            no limit binds")
    for remark in found.remarks:
        print(f"tidings: {remark}", file=sys.stderr)


def _engine(known: Settings) -> str:
    """The engine that will be asked; ours where it cannot say, of which nothing is answered then."""
    from cli.engine import engine_name
    from core.errors import ServiceUnavailable, SettingsError
    from producers.plan import OWN_ENGINE

    try:
        return engine_name(known)
    except (ServiceUnavailable, SettingsError) as error:
        print(f"tidings: {error}; planned as if nothing were answered", file=sys.stderr)
        return OWN_ENGINE


def submit(
    parameters: Parameters,
    names: Sequence[str],
    *,
    name: str | None,
    max_calls: int | None,
    mask: Path | None,
    wait: bool,
) -> None:
    """Write the run, tell the workers, print its number, and wait where that is wanted."""
    from producers.submit import submit_run

    known = opening.settings()
    db = opening.database(known, make=True)
    run = submit_run(db, parameters, names, name=name, max_calls=max_calls, mask=_mask(mask))
    hand_over(db, known, run, wait=wait)


def hand_over(db: Database, known: Settings, run: int, *, wait: bool) -> None:
    """Tell the workers of a run that was written, print its number, and wait where that is wanted."""
    from cli.waiting import wait_for

    told = tell_workers(db, known)
    if not wait:
        print(run)
        return
    status = wait_for(db, known, run) if told else 1
    print(run)
    raise typer.Exit(status)


def months_parameters(
    months: str, keywords: Sequence[str], material: str | None, steps: str | None, options: dict[str, Any]
) -> MonthsParameters:
    """The parameters of `submit months`. Raises `UsageError`."""
    found = _RANGE.match(months)
    if not found or found[1] > found[2]:
        raise UsageError(f"{months} is no range of months: write FROM..TO, as 2020-01..2021-12")
    try:
        parsed = tuple(Keyword.parse(keyword) for keyword in keywords)
    except ValueError as error:
        raise UsageError(f"--keyword: {error}") from None
    if len({keyword.name for keyword in parsed}) < len(parsed):
        raise UsageError("--keyword: a name was given twice; put its terms behind one, NAME:term,term")
    parameters: MonthsParameters = _checked(
        MonthsParameters,
        first=found[1],
        last=found[2],
        keywords=parsed,
        material=material,
        steps=_steps(steps, MONTH_STEPS),
        **options,
    )
    return parameters


def _options(
    phrases: int | None, proportion: float, text_size: int, limit: int | None, max_words: int
) -> dict[str, Any]:
    given = {"proportion": proportion, "text_size": text_size, "limit": limit, "max_words": max_words}
    return given if phrases is None else given | {"phrases": phrases}


def _steps(given: str | None, default: tuple[Step, ...]) -> tuple[Step, ...]:
    if given is None:
        return default
    names = [part.strip() for part in given.split(",") if part.strip()]
    allowed = {*default, Step.SUMMARY}
    wrong = [name for name in names if name not in allowed and name != Step.DOCUMENTS]
    if wrong:
        raise UsageError(f"--steps: there is no step {wrong[0]} here; choose of {', '.join(sorted(allowed))}")
    return tuple(step for step in Step if step in names and step != Step.DOCUMENTS)


def _checked(kind: type[Any], **values: Any) -> Any:
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        option = "--" + str(first["loc"][0] if first["loc"] else "").replace("_", "-")
        raise UsageError(f"{option}: {first['msg']}") from None


def _mask(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"--mask {path} cannot be read ({error.strerror})") from error
    if not content.startswith(_PNG) or len(content) > LARGEST_MASK:
        raise BadInput(f"--mask {path} is no PNG of up to {LARGEST_MASK // 2**20} MB")
    return content
