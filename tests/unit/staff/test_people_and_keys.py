"""The pure parts: roles, passwords' rules, sessions as they are signed; and argon2 itself."""

import argon2
import pytest

from staff.passwords import Argon2Passwords
from staff.people import bounds, check_partner, check_password, check_roles, normal_email, subjects_begin
from ticketing.staff import StaffKeys, StaffSession, same_csrf
from ticketing.tokens import PARTNER, TokenInvalid, TokenKeys

NOW_MS = 1_800_000_000_000
SESSION = StaffSession("a session", "its other half", NOW_MS + 1)


def test_a_session_is_read_back_until_its_moment() -> None:
    keys = StaffKeys(["the first secret"])
    cookie = keys.sign_session(SESSION)
    assert keys.read_session(cookie, NOW_MS) == SESSION
    assert keys.read_session(cookie, NOW_MS + 1) is None
    assert keys.read_session(cookie[:-2] + "xx", NOW_MS) is None
    assert keys.read_session("", NOW_MS) is None
    assert keys.read_form(keys.sign_form("half", NOW_MS + 1), NOW_MS) == "half"


def test_a_secret_is_changed_without_anybody_being_signed_out() -> None:
    old = StaffKeys(["the first secret"]).sign_session(SESSION)
    assert StaffKeys(["another secret", "the first secret"]).read_session(old, NOW_MS) == SESSION
    assert StaffKeys(["another secret"]).read_session(old, NOW_MS) is None
    with pytest.raises(ValueError, match="at least one"):
        StaffKeys([])


def test_a_session_is_no_form_and_no_token_and_the_other_way_round() -> None:
    keys, tokens = StaffKeys(["the first secret"]), TokenKeys(["the first secret"])
    assert keys.read_form(keys.sign_session(SESSION), NOW_MS) is None
    assert keys.read_session(keys.sign_form("half", NOW_MS + 1), NOW_MS) is None
    with pytest.raises(TokenInvalid):
        tokens.purpose_of(keys.sign_session(SESSION))
    assert PARTNER not in keys.sign_session(SESSION)


def test_the_other_half_is_compared_and_nothing_is_not_enough() -> None:
    assert same_csrf("half", "half")
    assert not same_csrf("half", "other")
    assert not same_csrf("", "")
    assert not same_csrf("hälf", "half")


def test_an_address_has_one_spelling() -> None:
    assert normal_email("  Ann@Example.org ") == "ann@example.org"
    for wrong in ("ann", "ann@", "@example.org", "a b@example.org", "a" * 200 + "@example.org"):
        with pytest.raises(ValueError, match="no e-mail"):
            normal_email(wrong)


def test_tries_are_counted_apart_and_those_of_one_person_are_found_together() -> None:
    ann, ben = "ann@example.org", "ben@example.org"
    counted = {(email, ip): bounds(email, ip) for email in (ann, ben) for ip in ("192.0.2.1", "192.0.2.2")}
    subjects = [bound.subject for one in counted.values() for bound in one]
    assert len(set(subjects)) == 4 + 2 + 2
    of_ann = {subject for subject in subjects if subject.startswith(subjects_begin(ann))}
    assert of_ann == {bound.subject for (email, _), one in counted.items() if email == ann for bound in one[:2]}


def test_a_password_is_long_and_a_role_is_one_that_there_is() -> None:
    check_password("x" * 12)
    for wrong in ("x" * 11, "x" * 201):
        with pytest.raises(ValueError, match="12 to 200"):
            check_password(wrong)
    assert check_roles(["admin", "operator", "admin"]) == {"admin", "operator"}
    for roles in ([], ["root"]):
        with pytest.raises(ValueError, match="roles are some of"):
            check_roles(roles)


def test_whoever_works_for_a_partner_names_it_and_nobody_else_does() -> None:
    assert check_partner("acme-2", frozenset({"partner"})) == "acme-2"
    assert check_partner("", frozenset({"operator"})) == ""
    for partner, role, why in (
        ("", "partner", "name it"),
        ("acme", "admin", "nobody else"),
        ("Acme!", "partner", "no partner"),
    ):
        with pytest.raises(ValueError, match=why):
            check_partner(partner, frozenset({role}))


async def test_what_is_kept_of_a_password_is_argon2id_and_fits_that_one_alone() -> None:
    cheap = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    passwords = Argon2Passwords(cheap)
    kept = await passwords.make("correct horse battery")
    assert kept.startswith("$argon2id$") and "horse" not in kept
    assert await passwords.fits(kept, "correct horse battery")
    assert not await passwords.fits(kept, "correct horse batterz")
    assert not await passwords.fits(None, "the password of nobody")
    assert not await passwords.fits("no hash", "no hash")
    assert not passwords.outdated(kept)
    assert Argon2Passwords().outdated(kept)
