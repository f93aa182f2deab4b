"""Signed tokens: compact JWS (RFC 7515) with HMAC-SHA256, for headers that are known beforehand.

Only what is signed here is ever verified here, so a token's first segment is looked up, byte for byte, instead of
being parsed: no algorithm is ever taken from a token. Any JWT library reads and makes the same tokens (the tests let
one do so); docs/decisions/0012 says why none is used here.
"""

import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

Claims = msgspec.Struct | Mapping[str, Any]
"""What a token says. Of a struct the names are those that it is encoded with."""


class Signer:
    """One key of at most 64 bytes and the protected header that names it (`alg` is added)."""

    def __init__(self, key: bytes, header: Mapping[str, str]) -> None:
        if len(key) > _BLOCK_BYTES:
            raise ValueError("a key longer than a block of the hash would have to be hashed first")
        # HMAC (RFC 2104) begins by hashing the padded key, which is the same for every token: 1 us instead of 3.5.
        padded = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(padded.translate(_INNER_PAD))
        self._outer = hashlib.sha256(padded.translate(_OUTER_PAD))
        self.head = _segment(_encoder.encode(dict(sorted({"alg": "HS256", **header}.items()))))
        """The first segment of each of its tokens."""
        self._begun = self.head + b"."

    def sign(self, claims: Claims) -> str:
        """The claims as a token; the same claims in the same order give the same one."""
        signed = self._begun + _segment(_encoder.encode(claims))
        return (b"%b.%b" % (signed, self.signature(signed))).decode()

    def signature(self, signed: bytes) -> bytes:
        """The last segment of the token that begins with `signed`."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(signed)
        outer.update(inner.digest())
        return _segment(outer.digest())


class Verifier:
    """Tells which of some signers a token is from."""

    def __init__(self, signers: Sequence[Signer]) -> None:
        self._by_head = {signer.head: signer for signer in signers}

    def claims(self, token: str) -> tuple[Signer, dict[str, Any]] | None:
        """Who signed the token, and what it says; None: none of them did."""
        try:
            signed, _, signature = token.encode("ascii").rpartition(b".")
        except UnicodeEncodeError:
            return None
        head, _, payload = signed.partition(b".")
        signer = self._by_head.get(head)
        # The segment is compared as it is written: a signature has one spelling only.
        if signer is None or not hmac.compare_digest(signer.signature(signed), signature):
            return None
        claims: dict[str, Any] = msgspec.json.decode(binascii.a2b_base64(payload.translate(_STANDARD) + b"=="))
        return signer, claims


def _segment(raw: bytes) -> bytes:
    return binascii.b2a_base64(raw, newline=False).rstrip(b"=").translate(_URL_SAFE)


_BLOCK_BYTES = 64
_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = bytes.maketrans(b"-_", b"+/")
_encoder = msgspec.json.Encoder()
