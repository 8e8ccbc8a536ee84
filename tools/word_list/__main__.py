"""Write the word list anew.

    python -m tools.word_list --scowl FOLDER --wordnet FOLDER --names FOLDER --rated FOLDER

The folders hold SCOWL's lists (Debian's package scowl: usr/share/dict/scowl), WordNet 3.0 (Debian's
wordnet-base: usr/share/wordnet), the name files of the US Census of 1990 (dist.*, in the sources of
the package `names` on PyPI), and the rated sentences that the polarity engine is trained on.
"""

from __future__ import annotations

import argparse
import lzma
from pathlib import Path

from textapi.text.word_list import PATH
from tools.word_list.build import build


def main() -> None:
    """Build the list from the folders that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("scowl", "wordnet", "names", "rated"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()

    sections = build(options.scowl, options.wordnet, options.names, options.rated)
    lines = []
    for name, entries in sections.items():
        lines += [f"[{name}]", *entries]
    text = "\n".join(lines) + "\n"
    PATH.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main()
