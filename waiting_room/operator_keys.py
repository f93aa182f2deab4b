"""Who may operate a room: the holders of API keys with the role."""

from starlette.requests import Request

from ticketing.tokens import api_key_hash
from waiting_room.answers import Refused
from waiting_room.operating import RoomTable

ROLES = frozenset({"operator", "admin"})


async def operator_of(request: Request, table: RoomTable) -> str:
    """The id of the caller's key. Raises `Refused`, `LedgerUnavailable`."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Refused("unauthenticated", "send Authorization: Bearer and an API key with the role operator")
    found = await table.key_roles(api_key_hash(key.strip()))
    if found is None:
        raise Refused("token_invalid", "no such API key, or it has been revoked")
    key_id, roles = found
    if not roles & ROLES:
        raise Refused("insufficient_scope", "the key needs the role operator or admin")
    return key_id
