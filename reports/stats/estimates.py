"""The one shape of what is estimated: a figure with its interval."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share, a mean, a difference or a ratio with its interval.

    The interval is of 95 % unless a tail was named. The figure rests on *n* units and is about
    *size* documents; both are 0 where nobody asks. *p_value* is that nothing is behind a
    difference; 1 of what is none.
    """

    value: float
    low: float
    high: float
    n: int = 0
    size: float = 0.0
    p_value: float = 1.0

    @property
    def half_width(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2

    def cut(self, lowest: float, highest: float) -> Estimate:
        """Return the estimate cut to where such figures lie."""
        value, low, high = (
            max(lowest, min(highest, figure)) for figure in (self.value, self.low, self.high)
        )
        return Estimate(value, low, high, self.n, self.size, self.p_value)

    def reverse(self) -> Estimate:
        """Return the estimate of the second less the first."""
        return Estimate(-self.value, -self.high, -self.low, self.n, self.size, self.p_value)

    def scale(self, factor: float) -> Estimate:
        """Return *factor*, which is more than 0, times the estimate."""
        value, low, high = (factor * figure for figure in (self.value, self.low, self.high))
        return Estimate(value, low, high, self.n, self.size, self.p_value)
