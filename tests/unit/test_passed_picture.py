from __future__ import annotations

import pytest

from core.enums import Grain
from reports.findings.finding import Finding, FindingKind
from reports.pages.passed_picture import choose_title

WEEK = Finding(FindingKind.SURPRISE, ("event", "share", None), ("2017-W22",), "A week rose.")
MONTH = Finding(FindingKind.SURPRISE, ("event", "share", None), ("2017-06",), "A month rose.")
YEARS = Finding(FindingKind.FACT, ("years",), ("fell",), "It fell over the years.")
MOOD = Finding(FindingKind.FACT, ("mood",), ("2017-06",), "The mood was low.")
LONG = Finding(FindingKind.FACT, ("share",), ("highest", "2017-06"), "So long. " * 20)


@pytest.mark.parametrize(
    ("findings", "grain", "title"),
    [
        ([WEEK, YEARS], Grain.MONTH, YEARS.text),
        ([WEEK, YEARS], Grain.WEEK, WEEK.text),
        ([MONTH, YEARS], Grain.MONTH, MONTH.text),
        ([MOOD, LONG, YEARS], Grain.MONTH, YEARS.text),
        ([MOOD, LONG], Grain.MONTH, ""),
    ],
)
def test_a_title_says_what_the_bars_of_the_picture_show(
    findings: list[Finding], grain: Grain, title: str
) -> None:
    assert choose_title(findings, grain) == title
