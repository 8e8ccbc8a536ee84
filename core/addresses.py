"""Addresses of services, checked when settings are read and shown without passwords."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

_SQLITE = "sqlite:///"
_ENCODE = "its password must be percent-encoded, %40 for @, %2F for /"


def check_http_address(url: str) -> str:
    """Return *url* if it is the address of an HTTP service. Raises ValueError, without the url."""
    scheme = url.partition("://")[0].lower()
    if scheme not in {"http", "https"} or not _has_host(url) or any(map(str.isspace, url)):
        raise ValueError("it is no address: write http://HOST:PORT or https://HOST")

    return url


def check_redis_address(url: str) -> str:
    """Return *url* if it is an address of Redis. Raises ValueError, without the url."""
    scheme = url.partition("://")[0]
    if scheme == "unix" and len(url) > len("unix://"):
        return url
    if scheme not in {"redis", "rediss"} or not _has_host(url):
        raise ValueError("it is no address of Redis: write redis://:PASSWORD@HOST:PORT/0")
    if "@" in url and "@" not in urlsplit(url).netloc:
        raise ValueError(_ENCODE)

    return url


def check_database_address(url: str) -> str:
    """Return *url* unless it hides a password badly. Raises ValueError, without the url."""
    userinfo = _split(url)[1]
    if not url.startswith("sqlite") and ("@" in userinfo or not _has_port(url)):
        raise ValueError(_ENCODE if "@" in userinfo else "its port is no number up to 65535")

    return url


def sqlite_address(path: str) -> str:
    """Return the address of the SQLite database in the file *path*, whatever its name."""
    return _SQLITE + path.replace("%", "%25").replace("?", "%3F")


def sqlite_path(url: str) -> str | None:
    """Return the file of a SQLite database; None for another database, or one in memory."""
    path = url.removeprefix(_SQLITE).partition("?")[0]
    return unquote(path) if path and url.startswith(_SQLITE) else None


def without_password(url: str) -> str:
    """Return *url* to be shown: with its user's name, without password and query.

    A password may hold a plain "@" or "/": all before the last "@" can be part of it.
    """
    if url.startswith("sqlite"):
        return url

    scheme, userinfo, location = _split(url)
    # This is a password, or a query that holds one.
    if "?" in userinfo:
        return f"{scheme}://…"

    user, colon, _ = userinfo.partition(":")
    shown_user = f"{user}@" if user and colon and "@" not in user else ""
    return f"{scheme}://{shown_user}{location.partition('?')[0]}"


def _split(url: str) -> tuple[str, str, str]:
    """Return the scheme, user and password as they stand, and all behind them."""
    scheme, _, remainder = url.partition("://")
    userinfo, _, location = remainder.rpartition("@")
    return scheme, userinfo, location


def _has_host(url: str) -> bool:
    return _has_port(url) and bool(urlsplit(f"//{_split(url)[2]}").hostname)


def _has_port(url: str) -> bool:
    """Return whether host and port can be separated, and the port, if there is one, is valid."""
    try:
        return urlsplit(f"//{_split(url)[2]}").port is not False
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Return whether *host* is this machine itself, by name or number."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
