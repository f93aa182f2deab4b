"""What we signed is ours, for one purpose, until it ends; anything else is nothing."""

import base64
import hmac
import json
import tracemalloc
from collections.abc import Callable

import jwt
import pytest

from ticketing.tokens import (
    API_KEY_LIVE,
    API_KEY_TEST,
    BOOKING,
    PARTNER,
    PASS,
    PURPOSES,
    RESERVATION,
    TICKET,
    BookingLink,
    PartnerToken,
    Pass,
    ReservationToken,
    Ticket,
    TokenError,
    TokenExpired,
    TokenInvalid,
    TokenKeys,
    api_key_hash,
    derive_key,
    new_api_key,
    same_secret,
    secret_hash,
)

T0 = 1_800_000_000_000
KEYS = TokenKeys(["the first secret"])
A_TICKET = Ticket(7, "general", 42, "ent_anna", T0, secret_hash("mine"))
A_PASS = Pass(7, "ent_anna", 3, T0 + 1)
A_RIGHT = ReservationToken(7, "rsv_x", "ent_anna", T0 + 1)
A_PARTNER = PartnerToken("key_1", ("booking", "read"), T0 + 1)
A_LINK = BookingLink(7, "rsv_x", "ent_anna")


def test_what_was_signed_is_read_back() -> None:
    assert KEYS.read_ticket(KEYS.sign_ticket(A_TICKET)) == A_TICKET
    assert KEYS.read_pass(KEYS.sign_pass(A_PASS), T0) == A_PASS
    assert KEYS.read_reservation(KEYS.sign_reservation(A_RIGHT), T0) == A_RIGHT


def test_the_same_pass_is_the_same_token_and_another_wave_is_another() -> None:
    assert KEYS.sign_pass(A_PASS) == TokenKeys(["the first secret"]).sign_pass(A_PASS)
    assert KEYS.sign_pass(A_PASS) != KEYS.sign_pass(Pass(7, "ent_anna", 4, T0 + 1))


def test_what_was_read_is_not_kept_of_everybody_who_ever_came() -> None:
    keys = TokenKeys(["the first secret"])
    tokens = (keys.sign_pass(Pass(7, f"ent_{number}", 3, T0 + 1)) for number in range(2_000))
    tracemalloc.start()
    try:
        for token in tokens:
            keys.read_pass(token, T0)
        kept_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept_bytes < 200_000


def test_a_token_ends_at_its_moment_though_it_was_seen_before() -> None:
    token = KEYS.sign_pass(A_PASS)
    assert KEYS.read_pass(token, T0) == A_PASS
    with pytest.raises(TokenExpired) as ended:
        KEYS.read_pass(token, T0 + 1)
    assert ended.value.code == "token_expired"
    right = KEYS.sign_reservation(A_RIGHT)
    with pytest.raises(TokenExpired):
        KEYS.read_reservation(right, T0 + 1)


def test_a_token_is_good_for_one_purpose_only() -> None:
    tokens = {
        TICKET: KEYS.sign_ticket(A_TICKET),
        PASS: KEYS.sign_pass(A_PASS),
        RESERVATION: KEYS.sign_reservation(A_RIGHT),
        PARTNER: KEYS.sign_partner(A_PARTNER),
        BOOKING: KEYS.sign_booking(A_LINK),
    }
    for purpose, token in tokens.items():
        assert KEYS.purpose_of(token) == purpose
        if purpose != TICKET:
            with pytest.raises(TokenInvalid):
                KEYS.read_ticket(token)
        if purpose != PASS:
            with pytest.raises(TokenInvalid):
                KEYS.read_pass(token, T0)
        if purpose != RESERVATION:
            with pytest.raises(TokenInvalid):
                KEYS.read_reservation(token, T0)
        if purpose != PARTNER:
            with pytest.raises(TokenInvalid):
                KEYS.read_partner(token, T0)
        if purpose != BOOKING:
            with pytest.raises(TokenInvalid):
                KEYS.read_booking(token)


BOTH = TokenKeys(["a new secret", "the first secret"])
NEW = TokenKeys(["a new secret"])
READ: dict[str, tuple[Callable[[TokenKeys], str], Callable[[TokenKeys, str], object], object]] = {
    TICKET: (lambda keys: keys.sign_ticket(A_TICKET), lambda keys, token: keys.read_ticket(token), A_TICKET),
    PASS: (lambda keys: keys.sign_pass(A_PASS), lambda keys, token: keys.read_pass(token, T0), A_PASS),
    RESERVATION: (
        lambda keys: keys.sign_reservation(A_RIGHT),
        lambda keys, token: keys.read_reservation(token, T0),
        A_RIGHT,
    ),
    PARTNER: (lambda keys: keys.sign_partner(A_PARTNER), lambda keys, token: keys.read_partner(token, T0), A_PARTNER),
    BOOKING: (lambda keys: keys.sign_booking(A_LINK), lambda keys, token: keys.read_booking(token), A_LINK),
}


