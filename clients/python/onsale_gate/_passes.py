"""A pass, checked offline: whose it is, for which show, and until when."""

import binascii
from collections.abc import Sequence
from dataclasses import dataclass

import jwt

ALGORITHM = "HS256"
TYPE = "onsale-pass"
TOKEN_CHARS_MAX = 4_096


class PassWrong(Exception):
    """The token lets nobody in; `code` is `pass_invalid`, `pass_expired` or `wrong_show`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whom the waiting room let in. `entry` is the same person's place in line, whatever device they use."""

    show: str
    entry: str
    wave: int
    expires_at_s: float


def read_keys(texts: Sequence[str]) -> list[bytes]:
    """The keys as `onsale keys gate` prints them. Raises ValueError."""
    if not texts:
        raise ValueError("a gate needs a key: onsale keys gate")
    try:
        return [binascii.unhexlify(text) for text in texts]
    except binascii.Error as error:
        raise ValueError("a key of a gate is hexadecimal: onsale keys gate") from error


def read_pass(token: str, keys: Sequence[bytes], show: str, now_s: float) -> Admitted:
    """The bearer of a pass for `show`. `keys`: any of them may have signed it, so that they can be changed.

    Raises `PassWrong`.
    """
    if len(token) > TOKEN_CHARS_MAX:
        raise PassWrong("pass_invalid")
    claims = None
    for key in keys:
        try:
            # The end is a claim of onsale's own, in milliseconds, so the library does not look at it.
            found = jwt.decode_complete(token, key, algorithms=[ALGORITHM], options={"require": []})
        except jwt.InvalidTokenError:
            continue
        if found["header"].get("typ") == TYPE:
            claims = found["payload"]
    if claims is None:
        raise PassWrong("pass_invalid")
    expires_at_s = claims["exp_ms"] / 1000
    if expires_at_s <= now_s:
        raise PassWrong("pass_expired")
    admitted = Admitted(f"shw_{claims['show']:010x}", claims["sub"], claims["wave"], expires_at_s)
    if admitted.show != show:
        raise PassWrong("wrong_show")
    return admitted
