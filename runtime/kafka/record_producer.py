"""Sending few large records."""

from types import TracebackType
from typing import Self

from runtime.kafka.producer import BatchingProducer
from runtime.kafka.records import Headers


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
        # A record larger than a batch goes out as a batch of its own.
        self._batches = BatchingProducer(
            bootstrap,
            topic,
            backlog_records_max=backlog_records_max,
            deadline_s=deadline_s,
            client_id=client_id,
            max_request_bytes=max_request_bytes,
        )

    async def __aenter__(self) -> Self:
        await self._batches.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._batches.__aexit__(kind, exc, trace)

    @property
    def available(self) -> bool:
        """As in `BatchingProducer`."""
        return self._batches.available

    async def send_and_wait(self, part: int, value: bytes, headers: Headers = (), *, key: bytes | None = None) -> int:
        """Append one record to `part` and return its offset; errors as `BatchingProducer.send`."""
        return await self._batches.send(part, value, key=key, headers=headers)
