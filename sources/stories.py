"""Which stories of a feed or sitemap are one: by the address, however it is decorated, or the id.

What was seen is kept as long as the feed has it, so that a story stays one document when its
address or its id changes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from sources.base import SourceDocument, clean, clean_address, hash_id
from sources.headlines import with_full_stop
from sources.polite import host_of_address
from sources.source import Source

#: A feed's memory holds so many names of stories at least, the last seen last.
_MOST_REMEMBERED = 2000
# Web analytics and the networks on which an address is shared add these, and no page is another
# one by them.
_DECORATION = re.compile(
    r"(utm|at|pk|mtm|piwik|itm|ns|hsa)_\w+|[fgdt]clid|gbraid|wbraid|msclkid|yclid|igshid|igsh"
    r"|mc_[ce]id|_ga|xtor|cmp(id)?|s?cid|smid|smtyp|ocid|echobox|ito|ftag|ref_src|rss",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Story:
    """A document as it was read, with its id in the feed, and whether the feed gave it no time."""

    document: SourceDocument
    guid: str | None = None
    is_undated: bool = False


@dataclass(slots=True)
class SeenStories:
    """The ids of the documents of the stories that were seen, by each name of a story."""

    ids: dict[str, str] = field(default_factory=dict)

    def identify(self, stories: Sequence[Story], host: str) -> list[str]:
        """Return the native id of each story that a feed of *host* has at once; remember them.

        A name that stories of several texts have is a feed's mistake (the address of the home page
        for all of them) and names none.
        """
        all_names = [_names(story, host) for story in stories]
        texts_by_name = {
            (name, story.document.text)
            for story, names in zip(stories, all_names, strict=True)
            for name in names
        }
        counts = Counter(name for name, _ in texts_by_name)
        native_ids = []
        for story, names in zip(stories, all_names, strict=True):
            own = [name for name in names if counts[name] == 1]
            known = (self.ids[name] for name in own if name in self.ids)
            first = own[0] if own else f"text\n{host}\n{story.document.text}"
            native_id = next(known, None) or hash_id(first)
            for name in own:
                # What was seen last stands last.
                self.ids[name] = self.ids.pop(name, native_id)

            native_ids.append(native_id)

        excess = len(self.ids) - max(_MOST_REMEMBERED, 2 * len(stories))
        for name in list(self.ids)[: max(excess, 0)]:
            del self.ids[name]

        return native_ids


def _names(story: Story, host: str) -> list[str]:
    """Return the names of a story: its address, and its id, which may be an address, too."""
    names = []
    if story.document.address:
        names.append(canonical_address(story.document.address))
    if story.guid:
        is_address = host_of_address(story.guid) is not None
        names.append(canonical_address(story.guid) if is_address else f"{host}\n{story.guid}")

    return list(dict.fromkeys(hash_id(name) for name in names))


def canonical_address(address: str) -> str:
    """Return what the addresses of one page have in common: no scheme, decoration or fragment."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        # A port that is no number, or more parameters than are read.
        return address

    kept = [(name, text) for name, text in pairs if not _DECORATION.fullmatch(name)]
    query = f"?{urlencode(kept)}" if kept else ""
    return f"//{parts.hostname}{port}{parts.path or '/'}{query}"


def make_story(
    source: Source,
    raw_text: str,
    address: object,
    published: datetime | None,
    now: datetime,
    *,
    base: str,
    guid: str | None = None,
    **place: Any,
) -> Story:
    """Return a story with its full stop; without a time that can be meant it has that of *now*."""
    terminated = with_full_stop(raw_text)
    text, replaced = clean(terminated)
    moment = source.stored_time(published, now)

    document = SourceDocument(
        source=source.name,
        native_id="",
        text=text,
        full_stop_added=terminated != raw_text,
        published_at=moment or now.replace(microsecond=0),
        address=clean_address(_absolute(base, address)),
        replaced=replaced,
        **place,
    )

    return Story(document, guid, is_undated=moment is None)


def _absolute(base: str, address: object) -> str | None:
    try:
        return urljoin(base, address.strip()) if isinstance(address, str) and address else None
    except ValueError:
        return None
