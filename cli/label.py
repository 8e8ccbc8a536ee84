"""Label a sample of mentions, or code one of texts by a codebook: ``tidings label``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from analysis.options import SAMPLE_SIZE
from cli import context
from cli.codebook import CodebookOption
from cli.messages import inform, show, warn
from cli.options import Run, check_utf8
from core.enums import MODEL, CodingProgram, SamplePeriod
from core.errors import BadInput, UsageError
from core.printing import printable
from core.quantities import quantity
from textapi.text.normal_form import normal_form

if TYPE_CHECKING:
    from models.database import Database
    from producers.label_sample import SampledMention

DEFAULT_CODER = "coder 1"

# Where the page of `--serve` is, so that a link stays the same from one day to the next.
DEFAULT_PORT = 8767

# The share of the texts that all coders of `--serve` code.
DEFAULT_DOUBLES = 0.2

# A coder's name has at most this many characters.
LONGEST_NAME = 100

# The page of `--serve` on which codes are decided is called so, and so is its address.
_NAMES_OF_PAGES = ("decisions", "decide")

# Mentions of each month and keyword, and texts of a codebook's sample.
DEFAULT_PER = 10
DEFAULT_N = SAMPLE_SIZE
MOST_PER = 10_000


def _check_option(coders: str | None) -> str | None:
    return None if coders is None else ",".join(map(check_coder, coders.split(",")))


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


def label(
    run: Run,
    codebook: CodebookOption = None,
    n: Annotated[
        int | None,
        Option(
            "--n",
            min=1,
            max=1_000_000,
            help=f"Texts of the codebook's sample. [default: {DEFAULT_N}]",
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
            metavar=f"NUMBER|{'|'.join(SamplePeriod)}",
            help="Mentions of each month and keyword; with a codebook the periods between which "
            f"the texts are shared out. [default: {DEFAULT_PER}, or month]",
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
    program: Annotated[
        CodingProgram | None,
        Option("--for", help="Write the sample of a codebook for this program instead."),
    ] = None,
    serve: Annotated[
        bool,
        Option("--serve", help="Code in a browser: a page on this machine, a link for each coder."),
    ] = False,
    port: Annotated[
        int, Option(min=0, max=65535, help="The port of --serve; 0 takes a free one.")
    ] = DEFAULT_PORT,
    doubles: Annotated[
        float, Option(min=0, max=1, help="Share of the texts that all coders of --serve get.")
    ] = DEFAULT_DOUBLES,
) -> None:
    """Label a random sample of a run's mentions, so that its report can say how right moods are.

    Keys: 1 negative, 2 neutral, 3 positive, s skip, u undo, q quit. Each label is stored at once:
    the next call goes on where you stopped. In a CSV the column label takes -1, 0, 1 or skip.

    With --codebook the questions, keys and columns are the codebook's, and texts are drawn from all
    documents of the run, also from those without a keyword.
    """
    if file is not None and out is not None:
        raise UsageError("--file reads labels and --out writes the sample: give one of them")
    if program is not None and (codebook is None or out is None):
        raise UsageError(
            f"--for {program} writes the sample of a codebook: give --codebook FILE and --out FILE"
        )

    if n is not None and within is not None:
        raise UsageError("--n and --within both say how many texts are drawn: give one of them")
    if codebook is not None:
        from cli.coding import CodingRequest, PageOptions, code_by_codebook

        request = CodingRequest(
            run=run,
            codebook=codebook,
            n=n or DEFAULT_N,
            within=within,
            per=_parse_periods(per),
            seed=seed,
            coder=coder,
            file=file,
            out=out,
            program=program,
            page=PageOptions(port, doubles) if serve else None,
        )
        code_by_codebook(request)
        return

    _refuse_codebook_options(n, within, serve=serve)
    mentions = _parse_number(per)
    coder = coder or DEFAULT_CODER
    with closing(context.open_database()) as db:
        if file is not None:
            _read_file(db, run, coder, file)
            _show_agreement(db, run)
            return

        from producers.label_sample import draw_sample

        sample = draw_sample(db, run, per=mentions, seed=seed)
        if out is not None:
            _write_file(db, run, coder, sample, out)
            return

        _code_in_terminal(db, run, coder, sample)
        _show_agreement(db, run)


def _refuse_codebook_options(n: int | None, within: float | None, *, serve: bool) -> None:
    """Raise `UsageError` for options that say something without a codebook alone."""
    if n is not None:
        raise UsageError("--n is for texts of a codebook: without --codebook write --per NUMBER")
    if within is not None or serve:
        option = "--serve" if serve else "--within"
        raise UsageError(f"{option} is for the questions of a codebook: write --codebook FILE too")


def _parse_number(per: str) -> int:
    """Return how many mentions of each month and keyword `--per` names. Raises `UsageError`."""
    if per in list(SamplePeriod):
        raise UsageError(
            f"--per {per} is for codebooks: write --codebook FILE with it, or a number, as --per 10"
        )

    try:
        mentions = int(per or DEFAULT_PER)
    except ValueError:
        mentions = 0

    if not 1 <= mentions <= MOST_PER:
        raise UsageError(
            f"--per {printable(per)} is no number of mentions of each month and keyword: write one "
            f"from 1 to {MOST_PER:,}"
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


def check_terminal() -> None:
    """Raise `UsageError` if there is no terminal to code in."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "there is no terminal to code in: write the sample with --out, and read it with --file"
        )


