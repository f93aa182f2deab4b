"""How an outcome is written: what every one carries, filled in once; and the moment at which it is decided."""

from typing import Any, cast

import msgspec

from allocator.stock import ShowStock
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome, Reservation

SENDER_SKEW_MS = 5_000
"""How far the broker's stamp may be ahead of the sender's before the sender's counts."""


class Moment(msgspec.Struct, frozen=True, gc=False):
    """When and where one command is decided: the log's time, the batch's own clock, the command's place."""

    now_ms: int
    decided_at_ms: int
    offset: int


def log_time(last_now_ms: int, append_ms: int, sent_at_ms: int) -> int:
    """The log's time at a record (ms). It takes two wrong clocks to make it wrong, and it never goes back."""
    return max(last_now_ms, min(append_ms, sent_at_ms + SENDER_SKEW_MS))


def arrived_ms(append_ms: int, command: AnyCommand | None) -> int:
    """Since when a record has waited in the log (ms): as the broker says or its sender, whoever says later."""
    return append_ms if command is None else max(append_ms, command.sent_at_ms)


class Answer:
    """Writes outcomes to one command: what all of them carry is filled in here, once."""

    def __init__(self, command: AnyCommand, moment: Moment, show: ShowStock | None) -> None:
        self.command = command
        self.moment = moment
        self.show = show
        self._seq = show.seq if show else 0
        self._index = 0

    def _headed(self, content: dict[str, Any], *, repeat: bool = False) -> dict[str, Any]:
        """`content`, with what every outcome carries written into it."""
        content["show"] = self.command.show
        content["seq"] = self._seq
        content["at_ms"] = self.moment.now_ms
        content["offset"] = self.moment.offset
        content["index"] = self._index
        content["key"] = self.command.key
        content["account"] = self.command.account
        content["repeat"] = repeat
        self._index += 1
        return content

    def yes(self, kind: type[AnyOutcome], **content: Any) -> AnyOutcome:
        """Something happened: the show moves on by one."""
        self._seq += 1
        return kind(**self._headed(content))

    def again(self, kind: type[AnyOutcome], **content: Any) -> AnyOutcome:
        """It had happened before: the first verdict, with what is true now."""
        return kind(**self._headed(content, repeat=True))

    def no(self, kind: type[messages.Refusal], code: str, detail: str = "", **content: Any) -> AnyOutcome:
        """Nothing happened, and why."""
        fingerprint = self.command.fingerprint if self.command.keyed else b""
        content |= {"code": code, "detail": detail, "fingerprint": fingerprint}
        return cast(AnyOutcome, kind(**self._headed(content)))

    def refused_before(self, refusal: messages.Refusal) -> AnyOutcome:
        """The same "no" as before, or that the key was for another body."""
        if refusal.fingerprint != self.command.fingerprint:
            return self.no(messages.CommandRejected, "idempotency_key_reused")
        return cast(AnyOutcome, msgspec.structs.replace(refusal, **self._headed({}, repeat=True)))


def moved(reservation: Reservation, status: str, **changes: int) -> Reservation:
    """The reservation one version on."""
    return msgspec.structs.replace(reservation, status=status, version=reservation.version + 1, **changes)
