"""Operators at the pages: by a cookie, with its other half for whatever changes something."""

from tests.unit.waiting_room.hall import NOW_MS, PATH, SHOW, STAFF, Hall, open_hall
from ticketing.staff import SESSION_COOKIE, StaffSession
from ticketing.vocabulary import show_text

ADMIN = f"/room/admin/{show_text(SHOW)}"


def signed_in(hall: Hall, session: str = "s1", role: str = "operator") -> dict[str, str]:
    hall.table.sessions[session] = ("per_ann", frozenset({role}))
    cookie = STAFF.sign_session(StaffSession(session, "half", NOW_MS + 3_600_000))
    return {"cookie": f"{SESSION_COOKIE}={cookie}"}


async def test_whoever_is_signed_in_operates_and_is_named_in_the_audit() -> None:
    async with open_hall() as hall:
        headers = signed_in(hall)
        assert (await hall.http.get(ADMIN, headers=headers)).json()["phase"] == "open"
        body = {"reason": "the hall plan is being checked"}
        done = await hall.http.post(f"{ADMIN}/pause", json=body, headers=headers | {"x-csrf-token": "half"})
        assert (done.status_code, done.json()["phase"]) == (200, "paused")
        assert [kept.key_id for kept in hall.table.log[SHOW]] == ["per_ann"]
        assert "per_ann" not in (await hall.http.get(f"{PATH}/log")).text


async def test_a_request_that_another_site_made_changes_nothing() -> None:
    async with open_hall() as hall:
        headers = signed_in(hall)
        for more in ({}, {"x-csrf-token": "guessed"}, {"x-csrf-token": ""}):
            for method, path in (
                ("POST", "/pause"),
                ("PATCH", ""),
                ("POST", "/codes"),
                ("POST", "/pause?preview=true"),
            ):
                answer = await hall.http.request(method, ADMIN + path, json={"reason": "no"}, headers=headers | more)
                assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
        assert hall.table.log == {}


async def test_a_session_that_is_over_or_of_a_partner_operates_nothing() -> None:
    async with open_hall() as hall:
        assert (await hall.http.get(ADMIN, headers=signed_in(hall, role="partner"))).status_code == 403
        headers = signed_in(hall)
        hall.table.sessions.clear()
        over = await hall.http.get(ADMIN, headers=headers)
        assert (over.status_code, over.json()["code"]) == (401, "token_expired")
        headers = signed_in(hall)
        hall.clock.advance(3_600_000)
        assert (await hall.http.get(ADMIN, headers=headers)).status_code == 401
        forged = {"cookie": f"{SESSION_COOKIE}=forged"}
        assert (await hall.http.get(ADMIN, headers=forged)).status_code == 401
