"""Every way to say no: its stable code, HTTP status, title, and whether the same request can succeed later.

The one table behind HTTP answers, socket frames and docs/api/problems.md (a test compares them).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of refusal. `retryable`: the same request, unchanged, may succeed later."""

    status: int
    title: str
    retryable: bool = False


PROBLEMS: dict[str, Problem] = {
    # The request itself
    "request_malformed": Problem(400, "This is not HTTP"),
    "headers_too_slow": Problem(408, "The headers did not arrive in time", retryable=True),
    "url_too_long": Problem(414, "The URL is longer than 8 kB"),
    "headers_too_large": Problem(431, "The headers are larger than 32 kB, or more than 100"),
    "malformed_json": Problem(400, "The body is not JSON"),
    "body_missing": Problem(400, "This call needs a body"),
    "invalid_request": Problem(400, "The request does not have the documented form"),
    "invalid_id": Problem(400, "An id in the request is not one of ours"),
    "idempotency_key_missing": Problem(400, "This call needs an Idempotency-Key header"),
    "idempotency_key_invalid": Problem(400, "The Idempotency-Key is empty or longer than 200 characters"),
    "malformed": Problem(400, "The command could not be read"),
    "body_too_slow": Problem(408, "The body did not arrive in time", retryable=True),
    "body_too_large": Problem(413, "The body is larger than this call takes"),
    "unsupported_media_type": Problem(415, "The body must be application/json"),
    "method_not_allowed": Problem(405, "This path does not have that method"),
    # Who asks
    "unauthenticated": Problem(401, "This call needs a token"),
    "token_invalid": Problem(401, "The token is not one of ours"),
    "token_expired": Problem(401, "The token has expired"),
    "key_revoked": Problem(401, "The API key has been revoked"),
    "signature_invalid": Problem(401, "The notice is not signed by the provider"),
    "insufficient_scope": Problem(403, "The token does not allow this"),
    "wrong_show": Problem(403, "The token is for another show"),
    "admission_required": Problem(403, "The show is sold only to those who come through its waiting room"),
    "not_yours": Problem(403, "This belongs to somebody else"),
    "ticket_invalid": Problem(401, "The ticket is not one of ours"),
    "code_needed": Problem(403, "This line is for people with a code"),
    "code_invalid": Problem(403, "The code is not one of this line"),
    "wrong_secret": Problem(403, "The secret is not the one that the ticket was made with"),
    # What is asked for
    "allocation_not_found": Problem(404, "Nothing of the show is kept for this partner"),
    "not_found": Problem(404, "There is no such thing"),
    "show_not_found": Problem(404, "There is no such show"),
    "reservation_not_found": Problem(404, "There is no such reservation"),
    "booking_not_found": Problem(404, "There is no such booking"),
    "request_not_found": Problem(404, "There is no such request"),
    # Losing, which is a normal answer
    "seats_unavailable": Problem(409, "Some of these places are taken"),
    "sold_out": Problem(409, "There are not enough places left", retryable=True),
    "no_adjacent_block": Problem(409, "There is no block of that many seats together", retryable=True),
    "orphan_seat": Problem(409, "These seats would leave a single seat that nobody wants"),
    "cooling_down": Problem(409, "Too many holds were let go unpaid; wait before the next one", retryable=True),
    "limit_exceeded": Problem(409, "More places than one person may hold"),
    "allocation_exhausted": Problem(409, "The partner's share of the show is used up", retryable=True),
    "allocation_mixed": Problem(409, "A partner has a share of the show, or shares of categories, not both"),
    "allocation_too_large": Problem(409, "There are not so many places left to be kept"),
    "already_yours": Problem(409, "You hold these seats already"),
    "hold_released": Problem(409, "The hold was given back"),
    "hold_not_yours": Problem(409, "Some of these seats are not held by you"),
    "already_booked": Problem(409, "The reservation is booked already"),
    "booking_cancelled": Problem(409, "The booking was cancelled"),
    "not_booked": Problem(409, "The reservation is not a booking"),
    "refund_window_closed": Problem(409, "The booking can no longer be cancelled"),
    "too_many_webhooks": Problem(409, "This key has as many webhooks as a key may have"),
    "too_many_keys": Problem(409, "This partner has as many keys as a partner may have"),
    "key_gone": Problem(409, "The key has been revoked"),
    "letter_settled": Problem(409, "Something was done with this letter before"),
    "not_blocked": Problem(409, "Some of these seats are not blocked"),
    "payment_under_way": Problem(409, "A payment for the reservation is under way"),
    "not_paying": Problem(409, "No such payment for the reservation is under way"),
    "payment_not_offered": Problem(409, "Payments are not taken here; confirm with what was paid elsewhere"),
    "payment_refused": Problem(409, "The payment provider does not take this payment"),
    "nothing_to_pay": Problem(409, "The reservation costs nothing; book it without a payment"),
    "payment_missing": Problem(409, "This show needs a payment"),
    "payment_reused": Problem(409, "This payment has paid for another booking"),
    "not_on_sale": Problem(409, "The show is not on sale now", retryable=True),
    "show_closed": Problem(409, "The sale is closed"),
    "show_cancelled": Problem(409, "The show is cancelled"),
    "show_exists": Problem(409, "The show is open already"),
    "not_your_turn": Problem(409, "It is not your turn yet", retryable=True),
    "already_let_in": Problem(409, "The place has been claimed, and its pass runs"),
    "room_closed": Problem(409, "The waiting room is closed"),
    "code_used_up": Problem(409, "The code has been used by as many people as it is for"),
    "room_held": Problem(409, "The line has been stopped; places are kept", retryable=True),
    "hold_expired": Problem(410, "The hold has expired"),
    "pass_expired": Problem(410, "The time to buy that this place gave has run out"),
    "place_given_up": Problem(410, "The place was given up"),
    # Who was faster
    "changed_meanwhile": Problem(412, "Somebody else has changed this meanwhile"),
    # Rules
    "idempotency_key_reused": Problem(422, "This Idempotency-Key came before with another body"),
    "client_id_reused": Problem(422, "This client_id joined before with another secret"),
    "layout_invalid": Problem(422, "The layout cannot be sold from"),
    "table_not_sold_so": Problem(422, "The table is not sold that way"),
    "times_invalid": Problem(422, "A sale cannot have these times"),
    "several_shows": Problem(422, "What belongs together is of one show"),
    "too_many_seats": Problem(422, "More places than one hold may have"),
    "unknown_category": Problem(422, "The layout has no such category"),
    "unknown_places": Problem(422, "Some of these places are not in the layout"),
    "seats_not_in_reservation": Problem(422, "The reservation does not have all of these seats"),
    "nothing_asked_for": Problem(422, "The request names no place"),
    "hold_time_out_of_range": Problem(422, "The hold time is outside what the show allows"),
    "amount_wrong": Problem(422, "The payment is not the amount of the reservation"),
    "layout_mismatch": Problem(422, "The layout is not the one that the show names"),
    "not_supported": Problem(422, "This command is not supported yet"),
    "rate_limited": Problem(429, "Too many requests", retryable=True),
    "work_needed": Problem(429, "Very many people join; show some work, or wait a little", retryable=True),
    "too_many_at_once": Problem(429, "Too many commands of this key are under way", retryable=True),
    # The machinery
    "data_refused": Problem(400, "A value in the request cannot be stored"),
    "internal_error": Problem(500, "This is a bug; it has been recorded"),
    "room_unavailable": Problem(503, "The waiting room cannot answer now; places are kept", retryable=True),
    "busy": Problem(503, "More requests are waiting than can be taken", retryable=True),
    "log_unavailable": Problem(503, "The log does not take commands now", retryable=True),
    "payment_unavailable": Problem(503, "The payment provider does not answer now", retryable=True),
    "sign_in_unavailable": Problem(503, "Nobody can be signed in now; what runs goes on", retryable=True),
    "sales_paused": Problem(503, "Sales are paused; nothing is lost", retryable=True),
}
