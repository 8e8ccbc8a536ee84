"""The queries of the files in `ops/`, parsed, and what they name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import yaml

ROOT = Path(__file__).parents[1]
OPS = ROOT / "ops"
GRAFANA_VARIABLES = {"$__range": "1h"}


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((OPS / "alerts.yml").read_text())["groups"]
    return list(group["rules"])


def panels() -> list[dict[str, Any]]:
    return list(json.loads((OPS / "grafana-dashboard.json").read_text())["panels"])


def scaling_queries() -> list[str]:
    scaled = yaml.safe_load((OPS / "kubernetes/components/keda/scaled-object.yaml").read_text())
    return [trigger["metadata"]["query"] for trigger in scaled["spec"]["triggers"]]


def expressions() -> list[str]:
    """Every query of the dashboard, of the alerts and of what scales workers."""
    queries = [alert["expr"] for alert in alerts()] + scaling_queries()
    for panel in panels():
        queries.extend(target["expr"] for target in panel["targets"])

    return queries


def documented_metrics() -> dict[str, set[str]]:
    """The metrics and labels in docs/reference, which test_metrics.py compares to a worker."""
    metrics: dict[str, set[str]] = {}
    for line in (ROOT / "docs/reference/metrics.md").read_text().splitlines():
        if line.startswith("| `tidings_"):
            _, name, labels, *_ = line.split("|")
            metrics[name.strip(" `")] = {label.strip() for label in labels.split(",")} - {""}

    return metrics


def unknown_names(expression: str, metrics: dict[str, set[str]]) -> set[str]:
    """The metrics and labels in *expression* that *metrics* lacks.

    Raises ValueError if it is no PromQL.
    """
    unknown: set[str] = set()
    labels: set[str] = set()
    for selector in selectors(expression):
        if selector.name not in metrics:
            unknown.add(str(selector.name))
            continue

        labels |= metrics[selector.name]
        matched = {matcher.name for matcher in selector.matchers.matchers}
        unknown |= matched - metrics[selector.name]

    return unknown | (grouping_labels(expression) - labels)


def names_and_labels() -> dict[str, set[str]]:
    """Each metric that a query names, with the labels by which it picks its series."""
    names: dict[str, set[str]] = {}
    for expression in expressions():
        for selector in selectors(expression):
            matched = {matcher.name for matcher in selector.matchers.matchers}
            names.setdefault(str(selector.name), set()).update(matched)

    return names


def selectors(expression: str) -> Iterator[promql_parser.VectorSelector]:
    for node in nodes(expression):
        if isinstance(node, promql_parser.VectorSelector):
            yield node
        elif isinstance(node, promql_parser.MatrixSelector):
            yield node.vector_selector


def grouping_labels(expression: str) -> set[str]:
    """The labels behind `by`, `without`, `on` and `ignoring`."""
    labels: set[str] = set()
    for node in nodes(expression):
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier:
            labels.update(node.modifier.labels)
        elif (
            isinstance(node, promql_parser.BinaryExpr) and node.modifier and node.modifier.matching
        ):
            labels.update(node.modifier.matching.labels)

    return labels


def nodes(expression: str) -> list[promql_parser.Expr]:
    """Every part of the syntax tree. Raises ValueError if *expression* is no PromQL."""
    for name, value in GRAFANA_VARIABLES.items():
        expression = expression.replace(name, value)

    found: list[promql_parser.Expr] = []
    promql_parser.walk(promql_parser.parse(expression), found.append)
    return found