def _code_in_terminal(db: Database, run: int, coder: str, sample: Sequence[SampledMention]) -> None:
    from analysis.codebooks.codebook_files import read_shipped
    from cli.label_session import LabelSession
    from models.codes import PERSON, Coding, read_codes
    from models.tables import POLARITY_CODEBOOK
    from producers.code_sample import SampledText
    from producers.coding_session import CodingSession, DatabaseCodes

    check_terminal()
    coding = Coding(run, POLARITY_CODEBOOK, f"{PERSON}{coder}")
    with db.read() as connection:
        codes = read_codes(connection, coding)

    texts = []
    for mention in sample:
        texts.append(
            SampledText(
                unit=mention.key,
                item=mention.item,
                period=mention.period,
                keyword=mention.key.keyword,
                document=mention.document,
                text=mention.sentence,
            )
        )

    units = [text.unit for text in texts]
    store = DatabaseCodes(db, coding)
    LabelSession(texts, CodingSession(read_shipped("polarity"), units, codes, store)).run()


def _write_file(
    db: Database, run: int, coder: str, sample: Sequence[SampledMention], out: Path
) -> None:
    from core.atomic_files import replace_file
    from models.labels import read_labels
    from producers.label_sample import FILE_COLUMNS, coded_rows
    from reports.data.formats import comma_separated

    with db.read() as connection:
        labels = read_labels(connection, run, coder)

    with replace_file(out) as file, comma_separated(file, FILE_COLUMNS) as write:
        write(list(coded_rows(run, sample, labels)))

    inform(
        f"{quantity(len(sample), 'mention')} written to {out}: fill the column label with -1, 0, 1 "
        f"or skip, then `tidings label {run} --file {out}`"
    )


def _read_file(db: Database, run: int, coder: str, path: Path) -> None:
    """Store all labels of a coded file; store none if there is any error."""
    from models.labels import store_labels
    from producers.label_sample import (
        check_run_of_months,
        check_sentences,
        find_items,
        read_coded_file,
    )

    check_run_of_months(db, run)
    coded_file = read_coded_file(path)
    coded = coded_file.items
    keys = find_items(db, run, {coded_item.item for coded_item in coded})
    if coded and not keys:
        raise BadInput(f"{path} names no mention of run {run}: is it the file of another run?")

    check_sentences(db, run, coded_file, keys)

    labels = {
        keys[coded_item.item]: coded_item.value for coded_item in coded if coded_item.item in keys
    }
    with db.write() as connection:
        store_labels(connection, db, run, coder, labels)

    if len(labels) < len(coded):
        left_out = quantity(len(coded) - len(labels), "row")
        warn(f"{left_out} of {path} left out: no mention of run {run} is named there")

    inform(f"{quantity(len(labels), 'label')} of {coder} stored")


def _show_agreement(db: Database, run: int) -> None:
    from reports.data.label_counts import count_labels
    from reports.data.run_data import load_run

    counts = count_labels(load_run(db, run))
    for coder, labels in counts.by_coder.items():
        show(f"{coder}: {quantity(labels, 'label')}")

    if counts.alpha is not None:
        shared = quantity(counts.shared, "mention")
        show(f"Krippendorff's alpha (interval) {counts.alpha:.3f} on {shared}")
    elif counts.shared:
        shared = quantity(counts.shared, "mention")
        show(
            f"Krippendorff's alpha: the coders agree on {shared}, with one label for all of them; "
            "it can be computed where labels differ"
        )
    elif len(counts.by_coder) > 1:
        show("Krippendorff's alpha: no two coders have coded the same mentions yet")

    inform(f"`tidings report {run}` shows what the labels say of the moods")
