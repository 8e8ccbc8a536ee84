"""The text of a post as people read it."""

from __future__ import annotations

import html
import re
from contextlib import suppress

#: A longer text in HTML, in characters, is not read.
LONGEST_HTML = 2**20
# Deeper elements are read as if they were at this depth.
_MAX_DEPTH = 100

# No part of it runs past the next "<", so that its time grows with the length alone.
_MARKUP = re.compile(
    r"<(?P<slash>/?)(?P<tag>[A-Za-z][^\s<>/]*+)"
    r"(?P<attributes>(?:[^<>\"']|\"[^\"<]*+\"|'[^'<]*+')*+)>"
    # This part matches comments and declarations.
    r"|<[!?][^<>]*+>?"
)
_CLASS = re.compile(r"(?:^|\s)class\s*=\s*(\"[^\"]*\"|'[^']*'|\S+)", re.IGNORECASE)

# With its semicolon only: `html.unescape` alone would make "¬" of the beginning of "&notable".
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BLOCKS = frozenset(
    {"p", "div", "blockquote", "ul", "ol", "pre", "h1", "h2", "h3", "h4", "h5", "h6"}
)
_LINES = frozenset({"br", "li"})
_VOID = frozenset({"br", "img", "hr", "wbr"})
_UNSEEN = frozenset({"script", "style"})
_SPACES = re.compile(r"[ \t\r\f]+")
_AROUND_BREAK = re.compile(r" ?\n ?")
_BREAKS = re.compile(r"\n{3,}")
_WEB_ADDRESS = re.compile(
    # This part matches an address, cut off or not.
    r"\bhttps?(?::\S*|\u2026)"
    r"|\bwww\.\S+|\bpic\.twitter\.com/\S+"
    # This part matches a host and a path.
    r"|(?<![\w@./-])(?:[\w-]+\.)+[a-z]{2,}/\S*",
    re.IGNORECASE,
)
_TRAILING_TAGS = re.compile(r"(?<=[.!?:\u2026\"\u201d)])(?: #\w++)++$")
# Without a space the dash would become part of a name.
_DASH_BEFORE = re.compile(r"(?<!\S)([\u2013\u2014])(?=\w)")
# No script has three such characters that are UTF-8 by chance.
_MISREAD = re.compile(r"[^\x00-\x7f]{3,12}")
# The handle may be that of any service.
_REPOST = re.compile(r"RT @[\w.@-]+:")
_NO_WORDS = re.compile(r"(?:[@#]\w++|[\W_])*+")


def decode_entities(text: str) -> str:
    """Replace ``&amp;`` and its like by their characters, once."""
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


def is_repost_by_text(text: str) -> bool:
    """Return whether a post begins as those that pass on another one's words: ``RT @name:``."""
    return _REPOST.match(text) is not None


def html_to_text(source: str) -> str:
    """Return the text of an HTML post, with an empty line between paragraphs.

    Elements of class ``invisible`` are dropped: they hold a link's "https://" and its tail, which
    readers never see.
    """
    reader = _HtmlReader()
    reader.read(source)
    text = _AROUND_BREAK.sub("\n", _SPACES.sub(" ", "".join(reader.parts)))
    return _BREAKS.sub("\n\n", text).strip()


def words_of_post(text: str) -> str:
    """Return a post's lines without web addresses and the tags that follow its last sentence.

    Punctuation that was read in a wrong encoding is repaired. The result is "" where only tags,
    handles and signs remain.
    """
    lines = []
    repaired = text if text.isascii() else _MISREAD.sub(_repair_encoding, text)
    # Every address holds one of these, whatever its case.
    if "/" in repaired or "www." in (lowered := repaired.lower()) or "http" in lowered:
        repaired = _WEB_ADDRESS.sub(" ", repaired)

    for line in repaired.split("\n"):
        has_dash = "\u2013" in line or "\u2014" in line
        spaced = " ".join((_DASH_BEFORE.sub(r"\1 ", line) if has_dash else line).split())
        sentences = _TRAILING_TAGS.sub("", spaced) if "#" in spaced else spaced
        if not _NO_WORDS.fullmatch(sentences):
            lines.append(sentences)

    return "\n".join(lines)


def _repair_encoding(misread: re.Match[str]) -> str:
    """Return UTF-8 that was read as Windows-1252, before perhaps as Mac OS Roman, or both again."""
    text = misread[0]
    for _ in range(3):
        with suppress(UnicodeError):
            return text.encode("cp1252").decode()

        try:
            text = text.encode("cp1252").decode("mac_roman")
        except UnicodeError:
            break

    return misread[0]


class _HtmlReader:
    """Collects the text of HTML in one pass.

    The standard library's parser fails at some declarations (``<![ ]>``), and its time grows with
    the square of what is not closed: 100,000 characters of ``<a <a`` take it three minutes.
    """

    def __init__(self) -> None:
        self.parts: list[str] = []
        # Each open tag, and whether it hides its content.
        self._open: list[tuple[str, bool]] = []

    def read(self, source: str) -> None:
        """Read the text and the tags of *source*."""
        end = 0
        for markup in _MARKUP.finditer(source):
            self._add_text(source[end : markup.start()])
            end = markup.end()
            tag = (markup["tag"] or "").lower()
            if markup["slash"]:
                self._end_tag(tag)
            elif tag:
                self._start_tag(tag, markup["attributes"])

        self._add_text(source[end:])

    def _start_tag(self, tag: str, attributes: str) -> None:
        if tag in _BLOCKS:
            self._close_lost(tag)
            self.parts.append("\n\n")
        elif tag in _LINES:
            self.parts.append("\n")

        is_closed = tag in _VOID or attributes.endswith("/")
        if not is_closed and len(self._open) < _MAX_DEPTH:
            classes = _CLASS.search(attributes)
            is_invisible = classes is not None and "invisible" in classes[1].strip("\"'").split()
            self._open.append((tag, tag in _UNSEEN or is_invisible))

    def _end_tag(self, tag: str) -> None:
        if any(tag == opened for opened, _ in self._open):
            while self._open.pop()[0] != tag:
                pass

        if tag in _BLOCKS:
            self.parts.append("\n\n")

    def _add_text(self, source: str) -> None:
        if source and not any(hidden for _, hidden in self._open):
            self.parts.append(html.unescape(source).replace("\n", " "))

    def _close_lost(self, tag: str) -> None:
        """End the last paragraph: a missing ``</span>`` in it must not hide the rest."""
        if tag == "p" and any(opened == "p" for opened, _ in self._open):
            self._end_tag("p")
