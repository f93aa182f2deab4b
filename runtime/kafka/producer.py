"""Sending records: many small ones by micro-batches, or few large ones."""

from types import TracebackType
from typing import Self

from runtime.kafka.records import Headers


class BatchingProducer:
    """Sends records of one topic; what gathers while a batch is in flight is the next batch of that partition.

    `async with` opens it; the broker may be away at that time and come later (`available` says). Safe options are
    spelled out: acks="all", idempotence on. After the broker was away, or lost its memory of this producer, it
    recovers by itself.

    `backlog_records_max` bounds the records that are waiting or in flight in all partitions together, `deadline_s`
    how long one `send` takes at most.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        *,
        backlog_records_max: int,
        deadline_s: float,
        client_id: str,
        max_request_bytes: int = 1024 * 1024,
    ) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

    @property
    def available(self) -> bool:
        """Whether a send would be tried at all: connected, and no partition without an answer past its deadline."""
        raise NotImplementedError

    @property
    def backlog(self) -> int:
        """Records waiting or in flight."""
        raise NotImplementedError

    async def send(self, part: int, value: bytes, *, key: bytes | None = None, headers: Headers = ()) -> int:
        """Append one record to `part`; returns its offset. Calls for one partition keep their order.

        Raises `LogFull` (at once), `LogUnavailable` (never sent, or refused), `LogUnknown` (sent, no answer before
        the deadline), `RecordTooLarge`.
        """
        raise NotImplementedError


class RecordProducer:
    """Sends few large records in order, with the same options, errors and recovery as `BatchingProducer`."""

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        *,
        deadline_s: float,
        client_id: str,
        backlog_records_max: int = 256,
        max_request_bytes: int = 8 * 1024 * 1024,
    ) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

    @property
    def available(self) -> bool:
        """As in `BatchingProducer`."""
        raise NotImplementedError

    async def send_and_wait(self, part: int, value: bytes, headers: Headers = (), *, key: bytes | None = None) -> int:
        """Append one record to `part` and return its offset; errors as `BatchingProducer.send`."""
        raise NotImplementedError
