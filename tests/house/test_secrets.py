"""Secrets: compared in constant time, and never written into a log line; Postgres is reached where limits are set."""

import ast
import re
from collections.abc import Iterator

from tests.house.sources import Module, shipped

SECRET = re.compile(r"secret|signature|password|hmac|key_hash|(^|_)(leaf|mac|token|pass)(_|$)")
PUBLIC = {
    "infra.embedded.servers": "a fingerprint in a file that only its owner reads, written by ourselves",
    "onsale.crowd.queueing": "a simulated fan's own pass, on the fan's side",
}
"""Modules that compare what sounds secret and is none, with what it is. Digests of layouts and records are public."""
OPENERS = {
    "infra.provision": "the superuser, who makes the roles",
    "onsale.installation": "only whether the database is there",
    "runtime.postgres": "where the limits are set",
    "bench.site": "a superuser who counts rows",
}


def named(node: ast.expr) -> str:
    """The word by which an expression goes: of `self._secret` it is `_secret`."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
        case ast.Call():
            return ast.unparse(node.func)
        case ast.Subscript():
            key = node.slice.value if isinstance(node.slice, ast.Constant) else ""
            return key if isinstance(key, str) and key else named(node.value)
        case _:
            return ""


def compared(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """`(line, text)` of each comparison by == or != that has a secret's name on either side."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or not any(isinstance(by, ast.Eq | ast.NotEq) for by in node.ops):
            continue
        sides = [node.left, *node.comparators]
        # A constant is nobody's secret.
        if any(SECRET.search(name.lower()) for name in map(named, sides) if not name.isupper()):
            yield node.lineno, ast.unparse(node)


def calls(module: Module, *names: str) -> list[str]:
    return [
        f"{module.name}:{node.lineno}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names
    ]


def test_nothing_secret_is_compared_by_equality() -> None:
    found = {module.name: [*compared(module.tree)] for module in shipped() if module.package != "bench"}
    assert {name: lines for name, lines in found.items() if lines and name not in PUBLIC} == {}
    assert [name for name in PUBLIC if not found.get(name)] == [], "exempt without need"


def test_such_a_comparison_would_be_found() -> None:
    tree = ast.parse(
        "if given.signature != expected: pass\nif hmac.digest(key, text) == row['x']: pass\nif n == 1: pass"
    )
    assert [line for line, _ in compared(tree)] == [1, 2]
    tree = ast.parse("row['key_hash'] == found\napi_key_hash(key) == found\nhmac.compare_digest(secret, other)")
    assert [line for line, _ in compared(tree)] == [1, 2]


def test_a_secret_is_taken_out_of_its_wrapping_by_settings_alone() -> None:
    opened = [
        f"{module.name}:{node.lineno}"
        for module in shipped()
        if not module.name.endswith("settings")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr == "get_secret_value"
    ]
    assert opened == []


def test_postgres_is_reached_by_the_two_doors_that_set_limits() -> None:
    found = {module.name: calls(module, "asyncpg.connect", "asyncpg.create_pool") for module in shipped()}
    assert {name for name, lines in found.items() if lines} == set(OPENERS)
