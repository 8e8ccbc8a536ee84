"""The dashboard and the alerts: whole, and of one mind with what workers serve (tests/e2e/test_metrics.py)."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

import pytest

from core.enums import QUEUES
from core.errors import ServiceBadAnswer, ServiceRefused, ServiceUnavailable
from core.metrics import ANSWERED, CALLS, OUTCOMES, count_call_outcome
from tests.ops_kit import alerts, expressions, grouped_by, names_and_labels, panels
from workers.metrics import JOB_STATES


def test_three_alerts_say_what_is_wrong_and_what_to_do() -> None:
    assert [alert["alert"] for alert in alerts()] == [
        "TidingsNothingEnds",
        "TidingsNobodyWorks",
        "TidingsServiceFails",
    ]
    for alert in alerts():
        assert alert["labels"]["severity"] in {"critical", "warning"}
        assert "tidings" in alert["annotations"]["description"]


def test_work_that_is_due_while_nothing_ends_is_the_first_alert() -> None:
    expression = alerts()[0]["expr"]
    assert "tidings_oldest_due_seconds" in expression
    assert "> 600" in expression
    assert expression.count("[10m]") == 2


def test_a_dashboard_panel_has_a_title_and_a_place_of_its_own() -> None:
    assert len({panel["title"] for panel in panels()}) == len(panels()) == 11
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_queries_close_their_brackets_and_pick_by_values_that_exist() -> None:
    values = {*QUEUES, *JOB_STATES, ANSWERED, *OUTCOMES.values()}
    for expression in expressions():
        for opening, closing in ("()", "{}", "[]"):
            assert expression.count(opening) == expression.count(closing)
        picked = [part.split('"')[1] for part in expression.split("{")[1:]]
        assert {value for group in picked for value in group.split("|")} <= values
    assert grouped_by() <= {"queue", "state", "service", "outcome"}
    assert len(names_and_labels()) == 9  # nothing is served that nobody looks at


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ServiceUnavailable("later", service="nyt", retry_after=3), "unavailable"),
        (ServiceRefused("no", service="nyt", status=401), "refused"),
        (ServiceBadAnswer("what", service="nyt"), "bad answer"),
        (None, "answered"),
        (KeyError("a fault of ours"), None),
    ],
)
def test_a_call_is_counted_by_how_it_ends(error: Exception | None, outcome: str | None) -> None:
    def count() -> dict[str, float]:
        (family,) = CALLS.collect()
        return {
            s.labels["outcome"]: s.value
            for s in family.samples
            if s.name == "tidings_calls_total" and s.labels["service"] == "nyt"
        }

    @count_call_outcome("nyt")
    async def call() -> None:
        if error:
            raise error

    before = count()
    with pytest.raises(type(error)) if error else nullcontext():
        asyncio.run(call())
    after = count()
    assert {
        name: after[name] - before.get(name, 0)
        for name in after
        if after[name] != before.get(name, 0)
    } == ({outcome: 1} if outcome else {})
