"""Train the polarity engine `news` and say how good it is.

    python -m tools.news_engine --ratings FOLDER [--out FILE] [--epochs N] [--seed N]

The folder holds any of `newsmtsc_train.jsonl.gz`, `sentfin.csv.gz` and `vader_*.tsv.gz`. WordNet is
read where Debian's package wordnet-base has it. A minute or two, and 350 MB.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tools.news_engine.task import train_engine


def main() -> None:
    """Train by the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ratings", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("news.npz"))
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()

    chosen = {"epochs": options.epochs, "seed": options.seed}
    overrides = {name: number for name, number in chosen.items() if number is not None}
    report = train_engine(options.ratings, overrides)
    options.out.write_bytes(report.weights)
    print("\n".join(report.remarks))


if __name__ == "__main__":
    main()
