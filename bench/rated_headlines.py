"""The headlines of SemEval-2007's trial part with the valence that people gave them."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path


def read_semeval(folder: Path) -> list[tuple[str, float]]:
    """Return headlines and valences, from -100 to 100.

    *folder* holds affectivetext_trial.xml and affectivetext_trial.valence.gold.
    """
    xml = (folder / "affectivetext_trial.xml").read_text(encoding="utf-8", errors="replace")
    headlines = dict(re.findall(r'<instance id="(\d+)">(.*?)</instance>', xml, re.DOTALL))
    lines = (folder / "affectivetext_trial.valence.gold").read_text(encoding="utf-8").splitlines()
    valences = dict(line.split() for line in lines if line)

    pairs = []
    for number in sorted(headlines.keys() & valences.keys(), key=int):
        pairs.append((unescape(headlines[number]).strip(), float(valences[number])))

    return pairs
