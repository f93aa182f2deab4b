"""`POST /api/reservations` below ASGI: the one call that thousands send in the same second.

By way of ASGI a request costs a scope, a cycle, a task, events and two writes before it is looked at, half of what a
hold costs in all (docs/decisions/0013). Here it is checked as soon as it has been read, and answered with one write
when its verdict is heard. Nothing is decided here: form, caller, command and answer are made by the same functions as
in `app.py`, or found where they were kept of a request just like it (`rush.py`, `hold_words.py`); and whatever is not
plain (something to look up, a packed body) is left to the application.
"""

from functools import partial

from msgspec.structs import replace

from ingress import metrics
from ingress.app import SERVER_ERROR, failed
from ingress.asgi import Request, Response, request_id_of
from ingress.callers import Callers, Identity
from ingress.forms import Forms, check_body, check_head, require_room
from ingress.hold_words import held_words
from ingress.limiter import UNCOUNTED, Counted, Limiter
from ingress.operations import BODY_BYTES_MAX
from ingress.recording import Recording
from ingress.refusals import Refused
from ingress.rush import Rush
from ingress.sale_routes import Sale
from ingress.service import HAS_ITS_SHARE, Asking, Verdict
from ingress.shows import Show
from ingress.tracing import Tracing
from ingress.verdicts import verdict_response
from ingress.waiters import Decided
from runtime.addresses import FORWARDED, ClientAddresses
from runtime.direct import DirectRoutes, Exchange
from runtime.tracing import Span
from ticketing.asks import HoldBody
from ticketing.messages import HoldSeats, SeatsHeld
from ticketing.vocabulary import request_text

CREATED = 201


class DirectHolds:
    """Takes holds straight from the connection. `fans_max`: of how many their pass is remembered."""

    def __init__(
        self,
        sale: Sale,
        callers: Callers,
        limiter: Limiter,
        forms: Forms,
        addresses: ClientAddresses,
        *,
        fans_max: int,
        recording: Recording,
        tracing: Tracing | None,
    ) -> None:
        self._tracing = tracing
        self._limiter = limiter
        self.recording = recording
        self.sale = sale
        self.callers = callers
        self.addresses = addresses
        self._forms = forms
        self.operation = operation = sale.hold_operation()
        self._rush = Rush(
            operation,
            sale.shelf,
            waves=callers.waves,
            fans_max=fans_max,
            wait_default_s=forms.wait_default_s,
        )
        self.granted = metrics.requests(operation.name, CREATED)
        self.routes: DirectRoutes = {(operation.method.encode(), operation.path.encode()): self.take}

    def take(self, exchange: Exchange) -> bool:
        """Answer the request, now or later; False, and nothing has happened: it is for the application."""
        headers, sale = exchange.headers, self.sale
        if b"content-encoding" in headers or len(exchange.body) > BODY_BYTES_MAX:
            return False
        body = bytes(exchange.body)
        hold = _Hold(self, exchange, request_id_of(headers, self._forms.request_id))
        if self._tracing is not None:
            hold.span = self._tracing.begin(headers)
        try:
            if sale.desk.crowd.is_full():  # else nobody is turned away
                require_room(self.operation)
            known = self._rush.find(headers, body, now_ms := sale.clock.now_ms(), hold.identify)
            if known is not None:
                command = known[1]
                hold.counted = self._limiter.check_fans_hold(command.account, command.show, now_ms)
            else:
                known = self._check(hold, body)
            if known is None:
                return False
            hold.show, command, wait_s = known
            if hold.span is not None:
                command = replace(command, trace=hold.span.trace)
            asking = sale.desk.begin(command, hold.show.row.part, wait_s, hold.tell)
        except Exception as error:
            hold.send(failed(error, self.operation.name, hold.request()))
            return True
        if asking is not None:
            exchange.on_gone = asking.leave if hold.counted.by_fan and hold.span is None else partial(hold.gone, asking)
        return True

    def _check(self, hold: "_Hold", raw: bytes) -> tuple[Show, HoldSeats, float] | None:
        """As the application does. Raises `Refused`."""
        operation, request = self.operation, hold.request()
        identity = self.callers.known(request)
        if identity is None:
            return None
        if identity.key is not None:
            hold.key_id, hold.began_ms = identity.key.key_id, self.sale.clock.now_ms()
        try:
            head = check_head(operation, request, identity)
            body = check_body(operation, HoldBody, request, raw)
            call = self._forms.call(operation, request, {}, head, body)
            wanted = self.sale.hold_known(call)
        except Refused:
            hold.counted = self._limiter.check(operation, request.address, identity)
            raise
        if wanted is None:
            return None
        # Only now, or what the application does with it would be counted twice.
        hold.counted = self._limiter.check(operation, request.address, identity)
        show, wish, command = wanted
        self._rush.remember(identity.caller, raw, show, wish)
        return show, command, call.wait_s


