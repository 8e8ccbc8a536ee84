"""A report: its page and its pictures."""

from __future__ import annotations

import re
import webbrowser
from difflib import get_close_matches
from html import escape
from pathlib import Path

from tidings.displays import inline_page
from tidings.errors import TidingsError

_FIGURE_FILE = re.compile(r"(?P<name>.+)-[0-9a-f]{12}\.svg")


class Figure:
    """A picture of a report."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"figure {self.path}"

    def _repr_mimebundle_(
        self,
        include: object = None,  # noqa: ARG002 - the names are IPython's
        exclude: object = None,  # noqa: ARG002
    ) -> dict[str, str]:
        picture = self.path.read_text(encoding="utf-8")
        return {"image/svg+xml": picture, "text/plain": repr(self)}


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
        return f"<p>{page}</p>{inline_page(self.page)}"

    def open(self) -> None:
        """Open the page in a browser."""
        webbrowser.open(self.page.resolve().as_uri())

    @property
    def figures(self) -> list[str]:
        """The names of the pictures."""
        return sorted(self._figure_files())

    def figure(self, figure: str) -> Figure:
        """Return a picture by its name, or by the end of its name where one picture has it.

        Where several have it, it is the one that compares the subjects. Raises `TidingsError`.
        """
        files = self._figure_files()
        ending = [full_name for full_name in files if full_name.endswith(f"-{figure}")]
        for full_name in (figure, f"compared-{figure}", *(ending if len(ending) == 1 else ())):
            if full_name in files:
                return Figure(files[full_name])

        names = ", ".join(ending or get_close_matches(figure, files) or sorted(files))
        raise TidingsError(f"the report has no figure {figure}: it is one of {names}")

    def _figure_files(self) -> dict[str, Path]:
        """Return the file of each picture by its name."""
        folder = self.page.parent / "figures"
        if not folder.is_dir():
            raise TidingsError(f"{folder} is not on this machine: copy the report here")

        files = {}
        for path in sorted(folder.iterdir()):
            if match := _FIGURE_FILE.fullmatch(path.name):
                files[match["name"]] = path

        return files
