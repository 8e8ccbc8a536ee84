from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SettingsError
from core.ratelimit import credential_of
from core.ratelimit.notation import Window, parse_limits


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("", []),
        ("10/s", [(10, 1)]),
        ("500/d, 5/min", [(5, 60), (500, 86400)]),
        ("450/15min", [(450, 900)]),
        ("2/h,100/month", [(2, 3600), (100, 2592000)]),
    ],
)
def test_limits_are_read_shortest_window_first(text: str, windows: list[tuple[int, int]]) -> None:
    assert [(window.amount, window.seconds) for window in parse_limits(text)] == windows


@pytest.mark.parametrize(
    "text", ["10", "0/s", "10/0s", "10/week", "ten/s", "10/s;5/min", "-1/s", "1.5/s"]
)
def test_an_invalid_limit_is_named(text: str) -> None:
    with pytest.raises(SettingsError, match="is no limit: write calls/unit"):
        parse_limits(text)


@given(st.lists(st.builds(Window, st.integers(1, 10**6), st.integers(1, 10**6)), max_size=4))
def test_a_window_is_written_as_it_is_read(windows: list[Window]) -> None:
    ordered = sorted(windows, key=lambda window: window.seconds)
    assert list(parse_limits(",".join(map(str, windows)))) == ordered


def test_a_credential_differs_by_key_and_does_not_reveal_it() -> None:
    assert credential_of("secret-key") == credential_of("secret-key") != credential_of("secret-kez")
    assert "secret" not in credential_of("secret-key")
    assert credential_of(None) == credential_of("")
