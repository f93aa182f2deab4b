"""Coroutines driven by hand: each stops wherever it would wait for the world, and can be ended there."""

from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@coroutine
def stop_at(point: str) -> Generator[str, None, None]:
    """Give the hand back to whoever drives; it is told the name of the point."""
    yield point


class Hand(Generic[T]):
    """One coroutine on its way. `point` is where it stands; `result` or `error` is how it ended."""

    def __init__(self, coro: Coroutine[Any, Any, T]) -> None:
        self._coro = coro
        self.point = "start"
        self.is_done = False
        self.result: T | None = None
        self.error: Exception | None = None

    def advance(self) -> None:
        """On to the next point, or to the end."""
        try:
            self.point = self._coro.send(None)
        except StopIteration as end:
            self.is_done, self.result = True, end.value
        except Exception as error:
            self.is_done, self.error = True, error

    def fail(self, error: Exception) -> None:
        """What it waits for fails in this way."""
        try:
            self.point = self._coro.throw(error)
        except StopIteration as end:
            self.is_done, self.result = True, end.value
        except Exception as raised:
            self.is_done, self.error = True, raised

    def crash(self) -> None:
        """The process is gone: nothing after this point ever runs."""
        self._coro.close()
        self.is_done = True
