"""What the objects of a rendered chart must say beyond being objects that Kubernetes takes."""

from collections.abc import Iterator, Sequence
from typing import Any

Object = dict[str, Any]

ROOT_NEVER = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
WORKLOADS = {"Deployment", "StatefulSet", "Job"}


def of_kind(objects: Sequence[Object], *kinds: str) -> dict[str, Object]:
    """Those of a kind, by name."""
    return {thing["metadata"]["name"]: thing for thing in objects if thing["kind"] in kinds}


def pod_of(thing: Object) -> Object:
    """The pod that a workload makes."""
    pod: Object = thing["spec"]["template"]
    return pod


def complaints(objects: Sequence[Object]) -> list[str]:
    """What is not as it should be; nothing for a chart that is well."""
    return [*_rights(objects), *_secrets(objects), *_keeping_up(objects), *_reach(objects), *_twins(objects)]


def _rights(objects: Sequence[Object]) -> Iterator[str]:
    for name, thing in of_kind(objects, *WORKLOADS).items():
        pod = pod_of(thing)["spec"]
        security = pod.get("securityContext", {})
        if not security.get("runAsNonRoot") or security.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{name}: its pod may be root's, or call what it likes of the kernel"
        if pod.get("automountServiceAccountToken", True):
            yield f"{name}: its pod is given a token for the cluster"
        if any("hostPath" in volume for volume in pod.get("volumes", ())) or pod.get("hostNetwork"):
            yield f"{name}: it reaches into its node"
        for container in pod["containers"]:
            if container.get("securityContext") != ROOT_NEVER:
                yield f"{name}: {container['name']} has rights that it does not need"
            if not {"requests", "limits"} <= container.get("resources", {}).keys():
                yield f"{name}: {container['name']} has no bounds"


def _secrets(objects: Sequence[Object]) -> Iterator[str]:
    if of_kind(objects, "Secret"):
        yield "a secret is made by the chart, and kept by Helm"
    for name, thing in of_kind(objects, *WORKLOADS).items():
        for container in pod_of(thing)["spec"]["containers"]:
            for variable in container.get("env", ()):
                secret = "secretKeyRef" in variable.get("valueFrom", {})
                if variable["name"] in {"ONSALE_SECRET", "SUPERUSER_PASSWORD"} and not secret:
                    yield f"{name}: {variable['name']} stands in the open"
                if variable["name"] == "SUPERUSER_PASSWORD" and thing["kind"] != "Job":
                    yield f"{name}: it knows Postgres' superuser"


def _keeping_up(objects: Sequence[Object]) -> Iterator[str]:
    budgets = [budget["spec"]["selector"]["matchLabels"] for budget in of_kind(objects, "PodDisruptionBudget").values()]
    targets = [
        scaler["spec"]["scaleTargetRef"]["name"]
        for scaler in of_kind(objects, "HorizontalPodAutoscaler", "ScaledObject").values()
    ]
    for name, thing in of_kind(objects, "Deployment").items():
        labels = pod_of(thing)["metadata"]["labels"]
        if not any(budget.items() <= labels.items() for budget in budgets):
            yield f"{name}: all of its pods may be moved at once"
        (container,) = pod_of(thing)["spec"]["containers"]
        if not {"livenessProbe", "readinessProbe"} <= container.keys():
            yield f"{name}: nobody asks it whether it is well"
        if thing["spec"]["strategy"]["rollingUpdate"].get("maxUnavailable") != 0:
            yield f"{name}: an old one goes before a new one is ready"
        # Who scales it says how many there are: a number of ours would undo that at each upgrade.
        if targets.count(name) + ("replicas" in thing["spec"]) != 1:
            yield f"{name}: its number is said twice, or by nobody"


def _reach(objects: Sequence[Object]) -> Iterator[str]:
    policies = [policy["spec"] for policy in of_kind(objects, "NetworkPolicy").values()]
    if not any(policy["policyTypes"] == ["Ingress", "Egress"] and "ingress" not in policy for policy in policies):
        yield "nothing forbids what no policy allows"
    for name, thing in of_kind(objects, *WORKLOADS).items():
        labels = pod_of(thing)["metadata"]["labels"]
        own = [policy for policy in policies if _is_named(policy, labels)]
        if not own:
            yield f"{name}: no policy says who reaches it, and whom it reaches"
        for policy in own:
            if "door" not in name and any("from" not in rule for rule in policy.get("ingress", ())):
                yield f"{name}: anybody reaches it"


def _is_named(policy: Object, labels: dict[str, str]) -> bool:
    wanted = policy["podSelector"]["matchLabels"]
    return "app.kubernetes.io/component" in wanted and bool(wanted.items() <= labels.items())


def _twins(objects: Sequence[Object]) -> Iterator[str]:
    names = [(thing["kind"], thing["metadata"]["name"]) for thing in objects]
    yield from (f"{kind} {name} is there twice" for kind, name in sorted(set(names)) if names.count((kind, name)) > 1)
