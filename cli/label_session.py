"""Coding in a terminal: a sentence at a time, a key for each label."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from typer import getchar

from cli.messages import show
from core.printing import printable
from models.codes import StoreOutcome, UnitKey

if TYPE_CHECKING:
    from producers.label_sample import SampledMention

LABELS = {"1": -1, "2": 0, "3": 1, "s": None}
NAMES = {-1: "negative", 0: "neutral", 1: "positive", None: "skipped"}
KEYS = "1 negative  2 neutral  3 positive  s skip  u undo  q quit"

# An empty key says that the terminal has gone.
UNDO, QUIT = "u", ("q", "", "\x04")

WIDEST = 100
THERE_ALREADY = (
    "this coder has labelled it meanwhile in another session: that label stays. "
    "Whoever else codes gives a name of their own: --coder NAME"
)
ERASED = "its document was erased meanwhile: it has no label"


class LabelSession:
    """Goes through a sample in its order, without the mentions that *labels* already has.

    *store* and *remove* are called at each key, so that nothing is lost however the session ends.
    Another session, of the same or another coder, may go through the same sample.
    """

    def __init__(
        self,
        sample: Sequence[SampledMention],
        labels: dict[UnitKey, int | None],
        store: Callable[[UnitKey, int | None], StoreOutcome],
        remove: Callable[[UnitKey], None],
    ) -> None:
        self._sample = sample
        self._labels = labels
        self._store = store
        self._remove = remove
        # The mentions that another session has labelled, or that were erased.
        self._not_ours: set[UnitKey] = set()

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
                self._label(mention.key, LABELS[key])
                index = self._next(index)
            else:
                show(f"    {KEYS}")
        show(f"all {len(self._sample):,} are coded: a larger --per draws more")

    def _next(self, index: int) -> int:
        """Return the index of the first mention without a label, from *index* on."""
        while index < len(self._sample) and self._sample[index].key in self._labels:
            index += 1
        return index

    def _label(self, key: UnitKey, code: int | None) -> None:
        """Store a label, and print the outcome."""
        outcome = self._store(key, code)
        self._labels[key] = code
        if outcome is StoreOutcome.STORED:
            show(f"    {NAMES[code]}")
            return

        self._not_ours.add(key)
        message = THERE_ALREADY if outcome is StoreOutcome.THERE_ALREADY else ERASED
        self._print_lines(message)

    def _undo(self, index: int) -> int:
        """Take back the last label before *index* that is ours; return where to go on."""
        earlier = index - 1
        while earlier >= 0 and self._sample[earlier].key in self._not_ours:
            earlier -= 1
        if earlier < 0:
            show("    there is nothing to undo")
            return index

        key = self._sample[earlier].key
        self._remove(key)
        self._labels.pop(key, None)
        show("    undone")
        return earlier

    def _print(self, mention: SampledMention, index: int) -> None:
        show()
        position = f"{index + 1:,} of {len(self._sample):,}"
        show(f"[{position}] {mention.key.keyword}, {mention.period}")
        self._print_lines(printable(mention.sentence))

    def _print_lines(self, text: str) -> None:
        width = min(WIDEST, shutil.get_terminal_size().columns) - 4
        for line in textwrap.wrap(text, max(20, width)):
            show(f"    {line}")


def _read_key() -> str:
    """Return the pressed key; more than one character (an arrow) is no key."""
    try:
        return getchar().lower()
    except EOFError:
        return ""
