"""Reading the project's own text works whatever other tests have left behind."""

import ast
import gc
from pathlib import Path

import pytest

from tests.house.sources import parse

TEXT = Path(__file__).read_text() * 20


class Dying:
    """Garbage that the collector has to find, and that parses as a traceback does when it is printed."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        ast.parse("x = 1")


@pytest.mark.parametrize("allocations", [500, 1_000, 2_000])
def test_a_file_is_parsed_though_the_collector_would_parse_meanwhile(allocations: int) -> None:
    before = gc.get_threshold()
    gc.collect()
    try:
        gc.set_threshold(0)
        Dying()
        gc.set_threshold(allocations)
        assert parse(TEXT, Path(__file__)).body
    finally:
        gc.set_threshold(*before)
