"""What is on: the list of shows, and each in full. Open to anybody."""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Literal, Protocol
from urllib.parse import urlencode

from pydantic import AwareDatetime, BaseModel, Field

from ingress import bodies, shown
from ingress.asgi import Response, cached
from ingress.caches import Briefly
from ingress.events import event_answer, event_line
from ingress.looking import Looking
from ingress.operations import Call, Operation
from ingress.refusals import FieldError, Refused
from ingress.shelf import Shelf
from ingress.shows import Show, Wanted
from ingress.stores import StoreAway
from ingress.views import Views
from ticketing.clock import Clock, rfc3339
from ticketing.vocabulary import Malformed, parse_show

PAGE_MAX = 100
LIST_MAX_AGE_S = 1
LIST_STALE_MS = 60_000
"""How long a list is still shown while Postgres is away."""
LISTS_KEPT_MAX = 500


class EventsQuery(BaseModel):
    """Filters of the list. `q` is looked for in the name; `after` is the `next_cursor` of the page before."""

    q: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] | None = None
    from_: Annotated[AwareDatetime | None, Field(alias="from")] = None
    to: AwareDatetime | None = None
    venue: Annotated[str, Field(pattern=r"^ven_[0-9a-f]{32}$")] | None = None
    status: Literal["open", "closed", "cancelled"] | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 20
    after: Annotated[str, Field(max_length=100)] | None = None


class ShowList(Protocol):
    """Where the list comes from."""

    async def shows(self, wanted: Wanted) -> list[tuple[int, str]]:
        """`(show, status)` of opened shows, by start."""
        ...


class Events:
    """The calls about shows. `counts`: show -> counts as of a second ago, for shows nobody looks at."""

    def __init__(
        self,
        *,
        shows: ShowList,
        shelf: Shelf,
        looking: Looking,
        views: Views,
        counts: Mapping[int, Mapping[str, int]],
        clock: Clock,
    ) -> None:
        self._shows = shows
        self._shelf = shelf
        self._looking = looking
        self._views = views
        self._known_counts = counts
        self._clock = clock
        self._lists: Briefly[Wanted, list[tuple[int, str]]] = Briefly(
            fresh_ms=1_000 * LIST_MAX_AGE_S, stale_ms=LIST_STALE_MS, entries_max=LISTS_KEPT_MAX, away=StoreAway
        )

    async def list_events(self, call: Call) -> Response:
        """GET /api/events"""
        query = call.asked(EventsQuery)
        wanted = Wanted(
            text=query.q,
            from_ms=None if query.from_ is None else round(query.from_.timestamp() * 1000),
            to_ms=None if query.to is None else round(query.to.timestamp() * 1000),
            venue=query.venue,
            status=query.status,
            after=(-1, 0) if query.after is None else read_cursor(query.after),
            limit=query.limit + 1,
        )
        now_ms = self._clock.now_ms()
        found = await self._lists.get(wanted, lambda: self._shows.shows(wanted), now_ms)
        page = [(await self._shelf.show(number), status) for number, status in found[: query.limit]]
        shows = [(show, status) for show, status in page if show is not None]
        has_more = len(found) > query.limit and bool(shows)
        cursor = write_cursor(shows[-1][0]) if has_more else None
        answer = shown.EventsAnswer(
            message="No shows" if not shows else f"{len(shows)} shows",
            created_at=rfc3339(now_ms),
            data=[
                event_line(show, status=status, counts=self._counts(show), now_ms=now_ms) for show, status in shows
            ],
            has_more=has_more,
            next_cursor=cursor,
        )  # fmt: skip
        headers = [("cache-control", f"public, max-age={LIST_MAX_AGE_S}")]
        if cursor is not None:
            following = urlencode({**call.request.query(), "after": cursor})
            headers.append(("link", f'</api/events?{following}>; rel="next"'))
        return Response(200, bodies.encode(answer), headers=headers)

    async def read_event(self, call: Call) -> Response:
        """GET /api/events/{show}"""
        show = await show_in_path(self._shelf, call.params["show"])
        view = await self._looking.view(show)
        if view is None:
            raise Refused("show_not_found")
        answer = event_answer(show, status=view.status, counts=view.counts(), now_ms=self._clock.now_ms())
        return cached(
            call.request, bodies.encode(answer), etag=f'"{show.text}-{view.seq}-{int(answer.on_sale)}"', max_age_s=1
        )

    def _counts(self, show: Show) -> Mapping[str, int] | None:
        view = self._views.get(show.row.show)
        return self._known_counts.get(show.row.show) if view is None else view.counts()

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        return [
            Operation(
                "list_events", "GET", "/api/events", self.list_events, "Shows, by start", {200: shown.EventsAnswer},
                query=EventsQuery, refusals=("sales_paused",),
            ),
            Operation(
                "read_event", "GET", "/api/events/{show}", self.read_event, "A show: tiers, rules, what is left",
                {200: shown.EventAnswer, 304: None}, refusals=("show_not_found", "sales_paused"),
                params={"show": "the id of a show: shw_…"},
            ),
        ]  # fmt: skip


async def show_in_path(shelf: Shelf, text: str) -> Show:
    """The show whose id stands in a path. Raises `Refused` (404), StoreAway."""
    try:
        number = parse_show(text)
    except Malformed as error:
        raise Refused("show_not_found") from error
    show = await shelf.show(number)
    if show is None:
        raise Refused("show_not_found")
    return show


def write_cursor(show: Show) -> str:
    """Where the next page begins: behind this show."""
    return base64.urlsafe_b64encode(f"{show.row.starts_at_ms}.{show.row.show}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> tuple[int, int]:
    """`(starts_at_ms, show)` of a cursor. Raises `Refused`."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        starts_at_ms, _, show = raw.partition(".")
        return int(starts_at_ms) % 2**53, int(show) % 2**40
    except (binascii.Error, ValueError) as error:
        raise Refused("invalid_request", errors=[FieldError(pointer="?after", code="not_a_cursor")]) from error
