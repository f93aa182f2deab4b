"""What is on: the list of shows, and each in full. Open to anybody."""

from collections.abc import Mapping
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, Field

from ingress import bodies, shown
from ingress.asgi import Response, cached
from ingress.caches import Briefly
from ingress.events import event_answer, event_line
from ingress.looking import Looking
from ingress.moments import Moment
from ingress.operations import Call, Operation
from ingress.paging import AfterNumbers, next_link, read_numbers, write_cursor
from ingress.refusals import Refused
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
    from_: Annotated[Moment | None, Field(alias="from")] = None
    to: Moment | None = None
    venue: Annotated[str, Field(pattern=r"^ven_[0-9a-f]{32}$")] | None = None
    status: Literal["open", "closed", "cancelled"] | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 20
    after: AfterNumbers | None = None


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
            after=read_numbers(query.after, (-1, 0)),
            limit=query.limit + 1,
        )
        now_ms = self._clock.now_ms()
        found = await self._lists.get(wanted, lambda: self._shows.shows(wanted), now_ms)
        page = [(await self._shelf.show(number), status) for number, status in found[: query.limit]]
        shows = [(show, status) for show, status in page if show is not None]
        has_more = len(found) > query.limit and bool(shows)
        last = shows[-1][0].row if shows else None
        cursor = write_cursor(last.starts_at_ms, last.show) if has_more and last is not None else None
        answer = shown.EventsAnswer(
            message="No shows" if not shows else f"{len(shows)} shows",
            created_at=rfc3339(now_ms),
            data=[
                event_line(show, status=status, counts=self._counts(show), now_ms=now_ms) for show, status in shows
            ],
            has_more=has_more,
            next_cursor=cursor,
        )  # fmt: skip
        headers = [("cache-control", f"public, max-age={LIST_MAX_AGE_S}"), *next_link(call, cursor)]
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
