"""How far a partner may go with keys of their own: no further than with one that an admin has given them."""

from ingress.key_table import Terms
from ingress.keys import PERMISSIONS, RIGHTS_OF_PARTNERS, ROLES
from ticketing.key_limits import Network, read_networks

KEYS_OF_PARTNER_MAX = 20
"""That are not revoked: each may send its own number of requests a minute."""


def reaches_beyond(wanted: Terms, given: list[Terms]) -> str | None:
    """Why a partner with keys of the terms `given` may not have one of the terms `wanted`; None: they may."""
    rights = {*wanted.roles, *wanted.permissions}
    if not rights <= RIGHTS_OF_PARTNERS:
        return "a partner's key may read, book, and book for groups"
    if not given:
        return "an admin has to make the first key of a partner"
    if not any(_is_within(wanted, one) for one in given):
        return "none of your keys goes so far: rights, venues, shows, addresses and rates are those of one, or less"
    return None


def _is_within(wanted: Terms, given: Terms) -> bool:
    rights = {*given.roles, *given.permissions} if "admin" not in given.roles else ROLES | PERMISSIONS
    if not {*wanted.roles, *wanted.permissions} <= rights or (given.sandbox and not wanted.sandbox):
        return False
    if wanted.requests_per_min > given.requests_per_min or wanted.selling_at_once_max > given.selling_at_once_max:
        return False
    if given.venues or given.shows:
        if not (wanted.venues or wanted.shows):
            return False
        if not (set(wanted.venues) <= set(given.venues) and set(wanted.shows) <= set(given.shows)):
            return False
    return _lie_within(read_networks(wanted.addresses), read_networks(given.addresses))


def _lie_within(wanted: tuple[Network, ...], given: tuple[Network, ...]) -> bool:
    if not given:
        return True
    return bool(wanted) and all(any(_is_part(one, of) for of in given) for one in wanted)


def _is_part(one: Network, of: Network) -> bool:
    """A range of addresses is part of another, or the same."""
    return one.version == of.version and one.network_address in of and one.broadcast_address in of
