"""The manifests of `ops/kubernetes` against the schemas of Kubernetes, KEDA and the program.

KEDA's schema here is ours, of the fields that are used, by KEDA's documentation of `ScaledObject`
and of the scaler `prometheus`; what it does not name is refused.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from core.enums import QUEUES
from core.settings import Settings, secret_names
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


KUBERNETES = OPS / "kubernetes"
BASE, COMPONENTS = KUBERNETES / "base", KUBERNETES / "components"
KUSTOMIZATION = fields(
    ("apiVersion", "kind", "resources"),
    apiVersion={"pattern": "^kustomize.config.k8s.io/v1(alpha|beta)1$"},
    kind={"enum": ["Kustomization", "Component"]},
    resources={"type": "array", "minItems": 1, "items": {"pattern": r"^[a-z-]+\.yaml$"}},
    configMapGenerator={
        "type": "array",
        "items": fields(
            ("name",),
            name={"type": "string"},
            files={"type": "array", "items": {"pattern": r"^[a-z]+\.ini$"}},
            literals={"type": "array", "items": {"pattern": "^TIDINGS_[A-Z_]+="}},
        ),
    },
    images={
        "type": "array",
        "items": fields(("name", "newTag"), name={"type": "string"}, newTag={"type": "string"}),
    },
)
DEPLOYMENTS = ("worker", "reporter", "trainer", "flower")
SECRETS_FOLDER = "/run/secrets/tidings/"


def read_all(path: Path) -> list[Manifest]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def read(name: str) -> Manifest:
    (path,) = KUBERNETES.rglob(name)
    (manifest,) = read_all(path)
    return manifest


def base() -> Manifest:
    (kustomization,) = read_all(BASE / "kustomization.yaml")
    return kustomization


def pod(name: str) -> Manifest:
    return dict(read(f"{name}.yaml")["spec"]["template"]["spec"])


def container(name: str = "worker") -> Manifest:
    (only,) = pod(name)["containers"]
    return dict(only)


def check_manifest(manifest: Manifest) -> None:
    for version in ("1.30", kubernetes_validate.latest_version()):
        kubernetes_validate.validate(manifest, version, strict=True)


def folders() -> list[Path]:
    return [BASE, *sorted(COMPONENTS.iterdir())]


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: str(folder.name))
def test_every_file_is_listed_in_its_kustomization_and_is_one_of_kubernetes(folder: Path) -> None:
    (kustomization,) = read_all(folder / "kustomization.yaml")
    jsonschema.validate(kustomization, KUSTOMIZATION)
    listed = kustomization["resources"]
    generators = kustomization.get("configMapGenerator", [])
    files = {file for generator in generators for file in generator.get("files", [])}
    assert {path.name for path in folder.iterdir()} == {"kustomization.yaml", *listed, *files}
    for name in listed:
        if name != "scaled-object.yaml":
            for manifest in read_all(folder / name):
                check_manifest(manifest)


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
        check_manifest(manifest)


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


def test_settings_exist_and_every_secret_is_a_file_of_the_secret() -> None:
    settings = {f"TIDINGS_{name.upper()}" for name in Settings.model_fields}
    secrets = {f"TIDINGS_{name.upper()}_FILE" for name in secret_names()}
    (generator,) = base()["configMapGenerator"]
    literals = {literal.partition("=")[0] for literal in generator["literals"]}
    assert literals <= settings
    assert not {f"{name}_FILE" for name in literals} & secrets

    for name in (*DEPLOYMENTS, "migrate"):
        references = container(name).get("envFrom", [])
        assert all(r["configMapRef"]["name"] == generator["name"] for r in references)
        for variable in container(name)["env"]:
            if variable["name"].endswith("_FILE"):
                assert variable["name"] in secrets
                assert variable["value"].removeprefix(SECRETS_FOLDER) in mounted_keys(name)
            else:
                assert variable["name"] in {"TIDINGS_LOG_FORMAT", "FLOWER_BASIC_AUTH"}


def mounted_keys(name: str) -> set[str]:
    (secret,) = (v["secret"] for v in pod(name)["volumes"] if v["name"] == "secrets")
    return {item["path"] for item in secret["items"]}


def test_each_part_gets_the_secrets_that_it_needs_and_no_others() -> None:
    assert mounted_keys("migrate") == {"database-url"}
    assert mounted_keys("flower") == {"redis-url"}
    for name in ("worker", "reporter", "trainer"):
        assert mounted_keys(name) == {"database-url", "redis-url", "textapi-key"}


@pytest.mark.parametrize("name", [*DEPLOYMENTS, "migrate"])
def test_each_part_is_that_of_compose(name: str) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    service = compose["services"][name]
    command = [*container(name)["command"], *container(name).get("args", [])]
    options = {part.partition("=")[0] for part in command}
    assert options == {part.partition("=")[0] for part in service["command"]}
    assert container(name)["image"] == service["image"]
    memory = container(name)["resources"]["limits"]["memory"]
    assert memory.removesuffix("i").lower() == service["mem_limit"]


def test_each_queue_is_consumed_by_one_part() -> None:
    served = []
    for name in ("worker", "reporter", "trainer"):
        (queue,) = (part for part in container(name)["command"] if part.startswith("--queues="))
        served.append(queue.removeprefix("--queues="))

    assert sorted(served) == sorted(QUEUES)


def test_flower_changes_nothing() -> None:
    assert "--read-only" in container("flower")["args"]


@pytest.mark.parametrize("name", [*DEPLOYMENTS, "migrate"])
def test_each_part_runs_as_an_ordinary_user_on_a_read_only_file_system_with_bounds(
    name: str,
) -> None:
    assert pod(name)["securityContext"]["runAsNonRoot"]
    assert not pod(name)["automountServiceAccountToken"]
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"requests", "limits"} <= container(name)["resources"].keys()
    assert name == "migrate" or {"livenessProbe", "readinessProbe"} <= container(name).keys()


@pytest.mark.parametrize("name", ["worker", "reporter", "trainer"])
def test_probes_are_the_health_check_of_the_image(name: str) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for probe in ("livenessProbe", "readinessProbe"):
        *_, code = container(name)[probe]["exec"]["command"]
        assert code in dockerfile


def test_pods_reach_nothing_but_what_a_policy_allows() -> None:
    policies = {
        policy["metadata"]["name"]: policy["spec"]
        for policy in read_all(BASE / "network-policies.yaml")
    }
    pods = {"matchLabels": {"app.kubernetes.io/name": "tidings"}}
    assert policies["tidings-nothing"] == {
        "podSelector": pods,
        "policyTypes": ["Ingress", "Egress"],
    }
    ports = {port["port"] for rule in policies["tidings-stack"]["egress"] for port in rule["ports"]}
    assert {53, 5432, 6379, 8765} <= ports
    outside = policies["tidings-outside"]
    assert outside["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "worker"
    assert "169.254.0.0/16" in outside["egress"][0]["to"][0]["ipBlock"]["except"]


def test_each_part_that_runs_has_a_disruption_budget_and_is_found_by_it() -> None:
    budgets = read_all(BASE / "disruption-budgets.yaml")
    labels = [budget["spec"]["selector"]["matchLabels"] for budget in budgets]
    of_pods = [
        read(f"{name}.yaml")["spec"]["template"]["metadata"]["labels"]
        for name in ("worker", "reporter", "trainer")
    ]
    assert labels == of_pods
