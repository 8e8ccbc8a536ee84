"""Code a sample of texts by a codebook, or label one of mentions: ``tidings code``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from typer import Option

from analysis.options import DEFAULT_RECALL, SAMPLE_SIZE
from cli.codebook import CodebookOption
from cli.coding import code_sample
from cli.coding_request import DEFAULT_CODER, CodingRequest, check_coder
from cli.options import Run
from core.enums import CodingProgram, SampleGoal, SamplePeriod
from core.errors import UsageError
from core.printing import printable

# Where the page of `--serve` is, so that a link stays the same from one day to the next.
DEFAULT_PORT = 8767

# The share of the texts that all coders of `--serve` code.
DEFAULT_DOUBLES = 0.2

# Mentions of each month and keyword.
DEFAULT_MENTIONS = 10
MOST_MENTIONS = 10_000


def _check_option(coders: str | None) -> str | None:
    return None if coders is None else ",".join(map(check_coder, coders.split(",")))


def code(
    run: Run,
    codebook: CodebookOption = None,
    n: Annotated[
        int | None,
        Option(
            "--n",
            min=1,
            max=1_000_000,
            help="Texts of the codebook's sample; without one, mentions of each month and keyword. "
            f"[default: {SAMPLE_SIZE}, or {DEFAULT_MENTIONS}]",
        ),
    ] = None,
    within: Annotated[
        float | None,
        Option(
            min=0.001,
            max=0.5,
            metavar="SHARE",
            help="Draw as many texts as every share takes to be known to ± SHARE (0.03: three "
            "points), as the codes so far tell; without any, a pilot.",
        ),
    ] = None,
    per: Annotated[
        str,
        Option(
            metavar="|".join(SamplePeriod),
            help="The periods of the codebook's sample, between which the texts are shared out. "
            "[default: month]",
            show_default=False,
        ),
    ] = "",
    coder: Annotated[
        str | None,
        Option(
            callback=_check_option,
            help="Who codes; several code the same sample. With --serve several names, between "
            f"commas. [default: who the file names, or {DEFAULT_CODER}]",
        ),
    ] = None,
    seed: Annotated[int, Option(min=0, help="Another seed draws another sample.")] = 1,
    file: Annotated[
        Path | None,
        Option(help="Read labels or codes from this CSV, which --out wrote, or JSON, and go."),
    ] = None,
    out: Annotated[
        Path | None, Option(help="Write the sample as CSV, to be coded elsewhere.")
    ] = None,
    purpose: Annotated[
        str,
        Option(
            "--for",
            metavar="|".join((*SampleGoal, *CodingProgram)),
            help="What a codebook's sample is to tell best: texts are drawn where that takes them; "
            "or the program for which --out writes it. [default: share]",
            show_default=False,
        ),
    ] = "",
    serve: Annotated[
        bool,
        Option("--serve", help="Code in a browser: a page on this machine, a link for each coder."),
    ] = False,
    port: Annotated[
        int, Option(min=0, max=65535, help="The port of --serve; 0 takes a free one.")
    ] = DEFAULT_PORT,
    find: Annotated[
        str | None,
        Option(
            metavar="[KEYWORD:]VARIABLE=CATEGORY",
            help="Search: read the documents that are likeliest of this category, and some by "
            "chance, until --recall of all that are is found.",
        ),
    ] = None,
    recall: Annotated[
        float, Option(min=0.5, max=0.99, help="The share of --find's category to be found.")
    ] = DEFAULT_RECALL,
    doubles: Annotated[
        float, Option(min=0, max=1, help="Share of the texts that all coders of --serve get.")
    ] = DEFAULT_DOUBLES,
) -> None:
    """Code a random sample of a run's texts by a codebook; without one, label one of its mentions.

    Labels say how right moods are: 1 negative, 2 neutral, 3 positive. Each code is stored at its
    key: s cannot be coded, u undo, q quit, ? help; the next call goes on where you stopped. In a
    CSV the column label takes -1, 0, 1 or skip. `tidings label` is the same command.

    With --codebook the questions, keys and columns are the codebook's, and texts are drawn from all
    documents of the run, also from those without a keyword. With --find they are not a sample: what
    is likeliest is read first, and after each batch it is said which share of all was found.
    """
    if file is not None and out is not None:
        raise UsageError("--file reads labels and --out writes the sample: give one of them")
    program, goal = _parse_purpose(purpose)
    if program is not None and (codebook is None or out is None):
        raise UsageError(
            f"--for {program} writes the sample of a codebook: give --codebook FILE and --out FILE"
        )
    if n is not None and within is not None:
        raise UsageError("--n and --within both say how many texts are drawn: give one of them")
    if codebook is None:
        _refuse_codebook_options(
            {
                "--within": within,
                "--find": find,
                "--serve": serve or None,
                f"--for {purpose}": purpose or None,
            }
        )

    request = CodingRequest(
        run=run,
        codebook=codebook,
        n=n or SAMPLE_SIZE,
        within=within,
        per=_count_mentions(n, per) if codebook is None else _parse_periods(per),
        seed=seed,
        coder=coder or DEFAULT_CODER,
        names_coder=coder is not None,
        file=file,
        out=out,
        program=program,
        goal=goal,
    )
    if find is not None:
        from cli.search import find_documents

        find_documents(request, find, recall, port=port if serve else None)
    elif serve:
        from cli.coding_page.command import code_in_browser

        code_in_browser(request, port, doubles)
    else:
        code_sample(request)


def _parse_purpose(purpose: str) -> tuple[CodingProgram | None, SampleGoal]:
    """Return the program and the goal that `--for` names. Raises `UsageError`."""
    if purpose in list(CodingProgram):
        return CodingProgram(purpose), SampleGoal.SHARE
    if purpose and purpose not in list(SampleGoal):
        raise UsageError(
            f"--for {printable(purpose)} is none of {', '.join((*SampleGoal, *CodingProgram))}"
        )

    return None, SampleGoal(purpose or SampleGoal.SHARE)


def _refuse_codebook_options(given: Mapping[str, object]) -> None:
    """Raise `UsageError` for options that say something of a codebook alone."""
    for option, value in given.items():
        if value is not None:
            raise UsageError(
                f"{option} is for the questions of a codebook: write --codebook FILE too"
            )


def _count_mentions(n: int | None, per: str) -> int:
    """Return how many mentions of each month and keyword are sampled. Raises `UsageError`.

    Before `--n` said it, `--per` did.
    """
    if per in list(SamplePeriod):
        raise UsageError(
            f"--per {per} is for codebooks: write --codebook FILE with it, or a number, as --n 10"
        )

    flag, typed = ("--per", per) if n is None else ("--n", str(n))
    try:
        mentions = int(typed or DEFAULT_MENTIONS)
    except ValueError:
        mentions = 0

    if not 1 <= mentions <= MOST_MENTIONS:
        raise UsageError(
            f"{flag} {printable(typed)} is no number of mentions of each month and keyword: write "
            f"--n with one from 1 to {MOST_MENTIONS:,}"
        )

    return mentions


def _parse_periods(per: str) -> SamplePeriod:
    """Return the periods that `--per` names. Raises `UsageError`."""
    if per and per not in list(SamplePeriod):
        is_number = per.removeprefix("-").isdecimal()
        remedy = f": write --n {per} for that many texts" if is_number else ""
        raise UsageError(
            f"--per {printable(per)} with a codebook is one of {', '.join(SamplePeriod)}{remedy}"
        )

    return SamplePeriod(per or SamplePeriod.MONTH)
