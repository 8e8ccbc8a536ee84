"""Figures that cost little, for tests of runs whose reports nobody looks at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.figures_kit import figures_as_sketches, find_claims


@pytest.fixture(scope="module")
def sketched_figures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let workers sketch the figures of reports."""
    with figures_as_sketches(find_claims(tmp_path_factory)):
        yield
