"""The alerts, evaluated by Prometheus' own program over the series of `tests/alerts.yml`."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import yaml

from tests.ops_kit import ROOT, alerts

PROMTOOL = shutil.which("promtool")
SERIES = ROOT / "tests" / "alerts.yml"


def test_the_series_try_every_alert() -> None:
    cases = yaml.safe_load(SERIES.read_text())["tests"]
    fired = {
        test["alertname"]
        for case in cases
        for test in case["alert_rule_test"]
        if test["exp_alerts"]
    }
    assert fired == {alert["alert"] for alert in alerts()}


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (package prometheus)")
def test_each_alert_fires_when_it_should_and_not_otherwise() -> None:
    ran = subprocess.run(  # noqa: S603 - Prometheus' program
        [str(PROMTOOL), "test", "rules", str(SERIES)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