class _Hold:
    """One hold that waits for its verdict."""

    __slots__ = ("_exchange", "_of", "_request_id", "began_ms", "counted", "key_id", "show", "span")

    show: Show
    counted: Counted

    def __init__(self, of: DirectHolds, exchange: Exchange, request_id: str) -> None:
        self._of = of
        self._exchange = exchange
        self._request_id = request_id
        self.counted = UNCOUNTED
        self.key_id = ""
        self.began_ms = 0
        self.span: Span | None = None

    def gone(self, asking: Asking) -> None:
        """Its client is gone."""
        asking.leave()
        self.counted.leave(0)
        if self.span is not None:
            self._end(self.span, 0)

    def tell(self, verdict: Verdict) -> None:
        """Answer with the verdict."""
        of, show = self._of, self.show
        try:
            if type(verdict) is Decided and type(outcome := verdict.outcome) is SeatsHeld:
                request = request_text(verdict.part, verdict.log_gen, outcome.offset)
                limits = self.counted.lines
                said = held_words(outcome, show, of.sale.tokens, request.encode(), self._request_id.encode(), limits)
                if said is not None:
                    self.counted.leave(CREATED)
                    of.granted.inc()
                    if self.key_id:
                        self._record(CREATED)
                    if self.span is not None:
                        self._end(self.span, CREATED)
                    self._exchange.answer(CREATED, *said)
                    return
            if verdict is HAS_ITS_SHARE and self.key_id:
                of.sale.desk.crowd.note_insistent(self._exchange.headers[b"authorization"].strip(), self.key_id)
            response = verdict_response(verdict, show, of.sale.tokens, of.sale.clock.now_ms())
        except Exception as error:
            response = failed(error, of.operation.name, self.request())
        self.send(response)

    def send(self, response: Response) -> None:
        """Answer with this."""
        self.counted.leave(response.status)
        response.headers += self.counted.headers
        metrics.requests(self._of.operation.name, response.status).inc()
        if self.key_id:
            self._record(response.status)
        if self.span is not None:
            self._end(self.span, response.status)
        self._exchange.answer(response.status, response.head(self._request_id), response.body)

    def _record(self, status: int) -> None:
        """Of keys; a fan's requests are nobody's to look at."""
        of = self._of
        of.recording.note(self.key_id, of.operation.name, self.request(), status, self.began_ms)

    def _end(self, span: Span, status: int) -> None:
        span.end(self._of.operation.name, failed=status >= SERVER_ERROR, status=status)

    def identify(self) -> Identity | None:
        """As `Callers.known`."""
        return self._of.callers.known(self.request())

    def request(self) -> Request:
        """The request, as those need it who look at all of it."""
        of, exchange = self._of, self._exchange
        address = of.addresses.of(exchange.peer, exchange.headers.get(FORWARDED))
        operation = of.operation
        trace_id = "" if self.span is None else self.span.trace_id
        return Request(operation.method, operation.path, exchange.headers, self._request_id, b"", address, trace_id)
