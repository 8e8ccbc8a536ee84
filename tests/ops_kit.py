"""The queries of the files in `ops/`, and what they name."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

OPS = Path(__file__).parents[1] / "ops"
METRIC = re.compile(r"\b(tidings_\w+)(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\b(?:by|on|without|ignoring) \(([^)]*)\)")


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((OPS / "alerts.yml").read_text())["groups"]
    return list(group["rules"])


def panels() -> list[dict[str, Any]]:
    return list(json.loads((OPS / "grafana-dashboard.json").read_text())["panels"])


def expressions() -> list[str]:
    """Every query of the dashboard and of the alerts."""
    shown = [target["expr"] for panel in panels() for target in panel["targets"]]
    return shown + [alert["expr"] for alert in alerts()]


def names_and_labels() -> dict[str, set[str]]:
    """Each metric that a query names, with the labels by which it picks its series."""
    found: dict[str, set[str]] = {}
    for expression in expressions():
        for name, picked in METRIC.findall(expression):
            found.setdefault(name, set()).update(re.findall(r"(\w+)\s*[=!]", picked))
    return found


def grouped_by() -> set[str]:
    return {
        label.strip()
        for text in expressions()
        for part in GROUPED.findall(text)
        for label in part.split(",")
        if label
    }
