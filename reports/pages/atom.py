"""The feed of a run's events, in the Atom format (RFC 4287)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from reports.pages.run_summary import RunSummary
from reports.pages.surprises import ShownEvent
from reports.report_files import INDEX

NAMESPACE = "http://www.w3.org/2005/Atom"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_feed(run: RunSummary, title: str, events: Sequence[ShownEvent], most: int = 100) -> bytes:
    """Return the feed of at *most* so many *events*, the newest first, as they are given.

    An entry keeps its id as long as its run is in the database.
    """
    ET.register_namespace("", NAMESPACE)
    run_id = uuid.uuid5(uuid.NAMESPACE_OID, f"tidings run {run.id} {run.created_at}")
    made = datetime.fromtimestamp(run.ended_at or run.created_at, UTC)
    updated = max((event.at for event in events if event.at is not None), default=made)

    feed = ET.Element(_tag("feed"))
    _add(feed, "id", run_id.urn)
    _add(feed, "title", title)
    _add(feed, "updated", _time(updated))
    _add(ET.SubElement(feed, _tag("author")), "name", "Tidings")
    ET.SubElement(feed, _tag("link"), rel="alternate", href=INDEX)
    for shown_event in events[:most]:
        entry = ET.SubElement(feed, _tag("entry"))
        _add(entry, "id", uuid.uuid5(run_id, shown_event.event.key).urn)
        _add(entry, "title", shown_event.text)
        _add(entry, "updated", _time(shown_event.at or made))
        ET.SubElement(entry, _tag("link"), rel="alternate", href=INDEX)
        ET.SubElement(entry, _tag("category"), term=shown_event.event.measure.name)
        _add(entry, "summary", shown_event.text)

    content: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _tag(tag_name: str) -> str:
    return f"{{{NAMESPACE}}}{tag_name}"


def _add(parent: ET.Element, tag_name: str, text: str) -> None:
    ET.SubElement(parent, _tag(tag_name)).text = _NO_XML.sub("\ufffd", text)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
