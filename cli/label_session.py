"""Labelling in a terminal: a sentence at a time, a key for each label."""

from __future__ import annotations

from cli.coding_terminal import TerminalSession
from cli.messages import show
from models.codes import CodeValue
from producers.coding_session import Question, cannot_be_coded

KEYS = "1 negative  2 neutral  3 positive  s skip  u undo  q quit"


class LabelSession(TerminalSession):
    """Asks how each mention of a sample sounds: its codebook is "polarity"."""

    noun = "mention"
    larger_option = "--per"
    there_already = (
        "this coder has labelled it meanwhile in another session: that label stays. "
        "Whoever else codes gives a name of their own: --coder NAME"
    )
    erased = "its document was erased meanwhile: it has no label"

    def _show_start(self) -> None:
        done, sampled = f"{self._session.done:,}", f"{len(self._sample):,}"
        show(f"{done} of {sampled} mentions are coded. How does the sentence sound?")
        show(KEYS)

    def _show_variable(self, question: Question) -> None:
        """Leave the question out, which is the same for all mentions."""

    def _refuse_key(self, question: Question) -> None:  # noqa: ARG002 - all have the same keys
        show(f"    {KEYS}")
        self._shown = None

    def _ask_why(self) -> CodeValue:
        """Skip the mention without asking why."""
        return cannot_be_coded(None)

    def _name_code(self, question: Question, code: str) -> str:
        return question.variable.ends[int(code)]
