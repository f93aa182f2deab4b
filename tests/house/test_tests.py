"""Tests: marks that exist, assertions that could fail."""

import ast
import re
import tomllib

from tests.house.sources import ROOT, Module, modules

BUILT_IN = {"parametrize", "skipif", "skip", "xfail", "usefixtures", "filterwarnings", "anyio"}


def written() -> list[Module]:
    return [module for module in modules() if module.package == "tests"]


def test_every_mark_is_declared() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    declared = {line.split(":")[0] for line in options["markers"]}
    used = {
        (node.attr, module.name)
        for module in written()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "pytest.mark"
    }
    assert {use for use in used if use[0] not in declared | BUILT_IN} == set()
    assert {"--strict-markers", "--strict-config"} <= set(options["addopts"])
    assert options["filterwarnings"] == ["error"]


def test_deadlines_are_where_they_are_looked_for() -> None:
    (folders,) = re.findall(r"^DEADLINES := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    judged = {
        module.path.relative_to(ROOT)
        for module in written()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "pytest.mark.deadline"
    }
    assert len(judged) > 1
    assert {path for path in judged if not any(path.is_relative_to(folder) for folder in folders.split())} == set()


def test_no_assertion_is_empty() -> None:
    empty = [
        f"{module.name}:{node.lineno}"
        for module in written()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant)
    ]
    assert empty == []


def test_every_test_asserts_or_calls_something_that_may_raise() -> None:
    hollow = [
        f"{module.name}.{node.name}"
        for module in written()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not any(isinstance(inner, ast.Assert | ast.Call) for inner in ast.walk(node))
    ]
    assert hollow == []
