"""The interpreter's search for objects that hold each other in a circle, made less often."""

from __future__ import annotations

import gc

# The interpreter's own number is 700, or 2,000 from Python 3.13.
NEW_OBJECTS = 200_000


def collect_seldom() -> None:
    """Look for circles once in `NEW_OBJECTS` objects that were made and not freed.

    Texts, rows and mentions come by the thousand and are in no circle. Searches through them after
    every few hundred took a tenth of the processor time of a plan and a third of that of a report,
    after 50,000 a tenth of a report's.
    """
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
