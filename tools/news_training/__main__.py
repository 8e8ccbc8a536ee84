"""Train the polarity engine `news` anew: docs/news-engine.md says on which data, and what is next.

python -m tools.news_training FOLDER [--out news.npz] [--epochs 12] [--seed 0]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from core.errors import BadInput
from networks.errors import NetworkError
from networks.presets import resolve_options
from tools.news_training.task import train_engine


def main() -> None:
    """Train on the rated sentences of a folder, write the weights, and say how good they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--out", type=Path, default=Path("news.npz"))
    parser.add_argument("--epochs", default="12")
    parser.add_argument("--seed", default="0")
    arguments = parser.parse_args()

    overrides = {"epochs": arguments.epochs, "seed": arguments.seed}
    try:
        report = train_engine(arguments.folder, resolve_options("polarity", overrides))
    except (BadInput, NetworkError) as error:
        sys.exit(f"{error}")

    arguments.out.write_bytes(report.weights)
    sys.stdout.write("\n".join([*report.remarks, ""]))


if __name__ == "__main__":
    main()
