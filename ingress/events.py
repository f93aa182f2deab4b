"""A show as it is announced: when, where, for how much, what is left. Pure."""

from collections.abc import Mapping

from ingress import shown
from ingress.drawing import tiers
from ingress.shows import Show
from ticketing.clock import rfc3339
from ticketing.messages import Policy
from ticketing.vocabulary import ShowStatus


def event_answer(
    show: Show,
    *,
    status: str,
    counts: Mapping[str, int],
    now_ms: int,
    message: str | None = None,
    request: str | None = None,
    admin: bool = False,
) -> shown.EventAnswer:
    """A show in full. `counts` as of `ShowView.counts`."""
    row = show.row
    return shown.EventAnswer(
        message=message or f"{row.name}: {counts['available']} of {counts['total']} places are available",
        created_at=rfc3339(row.created_at_ms),
        show=show.text,
        name=row.name,
        venue=row.venue,
        venue_name=row.venue_name,
        layout=row.layout,
        layout_version=row.layout_version,
        seat_map=f"/api/venues/{row.venue}/seat-map?version={row.layout_version}",
        status=status,
        on_sale=on_sale(show, status, now_ms),
        starts_at=rfc3339(row.starts_at_ms),
        opens_at=rfc3339(row.opens_at_ms) if row.opens_at_ms else None,
        closes_at=rfc3339(row.closes_at_ms) if row.closes_at_ms else None,
        currency=row.currency,
        total_seats=counts["total"],
        available_seats=counts["available"],
        held_seats=counts["held"],
        booked_seats=counts["booked"],
        tiers=tiers(show.layout, show.prices),
        rules=rules(row.policy),
        test=row.test,
        request=request,
        partition=row.part if admin else None,
    )


def event_line(show: Show, *, status: str, counts: Mapping[str, int] | None, now_ms: int) -> shown.EventLine:
    """A show in a list; without `counts` nothing is said of what is left."""
    row = show.row
    return shown.EventLine(
        show=show.text,
        name=row.name,
        venue=row.venue,
        venue_name=row.venue_name,
        status=status,
        on_sale=on_sale(show, status, now_ms),
        starts_at=rfc3339(row.starts_at_ms),
        currency=row.currency,
        price_from=min(show.prices),
        price_to=max(show.prices),
        total_seats=row.places,
        opens_at=rfc3339(row.opens_at_ms) if row.opens_at_ms else None,
        available_seats=None if counts is None else counts["available"],
        held_seats=None if counts is None else counts["held"],
        booked_seats=None if counts is None else counts["booked"],
    )


def on_sale(show: Show, status: str, now_ms: int) -> bool:
    """Whether places can be held now, as far as the times and the status say."""
    row = show.row
    return status == ShowStatus.OPEN and row.opens_at_ms <= now_ms < row.closes_at_ms


def rules(policy: Policy) -> shown.Rules:
    """A show's policy as people read it."""
    return shown.Rules(
        hold_s=policy.hold_s,
        hold_max_s=policy.hold_max_s,
        payment_s=policy.payment_s,
        seats_per_hold=policy.seats_per_hold_max,
        seats_per_hold_partner=policy.seats_per_hold_partner_max,
        max_held_seats_per_person=policy.max_held_seats_per_person,
        seats_per_person=policy.seats_per_person_max,
        tables_per_hold=policy.tables_per_hold_max,
        tables_per_hold_partner=policy.tables_per_hold_partner_max,
        max_held_tables_per_person=policy.max_held_tables_per_person,
        holds_at_once=policy.holds_at_once_max,
        unpaid_holds=policy.unpaid_holds_max,
        unpaid_holds_partner=policy.unpaid_holds_partner_max,
        cool_down_s=policy.cool_down_s,
        payment="required" if policy.payment_required else "optional",
        admission_required=policy.admission_required,
        refund_until_s=policy.refund_until_s,
        orphan_rule=policy.orphan_rule,
        accessible_released_at=rfc3339(policy.accessible_released_at_ms) if policy.accessible_released_at_ms else None,
    )
