"""Several holds as one: all of them are granted or none is.

Each is decided as a hold of its own, over a stock in which those before it have happened already. That stock is a
trial: it looks through to the show, and what happens in it happens nowhere else.
"""

from collections import ChainMap
from copy import copy

from allocator.answer import Answer
from allocator.draft import Record
from allocator.holding import hold
from allocator.stock import ShowStock
from ticketing import messages
from ticketing.messages import AnyOutcome, Reservation


def hold_many(show: ShowStock, command: messages.HoldMany, answer: Answer) -> AnyOutcome:
    """`ManyHeld`, or the refusal of the first one that cannot be."""
    keys = {wish.key for wish in command.holds}
    whole = command.atomic and command.holds and len(keys) == len(command.holds)
    alike = all((it.show, it.account) == (command.show, command.account) for it in command.holds)
    if not (whole and alike):
        return answer.no(messages.HoldRefused, "malformed")
    before = [record for wish in command.holds if (record := show.find(wish.key)) is not None]
    if before:
        if len(before) < len(keys) or before[0].fingerprint != command.fingerprint:
            return answer.no(messages.CommandRejected, "idempotency_key_reused")
        return answer.again(messages.ManyHeld, reservations=tuple(record.reservation for record in before))
    trial = _trial_of(show)
    held: list[Reservation] = []
    for number, wish in enumerate(command.holds):
        outcome = hold(trial, wish, Answer(wish, answer.moment, trial.seq))
        if not isinstance(outcome, messages.SeatsHeld):
            assert isinstance(outcome, messages.Refusal)
            return answer.no(
                messages.HoldRefused,
                outcome.code,
                f"hold {number}: {outcome.detail}" if outcome.detail else f"hold {number}",
                outcome.until_ms,
                conflicts=outcome.conflicts,
                conflicts_total=outcome.conflicts_total,
                alternatives=outcome.alternatives,
            )
        held.append(outcome.reservation)
        trial.load(Record(outcome.reservation, command.fingerprint))
        for seat in outcome.reservation.seats:
            trial.load_seat(seat, outcome.reservation.id)
    return answer.yes(messages.ManyHeld, reservations=tuple(held))


def _trial_of(show: ShowStock) -> ShowStock:
    trial = copy(show)
    trial.free = bytearray(show.free)
    trial.owners = ChainMap({}, show.owners)
    trial.live = ChainMap({}, show.live)
    trial.area_taken = list(show.area_taken)
    trial.area_booked = list(show.area_booked)
    trial.held_by_person = dict(show.held_by_person)
    trial.booked_by_person = dict(show.booked_by_person)
    trial.holds_by_person = dict(show.holds_by_person)
    trial.tables_by_person = dict(show.tables_by_person)
    trial.taken_by_partner = dict(show.taken_by_partner)
    trial.free_in = list(show.free_in)
    trial.offers, trial.losses = {}, {}
    return trial
