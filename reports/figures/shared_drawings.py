"""Figures that two processes draw: one makes the report, the other helps."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.atomic_files import write_atomically
from reports.figures.spec import FigureSpec


@dataclass(frozen=True)
class Drawing:
    """A figure that is not drawn yet, and the file that it goes to."""

    spec: FigureSpec
    note: str
    svg: Path

    def draw(self) -> None:
        """Draw the figure and write its file, unless it is there. Raises `TidingsError`."""
        if not self.svg.exists():
            write_atomically(self.svg, self.spec.render(self.note))


class SharedDrawings:
    """Figures that are drawn by the process of an *executor*, which gets the oldest first.

    Where one is needed, this process draws the newest ones until it is there. What the other
    process could not draw, and all if there is no executor, is drawn here.
    """

    def __init__(self, executor: Executor | None) -> None:
        self._executor = executor
        # The figures that the other process was asked for and nobody has waited for, by the file.
        self._open: dict[Path, tuple[Drawing, Future[None]]] = {}
        # The parts of a report whose figures the other process draws ahead.
        self._parts: list[Future[set[str]]] = []

    def __contains__(self, drawing: Drawing) -> bool:
        """Whether the other process was asked for a figure and nobody has waited for it."""
        return drawing.svg in self._open

    def draw(self, drawing: Drawing) -> None:
        """Draw a figure, or let the process draw it that is ready first."""
        if self._executor is not None:
            # A process that was killed draws no more.
            with suppress(BrokenExecutor):
                self._open[drawing.svg] = drawing, self._executor.submit(drawing.draw)
                return

        drawing.draw()

    def finish(self, drawing: Drawing) -> None:
        """Draw the newest figures until this one is drawn by either process."""
        if drawing not in self:
            return

        _, future = self._open.pop(drawing.svg)
        while not future.done():
            if not self._draw_newest() and not future.cancel():
                wait([future])

        drawing.draw()

    def finish_all(self) -> set[str]:
        """Wait until each figure is drawn; return the files of the parts that were drawn ahead."""
        for drawing, _ in list(self._open.values()):
            self.finish(drawing)

        self.cancel_parts()
        wait(self._parts)
        file_names: set[str] = set()
        for part in self._parts:
            if not part.cancelled() and part.exception() is None:
                file_names |= part.result()

        return file_names

    def draw_ahead(self, draw_part: Callable[..., set[str]], *arguments: Any) -> None:
        """Let the other process draw a part of the report by *draw_part* with *arguments*.

        Parts are drawn in the order in which they are given, which is that from the end. Where this
        process meets them, `cancel_parts` drops those that are left. *draw_part* returns the names
        of the files that the part has.
        """
        if self._executor is not None:
            with suppress(BrokenExecutor):
                self._parts.append(self._executor.submit(draw_part, *arguments))

    def cancel_parts(self) -> None:
        """Drop the parts that the other process has not begun."""
        for part in self._parts:
            part.cancel()

    def _draw_newest(self) -> bool:
        """Draw the newest figure that the other process has not begun; return whether one is so."""
        svg = next(reversed(self._open), None)
        if svg is None or not self._open[svg][1].cancel():
            return False

        drawing, _ = self._open.pop(svg)
        drawing.draw()
        return True
