"""The commands as methods, with the arguments and options that the commands declare.

Written by tests/reference_pages.py from the code: change it there, then run it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Literal, SupportsIndex, TypeAlias, TypeVar

from tidings.coding import CodingPage
from tidings.methods import command
from tidings.packs import PackFile
from tidings.report import Report
from tidings.tables import ArrowFrame
from tidings.words import Codebook, Pairs, PathText, Texts

P = TypeVar("P")

TableName: TypeAlias = Literal[
    "mentions",
    "periods",
    "phrases",
    "entities",
    "summaries",
    "distinctive",
    "labels",
    "documents",
    "coverage",
    "comentions",
    "codes",
    "agreement",
    "estimates",
    "found",
    "epochs",
    "predictions",
    "trainings",
    "calls",
    "collocates",
    "concordance",
    "overlap",
]
FormatName: TypeAlias = Literal[
    "jsonl",
    "csv",
    "parquet",
    "txt",
]
GroupingName: TypeAlias = Literal[
    "outlet",
    "section",
    "kind",
]
By: TypeAlias = Literal[
    "day",
    "week",
    "month",
    "year",
    "outlet",
    "section",
    "kind",
    "day,outlet",
    "day,section",
    "day,kind",
    "week,outlet",
    "week,section",
    "week,kind",
    "month,outlet",
    "month,section",
    "month,kind",
    "year,outlet",
    "year,section",
    "year,kind",
]

class HomeCommands(Generic[P]):
    """The commands on a home; runs are planned, and submitted by their plan."""

    @command("import", columns="--column")
    def read(
        self,
        paths: PathText | Sequence[PathText] | ArrowFrame,
        *,
        source: str | None = None,
        handle: str | None = None,
        outlet: str | None = None,
        language: str | None = None,
        columns: Pairs | None = None,
    ) -> dict[str, Any]:
        """Read documents from files or a table; what is known is not read again. Return counts."""

    @command("submit months", keywords="--keyword", for_="--for")
    def months(
        self,
        months: str,
        *,
        keywords: Pairs | None = None,
        keywords_file: Codebook | None = None,
        match: Literal["sentence", "document"] | None = None,
        within: Texts | None = None,
        source: str | None = None,
        outlet: Texts | None = None,
        section: Texts | None = None,
        material: str | None = None,
        text: Literal["headline", "abstract", "both"] = "headline",
        no_mask: bool = False,
        steps: str | None = None,
        phrases: int = 3,
        proportion: float = 0.1,
        text_size: int = 3000,
        max_words: int = 50,
        limit: int | None = None,
        by: By | None = None,
        codebook: Codebook | None = None,
        coder: str | None = None,
        code: str | None = None,
        find: str | None = None,
        recall: float = 0.95,
        batch: bool = False,
        for_: str | None = None,
        per: str | None = None,
        distinct: bool = False,
        without: Texts | None = None,
        not_a_name: Codebook | None = None,
        name: str | None = None,
        max_calls: int | None = None,
        max_cost: str | None = None,
        purse: str | None = None,
        yes: bool = False,
        mask: PathText | None = None,
        no_report: bool = False,
    ) -> P: ...
    @command("submit handles")
    def accounts(
        self,
        handles: Texts,
        *,
        source: str | None = None,
        steps: str | None = None,
        phrases: int = 5,
        proportion: float = 0.1,
        text_size: int = 3000,
        max_words: int = 50,
        limit: int | None = None,
        by: By | None = None,
        codebook: Codebook | None = None,
        coder: str | None = None,
        code: str | None = None,
        find: str | None = None,
        recall: float = 0.95,
        batch: bool = False,
        distinct: bool = False,
        without: Texts | None = None,
        not_a_name: Codebook | None = None,
        name: str | None = None,
        max_calls: int | None = None,
        max_cost: str | None = None,
        purse: str | None = None,
        yes: bool = False,
        mask: PathText | None = None,
        no_report: bool = False,
    ) -> P: ...
    @command("submit search")
    def searches(
        self,
        terms: Texts,
        *,
        source: str | None = None,
        steps: str | None = None,
        phrases: int = 5,
        proportion: float = 0.1,
        text_size: int = 3000,
        max_words: int = 50,
        limit: int | None = None,
        by: By | None = None,
        codebook: Codebook | None = None,
        coder: str | None = None,
        code: str | None = None,
        find: str | None = None,
        recall: float = 0.95,
        batch: bool = False,
        distinct: bool = False,
        without: Texts | None = None,
        not_a_name: Codebook | None = None,
        name: str | None = None,
        max_calls: int | None = None,
        max_cost: str | None = None,
        purse: str | None = None,
        yes: bool = False,
        mask: PathText | None = None,
        no_report: bool = False,
    ) -> P: ...
    @command("submit feeds")
    def feeds(
        self,
        feeds: Texts,
        *,
        steps: str | None = None,
        phrases: int = 5,
        proportion: float = 0.1,
        text_size: int = 3000,
        max_words: int = 50,
        limit: int | None = None,
        by: By | None = None,
        codebook: Codebook | None = None,
        coder: str | None = None,
        code: str | None = None,
        find: str | None = None,
        recall: float = 0.95,
        batch: bool = False,
        distinct: bool = False,
        without: Texts | None = None,
        not_a_name: Codebook | None = None,
        name: str | None = None,
        max_calls: int | None = None,
        max_cost: str | None = None,
        purse: str | None = None,
        yes: bool = False,
        mask: PathText | None = None,
        no_report: bool = False,
    ) -> P: ...

class TrainingCommands(Generic[P]):
    """The networks that can be trained."""

    @command("submit training feedforward")
    def feedforward(
        self,
        *,
        data: str | None = None,
        preset: str | None = None,
        hidden: str | None = None,
        activation: str | None = None,
        loss: str | None = None,
        initialiser: str | None = None,
        optimizer: str | None = None,
        schedule: str | None = None,
        learning_rate: str | float | None = None,
        weight_decay: str | float | None = None,
        batch_size: str | float | None = None,
        epochs: str | float | None = None,
        patience: str | float | None = None,
        precision: str | None = None,
        seed: str | float | None = None,
        sweep: Pairs | None = None,
        name: str | None = None,
        no_report: bool = False,
    ) -> P: ...
    @command("submit training recurrent")
    def recurrent(
        self,
        *,
        data: str | None = None,
        preset: str | None = None,
        hidden: str | None = None,
        activation: str | None = None,
        loss: str | None = None,
        initialiser: str | None = None,
        optimizer: str | None = None,
        schedule: str | None = None,
        learning_rate: str | float | None = None,
        weight_decay: str | float | None = None,
        batch_size: str | float | None = None,
        epochs: str | float | None = None,
        patience: str | float | None = None,
        precision: str | None = None,
        seed: str | float | None = None,
        sequence: str | float | None = None,
        truncate: str | float | None = None,
        clip: str | float | None = None,
        clip_by: str | None = None,
        carry: str | None = None,
        sweep: Pairs | None = None,
        name: str | None = None,
        no_report: bool = False,
    ) -> P: ...
    @command("submit training codes")
    def codes(
        self,
        run: SupportsIndex,
        *,
        codebook: Codebook | None = None,
        name: str | None = None,
    ) -> P: ...

class RunCommands:
    """The commands on a run."""

    @command("report")
    def report(
        self,
        beside: Sequence[SupportsIndex] = (),
        *,
        out: PathText | None = None,
        texts: bool = True,
        by: By | None = None,
        distinct: bool = False,
        without: Texts | None = None,
    ) -> Report: ...
    @command("export", for_="--for")
    def export(
        self,
        table: TableName | Literal["weights"],
        *,
        format: FormatName | None = None,
        out: PathText | None = None,
        job: str | None = None,
        for_: Literal["dsl"] | None = None,
        codebook: str | None = None,
        kwic: bool = False,
        by: By | None = None,
        distinct: bool = False,
        without: Texts | None = None,
    ) -> bytes:
        """Returns the bytes of a file, or writes the file *out*. `table` returns a table."""

    @command("code", for_="--for")
    def label(
        self,
        codebook: Codebook | None = None,
        *,
        n: int | None = None,
        within: float | None = None,
        per: str | None = None,
        coder: str | None = None,
        seed: int = 1,
        file: PathText | ArrowFrame | None = None,
        out: PathText | None = None,
        for_: str | None = None,
        serve: bool = False,
        port: int = 8767,
        find: str | None = None,
        recall: float = 0.95,
        doubles: float = 0.2,
    ) -> str | CodingPage:
        """Read what people coded: a table of `sample` or a *file*. *serve* lets them code."""

    @command("pack", authors="--author")
    def pack(
        self,
        *,
        out: PathText | None = None,
        texts: bool = False,
        coders: bool = False,
        title: str | None = None,
        authors: Texts | None = None,
        license: str | None = None,
    ) -> PackFile: ...
    @command("events")
    def events(
        self,
        *,
        new: bool = False,
    ) -> list[dict[str, Any]]: ...
    @command("pause")
    def pause(
        self,
        *,
        all: bool = False,
    ) -> None: ...
    @command("resume")
    def resume(
        self,
        *,
        all: bool = False,
        max_calls: int | None = None,
        max_cost: str | None = None,
    ) -> None: ...
    @command("retry")
    def retry(
        self,
        jobs: Texts = (),
    ) -> None: ...
    @command("cancel")
    def cancel(
        self,
    ) -> None: ...
