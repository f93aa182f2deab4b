"""The project as text: which files there are, what each imports, which settings it has."""

import ast
import gc
import importlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic_settings import BaseSettings

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("waiting_room", "ingress", "allocator", "notifier", "expiry_worker", "staff")
PACKAGES = ("ticketing", "runtime", "payments", *ROOMS, "web", "infra", "bench", "onsale")


@dataclass(frozen=True)
class Module:
    """One Python file: its dotted name, and the text and tree behind it."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The top-level package."""
        return self.name.split(".", maxsplit=1)[0]

    def imports(self) -> Iterator[tuple[str, int]]:
        """Every dotted name imported, at any depth of the file, with its line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield alias.name, node.lineno
            elif isinstance(node, ast.ImportFrom):
                base = ".".join(self._parent(node.level)) if node.level else ""
                source = ".".join(filter(None, (base, node.module)))
                yield source, node.lineno
                for alias in node.names:
                    yield f"{source}.{alias.name}", node.lineno

    def _parent(self, level: int) -> list[str]:
        parts = self.name.split(".")
        return parts[: len(parts) - level + (self.path.name == "__init__.py")]


@cache
def tracked_files() -> tuple[Path, ...]:
    """Files that git knows or would add: what a clone would hold."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        check=True,
        capture_output=True,
        cwd=ROOT,
        timeout=30,
    ).stdout.decode()
    paths = (ROOT / name for name in listing.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


@cache
def modules() -> tuple[Module, ...]:
    """Every Python file, tests included."""
    return tuple(_module(path) for path in tracked_files() if path.suffix == ".py")


def shipped() -> tuple[Module, ...]:
    """Every Python file that is not a test."""
    return tuple(module for module in modules() if module.package in PACKAGES)


def _module(path: Path) -> Module:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    text = path.read_text()
    return Module(".".join(parts), path, text, parse(text, path))


def parse(text: str, path: Path) -> ast.Module:
    """A file's tree, with no garbage collection in the middle.

    Before Python 3.11.8 a parse within a parse makes the outer one raise SystemError, and printing a traceback parses:
    so does the collector, where it frees a task whose exception nobody has asked for.
    """
    gc.disable()
    try:
        return ast.parse(text, filename=str(path))
    finally:
        gc.enable()


def settings_classes() -> tuple[type[BaseSettings], ...]:
    """Every class of settings, the shared ones first."""
    found: dict[str, type[BaseSettings]] = {}
    names = [module.name for module in shipped() if module.name.endswith(".settings")]
    for name in sorted(names, key=lambda name: (name != "runtime.settings", name != "infra.settings", name)):
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type) and issubclass(value, BaseSettings) and value.__module__ == name:
                found[f"{name}.{value.__name__}"] = value
    return tuple(found.values())
