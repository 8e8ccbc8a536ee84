"""`CITATION.cff`: how a pack is cited, in the Citation File Format 1.2.0.

Source of the format: S. Druskat and others, "Citation File Format" (2021),
https://doi.org/10.5281/zenodo.5171937. It requires `cff-version`, `message`, `title` and `authors`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from packs.contents import Author, PackedRun

FORMAT_VERSION = "1.2.0"
MESSAGE = "If you use this study, please cite it as below."
_NO_AUTHORS = """\
# Nobody was named as author. The format requires one: run `tidings pack` again with
# --author "FAMILY, GIVEN", or --author NAME for an organization."""


def write_citation(run: PackedRun) -> str:
    """Return the file for the pack of *run*; without authors it says how to add them."""
    made = run.ended_at or run.created_at
    program = f"Tidings {run.versions['tidings']}"
    texts = "with" if run.texts else "without"
    engines = f", engine {', '.join(run.engines)}" if run.engines else ""
    abstract = (
        f"Run {run.number} of {program} ({run.kind}{engines}): parameters, answers, tables and "
        f"figures, {texts} the documents' texts. `tidings verify` computes the tables again."
    )

    lines = [
        f"cff-version: {FORMAT_VERSION}",
        f"message: {_quote(MESSAGE)}",
        "type: dataset",
        f"title: {_quote(run.title)}",
        *_author_lines(run.authors),
        f"version: {_quote(f'run {run.number}')}",
        f"date-released: {datetime.fromtimestamp(made, UTC):%Y-%m-%d}",
        f"abstract: {_quote(abstract)}",
        "keywords:",
    ]
    for keyword in ("text analysis", program, *_subjects(run)):
        lines.append(f"  - {_quote(keyword)}")
    return "\n".join([*lines, ""])


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


def _subjects(run: PackedRun) -> list[str]:
    """Return the names of the run's keywords."""
    keywords = run.parameters.get("keywords", ())
    return list(dict.fromkeys(keyword["name"] for keyword in keywords))


def _quote(text: str) -> str:
    """Return *text* on one line as a JSON string, which is a YAML string, too."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return json.dumps(" ".join(printable.split()), ensure_ascii=False)
