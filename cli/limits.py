"""The limits of services: ``tidings limits``."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from typer import Argument

from cli import context
from cli.messages import inform, show_listing
from cli.options import Json, check_utf8
from core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.settings import Settings

NO_LIMIT, DEFAULT = "none", "default"


@dataclass(frozen=True)
class ServiceLimits:
    """The limits of a service."""

    service: Annotated[str, "`textapi`, `model`, `nyt`, `x`, `bluesky`, `mastodon`."]
    limits: Annotated[str, "As `10/s,50000/d`; empty: none."]
    shared: Annotated[bool, "Whether they are set for all workers, or as the environment here has."]


def limits(
    service: Annotated[
        str | None, Argument(metavar="SERVICE", callback=check_utf8, help="By default all.")
    ] = None,
    rate: Annotated[
        str | None,
        Argument(
            metavar="RATE",
            callback=check_utf8,
            help='The new limits for all workers, "10/s,50000/d"; "none" for no limit, "default" '
            "for what the environment of each worker says.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the limits of services, or set those of one for all workers within 15 seconds."""
    from models.shared_settings import share_limits, shared_limits

    settings = context.load_settings()
    services = [
        name.removesuffix("_limits")
        for name in type(settings).model_fields
        if name.endswith("_limits")
    ]
    if service is not None and service not in services:
        raise UsageError(f"{service!r} is no service: {', '.join(services)}")

    shown = services if service is None else [service]
    with closing(context.open_database(settings, create=True)) as db:
        if service is not None and rate is not None:
            new_limits = _check_rate(settings, service, rate)
            share_limits(db, service, new_limits, person=settings.person)
            inform(f"{service}: in force for all workers within 15 s")

        shared = db.fetch(shared_limits)

    in_force = [
        ServiceLimits(
            name, shared.get(name, getattr(settings, f"{name}_limits")), shared=name in shared
        )
        for name in shown
    ]
    show_listing(in_force, _describe_limits, as_json=as_json)


def _describe_limits(limit: ServiceLimits) -> Iterator[str]:
    origin = "set for all workers" if limit.shared else "by the environment here"
    yield f"{limit.service:<10} {limit.limits or NO_LIMIT:<24} {origin}"


def _check_rate(settings: Settings, service: str, rate: str) -> str | None:
    """Return the limits to be stored; None for those of each environment. Raises `UsageError`."""
    from core.errors import SettingsError
    from core.prices import parse_price
    from core.ratelimit.notation import parse_call_limits, parse_limits

    if rate == DEFAULT:
        return None
    if rate == NO_LIMIT:
        return ""

    try:
        windows = (parse_limits if service == "model" else parse_call_limits)(rate)
    except SettingsError as error:
        raise UsageError(f"{service}: {error}") from None

    currency = parse_price(settings.model_price).currency
    for window in windows:
        if window.currency and window.currency != currency:
            raise UsageError(
                f"{window}: TIDINGS_MODEL_PRICE is not in {window.currency}: write both in one "
                "currency"
            )

    return ",".join(map(str, windows))
