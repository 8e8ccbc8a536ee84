"""The queries of dashboard and alerts against the metrics that workers serve."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from core.enums import QUEUES
from core.errors import ServiceBadAnswer, ServiceRefused, ServiceUnavailable
from core.metrics import ANSWERED, CALLS, OUTCOMES, REGISTRY, CallOutcome
from tests.ops_kit import (
    alerts,
    documented_metrics,
    expressions,
    grouping_labels,
    names_and_labels,
    panels,
    selectors,
    unknown_names,
)
from workers.metrics import JOB_STATES, SHARED


def test_each_alert_has_a_severity_and_a_remedy() -> None:
    assert [alert["alert"] for alert in alerts()] == [
        "TidingsNothingEnds",
        "TidingsNobodyWorks",
        "TidingsServiceFails",
        "TidingsRunStandsStill",
        "TidingsEndSlips",
        "TidingsPurseNearlyEmpty",
        "TidingsWorkersClaimNothing",
        "TidingsJobsFail",
    ]
    for alert in alerts():
        assert alert["labels"]["severity"] in {"critical", "warning"}
        assert "tidings" in alert["annotations"]["description"]


def test_the_first_alert_is_for_due_jobs_while_no_job_ends() -> None:
    expression = alerts()[0]["expr"]
    assert "tidings_oldest_due_seconds" in expression
    assert "> 600" in expression
    assert expression.count("[10m]") == 2


def test_panels_of_the_dashboard_have_unique_titles_and_do_not_overlap() -> None:
    assert len({panel["title"] for panel in panels()}) == len(panels()) == 20
    occupied: set[tuple[int, int]] = set()
    for panel in panels():
        position = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(position["x"], position["x"] + position["w"])
            for y in range(position["y"], position["y"] + position["h"])
        }
        assert not cells & occupied
        assert max(x for x, _ in cells) < 24
        occupied |= cells


@pytest.mark.parametrize("expression", expressions())
def test_a_query_is_promql_and_names_only_what_a_worker_serves(expression: str) -> None:
    assert unknown_names(expression, documented_metrics()) == set()


def test_queries_match_values_that_exist() -> None:
    values = {
        "queue": {*QUEUES},
        "state": {state.value for state in JOB_STATES},
        "outcome": {ANSWERED, *OUTCOMES.values()},
        "estimate": {"about", "low", "high"},
        # Windows of a day.
        "limit": {".*/d"},
    }
    for expression in expressions():
        for selector in selectors(expression):
            for matcher in selector.matchers.matchers:
                assert set(matcher.value.split("|")) <= values[matcher.name]


def test_every_metric_is_used_in_a_query() -> None:
    assert names_and_labels().keys() == documented_metrics().keys()
    assert len(names_and_labels()) == 10 + len(SHARED)


def test_queries_group_by_few_labels() -> None:
    labels = set().union(*map(grouping_labels, expressions()))
    shared = {label for _, labels in SHARED.values() for label in labels}
    assert labels <= {"queue", "state", "service", "outcome", *shared}


def test_counters_are_those_of_the_program() -> None:
    counters = {f"{family.name}_total" for family in REGISTRY.collect()}
    assert counters == {name for name in documented_metrics() if name.endswith("_total")}


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("sum(tidings_jobs", "unclosed left parenthesis"),
        ("sum by (queue (tidings_jobs)", "unclosed left parenthesis"),
        ('tidings_jobs{state="failed}', "unterminated quoted string"),
        ("tidings_jobs[10m] > 0", "only scalar and instant vector types"),
        ("rate(tidings_calls_total)", "expected type matrix"),
        ("increase(tidings_calls_total[10 minutes])", "inside brackets"),
        ("summed(tidings_jobs)", "unknown function"),
        ("tidings_jobs > > 0", "invalid promql query"),
    ],
)
def test_a_broken_query_is_refused(expression: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        unknown_names(expression, documented_metrics())


@pytest.mark.parametrize(
    ("expression", "unknown"),
    [
        ("sum(tidings_job)", "tidings_job"),
        ("rate(tidings_calls[5m])", "tidings_calls"),
        ('max(tidings_slots{state="done"})', "state"),
        ("sum by (kind) (tidings_jobs)", "kind"),
        ("tidings_slots / on (state) tidings_queue_messages", "state"),
    ],
)
def test_a_name_that_no_worker_serves_is_reported(expression: str, unknown: str) -> None:
    assert unknown_names(expression, documented_metrics()) == {unknown}


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

    before = count()
    with pytest.raises(type(error)) if error else nullcontext(), CallOutcome("nyt"):
        if error:
            raise error

    after = count()
    assert {
        name: after[name] - before.get(name, 0)
        for name in after
        if after[name] != before.get(name, 0)
    } == ({outcome: 1} if outcome else {})
