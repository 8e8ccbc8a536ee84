"""`CITATION.cff`: how a pack is cited, in the Citation File Format 1.2.0.

Source of the format: S. Druskat and others, "Citation File Format" (2021),
https://doi.org/10.5281/zenodo.5171937. It requires `cff-version`, `message`, `title` and `authors`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from packs.contents import Author, PackedRun
from packs.study import describe_study, end_of, list_keywords, print_text

FORMAT_VERSION = "1.2.0"
MESSAGE = "If you use this study, please cite it as below."
_NO_AUTHORS = """\
# Nobody was named as author. The format requires one: run `tidings pack` again with
# --author "FAMILY, GIVEN", or --author NAME for an organization."""
_NO_LICENSE = """\
# No licence is stated: run `tidings pack` again with --license, CC-BY-4.0 say."""


def write_citation(run: PackedRun) -> str:
    """Return the file for the pack of *run*; it says how to add authors or a licence."""
    lines = [
        f"cff-version: {FORMAT_VERSION}",
        f"message: {_quote(MESSAGE)}",
        "type: dataset",
        f"title: {_quote(run.title)}",
        *_author_lines(run.authors),
        f"version: {_quote(f'run {run.number}')}",
        f"date-released: {end_of(run):%Y-%m-%d}",
        _NO_LICENSE if run.license is None else f"license: {_quote(run.license)}",
        f"abstract: {_quote(describe_study(run))}",
        "keywords:",
        *(f"  - {_quote(keyword)}" for keyword in list_keywords(run)),
        "",
    ]
    return "\n".join(lines)


def _author_lines(authors: Sequence[Author]) -> list[str]:
    if not authors:
        return [_NO_AUTHORS]

    lines = ["authors:"]
    for author in authors:
        if author.given_names is None:
            lines.append(f"  - name: {_quote(author.name)}")
        else:
            lines.append(f"  - family-names: {_quote(author.name)}")
            lines.append(f"    given-names: {_quote(author.given_names)}")

    return lines


def _quote(text: str) -> str:
    """Return *text* on one line as a JSON string, which is a YAML string, too."""
    return json.dumps(print_text(text), ensure_ascii=False)
