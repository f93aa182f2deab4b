"""The same address, the same card: the same name, and nobody can read it."""

import pytest

from ticketing.pseudonyms import Pseudonyms, normalised

NAMES = Pseudonyms(["the newest secret of all"])


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("Ada@Example.ORG", "ada@example.org"),
        ("ada+tickets@example.org", "ada@example.org"),
        ("ａｄａ@example.org", "ada@example.org"),
        ("ada@example.org.", "ada@example.org"),
        ("a.d.a+x@googlemail.com", "ada@gmail.com"),
        ("+odd@example.org", "+odd@example.org"),
        ("STRASSE@example.org", "straße@example.org"),
    ],
)
def test_one_mailbox_is_one_address(address: str, same: str) -> None:
    assert normalised(address) == normalised(same)
    assert NAMES.email(7, address) == NAMES.email(7, same)


@pytest.mark.parametrize("other", ["bob@example.org", "ada@example.com", "a.da@example.org", "ad@example.org"])
def test_another_mailbox_is_another_address(other: str) -> None:
    assert NAMES.email(7, other) != NAMES.email(7, "ada@example.org")


def test_a_name_says_of_what_it_is_and_nothing_else() -> None:
    (email,) = NAMES.email(7, "ada@example.org")
    (payer,) = NAMES.payer(7, "till", "ada@example.org")
    assert (email[:4], payer[:4], len(email), len(payer)) == ("eml_", "pay_", 28, 28)
    assert email[4:] != payer[4:]
    assert NAMES.email(8, "ada@example.org") != (email,)
    assert NAMES.payer(7, "bank", "ada@example.org") != (payer,)
    assert Pseudonyms(["another secret, as good"]).email(7, "ada@example.org") != (email,)


def test_of_what_is_not_known_there_is_no_name() -> None:
    assert (NAMES.email(7, None), NAMES.payer(7, "till", None), NAMES.payer(7, "till", "")) == ((), (), ())


def test_while_secrets_are_rotated_the_name_of_before_still_counts() -> None:
    both = Pseudonyms(["the next secret of all", "the newest secret of all"])
    assert NAMES.email(7, "ada@example.org")[0] in both.email(7, "ada@example.org")
    many = Pseudonyms([f"the {n}th secret of all" for n in range(9)])
    assert len(many.email(7, "ada@example.org")) + len(many.payer(7, "till", "card")) == 8
