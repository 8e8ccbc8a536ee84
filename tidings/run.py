"""A run: its state, its results as tables and pictures, its report, and what people say of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, cast

from tidings.coding import CodingPage
from tidings.commands import By, GroupingName, RunCommands, TableName
from tidings.displays import html_table, link_report
from tidings.errors import TidingsError
from tidings.methods import write_out_types
from tidings.packs import PackFile
from tidings.program import Program
from tidings.report import Figure, Report
from tidings.rows import Rows, check_names, fill_in, pivot_shares
from tidings.tables import (
    FRAME_FILE,
    FRAME_FOLDER,
    ArrowFrame,
    Form,
    convert,
    read_parquet,
    read_sample,
)
from tidings.waiting import Waiting, describe
from tidings.words import Codebook, arguments, join

# `events` ends with this status if there are any.
HAS_EVENTS = 10


class Run(RunCommands):
    """A run of a home, by its *number*."""

    def __init__(self, program: Program, number: int) -> None:
        self.program, self.number = program, number

    def __index__(self) -> int:
        return self.number

    def __repr__(self) -> str:
        return f"run {self.number} of {self.program.name}"

    def _repr_html_(self) -> str:
        status = self.status()
        cost = status["cost"]
        charged = cost and f"{cost['charged']:,.2f} {cost['currency']}"
        lines = {"run": self.number, "name": status["name"], "state": describe(status)}
        lines |= {"calls": f"{status['calls']:,}", "cost": charged}
        shown = [(label, str(text)) for label, text in lines.items() if text is not None]
        return html_table(shown, {"state": link_report(self.program.report_page(self.number))})

    def status(self) -> dict[str, Any]:
        """Return the state of the run, job by job, and what it waits for."""
        status: dict[str, Any] = self.program.run_json(["status", str(self.number)])
        return status

    def wait(self, *, report: bool = True) -> Run:
        """Wait until the run and its report have ended, with a bar of progress; return the run.

        Without *report* the answers are waited for alone. An interruption (Ctrl-C, the notebook's
        stop) leaves the run to the workers: it goes on, and `wait` may be called again. Raises
        `RunFailed` if it does not end as done, and `NoWorker` after a minute in which no worker was
        there. ``await run`` waits too, and lets other coroutines go on.
        """
        Waiting([self], report=report).wait()
        return self

    def __await__(self) -> Generator[Any, None, Run]:
        yield from Waiting([self], report=True).wait_beside().__await__()
        return self

    def table(
        self,
        table: TableName,
        *,
        kwic: bool = False,
        by: By | None = None,
        distinct: bool = False,
        without: str | Sequence[str] | None = None,
        form: Form = "arrow",
    ) -> Any:
        """Return a table of the run: a `pyarrow.Table`, or by *form* a frame of pandas or polars.

        Frames of pandas have periods, categories, and integers that may be missing. The other
        options are those of `export`; ``docs/exports.md`` says what the columns mean.
        """
        content = self.export(
            table, format="parquet", kwic=kwic, by=by, distinct=distinct, without=without
        )
        return convert(read_parquet(content), form)

    def documents(
        self,
        keyword: str | None = None,
        *,
        period: str | None = None,
        outlet: str | Sequence[str] | None = None,
        section: str | Sequence[str] | None = None,
        kind: str | Sequence[str] | None = None,
        form: Form = "pandas",
    ) -> Any:
        """Return the documents of the run, or those that mention a keyword, with their texts.

        *period* is a day, week, month or year ("2020-03"), or two of them ("2020-03..2020-05");
        *outlet*, *section* and *kind* are one name or several. Raises `TidingsError` for a name
        that the documents do not have.
        """
        rows = Rows(self.table("documents"))
        rows.narrow(period, outlet=outlet, section=section, kind=kind)
        if keyword is not None:
            mentions = Rows(self.table("mentions"))
            self._keep_keyword(mentions, keyword)
            rows.keep("document", mentions.texts("document"))

        return convert(rows.table, form)

    def sentences(
        self,
        keyword: str | None = None,
        *,
        name: str | None = None,
        period: str | None = None,
        outlet: str | Sequence[str] | None = None,
        section: str | Sequence[str] | None = None,
        kind: str | Sequence[str] | None = None,
        form: Form = "pandas",
    ) -> Any:
        """Return the sentences that mention a keyword, each once for each keyword.

        With *name* they are those that hold the name of a person, an organization or a place, in
        any of its spellings. The others are those of `documents`.
        """
        rows = Rows(self.table("mentions"))
        rows.narrow(period, outlet=outlet, section=section, kind=kind)
        rows.drop_repeated("document", "keyword", "position")
        if keyword is not None:
            self._keep_keyword(rows, keyword)
        if name is not None:
            rows.hold_name(name, self.table("entities"))

        return convert(rows.table.drop_columns("term"), form)

    def shares(
        self,
        *,
        by: Literal["day", "week", "month", "year"] | None = None,
        group: GroupingName | None = None,
    ) -> Any:
        """Return the share of documents that mention each keyword, as a frame of pandas.

        The rows are periods, or with *group* groups and periods; the columns "share", its 95 %
        interval "low" and "high", the documents "n", those that mention it "matched" and whether
        the period is cut off, "cut_off": each has a column for each keyword.
        """
        series = cast("By", ",".join(filter(None, (by, group))))
        return pivot_shares(self.table("periods", by=series or None, form="pandas"), group)

    def sample(
        self,
        codebook: Codebook | None = None,
        *,
        n: int | None = None,
        within: float | None = None,
        per: Literal["month", "quarter", "year", "all"] | None = None,
        coder: str | None = None,
        seed: int = 1,
        form: Form = "pandas",
    ) -> Any:
        """Draw texts to be coded by a codebook, or without one mentions to be labelled.

        There is a column for each variable, with the codes of *coder*; those of yes-no are
        booleans. `code` and `label` take the frame when it is filled in. The options are those of
        `label`.
        """
        self.program.check_is_here()
        with TemporaryDirectory(prefix=FRAME_FOLDER) as folder:
            path = Path(folder) / FRAME_FILE
            drawing: dict[str, Any] = {"n": n, "within": within, "per": per, "seed": seed}
            self.label(codebook, out=path, coder=coder, **drawing)
            return convert(read_sample(path, self._list_yes_no(codebook)), form)

    def code(
        self,
        codebook: Codebook,
        codes: ArrowFrame | Callable[[str], Any],
        *,
        coder: str | None = None,
        **drawing: Any,
    ) -> str:
        """Store what people say of the sample: a frame of `sample` that is filled in.

        A function gets the text of each of the sample, and returns its code, or a dictionary of
        codes by variable; None says nothing. *drawing* is that of `sample`. It stands for a person,
        on whose codes the estimates rest: a machine codes by ``home.months(coder=...)``. Returns
        how many texts each coder has coded.
        """
        if callable(codes):
            coder = coder or str(getattr(codes, "__name__", "function")).strip("<>")
            sample = self.sample(codebook, form="arrow", coder=coder, **drawing)
            return str(self.label(codebook, file=fill_in(sample, codes), coder=coder))

        return str(self.label(codebook, file=codes, coder=coder))

    def cite(self, authors: Sequence[str] = ()) -> str:
        """Return an entry of BibTeX; *authors* are whom you name, as "Doe, Jane".

        What is to be cited for good is a pack, which others can verify: `pack`.
        """
        run = self.status()
        made = datetime.fromtimestamp(run["created_at"], UTC)
        fields = {
            "author": " and ".join(authors),
            "title": run["name"] or f"Run {self.number}",
            "year": f"{made:%Y}",
            "howpublished": f"{self.program.run_text(['--version'])}, run {self.number}",
            "note": f"Submitted {made:%F}",
        }
        entries = [f"  {field} = {{{text}}},\n" for field, text in fields.items() if text]
        return f"@misc{{tidings-run-{self.number},\n{''.join(entries)}}}"

    def delete(self) -> None:
        """Remove the run, its results and its report; answers of services stay for other runs."""
        self.program.run_text(["forget", str(self.number)])

    def figure(self, figure: str) -> Figure:
        """Return a picture of the run's report, by its name, as "shares" or "virus-polarity"."""
        return self.report().figure(figure)

    def _keep_keyword(self, mentions: Rows, keyword: str) -> None:
        if keyword not in mentions.texts("keyword"):
            check_names("keyword", [keyword], Rows(self.table("periods")).texts("keyword"))

        mentions.keep("keyword", [keyword])

    def _list_yes_no(self, codebook: Codebook | None) -> list[str]:
        """Return the names of a codebook's variables that are answered by yes or no."""
        if codebook is None:
            return []

        listing = self.program.run_json(["codebook", "check", *arguments(codebook)])
        return [part["name"] for part in listing["variables"] if part["type"] == "yes-no"]

    def _call(self, command: str, options: Sequence[str], arguments: Sequence[str]) -> Any:
        words = [command, *join(options, [str(self.number), *arguments])]
        if command == "export":
            return self.program.run(words)
        if command == "events":
            return self.program.run_json(words, statuses=(0, HAS_EVENTS))
        if "--serve" in words:
            return self._serve(words)

        printed = self.program.run_text(words)
        if command == "report":
            return Report(Path(printed))

        if command == "pack":
            return PackFile(Path(printed))

        return printed if command == "code" else None

    def _serve(self, words: Sequence[str]) -> CodingPage:
        if self.program.is_here:
            return CodingPage(self.program, words)

        raise TidingsError(
            "the page would be served on the machine of the command, where no link of it leads "
            "from here, and outlive this notebook: type "
            f"`{shlex.join(['tidings', *words])}` there, or take files: out= writes the sample, "
            "file= reads what was coded"
        )


for _method in (Run.table, Run.documents, Run.sentences, Run.shares, Run.sample, Run.code):
    write_out_types(_method, globals())
