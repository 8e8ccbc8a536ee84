"""Read a pack for the module `tidings`: what its manifest says, or a table as Parquet.

Usage: ``python -P -m cli.pack_reader PACK run|tables|table [TABLE]``. The module imports nothing of
the program, so that it reads a pack through a process, as it runs every command.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from cli.messages import drop_output, prepare_streams, warn
from core.errors import TidingsError
from packs.archive import PackReader
from packs.reading import list_tables, read_run, write_table

PARTS: dict[str, Callable[[PackReader], object]] = {"run": read_run, "tables": list_tables}


def main() -> None:
    """Write what is asked for to standard output; an error is a line and exit status 1."""
    prepare_streams()
    path, part, *table = sys.argv[1:]
    try:
        with PackReader(Path(path)) as pack:
            if part == "table":
                write_table(pack, table[0], sys.stdout.buffer)
            else:
                print(json.dumps(PARTS[part](pack)))
    except (TidingsError, MemoryError) as error:
        drop_output()
        problem = " ".join(str(error).split()) or "there is not enough memory for it"
        warn(problem if path in problem else f"{path}: {problem}")
        sys.exit(1)


if __name__ == "__main__":
    main()
