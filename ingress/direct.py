"""`POST /api/reservations` below ASGI: the one call that thousands send in the same second.

By way of ASGI a request costs a scope, a cycle, a task, events and two writes before it is looked at, half of what a
hold costs in all (docs/decisions/0013). Here it is checked as soon as it has been read, and answered with one write
when its verdict is heard. Nothing is decided here: form, caller, command and answer are made by the same functions as
in `app.py`, and whatever is not plain (something to look up, a packed body) is left to it.
"""

from functools import partial

from ingress import metrics
from ingress.app import failed
from ingress.asgi import Request, Response
from ingress.callers import Callers
from ingress.forms import Forms, check_body, check_head, require_room
from ingress.operations import BODY_BYTES_MAX
from ingress.sale_routes import Sale
from ingress.service import Verdict
from ingress.shows import Show
from ingress.verdicts import verdict_response
from runtime.addresses import FORWARDED, ClientAddresses
from runtime.direct import DirectRoutes, Exchange
from ticketing.intake import HoldBody


class DirectHolds:
    """Takes holds straight from the connection."""

    def __init__(self, sale: Sale, callers: Callers, forms: Forms, addresses: ClientAddresses) -> None:
        self._addresses = addresses
        self._sale = sale
        self._callers = callers
        self._forms = forms
        self._operation = operation = sale.hold_operation()
        self.routes: DirectRoutes = {(operation.method.encode(), operation.path.encode()): self.take}

    def take(self, exchange: Exchange) -> bool:
        """Answer the request, now or later; False, and nothing has happened: it is for the application."""
        headers = dict(exchange.headers)
        if b"content-encoding" in headers or len(exchange.body) > BODY_BYTES_MAX:
            return False
        operation = self._operation
        address = self._addresses.of(exchange.peer, headers.get(FORWARDED))
        request = Request(operation.method, operation.path, headers, self._forms.request_id(), b"", address)
        try:
            require_room(operation)
            identity = self._callers.known(request)
            if identity is None:
                return False
            head = check_head(operation, request, identity)
            body = check_body(operation, HoldBody, request, bytes(exchange.body))
            call = self._forms.call(operation, request, {}, head, body)
            wanted = self._sale.hold_known(call)
            if wanted is None:
                return False
            show, command = wanted
            tell = partial(self._answer, exchange, request, show)
            asking = self._sale.desk.begin(command, show.row.part, call.wait_s, tell)
        except Exception as error:
            self._send(exchange, request, failed(error, operation.name, request))
            return True
        if asking is not None:
            exchange.on_gone = asking.leave
        return True

    def _answer(self, exchange: Exchange, request: Request, show: Show, verdict: Verdict) -> None:
        try:
            response = verdict_response(verdict, show, self._sale.tokens, self._sale.clock.now_ms())
        except Exception as error:
            response = failed(error, self._operation.name, request)
        self._send(exchange, request, response)

    def _send(self, exchange: Exchange, request: Request, response: Response) -> None:
        metrics.requests(self._operation.name, response.status).inc()
        exchange.answer(response.status, response.head(request.request_id), response.body)
