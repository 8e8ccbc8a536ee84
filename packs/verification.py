"""What a verification says of a pack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from reports.words.quantities import join_words

# A person is told so many problems.
MOST_PROBLEMS = 20

# What is taken as given: the last of it is named last.
GIVEN = ("documents", "answers", "labels", "codes of people", "networks", "calls")
LAST_GIVEN = "how jobs ended"

_ANSWERS = "the answers"
_MENTIONS_WITHOUT_TEXTS = "the answers and the sentences in `mentions`"
_POSTS_WITHOUT_TEXTS = "the polarities in `documents`"


@dataclass
class Verification:
    """What was compared in a pack; the exit status is 1 if anything differs."""

    run: Annotated[int, "Number of the run."]
    kind: Annotated[str, "Kind of the run."]
    made_by: Annotated[str, "Version that packed it."]
    checked_by: Annotated[str, "Version that checked it."]
    texts: Annotated[bool, "Whether it has the texts."]
    files: Annotated[int, "Number of files."]
    sha256: Annotated[str, "SHA-256 of the archive."]
    recomputed: Annotated[list[str], "Tables that were computed again."] = field(
        default_factory=list
    )
    figures_drawn: Annotated[int, "Files that were drawn again."] = 0
    not_checked: Annotated[dict[str, str], "Reason by what was not checked."] = field(
        default_factory=dict
    )
    problems: Annotated[list[str], "What differs."] = field(default_factory=list)

    # Nobody but who packed it can say that it is true.
    given: Annotated[list[str], "What is taken as given."] = field(
        default_factory=lambda: [*GIVEN, LAST_GIVEN]
    )

    # It is known when the comparison has ended.
    equal: Annotated[bool, "Whether nothing differs."] = False

    @property
    def _source(self) -> str:
        if self.texts:
            return _ANSWERS

        has_mentions = "mentions" in self.recomputed
        return _MENTIONS_WITHOUT_TEXTS if has_mentions else _POSTS_WITHOUT_TEXTS

    def describe(self) -> Iterator[str]:
        """Yield the lines that a person reads."""
        yield f"run {self.run} ({self.kind}), packed by tidings {self.made_by}, {self.files} files"
        yield f"SHA-256 {self.sha256}"
        if self.recomputed:
            yield f"computed again from {self._source}: {', '.join(self.recomputed)}"

        if self.figures_drawn:
            yield f"drawn again: {self.figures_drawn} files of figures"

        for reason in dict.fromkeys(self.not_checked.values()):
            unchecked = [part_name for part_name, why in self.not_checked.items() if why == reason]
            yield f"NOT CHECKED, since {reason}: {', '.join(unchecked)}"

        for problem in self.problems[:MOST_PROBLEMS]:
            yield f"NOT EQUAL: {problem}"

        if len(self.problems) > MOST_PROBLEMS:
            yield f"and {len(self.problems) - MOST_PROBLEMS} more"
        if self.problems and self.made_by != self.checked_by:
            yield f"checked by tidings {self.checked_by}: another version may compute otherwise"
        if self.equal:
            yield (
                f"taken as given: {join_words(self.given)}. Nobody else can say that they are "
                "true: compare the pack's SHA-256 with the published one"
            )
            checked = "as far as they were checked" if self.not_checked else "to the byte"
            yield f"equal: the files are those that follow from what is given, {checked}"
