"""The Helm chart, as far as it can be read without Helm; `make chart` renders it."""

import copy
import json
import re
import tomllib
from typing import Any

import jsonschema_rs
import pytest
import yaml

from tests.chart.rendered import complaints
from tests.house.sources import ROOMS, ROOT

CHART = ROOT / "infra" / "helm" / "onsale"
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
TEMPLATES = {file.name: file.read_text() for file in (CHART / "templates").iterdir()}
SETTINGS = set(re.findall(r"(?m)^#(ONSALE_[A-Z0-9_]+)=", (ROOT / ".env.example").read_text()))


def test_every_room_is_in_it() -> None:
    assert set(VALUES["rooms"]) == {*ROOMS, "web", "console"}
    for room in VALUES["rooms"].values():
        assert (ROOT / room["module"].replace(".", "/") / "__main__.py").is_file()


def test_its_values_are_as_its_schema_says_and_others_are_refused() -> None:
    validator = jsonschema_rs.validator_for(SCHEMA)
    assert [str(error) for error in validator.iter_errors(VALUES)] == []
    for path, wrong in (
        (("redis", "url"), "redis://:secret@redis/0"),
        (("rooms", "ingress", "replicas"), 0),
        (("publicUrl",), "https://tickets.example.com/"),
        (("settings", "LOG_LEVEL"), "info"),
        (("postgres", "cluster", "instances"), 1),
    ):
        values = copy.deepcopy(VALUES)
        inner = values
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = wrong
        assert not validator.is_valid(values), path


def test_each_value_is_used_and_each_that_is_used_is_there() -> None:
    text = "\n".join(TEMPLATES.values())
    for path in re.findall(r"\.Values\.([A-Za-z]+(?:\.[A-Za-z]+)*)", text):
        inner: Any = VALUES
        for step in path.split("."):
            assert step in inner, f"{path} is used, and there is no such value"
            inner = inner[step]
    assert {name for name in VALUES if f".Values.{name}" not in text} == set()


def test_only_settings_that_there_are_are_set() -> None:
    named = set(
        re.findall(r"\bONSALE_[A-Z0-9_]+\b", "\n".join([*TEMPLATES.values(), (CHART / "values.yaml").read_text()]))
    )
    assert named and named - SETTINGS == set()


def test_postgres_superuser_is_known_to_provisioning_alone() -> None:
    assert [name for name, text in TEMPLATES.items() if "superuser.secret" in text] == ["provision.yaml"]
    assert not re.search(r"(?i)(password|secret): *[A-Za-z0-9]{12,}", (CHART / "values.yaml").read_text())


def test_allocators_are_scaled_by_a_metric_that_there_is() -> None:
    (query,) = re.findall(r"query: max\((\w+)\{", TEMPLATES["autoscaling.yaml"])
    assert f'"{query}"' in (ROOT / "allocator" / "metrics.py").read_text()


def test_it_has_the_version_of_what_it_installs() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (version, version)


def test_the_door_of_the_chart_is_the_door() -> None:
    assert (CHART / "nginx").resolve() == ROOT / "infra" / "nginx"
    named = re.findall(r'"(\w+\.conf)"', TEMPLATES["door.yaml"])
    assert named and [name for name in named if not (CHART / "nginx" / name).is_file()] == []


def test_what_is_asked_of_other_peoples_kinds_can_be_checked() -> None:
    text = "\n".join(TEMPLATES.values())
    kinds = {"Cluster": "postgresql.cnpg.io", "Kafka": "kafka", "KafkaNodePool": "kafka", "ScaledObject": "keda.sh",
             "PodMonitor": "monitoring.coreos.com"}  # fmt: skip
    there = {file.name for file in (ROOT / "infra" / "helm" / "schemas").iterdir()}
    for kind, group in kinds.items():
        assert f"kind: {kind}\n" in text
        assert any(name.startswith(f"{kind.lower()}-{group.split('.')[0]}-v1") for name in there)
    assert len(there) == len(kinds)


def a_deployment(**changes: Any) -> dict[str, Any]:
    container = {
        "name": "room",
        "securityContext": {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        },
        "resources": {"requests": {}, "limits": {}},
        "livenessProbe": {}, "readinessProbe": {},
    }  # fmt: skip
    pod = {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "automountServiceAccountToken": False,
        "containers": [container | changes],
    }
    labels = {"app.kubernetes.io/component": "room"}
    return {
        "kind": "Deployment",
        "metadata": {"name": "room"},
        "spec": {
            "replicas": 2,
            "strategy": {"rollingUpdate": {"maxUnavailable": 0}},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def around(*more: dict[str, Any]) -> list[dict[str, Any]]:
    labels = {"matchLabels": {"app.kubernetes.io/component": "room"}}
    everything = {"podSelector": {"matchLabels": {}}, "policyTypes": ["Ingress", "Egress"]}
    return [
        {"kind": "PodDisruptionBudget", "metadata": {"name": "room"}, "spec": {"selector": labels}},
        {"kind": "NetworkPolicy", "metadata": {"name": "nothing"}, "spec": everything},
        {
            "kind": "NetworkPolicy",
            "metadata": {"name": "room"},
            "spec": {"podSelector": labels, "policyTypes": ["Ingress"], "ingress": [{"from": []}]},
        },
        *more,
    ]


def test_a_deployment_that_is_well_is_not_complained_of() -> None:
    assert complaints(around(a_deployment())) == []


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"securityContext": {}}, "has rights that it does not need"),
        ({"resources": {}}, "has no bounds"),
        ({"env": [{"name": "ONSALE_SECRET", "value": "here"}]}, "stands in the open"),
        (
            {"env": [{"name": "SUPERUSER_PASSWORD", "valueFrom": {"secretKeyRef": {}}}]},
            "knows Postgres' superuser",
        ),
    ],
)
def test_what_is_wrong_with_one_is_said(changes: dict[str, Any], complaint: str) -> None:
    (said,) = complaints(around(a_deployment(**changes)))
    assert complaint in said


def test_one_that_nothing_protects_is_complained_of_for_each_reason() -> None:
    alone = complaints([a_deployment(), a_deployment()])
    for reason in ("moved at once", "no policy says", "nothing forbids", "is there twice"):
        assert any(reason in said for said in alone), reason
    scaled = {"kind": "ScaledObject", "metadata": {"name": "s"}, "spec": {"scaleTargetRef": {"name": "room"}}}
    assert complaints(around(a_deployment(), scaled)) == ["room: its number is said twice, or by nobody"]
