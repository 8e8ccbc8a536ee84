"""From what a report shows to its HTML: one template, everything escaped, nothing fetched from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.figures.entities import TYPES
from reports.figures.style import month_name, signed
from sources.registry import source_label

_WEB = re.compile(r"^https?://[^\s/]", re.IGNORECASE)


def render(template: str, **shown: Any) -> str:
    """The page *template* with what it shows; style and script stand in the page, their hashes in its policy."""
    style, script = _asset("report.css"), _asset("report.js")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        # A page on disk has no origin that 'self' could mean in every browser, so its folder is named by scheme.
        f"img-src 'self' file:; style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    )
    page = _environment().get_template(template)
    return page.render(policy=policy, style=Markup(style), script=Markup(script), **shown)  # noqa: S704 - our own files


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        web=web_address,
        number=number,
        percent=percent,
        signed=lambda value: "" if value is None else signed(value),
        month=month_name,
        kind=kind_name,
        source=source_label,
        lines=in_lines,
        day=lambda at: "" if at is None else at[:10],
    )
    return environment


def web_address(address: str | None) -> str | None:
    """*address* where it is one of the web (http, https) that may become a link; else None."""
    return address if address and _WEB.match(address) else None


def kind_name(kind: str) -> str:
    """What the engine's type of an entity is called in a sentence."""
    return TYPES.get(kind, kind).lower()


def number(value: float | None) -> str:
    """A count with its thousands apart; a dash where nothing is known."""
    return "\u2013" if value is None else f"{value:,}"


def percent(share: float | None) -> str:
    """A share with a digit that shows it; a dash where nothing is known."""
    if share is None:
        return "\u2013"
    return f"{100 * share:.1f} %" if share >= 0.001 or share == 0 else f"{100 * share:.3f} %"


def in_lines(command: str) -> str:
    """A long command with an option a line, to be copied as it stands."""
    return command if len(command) <= 80 else command.replace(" --", " \\\n  --")


@cache
def _asset(name: str) -> str:
    return files("reports").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
