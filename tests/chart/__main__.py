"""`python -m tests.chart`: exit code 0 when the chart is well; 1 with what is wrong; 2 where it cannot be looked at.

With `--built` nothing is looked at but whether helm and kubeconform have been built here: 0, or 2 with what has not.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from tests.chart.rendered import Object, complaints
from tests.chart.tools import HELM, KUBECONFORM, Missing, kubernetes_schemas, program_of, tool
from tests.house.sources import ROOT

CHART = ROOT / "infra" / "helm" / "onsale"
OTHERS = ROOT / "infra" / "helm" / "schemas"
KUBERNETES = ("1.29.0", "1.37.0")
"""The oldest that the chart says it works with, and the newest that there are schemas of."""
CLUSTERS = """[{"partitions": "12-23", "host": "pg-2", "port": 5433, "database": "onsale",
    "superuser": {"name": "postgres", "secret": "pg-2-superuser", "key": "password"}}]"""
VARIANTS: dict[str, Sequence[str]] = {
    "as it comes": (),
    "with operators": ("--values", str(CHART / "values-operators.yaml")),
    "bare": (
        *("--set", "door.enabled=false", "--set", "networkPolicies.enabled=false", "--set", "disruptionBudgets=false"),
        *("--set", "postgres.sslmode=require", "--set", "redis.urlSecret.name=redis"),
    ),
    "with all that can be said": (
        *("--values", str(CHART / "values-operators.yaml"), "--set", "image.digest=sha256:" + 64 * "0"),
        *("--set", "image.pullSecrets={registry}", "--set", "nodeSelector.pool=sale"),
        *("--set", "door.realIpFrom={192.0.2.0/24}", "--set", "door.service.annotations.a=b"),
        *("--set", "secretSettings.ONSALE_SMTP_URL.name=mail", "--set", "secretSettings.ONSALE_SMTP_URL.key=url"),
        *("--set", "postgres.cluster.storageClass=fast", "--set", "kafka.cluster.storageClass=fast"),
        *("--set", "redis.instance.storageClass=fast"),
        *("--set-json", f"postgres.clusters={CLUSTERS}"),
    ),
}
REFUSED: dict[str, Sequence[str]] = {
    "a password in the address of Redis": ("--set", "redis.url=redis://:secret@redis:6379/0"),
    "a value that there is not": ("--set", "rooms.ingress.replica=3"),
    "a setting that is none of ours": ("--set", "settings.LOG_LEVEL=info"),
    "a Postgres without a standby": ("--set", "postgres.cluster.instances=1"),
    "a log on two brokers": ("--set", "kafka.cluster.brokers=2"),
    "a public address with a path": ("--set", "publicUrl=https://tickets.example.com/shop"),
}


def main() -> int:
    """The exit code."""
    if "--built" in sys.argv[1:]:
        missing = [module[0] for module in (HELM, KUBECONFORM) if not program_of(module).exists()]
        print("; ".join(f"{path} has not been built here, which `make chart` does" for path in missing))
        return 2 if missing else 0
    with tempfile.TemporaryDirectory(prefix="onsale-chart-") as directory:
        try:
            helm, kubeconform = tool(HELM), tool(KUBECONFORM)
            schemas = {version: kubernetes_schemas(version, Path(directory)) for version in KUBERNETES}
        except Missing as error:
            print(f"the chart was not looked at: {error}", file=sys.stderr)
            return 2
        return _look(helm, kubeconform, schemas)


def _look(helm: Path, kubeconform: Path, schemas: Mapping[str, Path]) -> int:
    wrong = [] if _said(helm, "lint", "--strict", str(CHART)) is not None else ["helm lint finds fault with it"]
    for variant, words in VARIANTS.items():
        for version, folder in schemas.items():
            text = _said(helm, "template", "onsale", str(CHART), "--kube-version", version, *words)
            if text is None:
                wrong.append(f"{variant}: it cannot be rendered")
                continue
            wrong += [f"{variant}, Kubernetes {version}: {fault}" for fault in _faults(text, kubeconform, folder)]
            if variant != "bare":
                wrong += [f"{variant}: {fault}" for fault in complaints(_objects(text))]
    for what, words in REFUSED.items():
        if _said(helm, "template", "onsale", str(CHART), *words, quiet=True) is not None:
            wrong.append(f"{what} is taken")
    for fault in sorted(set(wrong)):
        print(fault)
    print(f"{len(VARIANTS)} variants on {len(KUBERNETES)} versions, {len(REFUSED)} refusals: {len(wrong)} faults")
    return 1 if wrong else 0


def _said(helm: Path, *words: str, quiet: bool = False) -> str | None:
    done = subprocess.run([helm, *words], check=False, capture_output=True, text=True, timeout=120)
    if done.returncode == 0:
        return done.stdout
    if not quiet:
        print(done.stdout + done.stderr)
    return None


def _faults(text: str, kubeconform: Path, folder: Path) -> list[str]:
    """What is not as its schema says, and what has none."""
    places = [f"{place}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json" for place in (folder, OTHERS)]
    words = [str(kubeconform), "-strict", *(word for place in places for word in ("-schema-location", place))]
    done = subprocess.run(words, check=False, capture_output=True, text=True, input=text, timeout=120)
    return (done.stdout + done.stderr).splitlines() if done.returncode else []


def _objects(text: str) -> list[Object]:
    return [thing for thing in yaml.safe_load_all(text) if thing]


if __name__ == "__main__":
    sys.exit(main())
