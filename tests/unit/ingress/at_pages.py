"""Somebody at our pages, as the API meets them: with a cookie, and with its other half where something is changed."""

from dataclasses import replace
from typing import Any

from ingress.sessions import Person
from tests.unit.ingress.stage import PARTNER_KEY, READER_KEY, Reply, Stage
from tests.unit.ingress.tales import HOUR
from ticketing.staff import SESSION_COOKIE, StaffSession
from ticketing.tokens import api_key_hash

HALF = "the-other-half"


class Visitor:
    """Signed in with these roles, for this partner."""

    def __init__(self, stage: Stage, *roles: str, partner: str = "", name: str = "ann") -> None:
        self.stage, self.session = stage, f"session of {name}"
        stage.sessions.people[self.session] = Person(f"per_{name}", frozenset(roles), partner)
        session = StaffSession(self.session, HALF, stage.clock.now_ms() + HOUR)
        self.cookie = f"{SESSION_COOKIE}={stage.cookies.sign_session(session)}"

    async def call(
        self, method: str, target: str, body: Any = None, *, half: str = HALF, of: str = "", **more: Any
    ) -> Reply:
        """One request of a page. `half`: of the session; `of`: the key that it is for."""
        headers = {"cookie": f"lang=de; {self.cookie}; theme=x", **more.pop("headers", {})}
        if half:
            headers["x-csrf-token"] = half
        if of:
            headers["x-onsale-key"] = of
        return await self.stage.call(method, target, body, headers=headers, **more)

    def sign_out(self) -> None:
        """As staff does it."""
        del self.stage.sessions.people[self.session]


def give(stage: Stage, secret: str, partner: str) -> None:
    """A key of the stage belongs to a partner from now on."""
    key_hash = api_key_hash(secret)
    key = stage.key_table.secrets[key_hash] = replace(stage.key_table.secrets[key_hash], partner=partner)
    row = stage.key_table.rows[key.key_id]
    stage.key_table.rows[key.key_id] = replace(row, terms=replace(row.terms, partner=partner))


def two_partners() -> Stage:
    """`key_partner` belongs to acme, `key_reader` to zenith, the others to the house."""
    stage = Stage()
    give(stage, PARTNER_KEY, "acme")
    give(stage, READER_KEY, "zenith")
    return stage
