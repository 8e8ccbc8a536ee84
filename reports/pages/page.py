"""Render the pages: everything is escaped, and nothing is fetched from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from reports.figures.entities import TYPES
from reports.figures.figure_store import slug
from reports.words.document_queries import DocumentQuery
from reports.words.periods import (
    describe_periods,
    month_name,
    name_sample_period,
    name_stretch,
    period_name,
)
from reports.words.quantities import (
    format_day,
    format_expected,
    format_minute,
    format_points,
    format_ratio,
    format_share,
    quantity,
    signed,
    web_address,
)
from reports.words.scales import UNCHECKED
from sources.registry import source_label, terms_of


def render(template: str, *, own_script: str | None = None, **variables: Any) -> str:
    """Return the page *template*; its policy holds the hashes of the style and scripts in it.

    A page with a script of its own, beside those of all pages, is named with the file that has it.
    Such a script may load others: those that it adds to the page itself ('strict-dynamic'), and
    none that stand in the page's HTML, however they came there. A file on disk can be named by no
    hash, since browsers do not check the integrity of what has no origin.
    """
    style, script = _read_asset("report.css"), _read_asset("report.js")
    pictures = _read_asset("pictures.js")
    scripts = f"'{_hash(script)}' '{_hash(pictures)}'"
    if own_script is not None:
        own = _read_asset(own_script)
        scripts += f" '{_hash(own)}' 'strict-dynamic'"
        variables["own_script"] = Markup(own)  # noqa: S704 - our own file

    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        # A page on disk has no origin that 'self' means in every browser: its scheme is named too.
        f"img-src 'self' file:; style-src '{_hash(style)}'; script-src {scripts}"
    )
    texts = {"style": style, "script": script, "pictures": pictures}
    assets = {name: Markup(text) for name, text in texts.items()}  # noqa: S704 - our own files
    return _environment().get_template(template).render(policy=policy, **assets, **variables)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        # Most expressions hold variables: to look for constants takes longer than it saves.
        optimized=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    environment.globals.update(unchecked=UNCHECKED, documents=DocumentQuery)
    environment.filters.update(
        web=web_address,
        number=format_number,
        quantity=quantity,
        percent=format_share,
        signed=format_polarity,
        month=month_name,
        period=period_name,
        periods=describe_periods,
        stretch=name_stretch,
        slug=slug,
        sample_period=name_sample_period,
        kind=name_kind,
        source=source_label,
        terms=terms_of,
        lines=wrap_command,
        unbroken=keep_together,
        day=format_day,
        minute=format_minute,
        points=format_points,
        count=format_expected,
        times=format_ratio,
    )
    return environment


def name_kind(kind: str) -> str:
    """Return what the engine's type of an entity is called in a sentence."""
    return TYPES.get(kind, kind).lower()


def format_number(value: float | None) -> str:
    """Return a count with its thousands apart; a dash for None."""
    return "\u2013" if value is None else f"{value:,}"


def format_polarity(value: float | None) -> str:
    """Return a polarity with its sign; nothing for None."""
    return "" if value is None else signed(value)


def keep_together(sentence: str) -> str:
    """Return *sentence* with a space that ends no line before "%" and around "=" ."""
    # A sentence of `writing` has links.
    text = escape(sentence) if hasattr(sentence, "__html__") else sentence
    return text.replace(" %", "\xa0%").replace("n = ", "n\xa0=\xa0")


def wrap_command(command: str) -> str:
    """Return a long command with an option a line, to be copied as it stands."""
    return command if len(command) <= 80 else command.replace(" --", " \\\n  --")


@cache
def _read_asset(file_name: str) -> str:
    return files("reports.pages").joinpath("templates", file_name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
