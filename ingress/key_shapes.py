"""What is said of API keys: what admins and partners ask for, and how a key is shown."""

from typing import Annotated

from msgspec import Struct
from pydantic import BaseModel, Field

from ingress.auth_routes import PermissionNames
from ingress.key_table import KeyRow
from ingress.keys import OTHER_NAMES, REQUESTS_PER_MIN_DEFAULT, ROLES, SELLING_AT_ONCE_DEFAULT
from ingress.paging import AfterId
from ingress.wishes import ShownName, VenueId
from ticketing.clock import rfc3339
from ticketing.layout import Body
from ticketing.staff import PARTNER_NAME
from ticketing.telling import Answer
from ticketing.vocabulary import show_text

OVERLAP_S_DEFAULT = 24 * 3600
OVERLAP_S_MAX = 30 * 24 * 3600
LIMITS_MAX = 100

ShowId = Annotated[str, Field(pattern=r"^shw_[0-9a-f]{10}$")]
_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_RANGES = {
    "anyOf": [
        {"format": "ipv4"},
        {"format": "ipv6"},
        {"pattern": rf"^({_BYTE}\.){{3}}{_BYTE}/(3[0-2]|[12]?[0-9])$"},
        {"pattern": r"^([0-9a-f]{1,4}:){1,6}:/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$"},
    ]
}
Address = Annotated[str, Field(min_length=1, max_length=50, json_schema_extra=_RANGES)]
PerMinute = Annotated[int, Field(ge=1, le=10_000_000)]
AtOnce = Annotated[int, Field(ge=1, le=100_000)]
PartnerName = Annotated[
    str, Field(pattern=rf"^({PARTNER_NAME.pattern})?$", description="whose key it is: its people see it in the portal")
]  # fmt: skip


class LimitsBody(Body):
    """What a key is limited to from now on; what is left out stays as it is, an empty list lifts a limit."""

    name: ShownName | None = None
    venues: Annotated[list[VenueId], Field(max_length=LIMITS_MAX)] | None = None
    shows: Annotated[list[ShowId], Field(max_length=LIMITS_MAX)] | None = None
    addresses: Annotated[
        list[Address], Field(max_length=LIMITS_MAX, description="ranges as 192.0.2.0/24, or one address")
    ] | None = None  # fmt: skip
    requests_per_min: PerMinute | None = None
    selling_at_once: AtOnce | None = None
    partner: PartnerName | None = None


_WITH_A_ROLE = {"contains": {"enum": sorted(ROLES | {name for name, role in OTHER_NAMES.items() if role in ROLES})}}


class KeyBody(Body):
    """A new key. `permissions`: roles (`read`, `booking`, `admin`, `operator`) and `group`."""

    name: ShownName
    permissions: Annotated[PermissionNames, Field(json_schema_extra=_WITH_A_ROLE)]
    sandbox: bool = False
    venues: Annotated[list[VenueId], Field(max_length=LIMITS_MAX)] = []
    shows: Annotated[list[ShowId], Field(max_length=LIMITS_MAX)] = []
    addresses: Annotated[
        list[Address], Field(max_length=LIMITS_MAX, description="ranges as 192.0.2.0/24, or one address")
    ] = []  # fmt: skip
    requests_per_min: PerMinute = REQUESTS_PER_MIN_DEFAULT
    selling_at_once: AtOnce = SELLING_AT_ONCE_DEFAULT
    partner: PartnerName = ""


class RotateBody(Body):
    """`overlap_s`: how long the secret before still works."""

    overlap_s: Annotated[int, Field(ge=0, le=OVERLAP_S_MAX)] = OVERLAP_S_DEFAULT


class KeysQuery(BaseModel):
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: AfterId | None = None


class KeyShown(Struct, kw_only=True, omit_defaults=True):
    """A key without its secret; `shown_prefix` is how that begins."""

    key: str
    name: str
    shown_prefix: str
    permissions: list[str]
    sandbox: bool
    requests_per_min: int
    selling_at_once: int
    made_at: str
    made_by: str = ""
    partner: str = ""
    venues: list[str] = []
    shows: list[str] = []
    addresses: list[str] = []
    rotated_at: str | None = None
    previous_until: str | None = None
    """Until then the secret before the last rotation works as well."""
    revoked_at: str | None = None


class KeyAnswer(Answer, kw_only=True):
    """A key. `api_key` is its secret: shown in this answer and never again."""

    data: KeyShown
    api_key: str | None = None


class KeysAnswer(Answer, kw_only=True):
    """A page of keys."""

    data: list[KeyShown]
    has_more: bool
    next_cursor: str | None = None


def shown_key(row: KeyRow) -> KeyShown:
    """With its moments as people read them."""

    def moment(at_ms: int | None) -> str | None:
        return None if at_ms is None else rfc3339(at_ms)

    terms = row.terms
    return KeyShown(
        key=row.key_id,
        name=terms.name,
        shown_prefix=row.shown_prefix,
        permissions=sorted({*terms.roles, *terms.permissions}),
        sandbox=terms.sandbox,
        requests_per_min=terms.requests_per_min,
        selling_at_once=terms.selling_at_once_max,
        made_at=rfc3339(row.created_at_ms),
        made_by=terms.created_by,
        partner=terms.partner,
        venues=list(terms.venues),
        shows=[show_text(show) for show in terms.shows],
        addresses=list(terms.addresses),
        rotated_at=moment(row.rotated_at_ms),
        previous_until=moment(row.previous_ends_at_ms),
        revoked_at=moment(row.revoked_at_ms),
    )
