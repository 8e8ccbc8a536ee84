"""The text of a post as people read it."""

from __future__ import annotations

import html
import re
from contextlib import suppress
from html.parser import HTMLParser

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
    r"\bhttps?(?::\S*|\u2026)"  # cut off or not
    r"|\bwww\.\S+|\bpic\.twitter\.com/\S+"
    r"|(?<![\w@./-])(?:[\w-]+\.)+[a-z]{2,}/\S*",  # a host and a path
    re.IGNORECASE,
)
_TRAILING_TAGS = re.compile(r"(?<=[.!?:\u2026\"\u201d)])(?: #\w++)++$")
_DASH_BEFORE = re.compile(r"(?<!\S)([\u2013\u2014])(?=\w)")  # else it becomes part of a name
_MISREAD = re.compile(r"[^\x00-\x7f]{3,12}")  # no script has three that are UTF-8 by chance
_NO_WORDS = re.compile(r"(?:[@#]\w++|[\W_])*+")


def decode_entities(text: str) -> str:
    """Replace ``&amp;`` and its like by their characters, once."""
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


def html_to_text(source: str) -> str:
    """Return the text of an HTML post, with an empty line between paragraphs.

    Elements of class ``invisible`` are dropped: they hold a link's "https://" and its tail, which
    readers never see.
    """
    parser = _Reader()
    parser.feed(source)
    parser.close()
    text = _AROUND_BREAK.sub("\n", _SPACES.sub(" ", "".join(parser.parts)))
    return _BREAKS.sub("\n\n", text).strip()


def words_of_post(text: str) -> str:
    """Return a post's lines without web addresses and the tags that follow its last sentence.

    Punctuation that was read in a wrong encoding is repaired. The result is "" where only tags,
    handles and signs remain.
    """
    kept = []
    for line in _WEB_ADDRESS.sub(" ", _MISREAD.sub(_repair_encoding, text)).split("\n"):
        words = " ".join(_DASH_BEFORE.sub(r"\1 ", line).split())
        sentences = _TRAILING_TAGS.sub("", words)
        if not _NO_WORDS.fullmatch(sentences):
            kept.append(sentences)
    return "\n".join(kept)


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


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._open: list[tuple[str, bool]] = []  # tag, and whether it hides what is in it

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self._close_lost(tag)
            self.parts.append("\n\n")
        elif tag in _LINES:
            self.parts.append("\n")
        if tag not in _VOID:
            classes = (dict(attrs).get("class") or "").split()
            self._open.append((tag, tag in _UNSEEN or "invisible" in classes))

    def handle_endtag(self, tag: str) -> None:
        if any(tag == opened for opened, _ in self._open):
            while self._open.pop()[0] != tag:
                pass
        if tag in _BLOCKS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not any(hidden for _, hidden in self._open):
            self.parts.append(data.replace("\n", " "))

    def _close_lost(self, tag: str) -> None:
        """End the last paragraph: a missing ``</span>`` in it must not hide the rest."""
        if tag == "p" and any(opened == "p" for opened, _ in self._open):
            self.handle_endtag("p")
