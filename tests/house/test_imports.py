"""Who may import whom. The table of the house, checked on the text of every file."""

import sys
from collections.abc import Iterator

import pytest

from tests.house.sources import PACKAGES, ROOMS, Module, modules, shipped

CLIENTS = {"aiokafka", "aiosmtplib", "asyncpg", "httpx", "redis", "starlette", "uvicorn", "websockets"}
UNPREDICTABLE = {"asyncio", "datetime", "random", "secrets", "threading", "time", "uuid"}
OURS = set(PACKAGES) | {"tests"}

# The pure cores: values in, values out. Whatever of their room they import is pure as well.
PURE = (
    "allocator.netting",
    "allocator.seating",
    "expiry_worker.deadlines",
    "notifier.audience",
    "notifier.merging",
    "payments.sandbox.choices",
    "payments.words",
    "staff.people",
    "waiting_room.gate",
    "waiting_room.phases",
    "waiting_room.pressure",
)


def top(name: str) -> str:
    return name.split(".", maxsplit=1)[0]


def imported(module: Module) -> Iterator[tuple[str, str]]:
    """(dotted name, where) of every import."""
    for name, line in module.imports():
        yield name, f"{module.name}:{line} imports {name}"


def broken(module: Module, forbidden: set[str]) -> list[str]:
    return [where for name, where in imported(module) if top(name) in forbidden]


def of(package: str) -> list[Module]:
    return [module for module in shipped() if module.package == package]


def reached(start: Module) -> list[Module]:
    """A module and whatever of its own room it imports, directly or not."""
    by_name = {module.name: module for module in of(start.package)}
    found = {start.name: start}
    waiting = [start]
    while waiting:
        for name, _ in waiting.pop().imports():
            if name in by_name and name not in found:
                found[name] = by_name[name]
                waiting.append(by_name[name])
    return list(found.values())


def test_ticketing_stands_alone() -> None:
    allowed = set(sys.stdlib_module_names) | {"msgspec", "pydantic", "pydantic_core", "ticketing"}
    for module in of("ticketing"):
        assert [where for name, where in imported(module) if top(name) not in allowed] == []
        assert broken(module, {"asyncio", "threading", "socket", "subprocess"}) == []


def test_runtime_knows_no_domain_word() -> None:
    assert [where for module in of("runtime") for where in broken(module, OURS - {"runtime"})] == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_no_other_room(room: str) -> None:
    strangers = OURS - {room, "ticketing", "runtime", "payments"}
    assert [where for module in of(room) for where in broken(module, strangers)] == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_service_talks_to_ports_not_to_clients(room: str) -> None:
    services = [module for module in of(room) if module.name == f"{room}.service"]
    assert [
        where for module in services for part in reached(module) for where in broken(part, CLIENTS | {"runtime"})
    ] == []


@pytest.mark.parametrize("room", ROOMS)
def test_an_edge_has_one_client_library_and_imports_no_other_edge(room: str) -> None:
    mixed = {}
    for module in of(room):
        clients = {top(name) for name, _ in imported(module)} & CLIENTS
        if clients and not module.name.endswith(".__main__"):
            mixed[module.name] = {top(name) for part in reached(module) for name, _ in imported(part)} & CLIENTS
    assert {name: clients for name, clients in mixed.items() if len(clients) > 1} == {}


@pytest.mark.parametrize("name", PURE)
def test_the_pure_core_of_a_room_is_pure(name: str) -> None:
    module = next((module for module in shipped() if module.name == name), None)
    assert module is not None, f"{name} is named in the architecture"
    forbidden = CLIENTS | UNPREDICTABLE | {"runtime", "os", "pathlib", "socket", "subprocess"}
    assert [where for part in reached(module) for where in broken(part, forbidden)] == []


def test_what_speaks_with_a_payment_provider_knows_no_room() -> None:
    strangers = OURS - {"payments", "ticketing", "runtime"}
    assert [where for module in of("payments") for where in broken(module, strangers)] == []


def test_only_the_command_line_imports_every_room() -> None:
    for package in ("infra", "web"):
        assert [where for module in of(package) for where in broken(module, {*ROOMS, "onsale", "bench"})] == []


def test_the_crowd_comes_in_by_the_front_door() -> None:
    """Simulated fans have nothing but the public interface."""
    crowd = [module for module in shipped() if module.name.startswith("onsale.crowd")]
    assert crowd, "onsale/crowd/ is not there"
    backstage = {"aiokafka", "asyncpg", "redis", "infra", "runtime", *ROOMS}
    assert [where for module in crowd for where in broken(module, backstage)] == []


def test_the_client_for_partners_stands_alone() -> None:
    """It is installed where onsale is not; so is the gate."""
    client = [module for module in modules() if module.package == "clients"]
    assert client, "clients/ is not there"
    allowed = set(sys.stdlib_module_names) | {"httpx", "jwt", "msgspec", "standardwebhooks", "websockets"}
    allowed |= {"onsale_client", "onsale_gate"}
    assert [where for module in client for name, where in imported(module) if top(name) not in allowed] == []


def test_nothing_shipped_imports_tests() -> None:
    assert [where for module in shipped() for where in broken(module, {"tests"})] == []
    assert len(modules()) > len(shipped())
