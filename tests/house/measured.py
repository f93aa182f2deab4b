"""What the rooms count, and what a question to Prometheus asks for."""

import importlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import REGISTRY
from prometheus_client.registry import Collector

from tests.house.sources import ROOT, shipped

RULES = ROOT / "infra" / "prometheus" / "rules"
OF_EACH_SCRAPE = {"job", "instance"}
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
OF_PROMETHEUS = {"up": OF_EACH_SCRAPE, "ALERTS": {"alertname", "alertstate", "severity"}}
"""What it adds to what it scrapes."""

STRING = re.compile(r'"[^"]*"')
SELECTED = re.compile(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}")
GROUPED = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
NAME = re.compile(r"(?<![\w:.$])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])")
WORDS = {"and", "or", "unless", "bool", "offset", "by"}


@cache
def counted() -> dict[str, set[str]]:
    """Every series that can be asked for, those of Prometheus and of rules included, with the labels it may carry."""
    found = {name: set(labels) for name, labels in OF_PROMETHEUS.items()}
    for names, labels in families():
        found |= {
            name: set(labels) | OF_EACH_SCRAPE | ({"le"} if name.endswith("_bucket") else set()) for name in names
        }
    return found | {rule["record"]: set() for rule in rules() if "record" in rule}


@cache
def families() -> tuple[tuple[tuple[str, ...], frozenset[str]], ...]:
    """Of whatever some room counts: the names of its series, and its labels."""
    for module in shipped():
        if any(name.startswith("prometheus_client") for name, _ in module.imports()):
            importlib.import_module(module.name)
    return tuple(
        (tuple(family.name + suffix for suffix in SUFFIXES.get(family.type, ("",))), frozenset(labels_of(collector)))
        for collector in tuple(REGISTRY._collector_to_names)
        for family in getattr(collector, "describe", collector.collect)()
    )


def labels_of(collector: Collector) -> Iterable[str]:
    """The library's own keep their names in one attribute, those of `ingress/counting.py` in another one."""
    labels: Iterable[str] = getattr(collector, "_labelnames", getattr(collector, "_labels", ()))
    return labels


@cache
def rules() -> tuple[dict[str, Any], ...]:
    """Every rule of every file: those that record, and those that alert."""
    return tuple(_rules(sorted(RULES.glob("*.yml"))))


def _rules(paths: list[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def asked(expr: str) -> set[str]:
    """The names of the series that an expression looks at."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", GROUPED.sub(" ", STRING.sub('""', expr)))
    return set(NAME.findall(re.sub(r"\boffset\s+\w+", " ", bare))) - WORDS


def unknown_labels(expr: str) -> set[str]:
    """Labels, as `series{label`, that no series of that name has; of groupings those that none asked for has."""
    known = {label for name in asked(expr) for label in counted()[name]}
    wrong = {
        f"{name}{{{label}"
        for name, selector in SELECTED.findall(STRING.sub('""', expr))
        for label in re.findall(r"(\w+)\s*(?:=|!)", selector)
        if label not in counted()[name]
    }
    named = {label.strip() for labels in GROUPED.findall(expr) for label in labels.split(",")}
    return wrong | (named - known)
