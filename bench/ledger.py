"""Bytes of the database for what was asked about keywords, a document and term, by table.

    python bench/ledger.py [--documents 100000] [--databases sqlite postgresql] [--beside CHECKOUT]

Some minutes for 100,000 headlines in 24 months. A worker asks a stub without latency
about 1 term, then in another run about 5 others; each is mentioned by 1 of 100 headlines. The
growth of every table with its indexes from before a run to after it is printed, divided by
documents and terms, and their sum without the tables that hold no answers (`NO_LEDGER`). PostgreSQL
is vacuumed before it is measured, as it does by itself later. The goal is 8 bytes. CHECKOUT is the
folder of another commit.
"""

from __future__ import annotations

from collections.abc import Iterator

import harness
from checkouts import CheckoutStack, running_checkouts, write_archive_of
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

FIRST, LAST, MONTHS = "2018-01", "2019-12", 24
GOAL = 8  # bytes a document and term
MENTION_EVERY = 100  # headlines, for each subject
SUBJECTS = ("amber", "basil", "cedar", "dusk", "ember", "flint", "grove", "heron", "iris", "jade")
KEYWORDS = {1: "amber", 5: "basil:cedar,dusk,ember,flint"}  # by the number of their terms
# results, runs and jobs, what was called; tables of earlier commits are among them
NO_LEDGER = {"mentions", "runs", "run_engines", "jobs", "job_steps", "job_documents", "calls"}
NO_LEDGER |= {"documents", "maintenance_locks", "workers"}

SQLITE_SIZES = """
    SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name) GROUP BY tbl_name
"""
POSTGRES_SIZES = """
    SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables
"""


def table_sizes(stack: CheckoutStack) -> dict[str, int]:
    """Return the bytes of each table with its indexes."""
    if stack.db.is_sqlite:
        return dict(map(tuple, stack.query(SQLITE_SIZES)))

    vacuum(stack)
    return dict(map(tuple, stack.query(POSTGRES_SIZES)))


def vacuum(stack: CheckoutStack) -> None:
    """Give back what dead rows take, as autovacuum does."""
    url = make_url(stack.db.url).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("VACUUM"))

    engine.dispose()


def measure(stack: CheckoutStack, kind: str, terms: int, documents: int) -> None:
    """Run once about so many terms and print how the tables grew."""
    before = table_sizes(stack)
    keyword = ["--keyword", KEYWORDS[terms], "--steps", "keywords"]
    run = stack.run("months", f"{FIRST}..{LAST}", *keyword)
    growth = dict(list_growth(before, table_sizes(stack)))

    ledger = sum(size for table, size in growth.items() if table not in NO_LEDGER)
    harness.print_figure(
        f"ledger, {terms} term(s), {kind}",
        [ledger / documents / terms],
        "bytes",
        floor=GOAL,
        floor_name="goal",
        note=f"{documents:,} documents, {sum(run.calls.values()):,} calls",
        checkout=stack.checkout,
    )
    for table, size in sorted(growth.items(), key=lambda item: -item[1]):
        what = "no ledger" if table in NO_LEDGER else "ledger"
        harness.print_figure(
            f"  {table}, {terms} term(s), {kind}",
            [size / documents / terms],
            "bytes",
            note=f"{what}, {size / 1e6:,.2f} MB in all",
            checkout=stack.checkout,
        )


def list_growth(before: dict[str, int], after: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Yield the tables that have another size than before, and by how much."""
    for table, size in after.items():
        if size != before.get(table, 0):
            yield table, size - before.get(table, 0)


def main() -> None:
    options = harness.parse_options(
        __doc__, documents=100_000, databases=harness.DATABASES, beside=""
    )
    per_month = max(1, options.documents // MONTHS)
    rows = harness.headlines(
        FIRST, MONTHS, per_month, subjects=SUBJECTS, every=MENTION_EVERY // len(SUBJECTS), words=9
    )

    with harness.temporary_folder() as folder:
        archive = write_archive_of(folder / "archive", rows)
        for kind in options.databases:
            home = folder / kind
            home.mkdir()
            with running_checkouts(home, options.beside, kind) as stacks:
                for stack in stacks:
                    stack.command("import", "--source", "nyt", str(archive))
                    for terms in KEYWORDS:
                        measure(stack, kind, terms, per_month * MONTHS)


if __name__ == "__main__":
    main()
