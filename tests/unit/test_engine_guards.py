import pytest

from core.ratelimit.notation import parse_limits
from textapi.server.auth import Authenticator
from textapi.server.errors import HttpError


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("textapi.server.key_limits.time.monotonic", clock)
    return clock


def passes(keys: Authenticator, key: str = "a") -> float:
    """0 where the key may ask, else the seconds to wait."""
    try:
        keys.authenticate(key)
    except HttpError as refused:
        return (refused.retry_after or -1) if refused.status == 429 else -1

    return 0.0


def test_no_stretch_of_a_window_holds_more_calls_than_it_may(clock: Clock) -> None:
    keys = Authenticator(["a"], parse_limits("3/s"))
    let_in = []
    for _ in range(400):
        if not passes(keys):
            let_in.append(clock.now)

        clock.now += 0.017

    assert max(sum(begin <= other < begin + 1 for other in let_in) for begin in let_in) == 3
    assert len(let_in) >= 3 * 400 * 0.017


def test_who_waits_as_told_is_let_in_at_once_and_a_refused_call_does_not_count(
    clock: Clock,
) -> None:
    keys = Authenticator(["a"], parse_limits("2/s,3/min"))
    assert [passes(keys), passes(keys)] == [0, 0]
    clock.now += 0.25
    assert [passes(keys) for _ in range(3)] == [0.75] * 3
    clock.now += 0.75
    assert passes(keys) == 0
    assert passes(keys) == 59
    clock.now += 59
    assert passes(keys) == 0


@pytest.mark.usefixtures("clock")
def test_each_key_has_a_limit_of_its_own() -> None:
    keys = Authenticator(["a", "b"], parse_limits("1/min"))
    assert [passes(keys, "a"), passes(keys, "b"), passes(keys, "a")] == [0, 0, 60]


@pytest.mark.parametrize("key", [None, "", "aa", "A", "\udcff", "ä"])
def test_no_other_key_is_let_in(key: str | None) -> None:
    with pytest.raises(HttpError, match="apikey") as refused:
        Authenticator(["a", "b"], ()).authenticate(key)
    assert refused.value.status == 401
