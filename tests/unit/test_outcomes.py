"""How long a job waits that could not go on."""

from __future__ import annotations

import pytest

from workers.outcomes import backoff_seconds


@pytest.mark.parametrize(
    ("waits", "seconds"), [(0, 5.0), (1, 10.0), (5, 160.0), (6, 300.0), (5000, 300.0)]
)
def test_a_job_waits_twice_as_long_each_time_up_to_five_minutes(waits: int, seconds: float) -> None:
    assert backoff_seconds(5.0, waits) == seconds
