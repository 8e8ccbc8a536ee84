"""Write texts and codes for the R package `dsl`: ``tidings export RUN codes --for dsl``."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from cli import context
from cli.messages import inform
from core.errors import UsageError
from core.quantities import quantity


def export_dsl(run: int, out: Path | None, codebook: str | None) -> None:
    """Write a CSV file with a row for each text of the parts from which a sample was drawn."""
    from core.atomic_files import replace_file
    from reports.data.dsl_rows import read_dsl_table
    from reports.data.formats import comma_separated
    from reports.data.queries import in_batches
    from reports.data.run_data import load_run

    if out is None:
        raise UsageError("--for dsl writes a CSV file: name it with --out")

    texts = 0
    with closing(context.open_database()) as db:
        table = read_dsl_table(load_run(db, run), codebook)
        columns: dict[str, type] = dict.fromkeys(table.columns, str)
        with replace_file(out) as file, comma_separated(file, columns) as write:
            for batch in in_batches(table.rows):
                write(batch)
                texts += len(batch)

    inform(
        f"{quantity(texts, 'text')} written to {out}: in R, dsl(…, predicted_var, prediction, "
        'sample_prob = "sample_prob")'
    )
