"""The end of a show: it is closed, or it does not take place.

An order that was carried out is told again under its key. Another one, for what has ended already, is refused, so that
its key is remembered as that of every refusal is; without a key the show is judged by where it stands.
"""

from allocator.answer import Answer
from allocator.cancelling import cancel_some, is_chunk
from allocator.orders import is_repeat, is_reused
from allocator.stock import ShowStock
from ticketing import messages
from ticketing.messages import AnyOutcome
from ticketing.vocabulary import ShowStatus


def close_show(show: ShowStock, command: messages.CloseShow, answer: Answer) -> AnyOutcome:
    """Nothing more is sold; what is held can still be booked."""
    if is_reused(show, command):
        return answer.no(messages.CommandRejected, "idempotency_key_reused")
    is_closed = show.status == ShowStatus.CLOSED
    if is_repeat(show, command) or (is_closed and not command.keyed):
        return answer.again(messages.ShowClosed, reason=command.reason)
    if show.status == ShowStatus.CANCELLED:
        return answer.no(messages.CommandRejected, "show_cancelled")
    if is_closed:
        return answer.no(messages.CommandRejected, "show_closed")
    return answer.yes(messages.ShowClosed, reason=command.reason)


def cancel_show(show: ShowStock, command: messages.CancelShow, answer: Answer) -> list[AnyOutcome]:
    """The show is cancelled; or, where it is, some of its bookings are, and what was paid for each is due back."""
    if is_chunk(command):
        return cancel_some(show, command, answer)
    if is_reused(show, command):
        return [answer.no(messages.CommandRejected, "idempotency_key_reused")]
    is_cancelled = show.status == ShowStatus.CANCELLED
    if is_repeat(show, command) or (is_cancelled and not command.keyed):
        return [answer.again(messages.ShowCancelled, reason=command.reason)]
    if is_cancelled:
        return [answer.no(messages.CommandRejected, "show_cancelled")]
    return [answer.yes(messages.ShowCancelled, reason=command.reason)]
