"""`/sign-in` and `/sign-out`: a form that works without scripts, and who is signed in, for pages."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from runtime.localised import COOKIE, preferred
from staff.pages import SignInPage
from staff.people import Person
from staff.ports import Busy, StaffAway
from staff.service import ID_BYTES, Locked, SignedIn, SignIn
from ticketing.clock import Clock, rfc3339
from ticketing.problems import PROBLEMS
from ticketing.staff import ADMIN, CSRF_HEADER, FORM_COOKIE, OPERATOR, SESSION_COOKIE, StaffKeys, same_csrf

PATH = "/sign-in"
FORM_MS = 60 * 60_000
"""So long a form may lie open before it is sent; then it is shown anew."""
FORM_BYTES_MAX = 8 * 1024
FIELDS_MAX = 20
MINUTE_MS = 60_000
NO_STORE = {"Cache-Control": "no-store"}
_OURS = re.compile(r"/(?:console|partners)(?:/[A-Za-z0-9_/-]*)?(?:\?[A-Za-z0-9_=&-]*)?")


class StaffRoutes:
    """`address_of(peer, forwarded)` says where a request comes from; `entropy(n)` gives n random bytes."""

    def __init__(
        self,
        sign_in: SignIn,
        keys: StaffKeys,
        page: SignInPage,
        *,
        clock: Clock,
        entropy: Callable[[int], bytes],
        address_of: Callable[[str, bytes | None], str],
    ) -> None:
        self._sign_in = sign_in
        self._keys = keys
        self._page = page
        self._clock = clock
        self._entropy = entropy
        self._address_of = address_of

    def app(self) -> ASGIApp:
        """The application for `/sign-in` and `/sign-out`."""
        return Starlette(
            routes=[
                Route(PATH, self.show, methods=["GET"]),
                Route(PATH, self.enter, methods=["POST"]),
                Route(f"{PATH}/me", self.me, methods=["GET"]),
                Route("/sign-out", self.leave, methods=["POST"]),
            ],
            exception_handlers={StaffAway: _away, Busy: _busy, HTTPException: _http_error},
        )

    async def show(self, request: Request) -> Response:
        """The form; whoever is signed in is led on."""
        found = await self._who(request)
        if found is not None:
            return _led_on(request.query_params.get("next", ""), found)
        return self._form(request, HTTPStatus.OK, next=request.query_params.get("next", ""))

    async def enter(self, request: Request) -> Response:
        """Signs in; 303 with the cookie, or the form once more with what was wrong."""
        form = await _read_form(request)
        after, email = form.get("next", ""), form.get("email", "")
        expected = self._keys.read_form(request.cookies.get(FORM_COOKIE, ""), self._clock.now_ms())
        if expected is None or not same_csrf(form.get("csrf", ""), expected) or not _from_here(request):
            return self._form(request, HTTPStatus.FORBIDDEN, next=after, email=email, problem="sign_in.stale")
        peer = request.client.host if request.client else ""
        address = self._address_of(peer, request.headers.get("x-forwarded-for", "").encode("latin-1") or None)
        try:
            found = await self._sign_in.sign_in(email, form.get("password", ""), address)
        except (StaffAway, Busy):
            # Nobody is let in while nobody can be asked; who is signed in cannot be told either.
            return self._form(request, HTTPStatus.SERVICE_UNAVAILABLE, next=after, email=email, problem="sign_in.away")
        if isinstance(found, SignedIn):
            answer = _led_on(after, found.person)
            left_s = (found.session.expires_at_ms - self._clock.now_ms()) // 1000
            _set_cookie(answer, SESSION_COOKIE, found.cookie, left_s)
            _set_cookie(answer, FORM_COOKIE, "", 0)
            return answer
        if isinstance(found, Locked):
            minutes = -(-found.wait_ms // MINUTE_MS)
            answer = self._form(
                request, HTTPStatus.TOO_MANY_REQUESTS, next=after, email=email, problem="sign_in.locked",
                minutes=str(minutes),
            )  # fmt: skip
            answer.headers["Retry-After"] = str(-(-found.wait_ms // 1000))
            return answer
        return self._form(request, HTTPStatus.UNAUTHORIZED, next=after, email=email, problem="sign_in.wrong")

    async def me(self, request: Request) -> Response:
        """Who is signed in, and what has to come along with whatever they change."""
        found = await self._sign_in.who(request.cookies.get(SESSION_COOKIE, ""))
        if found is None:
            return _problem(request, "unauthenticated", "sign in first")
        person, session = found
        return JSONResponse(
            {
                "person": person.person_id,
                "name": person.name,
                "email": person.email,
                "roles": sorted(person.roles),
                "partner": person.partner,
                "csrf": session.csrf,
                "expires_at": rfc3339(session.expires_at_ms),
                "server_time": rfc3339(self._clock.now_ms()),
            },
            headers=NO_STORE,
        )

    async def leave(self, request: Request) -> Response:
        """Ends the session, at the server as well as in the browser."""
        session = self._keys.read_session(request.cookies.get(SESSION_COOKIE, ""), self._clock.now_ms())
        if session is not None:
            given = request.headers.get(CSRF_HEADER) or (await _read_form(request)).get("csrf", "")
            if not same_csrf(given, session.csrf) or not _from_here(request):
                return _problem(request, "insufficient_scope", f"send {CSRF_HEADER}")
            await self._sign_in.sign_out(session)
        answer = RedirectResponse(PATH, HTTPStatus.SEE_OTHER, headers=NO_STORE)
        _set_cookie(answer, SESSION_COOKIE, "", 0)
        return answer

    async def _who(self, request: Request) -> Person | None:
        try:
            found = await self._sign_in.who(request.cookies.get(SESSION_COOKIE, ""))
        except StaffAway:
            return None
        return None if found is None else found[0]

    def _form(self, request: Request, status: HTTPStatus, **values: str) -> Response:
        language = preferred(
            asked=request.query_params.get(COOKIE),
            kept=request.cookies.get(COOKIE),
            accepted=request.headers.get("accept-language", ""),
        )
        csrf = self._entropy(ID_BYTES).hex()
        given = {"problem": "", "minutes": "", "email": ""} | values | {"csrf": csrf}
        page = self._page.render(language, given)
        headers = self._page.headers | NO_STORE | {"Vary": "Accept-Language, Cookie"}
        answer = Response(page, status, headers, "text/html")
        cookie = self._keys.sign_form(csrf, self._clock.now_ms() + FORM_MS)
        _set_cookie(answer, FORM_COOKIE, cookie, FORM_MS // 1000)
        return answer


def _led_on(after: str, person: Person) -> Response:
    """To the page they wanted, if it is one of ours; else to the one that their work is on."""
    home = "/console" if person.roles & {OPERATOR, ADMIN} else "/partners"
    to = after if _OURS.fullmatch(after) else home
    return RedirectResponse(to, HTTPStatus.SEE_OTHER, headers=NO_STORE)


def _from_here(request: Request) -> bool:
    """Whether the browser says that a page of ours asks; one that says nothing is believed as far as its token."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "")
    return site in ("same-origin", "none") and (not origin or origin.partition("://")[2] == request.headers.get("host"))


def _set_cookie(answer: Response, name: str, value: str, age_s: int) -> None:
    answer.set_cookie(name, value, max_age=age_s, path="/", secure=True, httponly=True, samesite="strict")


async def _read_form(request: Request) -> Mapping[str, str]:
    """Nothing where it is no form, or too long a one."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return {}
    raw = bytearray()
    try:
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > FORM_BYTES_MAX:
                return {}
        return dict(parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except (ClientDisconnect, ValueError):
        return {}


def _problem(request: Request, code: str, detail: str) -> Response:
    kind = PROBLEMS[code]
    body = {
        "type": f"/api/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": request.url.path,
        "code": code,
        "retryable": kind.retryable,
    }
    return JSONResponse(body, kind.status, NO_STORE, "application/problem+json")


async def _away(request: Request, _error: Exception) -> Response:
    return _problem(request, "sign_in_unavailable", "Postgres does not answer, so nobody can be asked for")


async def _busy(request: Request, _error: Exception) -> Response:
    return _problem(request, "busy", "ask again in a moment")


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _problem(request, "method_not_allowed" if error.status_code == 405 else "not_found", error.detail)
