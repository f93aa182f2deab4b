"""Random bytes, fetched from the system in larger pieces than they are asked for."""

from collections.abc import Callable


class PooledEntropy:
    """As its source, `bytes_max` at a time: each call of the system costs more than sixteen bytes are worth."""

    def __init__(self, source: Callable[[int], bytes], bytes_max: int = 4_096) -> None:
        self._source = source
        self._bytes_max = bytes_max
        self._pool = b""
        self._at = 0

    def __call__(self, count: int) -> bytes:
        """`count` random bytes that were never given before."""
        if count > self._bytes_max:
            return self._source(count)
        end = self._at + count
        if end > len(self._pool):
            self._pool, end = self._source(self._bytes_max), count
        given = self._pool[end - count : end]
        self._at = end
        return given
