"""Names from outside: no control character reaches the terminal, no line break forges a row."""

from __future__ import annotations

import io
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cli.messages import inform, prepare_streams, show
from core.printing import printable

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
@example("evil\x1b[31m\n    9  2020-01-01 00:00  months   done")
@example("\u202egpj.exe\u2028\x9b31m\udcff")
def test_no_text_has_more_than_one_line_or_a_control_character(text: str) -> None:
    line = printable(text)
    assert len(line.splitlines()) <= 1
    assert not {"Cc", "Cs", "Zl", "Zp"} & {unicodedata.category(character) for character in line}


@given(st.text(st.characters(categories=("L", "N", "P", "S", "M"))))
def test_other_text_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_standard_output_takes_what_its_encoding_does_not_have_and_bytes_of_a_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    prepare_streams()
    show("é\x1b")
    print("c\udcff")  # noqa: T201
    sys.stdout.flush()
    assert raw.getvalue() == b"\\xe9\\x1b\nc\xff\n"


def test_a_message_goes_nowhere_where_standard_error_is_closed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    inform("a message")
    assert capsys.readouterr().out == ""
