"""What is shown in a notebook and in a terminal: tables of figures, pictures, a bar of progress."""

from __future__ import annotations

import base64
import re
import sys
import time
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from tidings.report_server import serve_folder

#: Where no bar can be drawn, progress is written so often.
SECONDS_BETWEEN_LINES = 20.0
BAR_WIDTH = 30

# A picture within a page, which a notebook cannot reach in its folder.
_PICTURE = re.compile(r'\b(src|srcset)="(figures/[^"]+)"')

# A link to another page of the report, and not to a place on the same one.
_LINK = re.compile(r'\bhref="([\w-]+\.html[^"]*)"')

# The page allows pictures of its folder alone. Within a cell its pictures are a part of it, and the
# address by which its links to itself are read is its own, not that of the notebook.
_WITHIN_CELL = {
    "img-src &#39;self&#39; file:": "img-src data:",
    "base-uri &#39;none&#39;": "base-uri about:",
    "<head>": '<head><base href="about:srcdoc">',
}

# It repeats, for all calls, what a plan shows of the calls that are still to be made.
_ALL_OPERATIONS = "needed_by_operation"

# Costs are given in millionths of the currency.
_COSTS = {"cost", "cost_for_half"}
_MILLION = 1_000_000


def html_table(lines: Iterable[tuple[str, str]], links: Mapping[str, str] | None = None) -> str:
    """Return a table of two columns; behind some labels with a link, which is HTML."""
    cells = "".join(
        f"<tr><td style='text-align:left'>{escape(label)}</td>"
        f"<td style='text-align:left'>{escape(text)}{(links or {}).get(label, '')}</td></tr>"
        for label, text in lines
    )
    return f"<table>{cells}</table>"


def text_table(lines: Iterable[tuple[str, str]]) -> str:
    """Return the same table as text."""
    listed = list(lines)
    width = max((len(label) for label, _ in listed), default=0)
    return "\n".join(f"{label:<{width}}  {text}".rstrip() for label, text in listed)


def describe_figures(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a line for each figure of a plan; those of each operation follow the calls to make."""
    lines = []
    for figure_name, figure in figures.items():
        if figure_name == _ALL_OPERATIONS or figure is None:
            continue

        label = figure_name.replace("_", " ")
        if isinstance(figure, Mapping):
            lines.append((label, ""))
            inner_lines = describe_figures(figure)
            lines += [(f"\u2003{part}", text) for part, text in inner_lines]
        elif figure_name in _COSTS:
            lines.append((label, f"{figure / _MILLION:,.2f}"))
        elif isinstance(figure, list):
            lines += [(label.removesuffix("s"), str(remark)) for remark in figure]
        else:
            lines.append((label, _format(figure)))

    return lines


def _format(figure: object) -> str:
    if isinstance(figure, bool):
        return "yes" if figure else "no"
    return f"{figure:,}" if isinstance(figure, int | float) else str(figure)


def inline_page(page: Path) -> str:
    """Return the page of a report with its pictures inside, in a frame for a notebook.

    Its links open in the browser, as long as Python runs.
    """

    def inline_picture(match: re.Match[str]) -> str:
        attribute, file_name = match.groups()
        picture = page.parent / file_name
        content = base64.b64encode(picture.read_bytes()).decode()
        return f'{attribute}="data:image/svg+xml;base64,{content}"'

    html = page.read_text(encoding="utf-8")
    for written, within in _WITHIN_CELL.items():
        html = html.replace(written, within, 1)

    html = _PICTURE.sub(inline_picture, html)
    html = _LINK.sub(rf'href="{serve_folder(page.parent.resolve())}\1" target="_blank"', html)
    return (
        f'<iframe srcdoc="{escape(html)}" style="width:100%;height:36rem;border:1px solid #ccc" '
        'sandbox="allow-popups allow-popups-to-escape-sandbox allow-scripts"></iframe>'
    )


def link_report(page: Path) -> str:
    """Return a link to the page of a report; nothing where there is none."""
    if not page.is_file():
        return ""

    address = f"{serve_folder(page.parent.resolve())}{page.name}"
    return f" <a href='{address}' target='_blank'>report</a>"


class ProgressBar:
    """A bar of progress in a notebook or a terminal; elsewhere a line now and then."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._display = _open_display()
        self._width = 0
        self._share = 0.0
        self._line = ""
        self._next_line_at = time.monotonic() + SECONDS_BETWEEN_LINES

    def update(self, share: float, text: str) -> None:
        """Show that *share* is done, from 0 to 1; a sample that grows takes nothing back."""
        share = self._share = max(self._share, share)
        line = f"{self._subject}: {share:.0%}, {text}"
        if line == self._line:
            return

        self._line = line
        if self._display is not None:
            bar = f"<progress value='{share:.4f}' max='1'></progress>"
            self._display.update(
                {"text/html": f"{bar} {escape(line)}", "text/plain": line}, raw=True
            )
        elif sys.stderr.isatty():
            filled = round(share * BAR_WIDTH)
            shown = f"[{'#' * filled}{' ' * (BAR_WIDTH - filled)}] {line}"
            sys.stderr.write(f"\r{shown:<{self._width}}")
            self._width = len(shown)
            sys.stderr.flush()
        elif time.monotonic() >= self._next_line_at:
            sys.stderr.write(f"{line}\n")
            self._next_line_at = time.monotonic() + SECONDS_BETWEEN_LINES

    def show(self, line: str) -> None:
        """Show a line of progress that gives no share; nothing outside of notebooks and terminals.

        It takes the place of the one before.
        """
        if self._display is not None:
            self._display.update({"text/plain": line}, raw=True)
        elif sys.stderr.isatty():
            sys.stderr.write(f"\r{line:<{self._width}}")
            self._width = max(self._width, len(line))
            sys.stderr.flush()

    def close(self) -> None:
        """End the line of a terminal."""
        if self._display is None and self._width:
            sys.stderr.write("\n")


def _open_display() -> Any:
    """Return a display of the notebook that can be updated; None outside of notebooks."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None

    return ipython.display.display({"text/plain": ""}, raw=True, display_id=True)
