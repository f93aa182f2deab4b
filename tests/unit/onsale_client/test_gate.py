"""The gate of another site: passes of the real signer are let in, everybody else is sent to the line."""

import json
from typing import Any, cast

import httpx
import jwt
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from onsale_gate import Gate, PassWrong, read_pass
from onsale_gate._passes import read_keys
from ticketing.tokens import PASS, Pass, ReservationToken, Ticket, TokenKeys, derive_key
from ticketing.vocabulary import show_text

pytestmark = pytest.mark.anyio

NOW_S = 1_800_000_000.0
SHOW = 77
ROOM = f"https://tickets.example/room/{show_text(SHOW)}"
SECRETS = ["a secret of enough length", "the one before"]
KEYS = [derive_key(secret, PASS).hex() for secret in SECRETS]
SIGNER = TokenKeys(SECRETS)


def a_pass(*, show: int = SHOW, minutes: float = 20, signer: TokenKeys = SIGNER) -> str:
    return signer.sign_pass(Pass(show, "ent_anna", 3, round(1000 * (NOW_S + 60 * minutes))))


def gate() -> Gate:
    async def shop(request: Request) -> JSONResponse:
        admitted = request.scope.get("onsale")
        return JSONResponse({"path": request.url.path, "entry": admitted and admitted.entry})

    app = Starlette(routes=[Route("/{path:path}", shop, methods=["GET", "POST"])])
    return Gate(
        app,
        room_url="https://tickets.example/",
        show=show_text(SHOW),
        keys=KEYS,
        paths=["/checkout"],
        clock=lambda: NOW_S,
    )


def site() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(cast(Any, gate())), base_url="https://shop.example")


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_whoever_was_called_comes_in_and_the_site_knows_who_it_is() -> None:
    reply = await site().get("/checkout/cart", headers=bearer(a_pass()))
    assert (reply.status_code, reply.json()) == (200, {"path": "/checkout/cart", "entry": "ent_anna"})


async def test_the_secret_before_is_good_as_well() -> None:
    assert (await site().get("/checkout", headers=bearer(a_pass(signer=TokenKeys(SECRETS[1:]))))).status_code == 200


async def test_other_paths_are_open() -> None:
    for path in ("/", "/checkouts", "/about"):
        assert (await site().get(path)).json() == {"path": path, "entry": None}


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "pass_missing"),
        ("nonsense", "pass_invalid"),
        ("x" * 5_000, "pass_invalid"),
        (a_pass(minutes=0), "pass_expired"),
        (a_pass(show=78), "wrong_show"),
        (a_pass(signer=TokenKeys(["somebody else's"])), "pass_invalid"),
        (SIGNER.sign_ticket(Ticket(SHOW, "general", 1, "ent_anna", 0, "")), "pass_invalid"),
        (SIGNER.sign_reservation(ReservationToken(SHOW, "rsv_1", "ent_anna", 2**52)), "pass_invalid"),
        (
            jwt.encode({"show": SHOW, "sub": "ent_eve", "wave": 1, "exp_ms": 2**52}, None, algorithm="none"),
            "pass_invalid",
        ),
    ],
)
async def test_what_lets_nobody_in(token: str | None, code: str) -> None:
    headers = {} if token is None else bearer(token)
    reply = await site().post("/checkout", headers=headers)
    assert (reply.status_code, reply.headers["content-type"]) == (401, "application/problem+json")
    assert (reply.json()["code"], reply.json()["room"]) == (code, ROOM)
    page = await site().get("/checkout", headers=headers | {"accept": "text/html,*/*"})
    assert (page.status_code, page.headers["location"], page.headers["cache-control"]) == (303, ROOM, "no-store")


async def test_a_pass_in_the_address_becomes_a_cookie_that_is_good() -> None:
    client, token = site(), a_pass(minutes=5)
    reply = await client.get(f"/checkout/cart?a=1&onsale_pass={token}&b=")
    assert (reply.status_code, reply.headers["location"]) == (303, "/checkout/cart?a=1&b=")
    cookie = reply.headers["set-cookie"]
    assert cookie == f"__Host-onsale-pass={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=300"
    client.cookies.clear()
    again = await client.get("/checkout/cart", headers={"cookie": f"theme=dark; __Host-onsale-pass={token}"})
    assert again.json()["entry"] == "ent_anna"


async def test_a_socket_is_turned_away_before_it_is_accepted() -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/checkout", "query_string": b"", "headers": []}
    await gate()(scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 4401, "reason": "pass_missing"}]


@pytest.mark.parametrize("keys", [[], ["no hexadecimal"]])
def test_a_gate_without_a_good_key_does_not_start(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="onsale keys gate"):
        read_keys(keys)


def test_the_entry_and_the_end_are_those_of_the_pass() -> None:
    admitted = read_pass(a_pass(minutes=1), read_keys(KEYS), show_text(SHOW), NOW_S)
    assert (admitted.entry, admitted.wave, admitted.expires_at_s) == ("ent_anna", 3, NOW_S + 60)
    with pytest.raises(PassWrong):
        read_pass(a_pass(minutes=1), read_keys(KEYS), show_text(SHOW), NOW_S + 60)


async def test_a_problem_is_json() -> None:
    body: dict[str, Any] = json.loads((await site().get("/checkout")).content)
    assert body["status"] == 401
