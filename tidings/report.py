"""A report: its page and its pictures."""

from __future__ import annotations

import re
import webbrowser
from html import escape, unescape
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

from tidings.displays import inline_page, link_report
from tidings.errors import TidingsError, suggest
from tidings.tables import import_library

# A picture is a part of a page; one of pixels has a file.
_FIGURE = re.compile(r'<svg [^>]*data-name="(?P<name>[^"]*)".*?</svg>', re.DOTALL)
# The numbers of a mark, "-" for what it has none of.
_NUMBERS = ("value", "low", "high", "n")
_SVG = "{http://www.w3.org/2000/svg}"

_FIGURE_FILE = re.compile(r"(?P<name>.+)-[0-9a-f]{12}\.svg")


class Figure:
    """A picture of a report, as SVG."""

    def __init__(self, name: str, svg: str) -> None:
        self.name, self.svg = name, svg

    def __repr__(self) -> str:
        return f"figure {self.name}"

    @property
    def data(self) -> Any:
        """The marks of the picture as a frame of pandas: what each shows, and where its texts are.

        *value*, *low* and *high* are a value with its interval, *n* the documents that it counts;
        the columns behind them are arguments of `Run.documents`. *row* names the row of an export.
        """
        root = ET.fromstring(self.svg)  # noqa: S314 - of our own report
        links: dict[ET.Element, dict[str, str]] = {}
        for link in root.iter(f"{_SVG}a"):
            query = dict(parse_qsl(link.get("href", "").partition("#")[2]))
            links |= dict.fromkeys(link.iter(f"{_SVG}g"), query)

        rows = []
        for mark in root.iter(f"{_SVG}g"):
            if "data-row" in mark.attrib:
                written = mark.get("data-values", "").split()
                numbers = [None if number == "-" else float(number) for number in written]
                shown = {"row": mark.get("data-row"), "title": mark.findtext(f"{_SVG}title")}
                rows.append(shown | dict(zip_longest(_NUMBERS, numbers)) | links.get(mark, {}))

        return import_library("pandas").DataFrame(rows)

    def _repr_mimebundle_(
        self,
        include: object = None,  # noqa: ARG002 - the names are IPython's
        exclude: object = None,  # noqa: ARG002
    ) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}


class Report:
    """The report whose first page is *page*."""

    def __init__(self, page: Path) -> None:
        self.page = page

    def __repr__(self) -> str:
        return f"report {self.page}"

    def _repr_html_(self) -> str:
        page = escape(str(self.page))
        if not self.page.is_file():
            return f"<p>{page} (on the machine of the command)</p>"
        return f"<p>{page}{link_report(self.page)}</p>{inline_page(self.page)}"

    def open(self) -> None:
        """Open the page in a browser."""
        webbrowser.open(self.page.resolve().as_uri())

    @property
    def figures(self) -> list[str]:
        """The names of the pictures."""
        return sorted(self._read_figures())

    def figure(self, figure: str) -> Figure:
        """Return a picture by its name, or by the end of its name where one picture has it.

        Where several have it, it is the one that compares the subjects. Raises `TidingsError`.
        """
        svgs = self._read_figures()
        ending = [full_name for full_name in svgs if full_name.endswith(f"-{figure}")]
        of_pairs = [full_name for full_name in svgs if full_name.startswith(f"compared-{figure}-")]
        found = [f"compared-{figure}", *of_pairs[:1], *(ending if len(ending) == 1 else ())]
        for full_name in (figure, *found):
            if full_name in svgs:
                return Figure(full_name, svgs[full_name])

        meant = suggest(figure, ending or sorted(svgs))
        raise TidingsError(f"the report has no figure {figure}: {meant}")

    def __getitem__(self, figure: str) -> Figure:
        """Return a picture by its name, which Tab completes."""
        return self.figure(figure)

    def _ipython_key_completions_(self) -> list[str]:
        return self.figures

    def _read_figures(self) -> dict[str, str]:
        """Return each picture by its name."""
        folder = self.page.parent
        if not folder.is_dir():
            raise TidingsError(f"{folder} is not on this machine: copy the report here")

        svgs = {}
        for path in sorted(folder.glob("*.html")):
            for match in _FIGURE.finditer(path.read_text(encoding="utf-8")):
                svgs[unescape(match["name"])] = match[0]

        for path in sorted(folder.glob("figures/*.svg")):
            if match_of_file := _FIGURE_FILE.fullmatch(path.name):
                svgs[match_of_file["name"]] = path.read_text(encoding="utf-8")

        return svgs
