"""A show on sale over HTTP, and what its crowd sends: complete HTTP/1.1 messages, made beforehand.

A reservation's id derives from the request that holds it, so a confirmation can be written down before the hold was
ever sent.
"""

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from bench.site import Room, Site
from ingress.key_table import create_key
from ingress.keys import PLENTY
from runtime.postgres import open_pool, room_url
from ticketing.clock import SystemClock, rfc3339
from ticketing.tokens import Pass, TokenKeys
from ticketing.vocabulary import command_key, parse_show, reservation_text

CREATED = 201
SALE_LASTS_MS = 3_600_000
PLACES_EACH = 2
PLACES_A_PERSON = 10
"""May be held at once."""
HOLDS_PATH, BOOKINGS_PATH = "/api/reservations", "/api/bookings"


@dataclass(frozen=True)
class Held:
    """A request that holds `places`, and the one that confirms them."""

    places: str
    hold: bytes
    reservation: str
    confirm: bytes


class Made(msgspec.Struct, frozen=True):
    """A show that is on sale, by its ids."""

    show: str
    venue: str


async def make_show(site: Site, ingress: Room, **terms: Any) -> Made:
    """A show, made through the API. `terms`: what the body says beside name and time.

    A person may have any number of holds at once: fewer fans then make as many. What is measured is the sale, without
    anybody's till: nothing need be paid.
    """
    policy = {"holds_at_once": 0, "payment": "optional", **terms.pop("policy", {})}
    url = room_url(site.postgres_url, "onsale_ingress", site.servers.secret)
    now_ms = SystemClock().now_ms()
    async with open_pool(url, min_size=1, max_size=1, application_name="onsale bench") as pool:
        _, key = await create_key(pool, "bench", ["admin"], False, now_ms, secrets.token_bytes(48), PLENTY)
    async with httpx.AsyncClient(base_url=ingress.url, timeout=15) as client:
        answer = await client.post(
            "/api/admin/shows",
            json={"name": "bench", "starts_at": rfc3339(now_ms + SALE_LASTS_MS), "policy": policy, **terms},
            headers={
                "authorization": f"Bearer {key}",
                "idempotency-key": secrets.token_hex(16),
                "prefer": "wait=10",
            },
        )
    if answer.status_code != CREATED:
        raise RuntimeError(f"no show: {answer.status_code} {answer.text}")
    return msgspec.json.decode(answer.content, type=Made)


def area_holds(
    site: Site, show: str, count: int, rng: random.Random, *, places_each: int = PLACES_EACH
) -> Iterator[Held]:
    """About `count` holds of places of the area, by fans with passes, as many by each as one person may hold."""
    tokens = TokenKeys([site.servers.secret])
    body = msgspec.json.encode({"show": show, "areas": [{"area": "general", "quantity": places_each}]})
    holds_each = PLACES_A_PERSON // places_each
    for _ in range(count // holds_each):
        entry, token = new_fan(tokens, show, rng)
        for _ in range(holds_each):
            yield held(show, entry, token, body, rng, places="general")


def seat_holds(site: Site, show: str, labels: list[str], rng: random.Random) -> Iterator[Held]:
    """A hold of each seat, each by a fan of its own."""
    tokens = TokenKeys([site.servers.secret])
    for label in labels:
        body = msgspec.json.encode({"show": show, "seats": [label]})
        yield held(show, *new_fan(tokens, show, rng), body, rng, places=label)


def new_fan(tokens: TokenKeys, show: str, rng: random.Random) -> tuple[str, str]:
    """Somebody who was let in: `(entry, pass)`."""
    entry = f"ent_{rng.getrandbits(64):016x}"
    expires_at_ms = SystemClock().now_ms() + SALE_LASTS_MS
    return entry, tokens.sign_pass(Pass(parse_show(show), entry, 1, expires_at_ms))


def held(show: str, entry: str, token: str, body: bytes, rng: random.Random, *, places: str) -> Held:
    """The hold that `body` asks for, and its confirmation."""
    key, number = f"{rng.getrandbits(128):032x}", parse_show(show)
    command = command_key(account=entry, method="POST", path_template=HOLDS_PATH, show=number, key=key)
    reservation = reservation_text(number, command)
    booking = msgspec.json.encode({"reservation": reservation})
    return Held(
        places=places,
        hold=post(HOLDS_PATH, token, key, body),
        reservation=reservation,
        confirm=post(BOOKINGS_PATH, token, f"{rng.getrandbits(128):032x}", booking),
    )


def post(path: str, token: str, key: str, body: bytes) -> bytes:
    """A write that waits for its verdict."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {token}\r\nidempotency-key: {key}\r\n"
        f"prefer: wait=10\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def delete(path: str, token: str) -> bytes:
    """Gives something back, and waits for the verdict."""
    return (
        f"DELETE {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\nprefer: wait=10\r\n\r\n"
    ).encode()


def get(path: str) -> bytes:
    """A read that needs nobody's name."""
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode()
