"""helm and kubeconform, built once into the user's cache from their Go modules; Kubernetes' schemas, from a package."""

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

from infra.embedded.downloads import user_cache

HELM = ("helm.sh/helm/v3/cmd/helm", "v3.22.0")
KUBECONFORM = ("github.com/yannh/kubeconform/cmd/kubeconform", "v0.8.0")
BUILD_TIMEOUT_S = 1_800.0


class Missing(Exception):
    """A tool cannot be had here; the text says which, and what to do."""


def program_of(module: tuple[str, str], directory: Path | None = None) -> Path:
    """Where it is once it has been built."""
    name, version = module[0].rpartition("/")[2], module[1]
    return (directory or user_cache() / "tools") / f"{name}-{version}" / name


def tool(module: tuple[str, str], directory: Path | None = None) -> Path:
    """The program of a Go module at a version, built at the first time. Raises `Missing`.

    Go compares what it fetches with the public record of checksums, as for any module.
    """
    path, version = module
    program = program_of(module, directory)
    if program.exists():
        return program
    go = shutil.which("go")
    if go is None:
        raise Missing(f"there is no Go to build {program.name} with: install one (1.26 or newer)")
    print(f"building {path}@{version}, at the first time", flush=True)
    environment = {**os.environ, "GOBIN": str(program.parent), "GOFLAGS": "-trimpath", "CGO_ENABLED": "0"}
    built = subprocess.run([go, "install", f"{path}@{version}"], env=environment, check=False, timeout=BUILD_TIMEOUT_S)
    if built.returncode:
        raise Missing(f"{path}@{version} could not be built")
    return program


def kubernetes_schemas(version: str, directory: Path) -> Path:
    """A folder in `directory` with Kubernetes' own strict schemas of a version (`1.37.0`). Raises `Missing`.

    In the package they refer to one another by addresses of Kubernetes' site; here, by files beside them.
    """
    found = importlib.util.find_spec("kubernetes_validate")
    if found is None or found.origin is None:
        raise Missing("Kubernetes' schemas are not there: pip install --require-hashes -r requirements/chart.txt")
    folder = Path(found.origin).parent / "kubernetes-json-schema" / f"v{version}-local-strict"
    if not folder.is_dir():
        raise Missing(f"the package has no schemas of Kubernetes {version}")
    place = directory / version
    place.mkdir()
    for file in folder.glob("*.json"):
        document = json.loads(file.read_text())
        document.pop("$id", None)
        (place / file.name).write_text(json.dumps(document).replace('"/api/_definitions.json#', '"_definitions.json#'))
    return place
