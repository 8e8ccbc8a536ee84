"""What a run would ask, before anything is asked."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from tidings.displays import describe_figures, html_table, text_table
from tidings.program import Program, show_remark
from tidings.run import Run
from tidings.words import add_switch


class Plan:
    """A run that can be submitted, with what it would ask.

    *figures* are those of `tidings plan --json`, counted when the plan was made; None of a
    training, which asks nothing. *command* is the command line that submits the same run.
    """

    def __init__(self, program: Program, command: str, words: Sequence[str]) -> None:
        submit, *kind = command.split()
        self._program, self._words = program, [submit, *kind, *words]
        self.command = shlex.join(["tidings", *self._words])
        self.figures: Mapping[str, Any] | None = None

        # What the commands remark, in the order in which they did.
        self.remarks: list[str] = []
        self._are_remarks_shown = False
        if kind[0] != "training":
            plan = ["plan", *kind, *words]
            self.figures = program.run_json(plan, on_remark=self.remarks.append)

    @property
    def calls(self) -> int:
        """How many calls are still to be made; 0 if everything is answered."""
        return int(self.figures["calls_to_make"]) if self.figures is not None else 0

    def submit(self, *, again: bool = False) -> Run:
        """Queue the run and return it; return the same run if it was submitted before.

        So a cell that is run again asks nothing twice. With *again* another run is made, for
        example after more documents were read: what is answered already is not asked again either.
        """
        words = self._words if again else add_switch(self._words, "--once")

        def show_once(remark: str) -> None:
            if not (self._are_remarks_shown and remark in self.remarks):
                show_remark(remark)

        printed = self._program.run_text(words, on_remark=show_once)
        return Run(self._program, int(printed.splitlines()[-1]))

    def _lines(self) -> list[tuple[str, str]]:
        self._are_remarks_shown = True
        figures = {"asks": "nothing: it trains"} if self.figures is None else self.figures
        remarks = [("remark", remark) for remark in self.remarks]
        return [("command", self.command), *describe_figures(figures), *remarks]

    def __repr__(self) -> str:
        return text_table(self._lines())

    def _repr_html_(self) -> str:
        return html_table(self._lines())
