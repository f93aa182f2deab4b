"""What admins are answered when they make or change something."""

from onsale_client.shapes import Said, Tier


class Venue(Said, kw_only=True):
    """A venue."""

    venue: str
    name: str


class Layout(Said, kw_only=True):
    """A layout that was stored, or only validated (`layout` is absent then)."""

    venue: str
    total_seats: int
    seats: int
    areas: int
    categories: list[Tier]
    sha256: str
    layout: str | None = None
    version: int | None = None


class ShowChanged(Said, kw_only=True):
    """An admin's command on a show, done."""

    show: str
    status: str
