"""Addresses of the open web: asked politely, within bounds, and not from inside a network.

Each host has a rate limit of its own, at which its robots.txt and its redirects count, too.
"""

from __future__ import annotations

import asyncio
import codecs
import io
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from core.addresses import check_http_address
from core.errors import ServiceError, ServiceRefused
from sources.base import LONGEST_ADDRESS

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from core.service_client import ServiceAnswer, ServiceClient

SERVICE = "feeds"
AGENT = "Tidings"

#: Longer answers are not read: 10,000 items have some 6 MB, a news sitemap has 1,000 at most.
LONGEST_BODY = 16 * 2**20
#: A longer robots.txt is read up to here (RFC 9309, section 2.5).
_LONGEST_ROBOTS = 500 * 2**10
_MOST_REDIRECTS = 5
_MOVED = frozenset({301, 302, 303, 307, 308})
_PERMANENTLY = frozenset({301, 308})
_EXPECTED = frozenset({HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}) | _MOVED
# A site that asks for a longer delay between two requests is asked after this one.
_LONGEST_DELAY = 10.0

_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.-]{1,30})")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.-]{1,30})", re.IGNORECASE)
# Other names of Python's codecs are no charsets of pages, and some are slow.
_KNOWN_CHARSET = re.compile(
    r"utf-?16([lb]e)?|iso-?8859-?\d{1,2}|(windows-?|cp)12\d\d|koi8-[ru]|gb(k|2312|18030)|big5"
    r"|shift_jis|euc-(jp|kr)|iso-2022-jp",
    re.IGNORECASE,
)
# Letters of Latin languages beyond ASCII stand alone or in pairs, Cyrillic ones in words.
_CYRILLIC_WORD = re.compile(rb"[\xa8\xb8\xc0-\xff]{4,}")
_HIGH_BYTES = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address gave; *body* is None where it has not changed."""

    body: bytes | None
    headers: Mapping[str, str]

    #: The address of the answer, behind all redirects.
    address: str

    #: The address to ask the next time: behind the redirects that are permanent.
    permanent: str


@dataclass(slots=True)
class PoliteClient:
    """Fetches what a user has named (*subject*) and what that leads to."""

    subject: str
    client_of: Callable[[str], ServiceClient]
    _robots: dict[str, RobotFileParser] = field(default_factory=dict)

    async def fetch(
        self, address: str, validators: Mapping[str, str] | None = None, longest: int = LONGEST_BODY
    ) -> Fetched:
        """Return what *address* gives, behind at most five redirects.

        *validators* are the headers that make the answer short if nothing has changed; their key
        "address" says of what. Raises `ServiceRefused` for what is not to be asked again as it is,
        and what the client raises.
        """
        permanent, are_permanent = address, True
        for _ in range(_MOST_REDIRECTS + 1):
            await self._check(address)
            headers = {"User-Agent": AGENT}
            if validators and validators.get("address") == address:
                headers |= {name: text for name, text in validators.items() if name != "address"}

            body = _BoundedBody(longest)
            answer = await self._ask(address, headers, body)
            if answer.status not in _MOVED:
                is_same = answer.status == HTTPStatus.NOT_MODIFIED
                content = None if is_same else body.getvalue()
                return Fetched(content, answer.headers, address, permanent)

            address = _join(address, answer.headers.get("location", ""))
            are_permanent = are_permanent and answer.status in _PERMANENTLY
            permanent = address if are_permanent else permanent

        raise _refused(f"it was redirected more than {_MOST_REDIRECTS} times, at last to {address}")

    async def check_robots(self, address: str) -> None:
        """Raise `ServiceRefused` if the host's robots.txt keeps us from *address*.

        One that is not there allows all, one that cannot be had allows nothing (RFC 9309).
        """
        origin = _origin(address)
        if origin not in self._robots:
            self._robots[origin] = await self._read_robots(origin)

        if not self._robots[origin].can_fetch(AGENT, address):
            raise _refused(f"{origin}/robots.txt does not allow {address}")

    async def _read_robots(self, origin: str) -> RobotFileParser:
        parser = RobotFileParser()
        try:
            fetched = await self.fetch(f"{origin}/robots.txt", longest=_LONGEST_ROBOTS)
        except ServiceRefused as error:
            if error.status is None:
                raise

            parser.parse([])
            return parser

        text = (fetched.body or b"").decode("utf-8", "replace")
        parser.parse(text.removeprefix("\ufeff").splitlines())
        return parser

    async def _ask(
        self, address: str, headers: Mapping[str, str], body: _BoundedBody
    ) -> ServiceAnswer:
        from aiohttp import ClientTimeout  # noqa: PLC0415 - 0.1 s that the command line's help saves

        from core.service_client import RetryPolicy  # noqa: PLC0415 - as above

        origin = _origin(address)
        client = replace(
            self.client_of(address),
            base_url=origin,
            timeout=ClientTimeout(total=60, connect=10, sock_read=20),
            # The next look is another attempt, and who waits for a dead host is the whole run.
            retry_policy=RetryPolicy(attempts=2),
            default_advice="is the address still right?",
        )
        path = address[len(origin) :].partition("#")[0]
        slash = "" if path.startswith("/") else "/"
        answer = await client.get(slash + path, into=body, headers=headers, expected=_EXPECTED)

        robots = self._robots.get(origin)
        delay = robots.crawl_delay(AGENT) if robots is not None else None
        if delay is not None:
            await client.limiter.open_circuit(min(float(delay), _LONGEST_DELAY))

        return answer

    async def _check(self, address: str) -> None:
        """Raise `ServiceRefused` for what is no address, and for one that others may not choose.

        A name may have another address when it is asked for: this keeps a redirect from a server
        behind our own walls, and not the owner of a name's server.
        """
        host = host_of_address(address)
        if host is None or len(address) > LONGEST_ADDRESS:
            raise _refused(f"{address[:200]!r} is no address of a page")
        if host != host_of_address(self.subject) and await _is_internal(host):
            raise _refused(f"it leads to {host}, which is inside a network")


class _BoundedBody(io.BytesIO):
    """The body of an answer, which could be without an end."""

    def __init__(self, longest: int) -> None:
        super().__init__()
        self._longest = longest

    def write(self, data: ReadableBuffer) -> int:
        """Write *data*. Raises `ServiceRefused` where the body gets too long."""
        if self.tell() + memoryview(data).nbytes > self._longest:
            raise _refused(f"its answer has more than {self._longest:,} bytes")

        return super().write(data)


def host_of_address(address: str) -> str | None:
    """Return the name of the host of a page, without its port; None for any other text."""
    try:
        return urlsplit(check_http_address(address)).hostname
    except ValueError:
        return None


def decode_body(body: bytes, content_type: str = "") -> tuple[str, str | None]:
    """Return the text of a page or feed, and a remark where its bytes are not what it declares.

    What is valid UTF-8 is nothing else, whatever it declares; Latin 1 is Windows-1252, as browsers
    have it.
    """
    for bom, charset in _BOMS.items():
        if body.startswith(bom):
            return body[len(bom) :].decode(charset, "replace"), None

    declared = _DECLARED.match(body)
    in_header = _CHARSET.search(content_type)
    charsets = [declared[1].decode() if declared else "", in_header[1] if in_header else ""]
    known = [charset for charset in charsets if _KNOWN_CHARSET.fullmatch(charset)]
    first = known if b"\x00" in body[:4] or b"\x1b" in body else []
    for charset in (*first, "utf-8", *known):
        is_latin_1 = re.fullmatch(r"iso-?8859-?1", charset, re.IGNORECASE)
        try:
            return body.decode("cp1252" if is_latin_1 else charset), None
        except (UnicodeDecodeError, LookupError):
            continue

    in_words = sum(map(len, _CYRILLIC_WORD.findall(body)))
    charset = "windows-1251" if 2 * in_words > len(_HIGH_BYTES.findall(body)) else "windows-1252"
    return body.decode(charset, "replace"), f"its letters were read as {charset}, by a guess"


async def _is_internal(host: str) -> bool:
    """Return whether a host is one of our own network; one without an address is not."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False

    numbers = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    return not all(number.is_global for number in numbers)


def _join(address: str, location: str) -> str:
    """Return where a redirect leads; a location that is none stays as it is, and is refused."""
    try:
        return urljoin(address, location.strip())
    except ValueError:
        return location


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _refused(reason: str) -> ServiceError:
    return ServiceRefused(reason, service=SERVICE)
