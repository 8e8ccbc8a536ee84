"""Who may use the page: links with tokens, and requests that no foreign page can make."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from core.errors import BadInput
from core.settings import write_private

T = TypeVar("T")

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")

KEY_FILE = "coding-links.key"
_KEY_BYTES = 32
_TOKEN_BYTES = 16

# Nothing on the page comes from elsewhere, goes elsewhere, or is shown within another page.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "tidings",
}


def read_link_key(home: Path) -> bytes:
    """Return the secret of this home from which tokens are made; make it if there is none.

    Since it is kept, a server that is started again has the same links, and open pages go on.
    """
    path = home / KEY_FILE
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        key = secrets.token_bytes(_KEY_BYTES)
        home.mkdir(parents=True, exist_ok=True)
        write_private(path, key.hex())
    except (OSError, ValueError):
        key = b""

    if len(key) != _KEY_BYTES:
        raise BadInput(f"{path} cannot be read as a key: delete it, and links are made anew")

    return key


def make_token(key: bytes, run_id: int, codebook_hash: bytes, desk: str) -> str:
    """Return the token of 128 bits that opens a *desk*, which is a coder or the decisions."""
    subject = b"\0".join((f"{run_id}".encode(), codebook_hash, desk.encode()))
    digest = hmac.digest(key, subject, hashlib.sha256)[:_TOKEN_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def find_by_token(desks: Mapping[str, T], token: str) -> T | None:
    """Return the desk of a *token*; the time that it takes says nothing of tokens."""
    opened: T | None = None
    for known, desk in desks.items():
        if hmac.compare_digest(known.encode(), token.encode(errors="replace")):
            opened = desk

    return opened


def is_own_host(host: str) -> bool:
    """Whether the header Host names this machine's loopback: another name was made to lead here."""
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        return host in LOOPBACK_NAMES

    return name in LOOPBACK_NAMES and port.isascii() and port.isdigit()


def is_own_origin(origin: str | None, host: str) -> bool:
    """Whether the page that sends a request was served from *host* itself."""
    return origin == f"http://{host}"
