"""Text that every database stores."""

from __future__ import annotations

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def make_storable(text: str) -> tuple[str, int]:
    """Replace NUL and lone surrogates, which no database stores, by U+FFFD and count them."""
    return _UNSTORABLE.subn("\ufffd", text)
