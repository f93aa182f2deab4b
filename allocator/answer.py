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


class Answer:
    """Writes outcomes to one command: what all of them carry is filled in here, once."""

    def __init__(self, command: AnyCommand, moment: Moment, show: ShowStock | None) -> None:
        self.command = command
        self.moment = moment
        self.show = show
        self._seq = show.seq if show else 0
        self._index = 0

    def _head(self, *, repeat: bool = False, changes: bool = False) -> dict[str, Any]:
        self._seq += changes
        head = {
            "show": self.command.show,
            "seq": self._seq,
            "at_ms": self.moment.now_ms,
            "offset": self.moment.offset,
            "index": self._index,
            "key": self.command.key,
            "account": self.command.account,
            "repeat": repeat,
        }
        self._index += 1
        return head

    def yes(self, kind: type[AnyOutcome], **content: Any) -> AnyOutcome:
        """Something happened: the show moves on by one."""
        return kind(**self._head(changes=True), **content)

    def again(self, kind: type[AnyOutcome], **content: Any) -> AnyOutcome:
        """It had happened before: the first verdict, with what is true now."""
        return kind(**self._head(repeat=True), **content)

    def no(self, kind: type[messages.Refusal], code: str, detail: str = "", **content: Any) -> AnyOutcome:
        """Nothing happened, and why."""
        fingerprint = self.command.fingerprint if self.command.keyed else b""
        made = kind(**self._head(), code=code, detail=detail, fingerprint=fingerprint, **content)
        return cast(AnyOutcome, made)

    def refused_before(self, refusal: messages.Refusal) -> AnyOutcome:
        """The same "no" as before, or that the key was for another body."""
        if refusal.fingerprint != self.command.fingerprint:
            return self.no(messages.CommandRejected, "idempotency_key_reused")
        return cast(AnyOutcome, msgspec.structs.replace(refusal, **self._head(repeat=True)))


def moved(reservation: Reservation, status: str, **changes: int) -> Reservation:
    """The reservation one version on."""
    return msgspec.structs.replace(reservation, status=status, version=reservation.version + 1, **changes)
