"""The manifests of `ops/kubernetes` against the schemas of Kubernetes, KEDA and the program.

KEDA's schema here is ours, of the fields that are used, by KEDA's documentation of `ScaledObject`
and of the scaler `prometheus`; what it does not name is refused.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from core.enums import QUEUES
from core.settings import Settings
from tests.ops_kit import OPS, ROOT, documented_metrics, scaling_queries, selectors, unknown_names

Manifest = dict[str, Any]
COUNT = {"type": "integer", "minimum": 0}


def fields(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    """Return the schema of an object with these fields and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


SCALING = fields(
    stabilizationWindowSeconds={**COUNT, "maximum": 3600},
    policies={
        "type": "array",
        "items": fields(
            ("type", "value", "periodSeconds"),
            type={"enum": ["Pods", "Percent"]},
            value={"type": "integer", "minimum": 1},
            periodSeconds={"type": "integer", "minimum": 1, "maximum": 1800},
        ),
    },
)
TRIGGER = fields(
    ("type", "metadata"),
    type={"const": "prometheus"},
    metricType={"enum": ["AverageValue", "Value"]},
    metadata=fields(
        ("serverAddress", "query", "threshold"),
        serverAddress={"type": "string", "pattern": "^https?://"},
        query={"type": "string"},
        threshold={"type": "string", "pattern": r"^\d+(\.\d+)?$"},
        activationThreshold={"type": "string", "pattern": r"^\d+(\.\d+)?$"},
        ignoreNullValues={"enum": ["true", "false"]},
    ),
)
SCALED_OBJECT = fields(
    ("apiVersion", "kind", "metadata", "spec"),
    apiVersion={"const": "keda.sh/v1alpha1"},
    kind={"const": "ScaledObject"},
    metadata=fields(("name",), name={"type": "string"}),
    spec=fields(
        ("scaleTargetRef", "triggers"),
        scaleTargetRef=fields(("name",), name={"type": "string", "minLength": 1}),
        pollingInterval={"type": "integer", "minimum": 1},
        minReplicaCount=COUNT,
        maxReplicaCount={"type": "integer", "minimum": 1},
        fallback=fields(("failureThreshold", "replicas"), failureThreshold=COUNT, replicas=COUNT),
        advanced=fields(
            horizontalPodAutoscalerConfig=fields(
                behavior=fields(scaleUp=SCALING, scaleDown=SCALING)
            )
        ),
        triggers={"type": "array", "minItems": 1, "items": TRIGGER},
    ),
)


def read(name: str) -> Manifest:
    manifest: Manifest = yaml.safe_load((OPS / "kubernetes" / name).read_text(encoding="utf-8"))
    return manifest


def container() -> Manifest:
    (worker,) = read("worker.yaml")["spec"]["template"]["spec"]["containers"]
    return dict(worker)


def check_deployment(manifest: Manifest) -> None:
    for version in ("1.30", kubernetes_validate.latest_version()):
        kubernetes_validate.validate(manifest, version, strict=True)


def test_there_are_no_files_but_those_that_are_checked() -> None:
    names = {path.name for path in (OPS / "kubernetes").iterdir()}
    assert names == {"worker.yaml", "scaled-object.yaml"}


def test_the_deployment_is_one_of_kubernetes() -> None:
    check_deployment(read("worker.yaml"))


def test_the_scaled_object_is_one_of_keda_and_scales_that_deployment() -> None:
    scaled = read("scaled-object.yaml")
    jsonschema.validate(scaled, SCALED_OBJECT)
    assert scaled["spec"]["scaleTargetRef"]["name"] == read("worker.yaml")["metadata"]["name"]
    assert "replicas" not in read("worker.yaml")["spec"]
    assert scaled["spec"]["minReplicaCount"] == 1  # its metric is served by workers
    assert scaled["spec"]["triggers"][0]["metadata"]["ignoreNullValues"] == "false"


def test_it_scales_on_a_metric_that_workers_serve_and_never_on_a_queue_s_length() -> None:
    (query,) = scaling_queries()
    assert unknown_names(query, documented_metrics()) == set()
    (selector,) = selectors(query)
    assert selector.name == "tidings_useful_slots"
    (matcher,) = selector.matchers.matchers
    assert (matcher.name, matcher.value) == ("queue", "text")
    assert "text" in QUEUES


def _misspell(manifest: Manifest) -> None:
    manifest["spec"]["template"]["spec"]["containers"][0]["resource"] = {}


def _text_for_number(manifest: Manifest) -> None:
    manifest["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = "soon"


@pytest.mark.parametrize("spoil", [_misspell, _text_for_number])
def test_a_broken_deployment_is_refused(spoil: Callable[[Manifest], None]) -> None:
    manifest = copy.deepcopy(read("worker.yaml"))
    spoil(manifest)
    with pytest.raises(kubernetes_validate.ValidationError):
        check_deployment(manifest)


@pytest.mark.parametrize(
    ("field", "value"),
    [("maxReplicas", 3), ("maxReplicaCount", "3"), ("triggers", []), ("scaleTargetRef", {})],
)
def test_a_broken_scaled_object_is_refused(field: str, value: Any) -> None:
    manifest = read("scaled-object.yaml")
    manifest["spec"][field] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(manifest, SCALED_OBJECT)


def test_a_threshold_that_is_no_text_is_refused() -> None:
    manifest = read("scaled-object.yaml")
    manifest["spec"]["triggers"][0]["metadata"]["threshold"] = 120
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(manifest, SCALED_OBJECT)


def test_settings_exist_and_secrets_are_references() -> None:
    fields_by_variable = {
        f"TIDINGS_{name.upper()}": field for name, field in Settings.model_fields.items()
    }
    secrets = set()
    for variable in container()["env"]:
        field = fields_by_variable[variable["name"]]
        is_secret = "SecretStr" in str(field.annotation) or variable["name"].endswith(
            ("DATABASE_URL", "REDIS_URL")
        )
        assert ("valueFrom" in variable) == is_secret, variable
        if is_secret:
            secrets.add(variable["valueFrom"]["secretKeyRef"]["key"])

    assert {"TIDINGS_DATABASE_URL", "TIDINGS_REDIS_URL", "TIDINGS_TEXTAPI_KEY"} <= secrets


def test_the_worker_is_that_of_compose() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    of_compose = compose["services"]["worker"]["command"]
    of_kubernetes = [*container()["command"], *container()["args"]]
    assert [part.partition("=")[0] for part in of_kubernetes] == [
        part.partition("=")[0] for part in of_compose
    ]
    assert container()["resources"]["limits"]["memory"] == "1Gi"
    assert compose["services"]["worker"]["mem_limit"] == "1g"


def test_it_runs_as_an_ordinary_user_on_a_read_only_file_system_with_bounds() -> None:
    pod = read("worker.yaml")["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"requests", "limits"} <= container()["resources"].keys()
    assert {"livenessProbe", "readinessProbe"} <= container().keys()


def test_probes_are_the_health_check_of_the_image() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for probe in ("livenessProbe", "readinessProbe"):
        *_, code = container()[probe]["exec"]["command"]
        assert code in dockerfile
