"""An idempotent producer that is replaced when it cannot go on."""

import asyncio
from contextlib import suppress

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from runtime.kafka import ending

log = structlog.get_logger(__name__)

BATCH_BYTES_MAX = 512 * 1024
RETRY_AFTER_S = 0.25
LAST_REQUEST_S = 1.0


class RenewedProducer:
    """Keeps one started `AIOKafkaProducer` at hand; `replace` one that failed and another takes its place.

    An idempotent producer that failed once is of no more use: it has counted the lost records, so the broker finds
    a gap in every later sequence number.
    """

    def __init__(
        self, bootstrap: str, topic: str, *, client_id: str, max_request_bytes: int, request_timeout_s: float
    ) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._client_id = client_id
        self._max_request_bytes = max_request_bytes
        self._request_timeout_s = request_timeout_s
        self._ready = asyncio.Event()
        self._producer: AIOKafkaProducer | None = None
        self._opening: asyncio.Task[None] | None = None
        self._discarding: set[asyncio.Task[None]] = set()

    @property
    def is_ready(self) -> bool:
        """Whether `get` would return at once."""
        return self._producer is not None

    async def open(self, wait_s: float) -> None:
        """Begin connecting; return when that succeeded, or after `wait_s` while it goes on."""
        self._open_soon()
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._ready.wait()

    async def get(self) -> AIOKafkaProducer:
        """A producer that knows the topic; waits until there is one."""
        while self._producer is None:
            await self._ready.wait()
        return self._producer

    def replace(self, producer: AIOKafkaProducer) -> None:
        """`producer` failed: what is in flight in it gets `request_timeout_s` to finish, a new one is made."""
        if producer is not self._producer:
            return
        self._producer = None
        self._ready.clear()
        discard = asyncio.create_task(_discard(producer, self._request_timeout_s), name="discard producer")
        self._discarding.add(discard)
        discard.add_done_callback(self._discarding.discard)
        self._open_soon()

    async def close(self) -> None:
        """Close everything; what is still in flight gets `request_timeout_s`."""
        if self._opening is not None:
            self._opening.cancel()
            with suppress(asyncio.CancelledError):
                await self._opening
        last, self._producer = self._producer, None
        await asyncio.gather(*self._discarding, *([_discard(last, self._request_timeout_s)] if last else []))

    def _open_soon(self) -> None:
        self._opening = asyncio.create_task(self._open(), name=f"connect producer of {self._topic}")

    async def _open(self) -> None:
        ending.install()
        while True:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap,
                client_id=self._client_id,
                acks="all",
                enable_idempotence=True,
                linger_ms=0,
                max_batch_size=BATCH_BYTES_MAX,
                max_request_size=self._max_request_bytes,
                request_timeout_ms=round(self._request_timeout_s * 1000),
                retry_backoff_ms=100,
                metadata_max_age_ms=60_000,
            )
            try:
                async with asyncio.timeout(max(2.0, 2 * self._request_timeout_s)):
                    await producer.start()
                    await producer.partitions_for(self._topic)
            except (KafkaError, OSError, TimeoutError) as exc:
                log.warning("log.unavailable", topic=self._topic, error=repr(exc))
                await _discard(producer, 0.0)
                await asyncio.sleep(RETRY_AFTER_S)
            except BaseException:
                await _discard(producer, 0.0)
                raise
            else:
                self._producer = producer
                self._ready.set()
                return


async def _discard(producer: AIOKafkaProducer, flush_s: float) -> None:
    """Close `producer`: unlike its own `stop`, without waiting for ever for a broker that is away."""
    stopping = asyncio.create_task(producer.stop(), name="stop producer")
    if flush_s > 0:
        await asyncio.wait({stopping}, timeout=flush_s)
    if not stopping.done():
        await _give_up(producer, flush_s + LAST_REQUEST_S)
        await asyncio.wait({stopping}, timeout=LAST_REQUEST_S)
    if not stopping.done():
        stopping.cancel()
        await asyncio.wait({stopping})
    if stopping.cancelled() or stopping.exception() is not None:
        with suppress(KafkaError, OSError):
            await producer.client.close()


async def _give_up(producer: AIOKafkaProducer, timeout_s: float) -> None:
    """Let `stop` go on. 0.14.0 has no public way: it waits until everything in flight was answered.

    The sender ends after the request it is at. Only then, as it does not expect it, who waits for a batch is told
    None, which is not an offset.
    """
    sending = producer._sender.sender_task
    if sending is not None and not sending.done():
        sending.cancel()
        await asyncio.wait({sending}, timeout=timeout_s)
    batches = producer._message_accumulator
    # Those that wait to be tried again are in the queues; when done they all want to leave the set of the pending.
    batches._pending_batches.update(batch for queue in batches._batches.values() for batch in queue)
    for batch in list(batches._pending_batches):
        if not batch.future.done():
            batch.future.set_result(None)
