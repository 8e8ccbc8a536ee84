"""Coding in a terminal: a sentence at a time, a key for each label."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from typer import getchar

from cli.messages import show
from core.printing import printable

if TYPE_CHECKING:
    from models.labels import MentionKey
    from producers.label_sample import SampledMention

LABELS = {"1": -1, "2": 0, "3": 1, "s": None}
NAMES = {-1: "negative", 0: "neutral", 1: "positive", None: "skipped"}
KEYS = "1 negative  2 neutral  3 positive  s skip  u undo  q quit"
UNDO, QUIT = "u", ("q", "", "\x04")  # an empty key: the terminal has gone
WIDEST = 100


class LabelSession:
    """Goes through a sample in its order; what *labels* has already is left out.

    *store* and *remove* are called at each key, so that nothing is lost however the session ends.
    """

    def __init__(
        self,
        sample: Sequence[SampledMention],
        labels: dict[MentionKey, int | None],
        store: Callable[[MentionKey, int | None], None],
        remove: Callable[[MentionKey], None],
    ) -> None:
        self._sample = sample
        self._labels = labels
        self._store = store
        self._remove = remove

    def run(self) -> None:
        """Ask for labels until all are given or the coder quits."""
        coded = sum(mention.key in self._labels for mention in self._sample)
        show(f"{coded:,} of {len(self._sample):,} mentions are coded. How does the sentence sound?")
        show(KEYS)

        index = self._next(0)
        while index < len(self._sample):
            mention = self._sample[index]
            self._print(mention, index)
            key = _read_key()
            if key in QUIT:
                show("stopped: the same command goes on from here")
                return
            if key == UNDO:
                index = self._undo(index)
            elif key in LABELS:
                self._store(mention.key, LABELS[key])
                self._labels[mention.key] = LABELS[key]
                show(f"    {NAMES[LABELS[key]]}")
                index = self._next(index)
            else:
                show(f"    {KEYS}")
        show(f"all {len(self._sample):,} are coded: a larger --per draws more")

    def _next(self, index: int) -> int:
        """Return where the first mention without a label is, from *index* on."""
        while index < len(self._sample) and self._sample[index].key in self._labels:
            index += 1
        return index

    def _undo(self, index: int) -> int:
        """Take back the label before *index*; return where to go on."""
        if index == 0:
            show("    there is nothing to undo")
            return 0
        key = self._sample[index - 1].key
        self._remove(key)
        self._labels.pop(key, None)
        show("    undone")
        return index - 1

    def _print(self, mention: SampledMention, index: int) -> None:
        width = min(WIDEST, shutil.get_terminal_size().columns) - 4
        show()
        place = f"{index + 1:,} of {len(self._sample):,}"
        show(f"[{place}] {mention.key.keyword}, {mention.period}")
        for line in textwrap.wrap(printable(mention.sentence), max(20, width)):
            show(f"    {line}")


def _read_key() -> str:
    """Return the key that was pressed; what is more than a character (an arrow) is no key."""
    try:
        return getchar().lower()
    except EOFError:
        return ""
