"""Random bytes from a pool: each given once, none made up."""

import itertools

from ingress.entropy import PooledEntropy


def test_no_byte_is_given_twice() -> None:
    asked: list[int] = []
    fresh = itertools.count()

    def source(count: int) -> bytes:
        asked.append(count)
        return b"".join(next(fresh).to_bytes(4) for _ in range(count // 4))

    entropy = PooledEntropy(source, bytes_max=40)
    given = [entropy(count) for count in (16, 16, 16, 40, 4, 44, 12, 0)]
    assert [len(each) for each in given] == [16, 16, 16, 40, 4, 44, 12, 0]
    words = [each[at : at + 4] for each in given for at in range(0, len(each), 4)]
    assert len(set(words)) == len(words)
    assert asked == [40, 40, 40, 40, 44]
