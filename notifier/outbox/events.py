"""From outcomes to events: what each API key is told, as JSON. Values in, values out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from notifier import bodies
from notifier.audience import tellings
from ticketing.clock import rfc3339
from ticketing.messages import AnyOutcome, Reservation, ReservationOutcome
from ticketing.telling import Where
from ticketing.vocabulary import event_text, reservation_text, show_text

KEY_ACCOUNTS = "key_"
"""How the account of an API key begins; fans are told by socket and by mail."""
BODY_BYTES_MAX = 20_000
"""Standard Webhooks ask for small bodies."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An outcome, and where it stands: partition, log generation, the moment of its batch (ms)."""

    outcome: AnyOutcome
    part: int
    log_gen: int
    decided_at_ms: int


@dataclass(frozen=True, slots=True)
class CallerEvent:
    """One event of one account. `body` is JSON: `{"type", "timestamp", "data": {"event", "show", "seq", …}}`, where the
    rest of `data` is what a socket would have been told."""

    account: str
    event_id: str
    kind: str
    body: bytes
    decided_at_ms: int


def concerns_callers(taken: Taken) -> bool:
    """Whether any API key is told of it."""
    return any(telling.account.startswith(KEY_ACCOUNTS) for telling in tellings(taken.outcome))


def caller_events(taken: Iterable[Taken], wheres: Mapping[int, Where]) -> Iterator[CallerEvent]:
    """The events of these outcomes, in their order. `wheres`: show -> what its reservations are told with."""
    for one in taken:
        outcome = one.outcome
        for telling in tellings(outcome):
            where = wheres.get(outcome.show)
            if not telling.account.startswith(KEY_ACCOUNTS) or where is None:
                continue
            event_id = event_text(one.part, one.log_gen, outcome.offset, outcome.index)
            data: dict[str, Any] = {"event": event_id, "show": show_text(outcome.show), "seq": outcome.seq}
            told = data | msgspec.to_builtins(bodies.decided(outcome, part=one.part, log_gen=one.log_gen, where=where))
            head = {"type": telling.kind, "timestamp": rfc3339(one.decided_at_ms)}
            body = msgspec.json.encode({**head, "data": told})
            if len(body) > BODY_BYTES_MAX:
                body = msgspec.json.encode({**head, "data": data | _in_brief(outcome, told)})
            yield CallerEvent(telling.account, event_id, telling.kind, body, one.decided_at_ms)


def _in_brief(outcome: AnyOutcome, told: dict[str, Any]) -> dict[str, Any]:
    """What stays of a body that is too long: what it is about, to be read over HTTP."""
    brief: dict[str, Any] = {name: told[name] for name in ("status", "request", "traceparent") if name in told}
    if isinstance(outcome, ReservationOutcome):
        reservation: Reservation = outcome.reservation
        brief["outcome"] = {
            "reservation": reservation_text(outcome.show, reservation.id),
            "status": reservation.status,
            "total_amount": reservation.amount,
        }
    return brief | {"in_brief": True}
