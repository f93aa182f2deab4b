"""Holding places. Made from `_aio_holding.py` by `make_sync.py`."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import httpx

from onsale_client import sold, wishes
from onsale_client._flow import calling_each, without_nothing
from onsale_client._sync_calls import Calls


class HoldingCalls(Calls):
    """What can be had, having it for a while, and giving it back."""

    def quote(
        self,
        show: str,
        *,
        seats: Sequence[str] = (),
        tables: Sequence[str] = (),
        areas: Sequence[wishes.AreaWish] = (),
        best: wishes.Best | None = None,
        partial: bool = False,
    ) -> sold.Quote:
        """What a hold of these would get, and cost, now. Nothing is held by it, and a moment later it may be gone."""
        wish = wishes.Hold(
            show=show, seats=tuple(seats), tables=tuple(tables), areas=tuple(areas), best=best, partial=partial
        )
        return self._look(sold.Quote, "/api/reservations/quote", wish)

    def hold(
        self,
        show: str,
        *,
        seats: Sequence[str] = (),
        tables: Sequence[str] = (),
        areas: Sequence[wishes.AreaWish] = (),
        best: wishes.Best | None = None,
        partial: bool = False,
        hold_s: int | None = None,
        reason: str | None = None,
        external_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        on_behalf_of: str | None = None,
        idempotency_key: str | None = None,
    ) -> sold.Reservation:
        """Hold named seats, whole tables, places of areas, or the best available; `partial`: what can be had of them.
        Losing raises `Refused` with `conflicts` and
        `alternatives`; holding once more what `Undecided` left open takes the key that it carries."""
        wish = wishes.Hold(
            show=show,
            seats=tuple(seats),
            tables=tuple(tables),
            areas=tuple(areas),
            best=best,
            partial=partial,
            hold_s=hold_s,
            reason=reason,
            external_id=external_id,
            metadata=metadata,
            on_behalf_of=on_behalf_of,
        )
        return self._ask(sold.Reservation, "POST", "/api/reservations", wish, idempotency_key)

    def hold_group(
        self,
        show: str,
        quantity: int,
        *,
        category: str | None = None,
        section: str | None = None,
        hold_s: int | None = None,
        external_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        on_behalf_of: str | None = None,
        idempotency_key: str | None = None,
    ) -> sold.Reservation:
        """Hold up to 200 places for a group, in rows behind each other where one row will not do and nobody alone in
        a row. For keys with the permission `group`; others may have as many as one hold may (`Event.rules`)."""
        return self.hold(
            show,
            best=wishes.Best(quantity=quantity, category=category, section=section),
            hold_s=hold_s,
            external_id=external_id,
            metadata=metadata,
            on_behalf_of=on_behalf_of,
            idempotency_key=idempotency_key,
        )

    def hold_together(self, holds: Sequence[wishes.Hold], *, idempotency_key: str | None = None) -> sold.HeldTogether:
        """Up to 50 holds of one show: all of them, or `Refused` and none."""
        body = {"holds": tuple(holds), "atomic": True}
        return self._ask(sold.HeldTogether, "POST", "/api/reservations/batch", body, idempotency_key)

    def hold_each(self, holds: Sequence[wishes.Hold], *, idempotency_key: str | None = None) -> list[sold.Verdict]:
        """Up to 50 holds, each with a verdict of its own, in the order in which they were asked for. `Undecided` is
        raised while one of them has none: the same call with the key that it carries tells all of them, later."""
        body = {"holds": tuple(holds), "atomic": False}
        batch = self._ask(sold.Batch, "POST", "/api/reservations/batch", body, idempotency_key, begin=calling_each)
        return batch.data

    def reservation(self, reservation: str) -> sold.Reservation:
        """A reservation of one's own as it stands."""
        return self._get(sold.Reservation, f"/api/reservations/{quote(reservation, safe='')}")

    def extend(
        self, reservation: str, *, by_s: int | None = None, idempotency_key: str | None = None
    ) -> sold.Reservation:
        """Hold on until `by_s` seconds from now (left out: as long as a new hold), at most `hold_max_s` in all. No hold
        gets shorter by it."""
        path = f"/api/reservations/{quote(reservation, safe='')}/extend"
        return self._ask(sold.Reservation, "PUT", path, without_nothing({"by_s": by_s}), idempotency_key)

    def release(
        self, reservation: str, *, seats: Sequence[str] = (), idempotency_key: str | None = None
    ) -> sold.Reservation:
        """Give a hold back, or some seats of it."""
        path = f"/api/reservations/{quote(reservation, safe='')}"
        if seats:
            path += f"?{httpx.QueryParams({'seats': list(seats)})}"
        return self._ask(sold.Reservation, "DELETE", path, None, idempotency_key)
