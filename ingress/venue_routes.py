"""The venues that there are, for whoever makes layouts and shows."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Struct
from pydantic import BaseModel, Field

from ingress import bodies
from ingress.asgi import Response
from ingress.callers import require_unlimited
from ingress.catalogue import Catalogue
from ingress.operations import Call, Operation, Who
from ingress.paging import AfterId, next_link, read_id, write_cursor
from ingress.shows import ListedVenue
from ticketing.clock import Clock, rfc3339
from ticketing.telling import Answer

LAST = (2**62, "")


class VenuesQuery(BaseModel):
    """The newest first; `q` is looked for in the name."""

    q: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: AfterId | None = None


class VenueShown(Struct, kw_only=True, omit_defaults=True):
    """A venue; `layout`, `version` and `total_seats` are of its newest layout, and absent while it has none."""

    venue: str
    name: str
    made_at: str
    layout: str | None = None
    version: int | None = None
    total_seats: int | None = None


class VenuesAnswer(Answer, kw_only=True):
    """A page of venues, the newest first."""

    data: list[VenueShown]
    has_more: bool
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Venues:
    """What the call needs."""

    catalogue: Catalogue
    clock: Clock

    async def page(self, call: Call) -> Response:
        """GET /api/admin/venues"""
        require_unlimited(call.caller)
        query = call.asked(VenuesQuery)
        before = LAST if query.after is None else read_id(query.after)
        found = await self.catalogue.list_venues(query.q, before, query.limit + 1)
        shown = found[: query.limit]
        last = shown[-1].venue if len(found) > query.limit else None
        cursor = None if last is None else write_cursor(last.created_at_ms, last.venue)
        answer = VenuesAnswer(
            message=f"{len(shown)} venues",
            created_at=rfc3339(self.clock.now_ms()),
            data=[_shown(one) for one in shown],
            has_more=cursor is not None,
            next_cursor=cursor,
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store"), *next_link(call, cursor)])

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        return [
            Operation(
                "list_venues", "GET", "/api/admin/venues", self.page, "Venues, each with its newest layout",
                {200: VenuesAnswer}, Who.ADMIN, query=VenuesQuery,
            ),
        ]  # fmt: skip


def _shown(one: ListedVenue) -> VenueShown:
    return VenueShown(
        venue=one.venue.venue,
        name=one.venue.name,
        made_at=rfc3339(one.venue.created_at_ms),
        layout=one.layout,
        version=one.version,
        total_seats=one.places,
    )
