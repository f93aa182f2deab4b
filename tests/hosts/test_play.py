"""What `make hosts` plays, by the words behind it."""

from tests.hosts.plan import HOSTS, TALKING, pairs_of_hosts
from tests.hosts.play import QUICK, acts, chosen


def test_every_pair_and_every_host_has_a_word_of_its_own() -> None:
    pairs = [f"{one}-{other}" for one, other in (*pairs_of_hosts(), *TALKING)]
    hosts = [f"{what}-{host}" for what in ("alone", "lost") for host in HOSTS]
    assert sorted(acts()) == sorted(["demo", "demo-apart", *pairs, *hosts])


def test_the_host_of_the_primary_is_lost_last_as_another_one_has_it_from_then_on() -> None:
    assert list(acts())[-1] == "lost-a"


def test_words_choose_those_that_hold_one() -> None:
    assert list(chosen(["lost"])) == ["lost-c", "lost-b", "lost-a"]
    assert list(chosen(["lost-c", "a-b", "lost-"])) == ["lost-c", "a-b", "lost-b", "lost-a"]
    assert chosen(["no such word"]) == {}
    assert chosen([]).keys() == acts().keys()


def test_the_quick_form_has_a_sale_a_cut_and_a_loss() -> None:
    assert sorted(chosen(["--quick"])) == sorted(QUICK)
