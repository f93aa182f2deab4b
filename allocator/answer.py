"""How an outcome is written: what every one carries, filled in once; and the moment at which it is decided."""

from typing import Any, cast

import msgspec

from allocator.stock import ShowStock
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome, Reservation
from ticketing.vocabulary import SYSTEM_ACCOUNT

SENDER_SKEW_MS = 5_000
"""How far the broker's stamp may be ahead of the sender's before the sender's counts."""


class Moment(msgspec.Struct, frozen=True, gc=False):
    """When and where one command is decided: the log's time, the batch's own clock, the command's place."""

    now_ms: int
    decided_at_ms: int
    offset: int


def log_time(last_now_ms: int, append_ms: int, sent_at_ms: int) -> int:
    """The log's time at a record (ms). It takes two wrong clocks to make it wrong, and it never goes back."""
    # Asked for every record, where max() and min() would be half of its cost.
    now_ms = sent_at_ms + SENDER_SKEW_MS
    if append_ms < now_ms:  # noqa: PLR1730
        now_ms = append_ms
    return now_ms if now_ms > last_now_ms else last_now_ms


def arrived_ms(append_ms: int, command: AnyCommand | None) -> int:
    """Since when a record has waited in the log (ms): as the broker says or its sender, whoever says later."""
    return append_ms if command is None else max(append_ms, command.sent_at_ms)


def rejection(
    command: AnyCommand | None, show: ShowStock | None, moment: Moment, code: str
) -> messages.CommandRejected:
    """The "no" to a record that cannot be decided; without a command it cannot even be read."""
    return messages.CommandRejected(
        show=command.show if command else 0,
        seq=show.seq if show else 0,
        at_ms=moment.now_ms,
        offset=moment.offset,
        key=command.key if command else b"",
        account=command.account if command else "",
        code=code,
    )


class Answer(msgspec.Struct, gc=False):
    """Writes outcomes to one command: what all of them carry is filled in here.

    What is said to thousands a second, that places are held or not to be had, is spelled out; passing the words on as
    a dictionary takes ten times as long.
    """

    command: AnyCommand
    moment: Moment
    seq: int
    """Where the show stands after the last outcome."""
    index: int = 0
    """How many outcomes there are so far."""
    asides: int = 0
    """How many of others' there are beside them."""

    def held(self, reservation: Reservation, why: messages.Why | None) -> AnyOutcome:
        """Places are held: `yes` in its most frequent form."""
        command, moment = self.command, self.moment
        self.seq += 1
        self.index += 1
        return messages.SeatsHeld(
            show=command.show,
            seq=self.seq,
            at_ms=moment.now_ms,
            offset=moment.offset,
            index=self.index - 1,
            key=command.key,
            account=command.account,
            reservation=reservation,
            why=why,
        )

    def yes(self, kind: type[AnyOutcome], **content: Any) -> AnyOutcome:
        """Something happened: the show moves on by one."""
        self.seq += 1
        return self._outcome(kind, content)

    def aside(self, kind: type[AnyOutcome], **content: Any) -> AnyOutcome:
        """Something else happens along with what the command asked for: its sender's answer is the one of index 0, and
        this one is nobody's answer."""
        self.seq += 1
        self.asides += 1
        command, moment = self.command, self.moment
        return kind(
            show=command.show,
            seq=self.seq,
            at_ms=moment.now_ms,
            offset=moment.offset,
            index=self.asides,
            key=command.key,
            account=SYSTEM_ACCOUNT,
            **content,
        )

    def again(self, kind: type[AnyOutcome], **content: Any) -> AnyOutcome:
        """It had happened before: the first verdict, with what is true now."""
        return self._outcome(kind, content, repeat=True)

    def _outcome(self, kind: type[AnyOutcome], content: dict[str, Any], *, repeat: bool = False) -> AnyOutcome:
        command, moment = self.command, self.moment
        self.index += 1
        return kind(
            show=command.show,
            seq=self.seq,
            at_ms=moment.now_ms,
            offset=moment.offset,
            index=self.index - 1,
            key=command.key,
            account=command.account,
            repeat=repeat,
            **content,
        )

    def no(
        self,
        kind: type[messages.Refusal],
        code: str,
        detail: str = "",
        until_ms: int = 0,
        *,
        conflicts: tuple[messages.Conflict, ...] = (),
        conflicts_total: int = 0,
        alternatives: tuple[tuple[int, ...], ...] = (),
    ) -> AnyOutcome:
        """Nothing happened, and why."""
        command, moment = self.command, self.moment
        self.index += 1
        refusal = kind(
            show=command.show,
            seq=self.seq,
            at_ms=moment.now_ms,
            offset=moment.offset,
            index=self.index - 1,
            key=command.key,
            account=command.account,
            code=code,
            detail=detail,
            conflicts=conflicts,
            conflicts_total=conflicts_total,
            alternatives=alternatives,
            fingerprint=command.fingerprint if command.keyed else b"",
            until_ms=until_ms,
        )
        return cast(AnyOutcome, refusal)

    def refused_before(self, refusal: messages.Refusal) -> AnyOutcome:
        """The same "no" as before, or that the key was for another body."""
        if refusal.fingerprint != self.command.fingerprint:
            return self.no(messages.CommandRejected, "idempotency_key_reused")
        command, moment = self.command, self.moment
        again = msgspec.structs.replace(
            refusal,
            show=command.show,
            seq=self.seq,
            at_ms=moment.now_ms,
            offset=moment.offset,
            index=self.index,
            account=command.account,
            repeat=True,
            trace=b"",
        )
        self.index += 1
        return cast(AnyOutcome, again)


def with_seats(reservation: Reservation, seats: list[tuple[int, int]]) -> Reservation:
    """The reservation one version on, its seats being these: `(seat, price)` each."""
    area_prices = reservation.prices[len(reservation.seats) :]
    amount = sum(price for _, price in seats)
    amount += sum(price * quantity for price, (_, quantity) in zip(area_prices, reservation.areas, strict=True))
    return msgspec.structs.replace(
        reservation,
        version=reservation.version + 1,
        seats=tuple(seat for seat, _ in seats),
        prices=(*(price for _, price in seats), *area_prices),
        amount=amount,
    )


def moved(reservation: Reservation, status: str, **changes: Any) -> Reservation:
    """The reservation one version on."""
    return msgspec.structs.replace(reservation, status=status, version=reservation.version + 1, **changes)
