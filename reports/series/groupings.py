"""The groups of documents."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter

import polars as pl

from analysis.kinds.months import MonthsParameters
from core.enums import Grouping

# This group has the documents of which it is not known in what group they are.
NOT_KNOWN = "not known"

# The group's name; None stands for all documents together.
Group = str | None


@dataclass(frozen=True, slots=True)
class GroupedBy:
    """How documents are grouped."""

    # The name of the group of each document, over the columns of its frame; "" if not known.
    name: pl.Expr

    # What the groups are called.
    plural: str

    # Whether a group without a document in a month was not collected, and its month is a gap.
    may_be_absent: bool = False

    # The groups that the parameters of a run ask for by name.
    asked: Callable[[MonthsParameters], Collection[str]] = lambda _: ()


# A further grouping needs its name in `core.enums`, too: see docs/extending/grouping.md.
GROUPINGS = {
    Grouping.OUTLET: GroupedBy(
        pl.col("outlet"), "outlets", may_be_absent=True, asked=attrgetter("outlets")
    ),
    Grouping.SECTION: GroupedBy(pl.col("section"), "sections", asked=attrgetter("sections")),
    Grouping.KIND: GroupedBy(
        pl.col("kind"), "kinds", asked=lambda run: [run.material] if run.material else []
    ),
}


def name_groups(grouping: Grouping) -> pl.Expr:
    """Return the name of the group of each document."""
    return GROUPINGS[grouping].name.cast(pl.String).replace("", NOT_KNOWN)


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups by which documents are counted, beside all together; by default none."""

    grouping: Grouping | None = None
    names: Sequence[str] = ()

    @property
    def frame(self) -> pl.DataFrame:
        """A row for all documents together, and one for each group."""
        return pl.DataFrame({"group": [None, *self.names]}, {"group": pl.String})

    @property
    def may_be_absent(self) -> bool:
        """Whether a group without a document in a month was not collected."""
        return self.grouping is not None and GROUPINGS[self.grouping].may_be_absent

    def split(self, documents: pl.LazyFrame) -> pl.LazyFrame:
        """Return the documents once for all together, and once for the group of each."""
        in_all = documents.with_columns(group=pl.lit(None, pl.String))
        if self.grouping is None:
            return in_all

        return pl.concat([in_all, documents.with_columns(group=name_groups(self.grouping))])
