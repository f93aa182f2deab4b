"""The log: reading partitions from exact offsets, and sending many small records or few large ones.

Errors say what the caller may answer: `LogFull` and `LogUnavailable` mean surely not written, `LogUnknown` means that
it may or may not be (asking again with the same key finds out), `LogRangeError` means that the log no longer, or not
yet, has that offset.
"""

from runtime.kafka.producer import BatchingProducer
from runtime.kafka.reader import QUIET_WAIT_MS, PartitionReader
from runtime.kafka.record_producer import RecordProducer
from runtime.kafka.records import (
    Headers,
    LogError,
    LogFull,
    LogRangeError,
    LogUnavailable,
    LogUnknown,
    Record,
    RecordTooLarge,
)

__all__ = [
    "QUIET_WAIT_MS",
    "BatchingProducer",
    "Headers",
    "LogError",
    "LogFull",
    "LogRangeError",
    "LogUnavailable",
    "LogUnknown",
    "PartitionReader",
    "Record",
    "RecordProducer",
    "RecordTooLarge",
]
