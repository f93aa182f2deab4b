"""Time: the wall clock is read in ticketing/clock.py alone; elapsed time by processes and measurements."""

import ast

from tests.house.sources import Module, modules

WALL = {
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "time.strftime",
    "time.ctime",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
}
ELAPSED = {"time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns"}
MAY_MEASURE = {"runtime", "bench", "clients", "onsale", "tests"}
CLOCKS = {"ticketing.clock", "clients.python.onsale_gate._middleware"}
"""Ours, and that of a package which is installed where onsale is not."""


def read_by(module: Module, forbidden: set[str]) -> list[str]:
    """`line: call` of each forbidden clock that the module mentions, however it was imported."""
    known = {"time": "time", "datetime": "datetime", "date": "date"}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in {"time", "datetime"}:
                    known[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.ImportFrom) and node.module in {"time", "datetime"}:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    found = []
    last = {name.rpartition(".")[2] for name in forbidden}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            if node.attr not in last:
                continue
            base = ast.unparse(node.value)
            name = f"{known.get(base, base)}.{node.attr}"
        elif isinstance(node, ast.Name):
            name = known.get(node.id, node.id)
        else:
            continue
        # datetime.datetime.now and datetime.now are the same thing.
        name = name.replace("datetime.datetime", "datetime").replace("datetime.date.", "date.")
        if name in forbidden:
            found.append(f"{module.name}:{node.lineno}: {name}")
    return found


def test_the_wall_clock_is_read_in_one_place() -> None:
    others = [module for module in modules() if module.name not in CLOCKS]
    assert [line for module in others for line in read_by(module, WALL)] == []


def test_elapsed_time_is_measured_by_processes_not_by_rules() -> None:
    rules = [module for module in modules() if module.package not in MAY_MEASURE]
    assert [line for module in rules for line in read_by(module, ELAPSED)] == []


def test_the_clock_itself_would_be_found() -> None:
    clock = next(module for module in modules() if module.name == "ticketing.clock")
    assert read_by(clock, WALL)
