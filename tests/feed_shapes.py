"""Forty feeds in the shapes that the wild has, and what is to be read of each; all made up."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from html import escape

XML = "application/xml"
RSS_TYPE = "application/rss+xml; charset=utf-8"
DATE = "Tue, 01 Dec 2026 08:30:00 GMT"
TIME = "2026-12-01T08:30:00"
CYRILLIC = "Новости дня: правительство обещает новые дороги"


@dataclass(frozen=True)
class Shape:
    """A feed, and its stories: headline without its full stop, path, and time (None: no date)."""

    name: str
    body: bytes
    stories: tuple[tuple[str, str | None, str | None], ...]
    content_type: str = RSS_TYPE
    outlet: str = "The Post"
    remark: str = ""


def channel(*items: str, title: str = "The Post", head: str = '<?xml version="1.0"?>') -> str:
    return (
        f'{head}<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0">'
        f"<channel><title>{title}</title><link>/</link>{''.join(items)}</channel></rss>"
    )


def item(title: str | None = "Tide turns", date: str | None = DATE, **fields: str) -> str:
    fields = {"link": "/a", **fields}
    inner = "" if title is None else f"<title>{title}</title>"
    inner += "" if date is None else f"<pubDate>{date}</pubDate>"
    inner += "".join(f"<{tag}>{text}</{tag.split()[0]}>" for tag, text in fields.items() if text)
    return f"<item>{inner}</item>"


def atom(*entries: str, version: str = "1.0", base: str = "") -> str:
    space = {"1.0": "http://www.w3.org/2005/Atom", "0.3": "http://purl.org/atom/ns#"}[version]
    return (
        f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="{space}" version="{version}"{base}>'
        f"<title>The Post</title>{''.join(entries)}</feed>"
    )


def entry(title: str, date: str = f"<updated>{TIME}Z</updated>", link: str = "/a") -> str:
    return f'<entry>{title}<id>tag:post.example,2026:{link}</id><link href="{link}"/>{date}</entry>'


def rdf(date: str) -> str:
    return (
        '<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<channel rdf:about="/"><title>The Post</title><link>/</link></channel>'
        f'<item rdf:about="/a"><title>Tide turns</title><link>/a</link>{date}</item></rdf:RDF>'
    )


def json_feed(version: str = "1.1", **fields: object) -> bytes:
    first = {"id": "1", "url": "/a", "title": "Tide turns", "date_published": f"{TIME}Z"} | fields
    feed = {"version": f"https://jsonfeed.org/version/{version}", "title": "The Post"}
    return json.dumps({**feed, "items": [first]}).encode()


def as_shape(
    name: str,
    text: str | bytes,
    title: str | None = "Tide turns",
    path: str | None = "/a",
    time: str | None = TIME,
    **more: str,
) -> Shape:
    body = text if isinstance(text, bytes) else text.encode()
    stories = () if title is None else ((title, path, time),)
    return Shape(name, body, stories, **more)  # type: ignore[arg-type]


_PLAIN = channel(item())
_MARKUP = '<div><script>alert("x")</script>Tide <b onclick="x()">turns</b><br></div>'
_LINKS = '<link rel="self" href="/feed"/><link rel="alternate" href="/a"/>'

SHAPES = (
    as_shape("rss 0.91", _PLAIN.replace("2.0", "0.91")),
    as_shape("rss 0.92", _PLAIN.replace("2.0", "0.92"), content_type=XML),
    as_shape("rss 2.0", _PLAIN),
    as_shape("rss without version", _PLAIN.replace(' version="2.0"', "")),
    as_shape("rss 1.0 with a date of Dublin Core", rdf(f"<dc:date>{TIME}+00:00</dc:date>")),
    as_shape("rss 1.0 without dates", rdf(""), time=None),
    as_shape("atom 1.0", atom(entry("<title>Tide turns</title>"))),
    as_shape(
        "atom 0.3",
        atom(entry("<title>Tide turns</title>", f"<issued>{TIME}Z</issued>"), version="0.3"),
    ),
    as_shape(
        "atom, title in xhtml",
        atom(
            entry(
                '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Tide <b>turns</b>'
                "</div></title>"
            )
        ),
    ),
    as_shape(
        "atom, title in html",
        atom(entry('<title type="html">Tide &lt;b&gt;turns&lt;/b&gt;</title>')),
    ),
    as_shape(
        "atom, text that looks like markup",
        atom(entry("<title>How to write &lt;b&gt; in HTML</title>")),
        "How to write <b> in HTML",
    ),
    as_shape(
        "atom, several links",
        atom(
            f"<entry><title>Tide turns</title><id>1</id>{_LINKS}<updated>{TIME}Z</updated></entry>"
        ),
    ),
    as_shape(
        "atom, a base of its own",
        atom(entry("<title>Tide turns</title>", link="a"), base=' xml:base="/news/"'),
        path="/news/a",
    ),
    as_shape(
        "atom, published and updated",
        atom(
            entry(
                "<title>Tide turns</title>",
                f"<updated>2026-12-01T11:00:00Z</updated><published>{TIME}Z</published>",
            )
        ),
    ),
    as_shape("json feed 1.0", json_feed("1"), content_type="application/json"),
    as_shape("json feed 1.1", json_feed(), content_type="application/feed+json"),
    as_shape(
        "json feed, a post without a title",
        json_feed(title=None, content_html="<p>Tide &amp; turn</p>"),
        "Tide & turn",
        content_type="application/feed+json",
    ),
    as_shape("title in cdata", channel(item("<![CDATA[Tide turns]]>"))),
    as_shape("markup in cdata", channel(item(f"<![CDATA[{_MARKUP}]]>"))),
    as_shape("markup escaped", channel(item(escape(_MARKUP)))),
    as_shape("entities", channel(item("AT&amp;T &#8211; it&#39;s")), "AT&T – it's"),
    as_shape("entities escaped twice", channel(item("AT&amp;amp;T")), "AT&T"),
    as_shape("an entity of html", channel(item("Caf&eacute; opens")), "Café opens"),
    as_shape("a bare ampersand", channel(item("Tide & turn")), "Tide & turn"),
    as_shape(
        "a guid that is the address",
        channel(item(link="", guid="http://post.example/g")),
        path="http://post.example/g",
    ),
    as_shape(
        "a guid that is none",
        channel(item(**{"link": "", 'guid isPermaLink="false"': "x1"})),
        path=None,
    ),
    as_shape("no guid, no address", channel(item(link="")), path=None),
    as_shape(
        "an address of feedburner",
        channel(item(link="http://feeds.example/~r/1", **{"feedburner:origLink": "/a"})),
    ),
    as_shape("an address with blanks around", channel(item(link="\n  /a\n"))),
    as_shape("no date", channel(item(date=None)), time=None),
    as_shape("a date of 1970", channel(item(date="Thu, 01 Jan 1970 00:00:00 GMT")), time=None),
    as_shape("a date of next year", channel(item(date="Wed, 01 Dec 2027 08:30:00 GMT")), time=None),
    as_shape("a date in German", channel(item(date="1. Dezember 2026 08:30"))),
    as_shape("a date in New York", channel(item(date="Tue, 01 Dec 2026 03:30:00 EST"))),
    as_shape("a date without seconds", channel(item(date="Tue, 1 Dec 2026 08:30 +0000"))),
    as_shape("no title", channel(item(None, description="&lt;p&gt;Tide turns&lt;/p&gt;"))),
    as_shape("no title and no text", channel(item(None)), None),
    as_shape("a byte order mark", b"\xef\xbb\xbf" + _PLAIN.encode()),
    as_shape("blanks before the declaration", f"\n\n{_PLAIN}"),
    as_shape("utf-16", _PLAIN.encode("utf-16"), content_type=XML),
    as_shape(
        "latin 1, declared",
        channel(item("Café öffnet"), head='<?xml version="1.0" encoding="iso-8859-1"?>').encode(
            "cp1252"
        ),
        "Café öffnet",
        content_type=XML,
    ),
    as_shape(
        "utf-8, declared as latin 1",
        channel(item("Café öffnet"), head='<?xml version="1.0" encoding="iso-8859-1"?>'),
        "Café öffnet",
        content_type="text/xml; charset=iso-8859-1",
    ),
    as_shape(
        "windows-1251, declared as utf-8",
        channel(item(CYRILLIC), head='<?xml version="1.0" encoding="utf-8"?>').encode("cp1251"),
        CYRILLIC,
        remark="its letters were read as windows-1251, by a guess",
    ),
    as_shape(
        "windows-1252, declared as utf-8",
        channel(item("Café öffnet")).encode("cp1252"),
        "Café öffnet",
        remark="its letters were read as windows-1252, by a guess",
    ),
    as_shape("packed", gzip.compress(_PLAIN.encode()), content_type="application/x-gzip"),
    as_shape("declared as a web page", _PLAIN, content_type="text/html"),
    as_shape("an outlet with markup", channel(item(), title="&lt;b&gt;The Post&lt;/b&gt;")),
    as_shape("no outlet", channel(item(), title=""), outlet="127.0.0.1"),
)
