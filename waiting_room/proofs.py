"""Work that a join shows: challenges of ALTCHA, made and checked here, so that nobody outside learns of anything.

A challenge names the show and the client that it was made for. A join is the same place however often it is repeated,
so a solution that is shown again gives nobody anything, and none has to be remembered.
"""

import base64
import binascii
import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import altcha
import msgspec

from ticketing.tokens import derive_key
from waiting_room.pressure import tries_of

ALGORITHM = "PBKDF2/SHA-256"
ROUNDS = 100
"""Of one try: so few that a challenge costs us next to nothing, as it is solved once when it is made."""
LIFE_MS = 10 * 60_000
PROOF_CHARS_MAX = 2_000


class _Made(msgspec.Struct, frozen=True):
    """What we put into a challenge. `step`: of `pressure`."""

    show: int
    client: str
    step: int
    until_ms: int


class Proofs:
    """`secrets`: as of the tokens; the first one signs, any of them verifies."""

    def __init__(self, server_secrets: Sequence[str]) -> None:
        self._keys = [
            (derive_key(each, "onsale-proof"), derive_key(each, "onsale-proof-key")) for each in server_secrets
        ]

    def challenge(self, show: int, client: UUID, step: int, now_ms: int) -> dict[str, Any]:
        """What the client is to solve: a challenge of ALTCHA, version 2."""
        signing, answering = self._keys[0]
        tries = tries_of(step)
        made = altcha.create_challenge(
            ALGORITHM,
            ROUNDS,
            counter=tries + secrets.randbelow(tries),
            data={"show": show, "client": str(client), "step": step, "until_ms": now_ms + LIFE_MS},
            hmac_secret=signing,
            hmac_key_secret=answering,
        )
        return made.to_dict()

    def step_shown(self, proof: str, show: int, client: UUID, now_ms: int) -> int:
        """The step of the challenge that `proof` (base64 of the solved one) solves; 0 where it proves nothing here."""
        try:
            payload = altcha.Payload.from_dict(msgspec.json.decode(base64.b64decode(proof, validate=True)))
            made = msgspec.convert(payload.challenge.parameters.data, _Made)
        except (binascii.Error, msgspec.DecodeError, msgspec.ValidationError, KeyError, TypeError, AttributeError):
            return 0
        if (made.show, made.client) != (show, str(client)) or made.until_ms < now_ms:
            return 0
        return made.step if any(self._solves(payload, *keys) for keys in self._keys) else 0

    @staticmethod
    def _solves(payload: altcha.Payload, signing: bytes, answering: bytes) -> bool:
        # Without the signed answer the library would make the try itself, at a cost that the payload names.
        if not payload.challenge.parameters.key_signature:
            return False
        return altcha.verify_solution(payload, signing, hmac_key_secret=answering).verified
