"""How a hold that was granted is answered, in a rush: the ordinary answer, cut where ids and times stand.

Thousands are told the same but for these. So what `verdicts.answered` says is made once for the same places of a show,
and put together anew around what each hold has of its own. Whatever is not found so is worded the ordinary way.
"""

import re
from collections import Counter
from collections.abc import Callable, Hashable
from functools import lru_cache
from operator import itemgetter

from ingress.answers import CREATED, Told
from ingress.shows import Show
from ingress.verdicts import answered
from ticketing.clock import rfc3339
from ticketing.finishing import finishing_token
from ticketing.messages import SeatsHeld
from ticketing.telling import held_answer
from ticketing.tokens import TokenKeys
from ticketing.vocabulary import ReservationStatus

PLACES_MAX = 200
"""Of each show: for how many different sets of places the words are kept."""

_CREATED, _EXPIRES, _REQUEST, _TOKEN = "{held at}", "{held until}", "{request}", "{token}"
_NUMBER, _LIMITS, _REQUEST_ID, _LENGTH = b"{number}", b"{limits}", b"{request id}", b"{length}"
_OF_HEAD = {_NUMBER: 1, _LIMITS: 1, _REQUEST_ID: 1, _LENGTH: 1}
_OF_BODY = {_NUMBER: 1, _CREATED.encode(): 1, _EXPIRES.encode(): 2, _REQUEST.encode(): 1, _TOKEN.encode(): 1}
"""How often each stands there; what they are filled with comes in this order."""
_MARK = re.compile(b"(%b)" % b"|".join(map(re.escape, _OF_HEAD | _OF_BODY)))

_HELD = ReservationStatus.HELD

Filled = Callable[[tuple[bytes, ...]], bytes]


def held_words(  # noqa: PLR0917 -- once for each hold, and by position is quickest
    outcome: SeatsHeld, show: Show, tokens: TokenKeys, request: bytes, request_id: bytes, limits: bytes
) -> tuple[bytes, bytes] | None:
    """Head and body of the answer (201) to a hold of areas; None: it is to be worded the ordinary way, as those of
    seats are, which are nobody else's. `limits`: lines of the head."""
    held = outcome.reservation
    if held.seats or outcome.repeat or held.external_id or held.status != _HELD:
        return None
    if outcome.why is not None or outcome.left_out_total or outcome.left_out:
        return None
    kept: dict[Hashable, tuple[Filled, Filled] | None] = show.words
    places = (held.areas, held.prices, held.amount)
    try:
        words = kept[places]
    except KeyError:
        if len(kept) >= PLACES_MAX:
            return None
        words = kept[places] = _words(outcome, show)
    if words is None:
        return None
    head, body = words
    number = held.id.hex().encode()
    token = finishing_token(outcome.show, held, tokens).encode()
    text = body((number, _moment(held.held_at_ms), _moment(held.expires_at_ms), request, token))
    return head((number, limits, request_id, b"%d" % len(text))), text


@lru_cache(maxsize=256)
def _moment(at_ms: int) -> bytes:
    # A batch is decided at one moment.
    return rfc3339(at_ms).encode()


def _words(outcome: SeatsHeld, show: Show) -> tuple[Filled, Filled] | None:
    """What puts head and body together; None: some name of the show's looks like one of our marks."""
    held = outcome.reservation
    number = held.id.hex().encode()
    said = held_answer(outcome, show.where, request=_REQUEST, token=_TOKEN)
    said.message = said.message.replace(said.expires_at, _EXPIRES)
    said.created_at, said.expires_at = _CREATED, _EXPIRES
    response = answered(Told(CREATED, said, f"/api/reservations/{said.reservation}"), outcome)
    length = b"content-length: %d\r\n" % len(response.body)
    head = response.head(_REQUEST_ID.decode()).replace(length, b"content-length: %b\r\n" % _LENGTH)
    head = head.replace(b"x-request-id: ", _LIMITS + b"x-request-id: ")
    of_head, of_body = _cut(head, number, _OF_HEAD), _cut(response.body, number, _OF_BODY)
    return None if of_head is None or of_body is None else (of_head, of_body)


def _cut(text: bytes, number: bytes, marks: dict[bytes, int]) -> Filled | None:
    """What puts `text` together with other values in place of `number` and its marks, given in their order; None: they
    do not stand there as often as is said."""
    # The number becomes a mark, too: a pattern with it would be used once, and stay in the cache of `re`.
    pieces = _MARK.split(text.replace(number, _NUMBER))
    found = pieces[1::2]
    if Counter(found) != marks:
        return None
    template = b"%b".join([piece.replace(b"%", b"%%") for piece in pieces[::2]])
    pick = itemgetter(*map(list(marks).index, found))
    return lambda values: template % pick(values)
