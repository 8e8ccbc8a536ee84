"""Secrets are taken out of all that services answer, where it enters and before anything reads it.

A service may quote the key that it was sent, in the words of an error, in a header or in the name
of a model, and write it in the ways of URLs, JSON, HTML and Basic authentication.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, BinaryIO
from urllib.parse import unquote

# A shorter secret is a word, which texts and names may have: local servers want keys such as
# "ollama" and "EMPTY". NIST SP 800-63B asks for 8 characters of a secret that a person chooses.
SHORTEST_IN_CONTENT = 8

_MASK = b"***"

# A letter may be written as an escape of JSON, URLs or HTML, and the escape by another one.
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}|&#?\w|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}")
_JSON_ESCAPE = re.compile(r"\\+(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([/\\\"]))")
_MOST_LAYERS = 4

# JSON has one of these where an escape may hide a letter: its own, one of a text, or UTF-16.
_MAY_HIDE = re.compile(rb"\\u|\\x|%[0-9A-Fa-f]{2}|&#?\w|\x00")

# The same for letters of ASCII, of which keys are: curly quotes, which most texts have, hide none.
_MAY_HIDE_ASCII = re.compile(rb"\\u00[2-7]|\\x[2-7]|%[2-7][0-9A-Fa-f]|&#|&amp;|\x00")

# A byte is written with so many at the most, as in &#x0002f; of HTML.
_LONGEST_BYTE = 9


def redact(words: str, secrets: Iterable[str]) -> str:
    """Return a service's *words* without *secrets*, of whatever length."""
    pattern = _pattern_of(tuple(filter(None, secrets)))
    if pattern is None:
        return words

    redacted = plain = _mask(words, pattern)
    for _ in range(_MOST_LAYERS):
        if not _ESCAPE.search(plain):
            break

        plain = _decode(plain)
        if (found := _mask(plain, pattern)) != plain:
            redacted = plain = found

    return redacted


def load_json(content: bytes, secrets: Iterable[str]) -> Any:
    """Return the JSON of an answer without those *secrets* that are no words.

    Raises `ValueError` and `RecursionError`.
    """
    content_secrets = secrets_in_content(secrets)
    redacted = redact_content(content, content_secrets)
    value = json.loads(redacted)
    may_hide = _MAY_HIDE_ASCII if all(map(str.isascii, content_secrets)) else _MAY_HIDE
    return _redact_value(value, content_secrets) if may_hide.search(redacted) else value


def _redact_value(value: Any, secrets: tuple[str, ...]) -> Any:
    """Return a JSON *value* whose texts and names hold none of *secrets*."""
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, list):
        return [_redact_value(element, secrets) for element in value]
    if isinstance(value, dict):
        return {
            redact(name, secrets): _redact_value(element, secrets)
            for name, element in value.items()
        }

    return value


def _mask(words: str, pattern: re.Pattern[bytes]) -> str:
    masked = pattern.sub(_MASK, words.encode(errors="surrogatepass"))
    return masked.decode(errors="surrogatepass")


def _decode(words: str) -> str:
    """Return *words* without one layer of escapes."""
    plain = _JSON_ESCAPE.sub(_decode_json, words)
    return html.unescape(unquote(plain, errors="surrogateescape"))


def _decode_json(escape: re.Match[str]) -> str:
    return escape[3] or chr(int(escape[1] or escape[2], 16))


def redact_content(content: bytes, secrets: Iterable[str]) -> bytes:
    """Return the *content* of an answer without those *secrets* that are no words."""
    pattern = _pattern_of(secrets_in_content(secrets))
    return content if pattern is None else pattern.sub(_MASK, content)


class RedactedFile:
    """Writes the chunks of an answer to a file, without secrets that may go across chunks."""

    def __init__(self, file: BinaryIO, secrets: Iterable[str]) -> None:
        self._file = file
        redacted_secrets = secrets_in_content(secrets)
        self._pattern = _pattern_of(redacted_secrets)
        longest = max((len(secret.encode()) for secret in redacted_secrets), default=0)

        # What is held back is as long as a secret can be, so that none begins before it and ends
        # in what is not read yet.
        self._held_length = _LONGEST_BYTE * longest
        self._held = b""

    def write(self, chunk: bytes) -> None:
        """Write what came before, and hold back the end of *chunk*."""
        if self._pattern is None:
            self._file.write(chunk)
            return

        redacted = self._pattern.sub(_MASK, self._held + chunk)
        written = max(0, len(redacted) - self._held_length)
        self._file.write(redacted[:written])
        self._held = redacted[written:]

    def finish(self) -> None:
        """Write what was held back."""
        self._file.write(self._held)
        self._held = b""


def secrets_in_content(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return those of *secrets* that are no words."""
    return tuple(secret for secret in secrets if len(secret) >= SHORTEST_IN_CONTENT)


@lru_cache(maxsize=64)
def _pattern_of(secrets: tuple[str, ...]) -> re.Pattern[bytes] | None:
    """Return a pattern of the forms in which a service may write *secrets*; None without any."""
    forms: list[bytes] = []
    # A secret that holds another comes first.
    for secret in sorted(set(secrets), key=len, reverse=True):
        forms.append(b"".join(map(_byte_forms, secret.encode())))
        forms += _base64_forms(secret.encode())

    return re.compile(b"|".join(forms)) if forms else None


def _byte_forms(byte: int) -> bytes:
    """Return a pattern of a byte as it is, or as JSON, URLs and HTML write it.

    Letters and digits are written as they are.
    """
    character = bytes([byte])
    if character.isalnum():
        return character

    named = {ord(" "): rb"|\+", ord("&"): b"|&amp;", ord("<"): b"|&lt;", ord(">"): b"|&gt;"}
    in_json = rf"\\{{1,3}}u00(?i:{byte:02x})".encode()
    in_html = rf"&#0{{0,3}}{byte};|&#[xX]0{{0,3}}(?i:{byte:x});".encode()
    forms = (rb"\\{0,3}" + re.escape(character), in_json, rf"%(?i:{byte:02x})".encode(), in_html)
    return b"(?:" + b"|".join(forms) + named.get(byte, b"") + b")"


def _base64_forms(secret: bytes) -> list[bytes]:
    """Return patterns of the base64 of a secret, alone or behind a name as in ``name:secret``.

    Each of the three places at which it can begin has a form of its own. Characters that hold bits
    of its neighbours are left out.
    """
    if len(secret) < SHORTEST_IN_CONTENT:
        return []

    forms = []
    for offset, first_character in ((0, 0), (1, 2), (2, 3)):
        encoded = b64encode(bytes(offset) + secret)
        last_character = (offset + len(secret)) * 8 // 6
        form = re.escape(encoded[first_character:last_character])
        # The alphabet for URLs has other signs in two places.
        forms.append(form.replace(rb"\+", rb"(?:\+|-|%2B)").replace(b"/", rb"(?:\\?/|_|%2F)"))

    return forms
