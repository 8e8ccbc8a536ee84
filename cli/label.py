"""Label a sample of mentions: ``tidings label``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from cli import context
from cli.messages import inform, show, warn
from cli.options import Run, check_utf8
from core.errors import BadInput, UsageError
from core.printing import printable
from core.quantities import quantity

if TYPE_CHECKING:
    from models.codes import UnitKey
    from models.database import Database
    from producers.label_sample import SampledMention

DEFAULT_CODER = "coder 1"

# A coder's name has at most this many characters.
LONGEST_NAME = 100


def _check_coder(coder: str) -> str:
    stripped = " ".join(check_utf8(coder).split())
    if not stripped or len(stripped) > LONGEST_NAME or printable(stripped) != stripped:
        raise UsageError(f"--coder wants a name of up to {LONGEST_NAME} characters")
    return stripped


def label(
    run: Run,
    per: Annotated[int, Option(min=1, max=10_000, help="Mentions of each month and keyword.")] = 10,
    coder: Annotated[
        str, Option(callback=_check_coder, help="Who codes; several code the same sample.")
    ] = DEFAULT_CODER,
    seed: Annotated[int, Option(min=0, help="Another seed draws another sample.")] = 1,
    file: Annotated[
        Path | None, Option(help="Read labels from this CSV, which --out wrote, and go.")
    ] = None,
    out: Annotated[
        Path | None, Option(help="Write the sample as CSV, to be coded elsewhere.")
    ] = None,
) -> None:
    """Label a random sample of a run's mentions, so that its report can say how right moods are.

    Keys: 1 negative, 2 neutral, 3 positive, s skip, u undo, q quit. Each label is stored at once:
    the next call goes on where you stopped. In a CSV the column label takes -1, 0, 1 or skip.
    """
    if file is not None and out is not None:
        raise UsageError("--file reads labels and --out writes the sample: give one of them")
    with closing(context.open_database()) as db:
        if file is not None:
            _read_file(db, run, coder, file)
            _show_agreement(db, run)
            return
        from producers.label_sample import draw_sample

        sample = draw_sample(db, run, per=per, seed=seed)
        if out is not None:
            _write_file(db, run, coder, sample, out)
            return
        _code_in_terminal(db, run, coder, sample)
        _show_agreement(db, run)


def _code_in_terminal(db: Database, run: int, coder: str, sample: Sequence[SampledMention]) -> None:
    from cli.label_session import LabelSession
    from models.labels import add_label, delete_label, read_labels

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "there is no terminal to code in: write the sample with --out, and read it with --file"
        )
    with db.read() as connection:
        labels = read_labels(connection, run, coder)

    def remove(key: UnitKey) -> None:
        with db.write() as connection:
            delete_label(connection, run, coder, key)

    LabelSession(sample, labels, partial(add_label, db, run, coder), remove).run()


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
    from reports.words.quantities import quantity

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
