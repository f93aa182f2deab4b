"""From what an admin asks for to a show in the catalogue, with its venue and layout where they come along."""

from collections.abc import Callable

from ingress.catalogue import Catalogue, NoPartition
from ingress.refusals import FieldError, Refused
from ingress.shelf import Shelf
from ingress.shows import NewLayout, NewShow, ShowRow
from ingress.wishes import ShowBody, epoch_ms
from ticketing.clock import Clock
from ticketing.layout import Layout, encode_layout
from ticketing.vocabulary import new_show_id


class ShowMaker:
    """Puts shows into the catalogue. `entropy(n)` gives n random bytes."""

    def __init__(self, catalogue: Catalogue, shelf: Shelf, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._catalogue = catalogue
        self._shelf = shelf
        self._clock = clock
        self._entropy = entropy

    async def make(self, body: ShowBody, account: str, request_key: bytes, content: bytes) -> ShowRow:
        """The show in the catalogue; the one that is there already, if a call with this key came first.

        Raises `Refused`, StoreAway.
        """
        now_ms = self._clock.now_ms()
        starts_at_ms = epoch_ms(body.starts_at, "/starts_at")
        closes_at_ms = starts_at_ms if body.closes_at is None else epoch_ms(body.closes_at, "/closes_at")
        if closes_at_ms <= now_ms:
            pointer = "/starts_at" if body.closes_at is None else "/closes_at"
            raise Refused("times_invalid", "the sale would be over before it begins",
                          errors=[FieldError(pointer=pointer, code="in_the_past")])  # fmt: skip
        layout, venue, layout_id, new_layout = await self._layout_for(body)
        _check_prices(body.prices, layout)
        new = NewShow(
            show=new_show_id(self._entropy(8)),
            venue=venue,
            layout=layout_id,
            name=body.name,
            currency=body.currency,
            starts_at_ms=starts_at_ms,
            opens_at_ms=0 if body.opens_at is None else epoch_ms(body.opens_at, "/opens_at"),
            closes_at_ms=closes_at_ms,
            places=layout.places,
            prices=body.prices,
            policy=body.policy.build(test=body.test),
            test=body.test,
            created_by=account,
            request_key=request_key,
            fingerprint=content,
            created_at_ms=now_ms,
            new_venue=None if new_layout is None else body.name,
            new_layout=new_layout,
        )
        try:
            stored = await self._catalogue.add_show(new) or await self._catalogue.show_by_request(request_key)
        except NoPartition as error:
            raise Refused("log_unavailable", "the installation has no partitions yet") from error
        if stored is None:
            raise Refused("show_not_found")
        return stored

    async def _layout_for(self, body: ShowBody) -> tuple[Layout, str, str, NewLayout | None]:
        """`(layout, venue id, layout id, the layout if it is to be stored with the show)`."""
        if body.venue is None:
            layout = body.short_layout()
            document, sha256 = encode_layout(layout)
            new = NewLayout(new_layout_id(self._entropy), document, sha256, layout.places)
            return layout, f"ven_{self._entropy(16).hex()}", new.layout, new
        if body.layout is None:
            row = await self._catalogue.layout(body.venue, None)
        else:
            row = await self._catalogue.layout_by_id(body.layout)
        if row is None or row.venue != body.venue:
            raise Refused("not_found", "there is no such venue, or it has no such layout yet")
        found = await self._shelf.layout(row.layout)
        if found is None:
            raise Refused("not_found", "there is no such layout")
        return found, row.venue, row.layout, None


def new_layout_id(entropy: Callable[[int], bytes]) -> str:
    """A layout's id: `lay_` and 32 hexadecimal digits."""
    return f"lay_{entropy(16).hex()}"


def _check_prices(prices: dict[str, int], layout: Layout) -> None:
    known = {category.name for category in layout.categories}
    errors = [FieldError(pointer=f"/prices/{name}", code="unknown_category") for name in prices if name not in known]
    if errors:
        raise Refused("layout_invalid", "a price is named for a category that the layout has not", errors=errors)
