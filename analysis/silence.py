"""When a feed has fallen silent: no new story for much longer than ever in the weeks before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from core.quantities import quantity

# Four weeks hold the rhythm of days and weeks; two weekends are the least to know it by.
_LOOKED_AT = timedelta(days=28)
_LEAST_SPAN = timedelta(days=14)
_FEWEST = 20
# If stories came at random at one rate, a gap would be twice the longest of n before with the
# probability 2 / ((n + 1)(n + 2)): 1 in 231 for 20, 1 in 5,151 for 100. With days and weeks it is
# rarer; `tests/unit/test_silence.py` counts it.
_TIMES_LONGEST = 2


def silent_since(times: Sequence[datetime], now: datetime) -> tuple[datetime, timedelta] | None:
    """Return the last of the stories' *times* and the longest gap before, if a feed is silent.

    None also stands for a feed that is not known long enough.
    """
    if not times:
        return None

    newest = max(times)
    recent = sorted(time for time in times if time >= newest - _LOOKED_AT)
    if len(recent) <= _FEWEST or newest - recent[0] < _LEAST_SPAN:
        return None

    longest = max(later - earlier for earlier, later in pairwise(recent))
    return (newest, longest) if now - newest > _TIMES_LONGEST * longest else None


def describe_silence(times: Sequence[datetime], now: datetime) -> str | None:
    """Return since when a feed is silent at *now*, for the reader; None if it is not."""
    silence = silent_since(times, now)
    if silence is None:
        return None

    newest, longest = silence
    return (
        f"silent since {newest:%Y-%m-%d %H:%M} UTC, for {_describe(now - newest)}: the longest "
        f"time without a story in the four weeks before is {_describe(longest)}"
    )


def _describe(duration: timedelta) -> str:
    hours = round(duration.total_seconds() / 3600)
    return quantity(hours, "hour") if hours < 48 else quantity(round(hours / 24), "day")
