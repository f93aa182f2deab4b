"""What is decided: `decide(state, command, moment)` answers one command with outcomes, and changes nothing.

Pure: the same state, command and moment always give the same outcomes, so that a log can be replayed. "No" is an
outcome; an exception is a bug, which the service turns into `internal_error` for that one command.
"""

from typing import Any, assert_never

from msgspec.structs import replace

from allocator.answer import Answer, Moment
from allocator.booking import book_now
from allocator.cancelling import cancel, is_chunk
from allocator.changing import change
from allocator.ending import cancel_show, close_show
from allocator.holding import expire, hold
from allocator.keeping import about_reservation
from allocator.many import hold_many
from allocator.operating import operate
from allocator.paying import begin_payment, fail_payment, payment_made
from allocator.sharing import give_back, is_word
from allocator.stock import PartitionState, ShowStock
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome
from ticketing.vocabulary import is_provider

DECIDER_VERSION = 18
"""Raised whenever the same log would be decided otherwise; stands in each row of outcome_log."""


def asks_about(command: AnyCommand) -> bytes | None:
    """The reservation that a command is about, if it names or repeats one: its row may have to be recalled."""
    if isinstance(command, messages.HoldSeats | messages.BookNow):
        return command.key
    if isinstance(command, ABOUT_A_RESERVATION):
        return command.reservation
    return None


def lacks(state: PartitionState, command: AnyCommand) -> bool:
    """Whether the decision needs something that is not in memory and can be read: a show that was put away, a layout,
    a reservation that has ended long ago. Asked for every record."""
    stock = state.shows.get(command.show)
    if stock is None:
        if command.show in state.put_away.shows:
            # Nothing that could expire is ever put away.
            return not isinstance(command, messages.ExpireHolds)
        return isinstance(command, messages.OpenShow) and (command.layout, command.layout_sha256) not in state.layouts
    if not stock.ended:
        return False
    if type(command) in SEVERAL:
        return any(map(stock.is_forgotten, asks_about_all(command)))
    return stock.is_forgotten(asks_about(command))


def asks_about_all(command: AnyCommand) -> tuple[bytes, ...]:
    """The same, where there may be more than one."""
    if isinstance(command, messages.HoldMany):
        return tuple(wish.key for wish in command.holds)
    if isinstance(command, messages.BookNow):
        return (command.key, *command.reservations)
    one = asks_about(command)
    return () if one is None else (one,)


SEVERAL = (messages.HoldMany, messages.BookNow)

ABOUT_A_RESERVATION = (
    messages.ExtendHold,
    messages.ReleaseHold,
    messages.ConfirmBooking,
    messages.CancelBooking,
    messages.ChangeBooking,
    messages.BeginPayment,
    messages.FailPayment,
)


def decide(state: PartitionState, command: AnyCommand, moment: Moment) -> list[AnyOutcome]:
    """The outcomes of one command: one for each a caller sent; for `ExpireHolds` one for each hold that ends."""
    outcomes = _decide(state, command, moment)
    return [replace(outcome, trace=command.trace) for outcome in outcomes] if command.trace else outcomes


def _decide(state: PartitionState, command: AnyCommand, moment: Moment) -> list[AnyOutcome]:
    show = state.shows.get(command.show)
    answer = Answer(command, moment, show.seq if show is not None else 0)
    if command.keyed and command.key in state.refusals.by_key:
        refused = state.refusals.find(command.key, moment.now_ms)
        if refused is not None:
            return [answer.refused_before(refused)]
    if show is None:
        return _without_show(state, command, answer)
    match command:
        case messages.HoldSeats():
            return [hold(show, command, answer)]
        case messages.HoldMany():
            return [hold_many(show, command, answer)]
        case messages.ExpireHolds():
            return expire(show, command, answer)
        case messages.ConfirmBooking() if is_provider(command.account):
            return [payment_made(show, command, answer)]
        case messages.ExtendHold() | messages.ReleaseHold() | messages.ConfirmBooking():
            return [about_reservation(show, command, answer)]
        case messages.BeginPayment():
            return [begin_payment(show, command, answer)]
        case messages.FailPayment():
            return [fail_payment(show, command, answer)]
        case messages.CancelBooking():
            return cancel(show, command, answer)
        case messages.OpenShow():
            return [_open_again(show, command, answer)]
        case messages.CloseShow():
            return [close_show(show, command, answer)]
        case messages.ReturnAllocation() if is_word(command):
            return give_back(show, command, answer)
        case (
            messages.ChangeShow() | messages.BlockSeats() | messages.UnblockSeats() | messages.SetAllocation()
            | messages.ReturnAllocation()
        ):  # fmt: skip
            return [operate(show, command, answer)]
        case messages.BookNow():
            return book_now(show, command, answer)
        case messages.ChangeBooking():
            return change(show, command, answer)
        case messages.CancelShow():
            return cancel_show(show, command, answer)
        case _:
            assert_never(command)


def _without_show(state: PartitionState, command: AnyCommand, answer: Answer) -> list[AnyOutcome]:
    if isinstance(command, messages.ExpireHolds) or is_chunk(command) or is_word(command):
        return []
    if not isinstance(command, messages.OpenShow):
        return [answer.no(messages.CommandRejected, "show_not_found")]
    if (command.layout, command.layout_sha256) not in state.layouts:
        return [answer.no(messages.CommandRejected, "layout_mismatch")]
    return [answer.yes(messages.ShowOpened, **_opening(command))]


def _open_again(show: ShowStock, command: messages.OpenShow, answer: Answer) -> AnyOutcome:
    if show.terms.layout_sha256 == command.layout_sha256:
        return answer.again(messages.ShowOpened, **_opening(command))
    return answer.no(messages.CommandRejected, "show_exists")


def _opening(command: messages.OpenShow) -> dict[str, Any]:
    return {"layout": command.layout, "currency": command.currency, "policy": command.policy, "prices": command.prices}