@pytest.mark.parametrize("purpose", READ)
def test_a_secret_is_changed_without_anybody_losing_a_token(purpose: str) -> None:
    sign, read, meant = READ[purpose]
    old, new = sign(KEYS), sign(BOTH)
    kids = {token: jwt.get_unverified_header(token)["kid"] for token in (old, new, sign(NEW))}
    assert kids[new] == kids[sign(NEW)] != kids[old]
    # While both are known, both are read; instances that do not sign with the new one yet read it, too.
    assert read(BOTH, old) == read(BOTH, new) == meant
    assert read(TokenKeys(["the first secret", "a new secret"]), new) == meant
    # Once the old one is gone, so are its tokens, and only those.
    assert read(NEW, new) == meant
    with pytest.raises(TokenInvalid) as refused:
        read(NEW, old)
    assert refused.value.code == "token_invalid"


@pytest.mark.parametrize("purpose", READ)
@pytest.mark.parametrize("kid", ["00000000", "", None, 7, ["x"]])
def test_a_key_that_nobody_knows_signs_nothing(purpose: str, kid: object) -> None:
    sign, read, _ = READ[purpose]
    token = sign(KEYS)
    headers = {"typ": purpose} if kid is None else {"typ": purpose, "kid": kid}
    header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256"} | headers).encode()).rstrip(b"=").decode()
    body = token.split(".")[1]
    signature = hmac.digest(derive_key("the first secret", purpose), f"{header}.{body}".encode(), "sha256")
    unknown = f"{header}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    with pytest.raises(TokenInvalid):
        read(KEYS, unknown)


@pytest.mark.parametrize("purpose", READ)
def test_the_key_of_one_kid_does_not_sign_for_another(purpose: str) -> None:
    sign, read, _ = READ[purpose]
    head_of_the_new, _, _ = sign(BOTH).split(".")
    _, body, signature_of_the_old = sign(KEYS).split(".")
    with pytest.raises(TokenInvalid):
        read(BOTH, f"{head_of_the_new}.{body}.{signature_of_the_old}")


def test_each_purpose_and_each_secret_has_a_key_of_its_own() -> None:
    keys = {derive_key(secret, purpose) for secret in ("a", "b") for purpose in PURPOSES}
    assert len(keys) == 2 * len(PURPOSES) == 10
    assert {len(key) for key in keys} == {32}


def forged(algorithm: str, key: str, typ: str = PASS) -> str:
    header = KEYS.sign_pass(A_PASS)
    kid = jwt.get_unverified_header(header)["kid"]
    claims = {"show": 7, "sub": "ent_mallory", "wave": 1, "exp_ms": T0 + 10**9}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"typ": typ, "kid": kid})


def test_any_jwt_library_reads_and_makes_the_same_tokens() -> None:
    token, key = KEYS.sign_pass(A_PASS), derive_key("the first secret", PASS)
    claims = jwt.decode(token, key, algorithms=["HS256"])
    assert (claims["sub"], claims["show"], claims["exp_ms"]) == ("ent_anna", 7, T0 + 1)
    header = jwt.get_unverified_header(token)
    theirs = jwt.encode(claims, key, algorithm="HS256", headers={"typ": header["typ"], "kid": header["kid"]})
    assert theirs == token


def test_a_signature_has_one_spelling() -> None:
    signed = KEYS.sign_pass(A_PASS)
    # The last letter of 32 bytes in base64 has two bits to spare: a lenient decoder takes four spellings.
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [signed[:-1] + letters[letters.index(signed[-1]) ^ spare] for spare in (1, 2, 3)]
    for token in (*others, signed + "=", signed + "\n", "ä" + signed):
        with pytest.raises(TokenInvalid):
            KEYS.read_pass(token, T0)


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_forged_tokens_are_nothing() -> None:
    signed = KEYS.sign_pass(A_PASS)
    head, body, signature = signed.split(".")
    for token in (
        "",
        "x",
        "a.b.c",
        forged("none", ""),
        forged("HS256", "guessed"),
        forged("HS512", "guessed"),
        f"{head}.{body}.",
        f"{head}.{body}x.{signature}",
        f"{head}.{body}.{signature[:-2]}",
        signed + "x" * 5,
    ):
        with pytest.raises(TokenError):
            KEYS.read_pass(token, T0)
    with pytest.raises(TokenInvalid):
        KEYS.purpose_of(forged("HS256", "guessed", typ="JWT"))


@pytest.mark.parametrize("secrets", [[], [""], ["good", ""]])
def test_no_secret_is_no_service(secrets: list[str]) -> None:
    with pytest.raises(ValueError, match="secret"):
        TokenKeys(secrets)


def test_api_keys_are_made_from_entropy_and_looked_up_by_hash() -> None:
    live, test = new_api_key(bytes(24), sandbox=False), new_api_key(bytes(24), sandbox=True)
    assert live.startswith(API_KEY_LIVE) and test.startswith(API_KEY_TEST)
    assert api_key_hash(live) != api_key_hash(test)
    assert len(api_key_hash(live)) == 32
    with pytest.raises(ValueError, match="24"):
        new_api_key(bytes(23), sandbox=False)


def test_a_fans_own_secret_is_kept_as_a_hash() -> None:
    assert same_secret("mine", secret_hash("mine"))
    assert not same_secret("yours", secret_hash("mine"))
    assert "mine" not in secret_hash("mine")
