"""Operators on an address of their own: one process more, if it is set."""

import pytest

from onsale.console.settings import ConsoleSettings
from onsale.up import with_a_console


@pytest.mark.parametrize(("port", "more"), [(0, []), (9_443, ["onsale.console"])])
def test_a_process_more_runs_where_a_port_is_set(port: int, more: list[str]) -> None:
    settings = ConsoleSettings(_env_file=None, console_port=port)
    assert with_a_console(["allocator"], settings) == ["allocator", *more]
