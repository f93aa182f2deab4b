"""The sandbox as a web application: an interface for programs, and the page where the payer chooses."""

import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from payments import notices
from payments.provider import Order, ProviderRefused, Refund
from payments.sandbox.book import Attempt, Book
from payments.sandbox.choices import Choice, made_by, plan
from payments.sandbox.client import ATTEMPTS, REFUNDS
from payments.sandbox.page import HEADERS, choose_page, told_page
from ticketing.clock import Clock

PAGES = "/sandbox/pay/{page}"
BODY_BYTES_MAX = 16 * 1024


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    attempt: str
    amount: int
    currency: str
    description: str
    return_to: str
    lapses_at_ms: int
    notify_at: str


@dataclass(frozen=True, slots=True)
class _Desk:
    book: Book
    clock: Clock
    access: tuple[str, ...]

    async def attempts(self, request: Request) -> Response:
        """POST: ask for a payment. GET: what has become of one."""
        if not self._may(request):
            return Response("the sandbox does not know you", 401)
        if request.method == "GET":
            news = await self.book.news(request.query_params.get("attempt", ""), self.clock.now_ms())
            return _json(notices.encode_news(news))
        try:
            asked = msgspec.json.decode(await _body(request), type=_Asked)
        except msgspec.DecodeError as error:
            return Response(str(error), 400)
        order = Order(
            asked.attempt, asked.amount, asked.currency, asked.description, asked.return_to, asked.lapses_at_ms
        )
        try:
            begun = await self.book.begin(order, asked.notify_at, secrets.token_hex(16))
        except ProviderRefused as error:
            return Response(str(error), 409)
        choice = made_by(begun.amount)
        if choice is not None:
            await self._choose(begun, choice, self.clock.now_ms())
        return _json(msgspec.json.encode({"pay_at": PAGES.replace("{page}", begun.page)}), 201)

    async def refunds(self, request: Request) -> Response:
        """POST: give money back."""
        if not self._may(request):
            return Response("the sandbox does not know you", 401)
        try:
            refund = msgspec.json.decode(await _body(request), type=Refund)
            return _json(msgspec.json.encode({"refund": await self.book.refund(refund)}), 201)
        except msgspec.DecodeError as error:
            return Response(str(error), 400)
        except ProviderRefused as error:
            return Response(str(error), 409)

    async def page(self, request: Request) -> Response:
        """GET: the buttons. POST: the one that was pressed; then back to where the payer came from."""
        attempt = await self.book.by_page(request.path_params["page"])
        if attempt is None:
            return HTMLResponse(told_page("There is no such payment", None), 404, HEADERS)
        now_ms = self.clock.now_ms()
        if request.method != "POST":
            return HTMLResponse(choose_page(attempt, attempt.state_now(now_ms)), headers=HEADERS)
        pressed = parse_qs((await _body(request)).decode("latin-1")).get("choice", [""])[0]
        if pressed not in {*Choice}:
            return HTMLResponse(told_page("Press one of the buttons", attempt), 400, HEADERS)
        if not await self._choose(attempt, Choice(pressed), now_ms):
            return HTMLResponse(told_page("This payment is over", attempt), 409, HEADERS)
        return RedirectResponse(attempt.return_to, 303, HEADERS)

    async def _choose(self, attempt: Attempt, choice: Choice, now_ms: int) -> bool:
        chosen = plan(choice, attempt.amount, attempt.lapses_at_ms, now_ms)
        names = [secrets.token_hex(12) for _ in range(len(chosen.amounts) + chosen.notices)]
        return await self.book.choose(attempt.attempt, chosen, names, now_ms)

    def _may(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        return any([hmac.compare_digest(given, token.encode()) for token in self.access])


def sandbox_app(book: Book, clock: Clock, access: tuple[str, ...]) -> ASGIApp:
    """Everything under `/sandbox`; `access`: the tokens of those who may ask for payments."""
    desk = _Desk(book, clock, access)
    return Starlette(
        routes=[
            Route(ATTEMPTS, desk.attempts, methods=["GET", "POST"]),
            Route(REFUNDS, desk.refunds, methods=["POST"]),
            Route(PAGES, desk.page, methods=["GET", "POST"]),
        ]
    )


async def _body(request: Request) -> bytes:
    read = b""
    async for piece in request.stream():
        read += piece
        if len(read) > BODY_BYTES_MAX:
            return b""
    return read


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json", headers={"cache-control": "no-store"})
