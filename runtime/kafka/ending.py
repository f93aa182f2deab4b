"""A connection that its peer has reset, met before aiokafka knows of it.

On uvloop the handle of such a connection is closed a turn of the loop before aiokafka is told, and writing there is a
RuntimeError. aiokafka 0.14.0 expects an OSError alone: it lets this through, and whatever task wanted to write, of its
own or of ours, ends by it.
"""

from typing import Any

from aiokafka import conn
from aiokafka.errors import KafkaConnectionError, KafkaError


class EndingConnection(conn.AIOKafkaConnection):
    """Says in that turn what it would say in the next one. Takes the place of its base class: see `install`."""

    def send(self, request: Any, expect_response: bool = True) -> Any:
        """As ever; where the handle is closed it closes itself and raises `KafkaConnectionError`."""
        base: Any = super()  # which has no types
        try:
            return base.send(request, expect_response)
        except RuntimeError as error:
            # aiokafka's own errors are RuntimeErrors, too.
            if isinstance(error, KafkaError) or self._writer is None or not self._writer.transport.is_closing():
                raise
            base.close(reason=conn.CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error


def install() -> None:
    """Have every connection that aiokafka makes in this process be one; it has no other place for that."""
    module: Any = conn
    module.AIOKafkaConnection = EndingConnection
