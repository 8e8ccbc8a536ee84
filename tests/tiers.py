"""Which cases of a table `make test` runs; the others wait for `make test-all`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def thorough_but(cases: Iterable[Any], *quick: Any) -> list[Any]:
    """Return the *cases* of a parameter, or of several, each marked as thorough but the *quick*."""
    assert quick, "`make test` has to run a case"
    return [case if case in quick else _as_thorough(case) for case in cases]


def _as_thorough(case: Any) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.thorough)
