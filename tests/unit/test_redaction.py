"""No secret is left in what a service says, in whatever way it writes it."""

from __future__ import annotations

import html
import json
from base64 import b64encode, urlsafe_b64encode
from io import BytesIO
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.redaction import RedactedFile, load_json, redact, redact_content

KEY = "sk-a/b+c=d&e 0123456789"
FORMS = {
    "as it is": KEY,
    "in a URL": quote(KEY, safe=""),
    "in a path": quote(KEY),
    "in a form": quote_plus(KEY),
    "in a URL in lower case": quote(KEY, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    "in JSON of PHP": KEY.replace("/", r"\/"),
    "in JSON of .NET": KEY.replace("+", r"\u002B").replace("&", r"\u0026"),
    "in JSON within JSON": json.dumps(KEY.replace("/", r"\/")),
    "in HTML": html.escape(KEY),
    "in HTML by numbers": KEY.replace("+", "&#43;").replace("/", "&#x2F;"),
    "alone in base64": b64encode(KEY.encode()).decode(),
    "in base64 of a URL": urlsafe_b64encode(KEY.encode()).decode(),
    "as the password of u": b64encode(f"u:{KEY}".encode()).decode(),
    "as the password of me": b64encode(f"me:{KEY}".encode()).decode(),
    "as the password of api": b64encode(f"api:{KEY}".encode()).decode(),
    "before a line's end in base64": b64encode(f"Bearer {KEY}\n".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_replaced_in_each_form_that_services_write(form: str) -> None:
    words = redact(f"Bad key: {FORMS[form]}, sorry", ("", KEY))
    assert "***" in words
    assert words.startswith("Bad key: ")
    assert words.endswith(", sorry")

    # What is left of base64 holds only the bits beside the secret.
    assert len(words) <= len("Bad key: ***, sorry") + 14
    assert "0123456789"[:6] not in words


def in_json_escapes(text: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in text)


def in_url_escapes(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def in_html_escapes(text: str) -> str:
    return "".join(f"&#x{ord(letter):x};" for letter in text)


BASIC = b64encode(f"user:{KEY}".encode()).decode()
ESCAPED = {
    "JSON": in_json_escapes(KEY),
    "JSON in capitals": in_json_escapes(KEY).upper().replace("U", "u"),
    "JSON, a letter": in_json_escapes(KEY[:1]) + KEY[1:],
    "JSON within JSON": json.dumps(in_json_escapes(KEY))[1:-1],
    "JSON twice within JSON": json.dumps(json.dumps(in_json_escapes(KEY)))[1:-1],
    "base64 in JSON": in_json_escapes(BASIC),
    "a URL": in_url_escapes(KEY),
    "a URL twice": quote(quote(KEY, safe=""), safe=""),
    "a URL thrice": quote(quote(in_url_escapes(KEY))),
    "HTML": in_html_escapes(KEY),
    "HTML twice": html.escape(in_html_escapes(KEY)),
    "a URL in JSON": in_json_escapes(in_url_escapes(KEY)),
    "HTML in JSON": in_json_escapes(in_html_escapes(KEY)),
}


@pytest.mark.parametrize("form", ESCAPED)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32-le"])
def test_a_secret_whose_letters_are_escaped_is_in_no_value_and_no_name(
    form: str, encoding: str
) -> None:
    content = f'{{"a": ["{ESCAPED[form]}, no"], "{ESCAPED[form]}": {{"b": "c%41", "n": 1}}}}'
    value = load_json(content.encode(encoding), (KEY,))
    (words,) = value["a"]
    assert "***" in words
    assert value == {"a": [words], words.removesuffix(", no"): {"b": "c%41", "n": 1}}
    assert "0123456789"[:6] not in str(value)


@pytest.mark.parametrize("form", ESCAPED)
def test_a_secret_whose_letters_are_escaped_is_in_no_words(form: str) -> None:
    words = redact(f"no: {ESCAPED[form]}", (KEY,))
    assert "***" in words
    assert len(words) < 20


def test_a_secret_that_is_not_ascii_is_in_no_value() -> None:
    content = json.dumps({"a": "Nein: gehe\u00efmes Wort"}).encode()
    assert load_json(content, ("gehe\u00efmes",)) == {"a": "Nein: *** Wort"}


def test_values_without_a_secret_stay_as_they_are_escapes_and_all() -> None:
    value = {"a": ["caf\u00e9 &amp; 100%25", "\\u0041", "\ud800"], "%41": None}
    assert load_json(json.dumps(value).encode(), (KEY,)) == value


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [1, 3, 7, 64])
def test_a_secret_across_chunks_is_replaced(form: str, size: int) -> None:
    content = f'{{"a": "{FORMS[form]}", "b": "{FORMS[form]}"}}'.encode()
    file = BytesIO()
    redacted_file = RedactedFile(file, (KEY,))
    for begin in range(0, len(content), size):
        redacted_file.write(content[begin : begin + size])

    redacted_file.finish()
    assert file.getvalue() == redact_content(content, (KEY,))
    assert file.getvalue().count(b"***") == 2


@given(st.text(), st.lists(st.text(min_size=1), max_size=3))
def test_words_without_a_secret_stay_as_they_are(words: str, secrets: list[str]) -> None:
    if not any(secret in words for secret in secrets):
        assert redact(words, [f"{secret}0123456789~" for secret in secrets]) == words
    else:
        assert redact(words, secrets) != words or all(s in "***" for s in secrets if s in words)


def test_the_longer_of_two_secrets_is_replaced_as_a_whole() -> None:
    assert redact("abcdefgh-1234", ("abcdefgh", "abcdefgh-1234")) == "***"


def test_a_secret_that_is_a_word_is_left_in_contents_and_not_in_words_about_errors() -> None:
    assert redact_content(b"ollama/llama3", ("ollama",)) == b"ollama/llama3"
    assert redact("no such key: ollama", ("ollama",)) == "no such key: ***"
