"""What `tidings code` was called with, and how coders may be called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.options import check_utf8
from core.enums import MODEL, CodingProgram, SampleGoal, SamplePeriod
from core.errors import UsageError
from core.printing import printable
from textapi.text.normal_form import normal_form

if TYPE_CHECKING:
    from analysis.codebooks.codebook import Codebook

DEFAULT_CODER = "coder 1"

# A coder's name has at most this many characters.
LONGEST_NAME = 100

# The page of `--serve` on which codes are decided is called so, and so is its address.
_NAMES_OF_PAGES = ("decisions", "decide")


@dataclass(frozen=True)
class CodingRequest:
    """What `tidings code` was called with."""

    run: int

    # The path of a codebook, or the name of one that ships; None for labels of mentions.
    codebook: str | None

    n: int

    # The wanted half-width of an interval in the place of `n`.
    within: float | None

    # The periods between which texts are shared out, or how many mentions of each month and keyword
    # are labelled.
    per: SamplePeriod | int

    seed: int
    coder: str

    # Whether the coder was named, who is then that of all rows of a file.
    names_coder: bool

    file: Path | None
    out: Path | None
    program: CodingProgram | None

    # What the sample is to tell best.
    goal: SampleGoal = SampleGoal.SHARE

    def read_codebook(self) -> Codebook:
        """Return the codebook. Raises `BadInput` and `UsageError`."""
        from analysis.codebooks.codebook_files import find_codebook, read_shipped

        return read_shipped("polarity") if self.codebook is None else find_codebook(self.codebook)

    def describe_reading(self, path: object) -> str:
        """Return the command that reads a coded file."""
        if self.codebook is None:
            return f"`tidings label {self.run} --file {path}`"

        return f"`tidings code {self.run} --codebook {self.codebook} --file {path}`"


def check_coder(coder: str) -> str:
    """Return the name of a coder, from whatever place. Raises `UsageError` if it cannot be one."""
    from models.codes import ADJUDICATED, NETWORK, PERSON

    stripped = " ".join(check_utf8(coder).split())
    # Names that look the same are the same: a link shows no soft hyphen and no width of letters.
    plain = normal_form(stripped).casefold()
    if not plain or len(stripped) > LONGEST_NAME or printable(stripped) != stripped:
        raise UsageError(f"--coder wants a name of up to {LONGEST_NAME} characters")

    reason = None
    if plain == ADJUDICATED.removeprefix(PERSON):
        reason = "decisions between coders are stored so"
    elif plain in _NAMES_OF_PAGES:
        reason = "the page on which codes are decided is called so"
    elif plain.startswith((MODEL, NETWORK)):
        reason = "machines that code are named so, and a coder here is a person"
    elif plain.startswith(PERSON):
        reason = f"give the name without {PERSON}, which is put before it where codes are stored"

    if reason is not None:
        raise UsageError(f"no coder can be called {stripped}: {reason}")

    return stripped
