"""How far the making of a report has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.progress import say
from reports.words.quantities import quantity


@dataclass
class BuildProgress:
    """Counts what is made of a report; *show* is called after each figure, page and table."""

    show: Callable[[BuildProgress], None] = lambda progress: say(str(progress))
    figures: int = 0
    pages: int = 0
    all_pages: int = 1
    tables: int = 0
    all_tables: int = 0

    def expect_pages(self, number: int) -> None:
        """Set how many pages the report will have."""
        self.all_pages = number

    def count_figure(self) -> None:
        """Count a figure that was drawn, or found drawn."""
        self.figures += 1
        self.show(self)

    def count_page(self) -> None:
        """Count a page that was written."""
        self.pages += 1
        self.show(self)

    def count_table(self, all_tables: int) -> None:
        """Count one of *all_tables* that was written."""
        self.tables += 1
        self.all_tables = all_tables
        self.show(self)

    def __str__(self) -> str:
        """Say it in words."""
        if not self.figures and not self.pages:
            return "reading the results"

        words = f"{self.pages} of {quantity(self.all_pages, 'page')}, "
        words += quantity(self.figures, "figure")
        if self.tables:
            words += f", {self.tables} of {quantity(self.all_tables, 'table')}"

        return words
