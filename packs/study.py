"""What every description of a pack says of its study, whatever the format."""

from __future__ import annotations

from datetime import UTC, datetime

from packs.contents import PackedRun

NO_LICENSE = "No licence is stated."
_OTHERS_TEXTS = "The licence does not cover the documents' texts, which belong to their authors."


def name_program(run: PackedRun) -> str:
    """Return the name and the version of the program that packed *run*."""
    return f"Tidings {run.versions['tidings']}"


def describe_study(run: PackedRun) -> str:
    """Return the abstract: what is in the pack of *run*, and under which terms."""
    texts = "with" if run.texts else "without"
    engines = f", engine {', '.join(run.engines)}" if run.engines else ""
    abstract = (
        f"Run {run.number} of {name_program(run)} ({run.kind}{engines}): parameters, answers, "
        f"tables and figures, {texts} the documents' texts. `tidings verify` computes the tables "
        "again."
    )
    if run.license is None:
        return f"{abstract} {NO_LICENSE}"

    return f"{abstract} {_OTHERS_TEXTS}" if run.texts else abstract


def list_keywords(run: PackedRun) -> list[str]:
    """Return the subjects of *run*, each once: the names of its keywords after two of its kind."""
    names = [keyword["name"] for keyword in run.parameters.get("keywords", ())]
    return list(dict.fromkeys(["text analysis", name_program(run), *map(print_text, names)]))


def end_of(run: PackedRun) -> datetime:
    """Return the time, UTC, at which the results were complete."""
    return datetime.fromtimestamp(run.ended_at or run.created_at, UTC)


def license_address(identifier: str) -> str:
    """Return the web address of a licence of the SPDX list."""
    return f"https://spdx.org/licenses/{identifier}"


def print_text(text: str) -> str:
    """Return *text* on one line, without characters that nothing prints."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())
