"""Posts from tables of any origin: rows and objects that no service's format recognizes."""

from __future__ import annotations

from datetime import UTC, datetime

from sources.source import Source

SOURCE = Source(
    name="posts",
    label="imported files",
    earliest=datetime(1800, 1, 1, tzinfo=UTC),
    terms="The files name no licence: that of whoever made them holds.",
)
