"""One visit to the page without scripts: what the browser came with, what the page says, what it is to keep."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from runtime.localised import COOKIE, LANGUAGES, preferred
from ticketing.clock import rfc3339
from ticketing.problems import PROBLEMS
from ticketing.tokens import Pass, TokenError, TokenKeys
from ticketing.vocabulary import show_text
from waiting_room import plain_kept, plain_view
from waiting_room.answers import NO_STORE
from waiting_room.pages import RoomPage
from waiting_room.phases import JOINABLE
from waiting_room.plain_kept import Kept
from waiting_room.replies import Refusal
from waiting_room.rooms import Room

PLACE_COOKIE, PASS_COOKIE = "onsale_place", "onsale_pass"
OVER = frozenset({"place_given_up", "pass_expired", "ticket_invalid", "wrong_show", "not_yours", "wrong_secret"})
"""How the room says no for good: the place is of no more use."""
YEAR_S = 366 * 86_400
READING_S = 20
"""A page that has something to say beside how it stands is left so long to be read."""


class Visit:
    """One request: what it came with, and what the answer says and keeps."""

    def __init__(  # noqa: PLR0917 -- all that an answer is made of
        self,
        request: Request,
        show_id: int,
        room: Room | None,
        status: dict[str, Any] | None,
        trouble: Refusal | None,
        page: RoomPage,
        keys: TokenKeys,
        now_ms: int,
        entropy: Callable[[int], bytes],
    ) -> None:
        self.request, self.show_id, self.room = request, show_id, room
        self.status, self._trouble = status, trouble
        self._page, self._now_ms, self._entropy = page, now_ms, entropy
        self.language = preferred(
            asked=request.query_params.get(COOKIE), kept=request.cookies.get(COOKIE),
            accepted=request.headers.get("accept-language", ""),
        )  # fmt: skip
        self.words = page.plain.words[self.language]
        cookie = request.cookies.get(PLACE_COOKIE, "")
        found = plain_kept.read(cookie, show_id, keys)
        self.came_with_cookie = found is not None
        self.is_whole = not cookie or plain_kept.is_whole(cookie, found)
        self.kept = found or self._new()
        self.token = request.cookies.get(PASS_COOKIE, "")
        self.passed = self._pass(keys)

    def _new(self) -> Kept:
        return plain_kept.new(self._entropy(plain_kept.CLIENT_BYTES + plain_kept.SECRET_BYTES))

    def _pass(self, keys: TokenKeys) -> Pass | None:
        ticket = self.kept.ticket
        if ticket is None or not self.token:
            return None
        try:
            found = keys.read_pass(self.token, self._now_ms)
        except TokenError:
            return None
        return found if (found.show, found.entry) == (self.show_id, ticket.entry) else None

    def begin_anew(self) -> None:
        """As somebody who was never here."""
        self.kept, self.token, self.passed = self._new(), "", None

    def deferred(self, place: int) -> None:
        """The turn comes with this place."""
        kept = self.kept
        self.kept = Kept(kept.client, kept.secret, kept.token, kept.ticket, place)

    def proof(self) -> tuple[str, str, str]:
        """`(entry, ticket, secret)`."""
        assert self.kept.ticket is not None
        return self.kept.ticket.entry, self.kept.token, self.kept.secret

    def place(self) -> int | None:
        """The place that counts; None: it is not drawn yet."""
        ticket = self.kept.ticket
        assert ticket is not None and self.room is not None
        queue = self.room.queues.get(ticket.line)
        own = None if queue is None else queue.place(ticket.n)
        return None if own is None else max(own, self.kept.deferred_to)

    def refuse(self, refusal: Refusal) -> Response:
        """The page, with why not. A place that is of no more use is forgotten."""
        if refusal.code in OVER:
            self.begin_anew()
        said = plain_view.refused(refusal, self.words, lambda code: PROBLEMS[code].title)
        return self.show(said, "warning", status=PROBLEMS[refusal.code].status, retry_after_s=refusal.retry_after_s)

    def back(self) -> Response:
        """To the page as it stands now, which can be reloaded."""
        return self._with_cookies(Response(status_code=303, headers=NO_STORE | {"Location": self._path}))

    def show(
        self, notice: str = "", kind: str = "warning", *, status: int = 200, retry_after_s: int | None = None
    ) -> Response:
        """The page."""
        trouble = self._trouble
        values: dict[str, object] = dict.fromkeys(("name", "message", "message_kind", "opens_at", "tiers"), "")
        values |= {"title": self.words["plain.title"], "path": self._path, "view": "", "refresh_s": 0}
        values |= {"joinable": False, "drawn": False}
        if trouble is not None:
            status, retry_after_s = PROBLEMS[trouble.code].status, trouble.retry_after_s
            notice = plain_view.refused(trouble, self.words, lambda code: PROBLEMS[code].title)
            values["refresh_s"] = 0 if retry_after_s is None else 10
        elif self.room is not None and self.status is not None:
            values |= plain_view.room_as_seen(self.status, self.words, self.language)
            values |= self._standing(self.room, self.status)
        if notice:
            # Time to read it; whoever is in line looks again by themselves.
            values["refresh_s"] = values["refresh_s"] and READING_S
        html = self._page.plain.render(self.language, notice=notice, notice_kind=kind, **values)
        headers = NO_STORE | self._page.headers
        if retry_after_s is not None:
            headers["Retry-After"] = str(retry_after_s)
        return self._with_cookies(Response(html, status, headers, "text/html"))

    def _standing(self, room: Room, status: dict[str, Any]) -> dict[str, object]:
        """What the page says of this fan."""
        ticket = self.kept.ticket
        if ticket is None or ticket.line not in status["lines"]:
            joinable = status["phase"] in JOINABLE
            # Nobody's half-written code is to be wiped off by a page that reloads.
            refresh_s = 0 if joinable else max(plain_view.REFRESH_MIN_S, status["poll"]["ceiling_s"])
            return {"view": "join", "coded": bool(room.row.coded), "refresh_s": refresh_s}
        if "leave" in self.request.query_params:
            return {"view": "leave"}
        if self.passed is not None:
            seats = f"/room/{show_text(self.show_id)}#move={self.kept.secret}.{self.kept.token}"
            until = rfc3339(self.passed.expires_at_ms)
            return {
                "view": "turn",
                "title": f"● {self.words['room.turn_title']}",
                "turn_until": until,
                "seats": seats,
                "a_pass": self.token,
            }
        return plain_view.waiting(status, ticket.line, ticket.n, self.place(), self.words)

    @property
    def _path(self) -> str:
        return f"/room/{show_text(self.show_id)}/plain"

    def _with_cookies(self, response: Response) -> Response:
        if self.room is None:
            return response
        left_s = max(60, (self.room.row.schedule.ends_at_ms - self._now_ms) // 1000)
        self._keep(response, PLACE_COOKIE, self.kept.as_cookie(), min(YEAR_S, left_s))
        if self.passed is not None:
            self._keep(response, PASS_COOKIE, self.token, (self.passed.expires_at_ms - self._now_ms) // 1000)
        elif PASS_COOKIE in self.request.cookies:
            self._keep(response, PASS_COOKIE, "", 0)
        if self.request.query_params.get(COOKIE) in LANGUAGES:
            response.set_cookie(COOKIE, self.language, max_age=YEAR_S, path="/", samesite="lax")
        return response

    def _keep(self, response: Response, name: str, value: str, max_age_s: int) -> None:
        # A proxy of ours says how the browser reached it; whoever says so without one only harms their own cookie.
        secure = "https" in (self.request.url.scheme, self.request.headers.get("x-forwarded-proto"))
        response.set_cookie(
            name, value, max_age=max_age_s, path=self._path, httponly=True, samesite="lax", secure=secure
        )
