"""Made-up WARC files."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

PAGE = """<!doctype html><html lang="en-GB"><head>
<title>Ebb &amp; Flow</title>
<meta property="og:title" content="Ebb &amp; Flow of the Sea">
<meta property="article:published_time" content="2024-05-06T10:11:12+02:00">
<meta property="article:section" content="Coast">
<meta property="article:tag" content="Tides">
<meta name="description" content="The sea went out.">
</head><body><h1>Ebb &amp; Flow of the Sea</h1><p>It did.</p></body></html>"""


@dataclass(frozen=True)
class Answer:
    """A record of a server's answer."""

    address: str = "https://news.tides.co.uk/ebb"
    body: str | bytes = PAGE
    status: str = "200 OK"
    content_type: str | None = "text/html; charset=utf-8"
    kind: str = "response"
    encoding: str | None = None


def write(path: Path, answers: Iterable[Answer], *, packed: bool = True) -> Path:
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=packed)
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "a test"}))
        for answer in answers:
            headers = [("Content-Type", answer.content_type)] if answer.content_type else []
            if answer.encoding:
                headers.append(("Content-Encoding", answer.encoding))

            body = answer.body if isinstance(answer.body, bytes) else answer.body.encode()
            record = writer.create_warc_record(
                answer.address,
                answer.kind,
                payload=io.BytesIO(body),
                length=len(body),
                http_headers=StatusAndHeaders(answer.status, headers, protocol="HTTP/1.1"),
            )
            writer.write_record(record)

    return path


def titled(title: str, head: str = "") -> str:
    return f"<html><head><title>{title}</title>{head}</head><body><p>Text.</p></body></html>"
