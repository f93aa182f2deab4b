"""The doctor: every "no" comes with a remedy."""

from dataclasses import replace
from pathlib import Path

import pytest

from infra.doctor import Check, Machine, diagnose, look
from tests.infra.conftest import settings_with

HEALTHY = Machine(
    system="Linux",
    python=(3, 11),
    data_dir=Path("/srv/onsale"),
    data_dir_writable=True,
    data_disk_free_mb=5000,
    cache_dir=Path("/var/cache/onsale"),
    cache_dir_writable=True,
    cache_disk_free_mb=5000,
    memory_available_mb=4000,
    open_files_max=65536,
    make="/usr/bin/make",
    is_root=False,
    useradd="/usr/sbin/useradd",
    postgres_user_exists=False,
    socket_directory=Path("/tmp"),
    postgres="postgres (PostgreSQL) 18.4",
    postgres_error="",
    redis="Redis 7.2.4",
    redis_error="",
    java="Java 21",
    java_error="",
    jars_there=True,
    external=frozenset(),
)
LONG = Path("/" + "x" * 120)
SICK = {
    "system": replace(HEALTHY, system="Plan 9"),
    "python": replace(HEALTHY, python=(3, 9)),
    "make": replace(HEALTHY, make=""),
    "data directory": replace(HEALTHY, data_dir_writable=False),
    "data disk": replace(HEALTHY, data_disk_free_mb=10),
    "cache directory": replace(HEALTHY, cache_dir_writable=False),
    "cache disk": replace(HEALTHY, cache_disk_free_mb=10),
    "socket path": replace(HEALTHY, data_dir=LONG, socket_directory=LONG),
    "memory": replace(HEALTHY, memory_available_mb=200),
    "open files": replace(HEALTHY, open_files_max=256),
    "postgres": replace(HEALTHY, postgres="", postgres_error="install it"),
    "postgres user": replace(HEALTHY, is_root=True, useradd=""),
    "redis": replace(HEALTHY, redis="", redis_error="install it"),
    "java": replace(HEALTHY, java="", java_error="install it"),
}


def by_name(checks: list[Check]) -> dict[str, Check]:
    assert len({check.name for check in checks}) == len(checks)
    return {check.name: check for check in checks}


def test_a_healthy_machine_has_nothing_to_mend() -> None:
    checks = diagnose(HEALTHY)
    assert all(check.ok and not check.remedy for check in checks)
    assert set(SICK) <= set(by_name(checks))


@pytest.mark.parametrize("name", SICK)
def test_every_failure_says_what_to_do(name: str) -> None:
    checks = by_name(diagnose(SICK[name]))
    assert not checks[name].ok
    assert checks[name].remedy
    assert all(check.ok for check in checks.values() if check.name != name)


def test_a_long_path_alone_is_no_failure() -> None:
    check = by_name(diagnose(replace(HEALTHY, data_dir=LONG)))["socket path"]
    assert check.ok
    assert "/tmp" in check.detail


def test_what_will_be_fetched_is_said() -> None:
    assert "will be fetched" in by_name(diagnose(replace(HEALTHY, jars_there=False)))["kafka"].detail


def test_servers_given_by_address_are_not_looked_for() -> None:
    nothing = replace(HEALTHY, postgres="", redis="", java="", external=frozenset({"postgres", "redis", "kafka"}))
    assert all(check.ok for check in diagnose(nothing))


def test_this_machine_can_be_looked_at(tmp_path: Path) -> None:
    machine = look(settings_with("postgres", "redis", "kafka").model_copy(update={"data_dir": tmp_path / "a" / "b"}))
    assert machine.data_dir_writable
    assert machine.memory_available_mb > 0
    assert machine.external == frozenset()
