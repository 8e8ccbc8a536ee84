"""The HTML of the page: everything in it is escaped."""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from analysis.codebooks.codebook import KEYWORD_SIGN, Codebook
from cli.coding_page.desks import Desk, describe_options
from core.enums import UncodedReason
from models.codes import PERSON
from producers.coding_session import CANNOT_BE_CODED, HELP, REASONS_BY_KEY, UNDO

# What a reason is about, beside its name.
_REASON_MEANINGS = {
    UncodedReason.UNCLEAR: "this question alone",
    UncodedReason.OTHER_LANGUAGE: "the whole text",
    UncodedReason.TOO_SHORT: "the whole text",
}


# A line of a paragraph ends here unless an entry of a list follows.
_LINE_BREAK = re.compile(r"\n(?!\s*(?:[-*\u2022]|\d+[.)])\s)")


def render_page(template: str, codebook: Codebook, desk: Desk) -> str:
    """Return a page for a desk."""
    reasons = [
        {"key": key, "reason": reason.value, "meaning": _REASON_MEANINGS[reason]}
        for key, reason in REASONS_BY_KEY.items()
    ]
    return (
        _environment()
        .get_template(template)
        .render(
            codebook=codebook,
            options=describe_options,
            paragraphs=split_paragraphs,
            keyword_sign=KEYWORD_SIGN,
            coder=desk.coding.coder.removeprefix(PERSON),
            decides=desk.decides,
            reasons=reasons,
            keys={"cannot": CANNOT_BE_CODED, "undo": UNDO, "codebook": HELP},
        )
    )


def split_paragraphs(text: str) -> list[str]:
    """Return the paragraphs of *text*, whose lines were broken for a file; lists stay lists."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return [_LINE_BREAK.sub(" ", paragraph) for paragraph in paragraphs if paragraph]


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("cli.coding_page", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
