"""The page on which people code texts in a browser."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from tidings.program import Program

_LINK = re.compile(r"  (?P<coder>.+?) +(?P<link>http://\S+)")

# The last of the links is for those who decide where coders differ.
_LAST = "decisions"


class CodingPage:
    """A page that is served until `close`, or until Python ends; *links* are by coder.

    Each code is stored as it is given: the same page goes on later.
    """

    def __init__(self, program: Program, words: Sequence[str]) -> None:
        self._process = program.start(words)
        self.links: dict[str, str] = {}
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        while _LAST not in self.links and (line := self._process.stdout.readline()):
            if match := _LINK.match(line):
                self.links[match["coder"]] = match["link"]

        if _LAST not in self.links:
            _, remarks = self._process.communicate()
            program.check(words, self._process.returncode, remarks.splitlines(), statuses=())

    def close(self) -> str:
        """End the page; return how much was coded."""
        return self._process.communicate()[0].strip()

    def __repr__(self) -> str:
        return "\n".join(f"{coder}: {link}" for coder, link in self.links.items())

    def _repr_html_(self) -> str:
        links = ""
        for coder, link in self.links.items():
            address = escape(link)
            links += f"<li>{escape(coder)}: <a href='{address}' target='_blank'>{address}</a></li>"

        return f"<ul>{links}</ul>"
