from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SettingsError
from core.ratelimit import credential_of
from core.ratelimit.notation import LimitedResource, Window, parse_call_limits, parse_limits


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


amounts, seconds = st.integers(1, 10**12), st.integers(1, 10**6)
windows_of_all_units = (
    st.builds(Window, amounts, seconds)
    | st.builds(Window, amounts, seconds, st.just(LimitedResource.TOKENS))
    | st.builds(Window, amounts, seconds, st.just(LimitedResource.COST), st.just("EUR"))
)


@given(st.lists(windows_of_all_units, max_size=4))
def test_a_window_is_written_as_it_is_read(windows: list[Window]) -> None:
    ordered = sorted(windows, key=lambda window: window.seconds)
    assert list(parse_limits(",".join(map(str, windows)))) == ordered


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        (
            "500/min, 200k tokens/min, 5 USD/d",
            [
                Window(500, 60),
                Window(200_000, 60, LimitedResource.TOKENS),
                Window(5_000_000, 86400, LimitedResource.COST, "USD"),
            ],
        ),
        ("1.5M tokens/h", [Window(1_500_000, 3600, LimitedResource.TOKENS)]),
        ("0.05 EUR/15min", [Window(50_000, 900, LimitedResource.COST, "EUR")]),
        ("2k/min", [Window(2000, 60)]),
    ],
)
def test_limits_of_tokens_and_cost_are_read(text: str, windows: list[Window]) -> None:
    assert list(parse_limits(text)) == windows


@pytest.mark.parametrize(
    "text",
    ["0 tokens/min", "1.5 tokens/min", "5 usd/d", "5 USDT/d", "0.0000001 USD/d", "1m tokens/h"],
)
def test_an_invalid_limit_of_tokens_or_cost_is_named(text: str) -> None:
    with pytest.raises(SettingsError, match=r"is no limit: .* tokens as 200k tokens/min; money as"):
        parse_limits(text)


def test_limits_of_cost_are_of_one_currency() -> None:
    with pytest.raises(SettingsError, match="mixes EUR and USD"):
        parse_limits("5 USD/d, 100 EUR/month")


def test_a_service_that_counts_calls_alone_has_no_limit_of_tokens() -> None:
    assert parse_call_limits("10/s") == parse_limits("10/s")
    with pytest.raises(SettingsError, match="'200k tokens/min' is no limit for a service that"):
        parse_call_limits("10/s, 200k tokens/min")


def test_a_credential_differs_by_key_and_does_not_reveal_it() -> None:
    assert credential_of("secret-key") == credential_of("secret-key") != credential_of("secret-kez")
    assert "secret" not in credential_of("secret-key")
    assert credential_of(None) == credential_of("")
