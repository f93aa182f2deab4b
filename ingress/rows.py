"""All rows of the table, and the application that answers them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ingress.allocation_routes import AllocationCalls
from ingress.app import Api
from ingress.asyncapi import asyncapi_row
from ingress.auth_routes import Auth
from ingress.batch_routes import Batches
from ingress.booking_list_routes import BookingList
from ingress.booking_routes import Bookings
from ingress.booking_table import BookingTable
from ingress.callers import Callers
from ingress.catalogue import Catalogue
from ingress.catalogue_routes import Admin
from ingress.condition import Condition
from ingress.dead_letter_routes import Append, DeadLetterCalls
from ingress.dead_letter_table import DeadLetterTable
from ingress.direct import DirectHolds
from ingress.doorkeeper import Doorkeeper
from ingress.event_routes import Events
from ingress.feed_routes import Feed
from ingress.forms import Forms
from ingress.health_routes import HealthCall
from ingress.hold_notes import HoldNotes
from ingress.key_routes import KeyCalls
from ingress.key_table import KeyTable
from ingress.ledger import Ledger
from ingress.ledger_routes import ShowLedger
from ingress.limiter import Limiter, Rates
from ingress.link_routes import BookingLinks
from ingress.looking import Looking
from ingress.named_seats import NamedSeats
from ingress.openapi_rows import openapi_rows
from ingress.operating_routes import Operating
from ingress.operations import Operation, Table
from ingress.own_table import OwnTable
from ingress.payment_routes import Payments
from ingress.quote_routes import Quotes
from ingress.rating_routes import Ratings
from ingress.recording import Recording
from ingress.refund_routes import Refunds
from ingress.refund_table import RefundTable
from ingress.request_log import RequestLog
from ingress.request_routes import LogEnds, Requests
from ingress.request_table import RequestTable
from ingress.sale_routes import Sale
from ingress.sales_table import SalesTable
from ingress.seat_routes import Seats
from ingress.service import SaleDesk
from ingress.sessions import Sessions
from ingress.settings import Settings
from ingress.share_table import ShareTable
from ingress.shelf import Shelf
from ingress.show_making import ShowMaker
from ingress.stats_routes import Stats
from ingress.tracing import Tracing
from ingress.usage_routes import UsageCalls
from ingress.venue_routes import Venues
from ingress.views import Views
from ingress.webhook_routes import Webhooks
from ingress.webhook_table import WebhookTable
from payments.provider import PaymentProvider, by_name
from runtime.addresses import ClientAddresses
from ticketing.clock import Clock
from ticketing.pseudonyms import Pseudonyms
from ticketing.tokens import TokenKeys


@dataclass(frozen=True, slots=True)
class Ports:
    """What the calls are answered with."""

    desk: SaleDesk
    catalogue: Catalogue
    ledger: Ledger
    notes: HoldNotes
    shares: ShareTable
    owns: OwnTable
    sales: SalesTable
    shelf: Shelf
    looking: Looking
    views: Views
    callers: Callers
    sessions: Sessions
    keys: KeyTable
    webhooks: WebhookTable
    bookings: BookingTable
    refunds: RefundTable
    letters: DeadLetterTable
    requests: RequestTable
    request_log: RequestLog
    append: Append
    condition: Condition
    reasons: Callable[[], list[str]]
    limiter: Limiter
    tokens: TokenKeys
    pseudonyms: Pseudonyms
    ends: LogEnds
    counts: Mapping[int, Mapping[str, int]]
    clock: Clock
    entropy: Callable[[int], bytes]
    tracing: Tracing | None = None
    """None: nothing is traced."""
    provider: PaymentProvider | None = None
    """Who takes payments, if anybody does."""


def new_limiter(settings: Settings, condition: Condition, clock: Clock) -> Limiter:
    """What counts how often callers ask."""
    rates = Rates(
        fan_requests=settings.ingress_fan_requests_per_min,
        fan_holds=settings.ingress_fan_holds_per_min,
        fan_surge_writes=settings.ingress_fan_surge_writes_per_min,
        surge_lag_ms=settings.ingress_surge_lag_ms,
        address_requests=settings.ingress_address_requests_per_min,
        address_sign_ins=settings.ingress_address_sign_ins_per_min,
    )
    return Limiter(rates, lags=condition, clock=clock, callers_max=settings.ingress_limited_callers_max)


def open_api(ports: Ports, settings: Settings) -> Api:
    """The application."""
    return Api(
        Table(all_operations(ports, settings)),
        callers=ports.callers,
        sessions=ports.sessions,
        limiter=ports.limiter,
        forms=_forms(ports, settings),
        addresses=ClientAddresses(settings.proxies),
        body_deadline_s=settings.ingress_body_deadline_s,
        recording=Recording(ports.request_log, ports.clock),
        tracing=ports.tracing,
    )


def open_direct(ports: Ports, settings: Settings) -> DirectHolds:
    """What is answered without the application."""
    return DirectHolds(
        _sale(ports),
        ports.callers,
        ports.limiter,
        _forms(ports, settings),
        ClientAddresses(settings.proxies),
        fans_max=settings.ingress_tokens_cached_max,
        recording=Recording(ports.request_log, ports.clock),
        tracing=ports.tracing,
    )


def open_door(ports: Ports, settings: Settings) -> Doorkeeper:
    """What is refused before it is parsed."""
    return Doorkeeper(_sale(ports).hold_operation(), ports.desk.crowd, _forms(ports, settings).request_id)


def _forms(ports: Ports, settings: Settings) -> Forms:
    return Forms(ports.clock, ports.entropy, settings.ingress_wait_default_s)


def _sale(ports: Ports) -> Sale:
    return Sale(
        desk=ports.desk,
        shelf=ports.shelf,
        store=ports.ledger,
        notes=ports.notes,
        views=ports.views,
        tokens=ports.tokens,
        pseudonyms=ports.pseudonyms,
        clock=ports.clock,
    )


def all_operations(ports: Ports, settings: Settings) -> list[Operation]:
    """Every row."""
    clock, shelf, looking = ports.clock, ports.shelf, ports.looking
    sale = _sale(ports)
    maker = ShowMaker(ports.catalogue, shelf, clock, ports.entropy)
    admin = Admin(ports.desk, ports.catalogue, shelf, maker, looking, ports.tokens, clock, ports.entropy)
    events = Events(
        shows=ports.catalogue, shelf=shelf, looking=looking, views=ports.views, counts=ports.counts, clock=clock
    )
    seats = Seats(
        catalogue=ports.catalogue,
        shelf=shelf,
        looking=looking,
        clock=clock,
        places_max=settings.ingress_places_cached_max,
    )
    requests = Requests(ports.ledger, ports.ends, shelf, ports.tokens, clock, looking.seen)
    auth = Auth(ports.callers, ports.tokens, clock)
    operating = Operating(ports.desk, shelf, looking, ports.tokens, clock)
    allocations = AllocationCalls(ports.desk, shelf, ports.shares, ports.keys, ports.tokens, clock)
    batches = Batches(ports.desk, shelf, ports.notes, ports.limiter, ports.tokens, clock)
    quotes = Quotes(shelf, looking, ports.shares, ports.owns, clock)
    keys = KeyCalls(ports.keys, clock, ports.entropy)
    webhooks = Webhooks(ports.webhooks, clock, ports.entropy, settings.webhook_private_addresses)
    health = HealthCall(
        ports.condition,
        ports.reasons,
        ports.request_log.__len__,
        clock,
        ports.desk.elapsed,
        silent_ms=settings.ingress_lag_max_ms,
    )
    rows = [
        *events.operations(),
        *seats.operations(),
        *NamedSeats(shelf, looking, ports.owns, clock).operations(),
        *sale.operations(),
        *Bookings(sale, by_name(ports.provider)).operations(),
        *BookingList(ports.bookings, shelf, clock).operations(),
        *BookingLinks(ports.bookings, shelf, clock).operations(),
        *Ratings(sale, ports.bookings).operations(),
        *Payments(sale, ports.provider, settings.public_url).operations(),
        *batches.operations(),
        *quotes.operations(),
        *requests.operations(),
        *ShowLedger(ports.ledger, shelf, clock, looking.seen).operations(),
        *Stats(store=ports.sales, shelf=shelf, looking=looking, clock=clock).operations(),
        *auth.operations(),
        *Venues(ports.catalogue, clock).operations(),
        *admin.operations(),
        *operating.operations(),
        *allocations.operations(),
        *Refunds(ports.refunds, clock).operations(),
        *keys.operations(),
        *Feed(ports.webhooks, clock).operations(),
        *webhooks.operations(),
        *UsageCalls(ports.requests, clock).operations(),
        *DeadLetterCalls(ports.letters, ports.append, clock).operations(),
        *health.operations(),
        asyncapi_row(),
    ]
    return [*rows, *openapi_rows(rows)]
