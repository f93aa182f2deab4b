"""The whole way through the line in a browser without scripts."""

import re
from collections.abc import AsyncIterator

import pytest

from runtime.localised import LANGUAGES
from tests.unit.waiting_room.hall import PATH, SHOW, Hall, open_hall
from tests.unit.waiting_room.scriptless import Browser
from ticketing.tokens import PASS_LIFE_S, TokenKeys
from ticketing.vocabulary import show_text
from waiting_room.plain_visit import PASS_COOKIE, PLACE_COOKIE

KEYS = TokenKeys(["a secret of the server"])
PLAIN = f"{PATH}/plain"


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall() as found:
        yield found


def browser(hall: Hall, number: int = 1) -> Browser:
    return Browser(hall.http, PLAIN, f"203.0.{number}.113")


async def joined(hall: Hall, number: int = 1) -> Browser:
    fan = browser(hall, number)
    await fan.send((await fan.look()).form("join"))
    return fan


async def crowd_before(hall: Hall, people: int) -> None:
    for client in range(people):
        await hall.join(1_000 + client, address=f"198.51.{client}.100")


async def test_the_page_with_scripts_leads_there_whoever_has_none(hall: Hall) -> None:
    page = (await hall.http.get(PATH, headers={"accept": "text/html"})).text
    assert f'<noscript><meta http-equiv="refresh" content="0; url={PLAIN}"></noscript>' in page
    assert f'<a href="{PLAIN}">' in page


async def test_a_fan_joins_waits_claims_and_has_a_pass_that_opens_the_sale(hall: Hall) -> None:
    await crowd_before(hall, 30)
    fan = browser(hall)
    first = await fan.look()
    assert first.status == 200 and first.refresh == ""
    waiting = await fan.send(first.form("join"))
    assert (waiting.texts["place"], waiting.texts["ahead"]) == ("31", "30")
    assert waiting.refresh == f"5; url={PLAIN}"
    assert "minute" in waiting.texts["wait"] or "min" in waiting.texts["wait"]
    await hall.pass_time(2_000)
    nearer = await fan.look()
    assert (nearer.texts["place"], nearer.texts["ahead"]) == ("31", "10")
    await hall.pass_time(2_000)
    called = await fan.look()
    assert called.title.startswith("●") and called.refresh == ""
    turn = await fan.send(called.form("claim"))
    a_pass = KEYS.read_pass(turn.texts["pass"], hall.clock.now_ms())
    entry = KEYS.read_ticket(fan.cookies[PLACE_COOKIE].split(".", 3)[3]).entry
    assert (a_pass.show, a_pass.entry) == (SHOW, entry)
    assert a_pass.expires_at_ms == hall.clock.now_ms() + PASS_LIFE_S * 1_000
    # The page with scripts takes over from there, in the part of the address that no server sees.
    room, _, moved = turn.links["seats"].partition("#move=")
    secret, _, ticket = moved.partition(".")
    assert room == PATH and KEYS.read_ticket(ticket).entry == entry
    again = await hall.http.post(f"{PATH}/entries/{entry}/claim", json={"ticket": ticket, "secret": secret})
    assert again.json()["pass"] == turn.texts["pass"]
    assert (await fan.look()).texts["pass"] == turn.texts["pass"]


async def test_what_is_kept_no_script_and_no_other_site_gets(hall: Hall) -> None:
    fan = await joined(hall)
    await hall.pass_time(1_000)
    await fan.send((await fan.look()).form("claim"))
    kept = [line for line in fan.heard if line.startswith((PLACE_COOKIE, PASS_COOKIE))]
    assert {line.partition("=")[0] for line in kept} == {PLACE_COOKIE, PASS_COOKIE}
    for line in kept:
        assert "HttpOnly" in line and "SameSite=lax" in line and f"Path={PLAIN};" in line
        assert "Secure" not in line
    fan.headers["x-forwarded-proto"] = "https"
    await fan.look()
    assert "Secure" in fan.heard[-1]


async def test_a_form_that_is_sent_twice_is_one_place(hall: Hall) -> None:
    fan = browser(hall)
    form = (await fan.look()).form("join")
    before = dict(fan.cookies)
    await fan.send(form)
    ticket = fan.cookies[PLACE_COOKIE]
    fan.cookies = before  # the answer was lost on the way
    await fan.send(form)
    assert fan.cookies[PLACE_COOKIE] == ticket
    await fan.send(form)
    await hall.pass_time(200)
    assert (await hall.status())["lines"]["general"]["issued"] == 1


async def test_a_fan_lets_others_go_first_and_is_not_called_before_that(hall: Hall) -> None:
    fan = await joined(hall)
    await crowd_before(hall, 30)
    form = (await fan.look()).form("defer")
    assert form.buttons["people"] == ["10", "100", "1000"]
    later = await fan.send(form, people="10")
    assert later.texts["place"] == "11"
    await hall.pass_time(600)
    assert (await fan.look()).texts["place"] == "11"
    await hall.pass_time(1_000)
    await fan.send((await fan.look()).form("claim"))
    assert PASS_COOKIE in fan.cookies


async def test_a_place_put_off_elsewhere_is_learnt_at_the_claim(hall: Hall) -> None:
    fan = await joined(hall)
    await crowd_before(hall, 30)
    _, secret, _, ticket = fan.cookies[PLACE_COOKIE].split(".", 3)
    place = {"entry": KEYS.read_ticket(ticket).entry, "ticket": ticket}
    assert (await hall.defer(place, 20, secret)).status_code == 200
    await hall.pass_time(1_000)
    refused = await fan.send((await fan.look()).form("claim"))
    assert refused.status == 409 and refused.texts["place"] == "20"
    assert "Try again in" in refused.texts["note warning"]


async def test_whoever_gives_up_is_asked_first_and_can_begin_anew(hall: Hall) -> None:
    fan = await joined(hall)
    await crowd_before(hall, 3)
    assert (await fan.look()).texts["place"] == "1"
    sure = await fan.look("?leave")
    assert sure.refresh == ""
    gone = await fan.send(sure.form("leave"))
    assert "given up" in gone.texts["note warning"]
    again = await fan.send(gone.form("join"))
    assert again.texts["place"] == "5"


async def test_a_line_with_codes_asks_for_one(hall: Hall) -> None:
    shares = {"general": 80, "presale": 20}
    assert (await hall.operate("rate", shares=shares, reason="friends of the house")).status_code == 200
    made = await hall.operate("codes", line="presale", count=1, reason="for friends")
    fan = browser(hall)
    form = (await fan.look()).form("join")
    assert form.fields == {"line": "general", "code": ""}
    missing = await fan.send(form, line="presale")
    assert (missing.status, missing.texts["note warning"]) == (403, "This line needs a code.")
    wrong = await fan.send(form, line="presale", code="no-such-code-1")
    assert "no such code" in wrong.texts["note warning"]
    inside = await fan.send(form, line="presale", code=made.json()["codes"][0])
    assert inside.texts["place"] == "1"
    assert KEYS.read_ticket(fan.cookies[PLACE_COOKIE].split(".", 3)[3]).line == "presale"
    again = await browser(hall, 2).look()
    assert again.forms


async def test_whoever_comes_too_often_from_one_address_is_told_when_to_come_again(hall: Hall) -> None:
    for _ in range(5):
        await joined(hall, 7)
    fan = browser(hall, 7)
    slowed = await fan.send((await fan.look()).form("join"))
    assert slowed.status == 429 and "Try again in" in slowed.texts["note warning"]
    assert "join" in slowed.acts  # nobody is shut out
    hall.clock.advance(60_000)
    assert (await fan.send(slowed.form("join"))).texts["place"] == "6"


async def test_before_the_opening_places_are_drawn_and_then_shown() -> None:
    async with open_hall(opens_in_ms=60_000) as hall:
        await hall.pass_time(1_000)
        fan = await joined(hall)
        waiting = await fan.look()
        assert (waiting.texts["place"], waiting.texts["wait"]) == ("Number 1", "from the opening on")
        assert "UTC" in waiting.text and waiting.refresh == f"10; url={PLAIN}"
        assert not any(form.action.endswith("defer") for form in waiting.forms)


async def test_the_operators_words_are_shown_and_escaped(hall: Hall) -> None:
    text = {"en": "<script>alert(1)</script>", "de": "Gleich geht es weiter."}
    await hall.operate("message", text=text, reason="a test")
    await hall.status()
    answer = await hall.http.get(PLAIN)
    assert "<script>" not in answer.text and "&lt;script&gt;" in answer.text
    german = await hall.http.get(f"{PLAIN}?lang=de")
    assert "Gleich geht es weiter." in german.text
    assert any(line.startswith("lang=de") for line in german.headers.get_list("set-cookie"))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_speaks_every_language_and_has_nothing_inline(hall: Hall, language: str) -> None:
    hall.heard()
    await crowd_before(hall, 12)
    fan = browser(hall)
    fan.headers["accept-language"] = language
    pages = [await fan.look()]
    pages.append(await fan.send(pages[0].form("join")))
    pages.append(await fan.look("?leave"))
    await hall.pass_time(2_000)
    pages.append(await fan.look())
    pages.append(await fan.send(pages[-1].form("claim")))
    assert [len(page.forms) for page in pages] == [1, 1, 1, 1, 0]
    for page in pages:
        assert f'<html lang="{language}"' in page.html
        assert re.findall(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:|\{[a-z%{]", page.html) == []


@pytest.mark.parametrize(
    "cookie",
    ["x", "." * 400, "a" * 5_000, "0" * 32 + "." + "1" * 48 + ".0.a.b.c", "0" * 32 + "." + "1" * 47, '"', "%00"],
)
async def test_a_cookie_that_we_never_wrote_is_said_and_replaced(hall: Hall, cookie: str) -> None:
    fan = browser(hall)
    fan.headers["cookie"] = f"{PLACE_COOKIE}={cookie}".encode().decode("latin-1")
    told = await fan.look()
    assert told.status == 200 and "could not be read" in told.texts["note warning"]
    del fan.headers["cookie"]
    assert fan.cookies[PLACE_COOKIE] != cookie
    assert (await fan.send(told.form("join"))).texts["place"] == "1"


async def test_a_foreign_forged_or_stolen_ticket_moves_nobody(hall: Hall) -> None:
    fan, other = await joined(hall, 1), await joined(hall, 2)
    own, secret, to, ticket = fan.cookies[PLACE_COOKIE].split(".", 3)
    stolen = other.cookies[PLACE_COOKIE].split(".", 3)[3]
    forged = TokenKeys(["not our secret"]).sign_ticket(KEYS.read_ticket(ticket))
    await hall.pass_time(1_000)
    for bad in (stolen, forged, ticket + "x"):
        fan.cookies[PLACE_COOKIE] = f"{own}.{secret}.{to}.{bad}"
        told = await fan.look()
        assert "could not be read" in told.texts["note warning"]
        # The same client joins again, and finds its own place.
        await fan.send(told.form("join"))
        assert fan.cookies[PLACE_COOKIE].split(".", 3)[3] == ticket
    await other.send((await other.look()).form("claim"))
    assert PASS_COOKIE in other.cookies
    fan.cookies[PASS_COOKIE] = other.cookies[PASS_COOKIE]
    assert (await fan.look()).acts == ["claim"]  # another's pass is none
    assert PASS_COOKIE not in fan.cookies


async def test_a_form_without_cookies_does_nothing_and_says_so(hall: Hall) -> None:
    for act in ("join", "claim", "defer", "leave"):
        fan = browser(hall)
        told = await fan.post(f"{PLAIN}/{act}", {})
        assert told.status == 403 and "cookie" in told.texts["note warning"]
    assert (await hall.status())["lines"]["general"]["issued"] == 0
    fan = browser(hall)
    await fan.look()
    for act in ("claim", "defer", "leave"):
        assert (await fan.post(f"{PLAIN}/{act}", {"people": "10"})).status == 409


@pytest.mark.parametrize(
    ("act", "content", "status"),
    [
        ("defer", "people=-1", 400),
        ("defer", "people=9999999999", 400),
        ("defer", "people=²", 400),
        ("defer", "", 400),
        ("fly", "", 404),
        ("claim", "a=" + "x" * 5_000, 413),
        ("claim", "&".join(f"a{n}=1" for n in range(20)), 400),
    ],
)
async def test_a_form_that_is_none_is_refused(hall: Hall, act: str, content: str, status: int) -> None:
    fan = await joined(hall)
    headers = {"cookie": f"{PLACE_COOKIE}={fan.cookies[PLACE_COOKIE]}"}
    headers["content-type"] = "application/x-www-form-urlencoded"
    hall.http.cookies.clear()
    answer = await hall.http.post(f"{PLAIN}/{act}", content=content.encode(), headers=headers)
    assert answer.status_code == status
    assert (await fan.look()).texts["place"] == "1"


async def test_a_sale_that_is_over_and_a_show_that_is_none(hall: Hall) -> None:
    hall.heard(available=0, booked=500)
    await hall.status()
    fan = browser(hall)
    page = await fan.look()
    assert page.forms == [] and "Everything is booked." in page.text
    assert page.refresh == f"10; url={PLAIN}"
    late = await fan.post(f"{PLAIN}/join", {})
    assert late.status == 409 and "booked" in late.texts["note warning"]
    nowhere = Browser(hall.http, f"/room/{show_text(0xDEAD)}/plain")
    assert (await nowhere.look()).status == 404


async def test_the_page_is_there_while_its_store_is_away(hall: Hall) -> None:
    fan = await joined(hall)
    hall.counters.away = True
    assert (await fan.look()).texts["place"] == "1"
    refused = await fan.send((await fan.look("?leave")).form("leave"))
    assert refused.status == 503
    hall.counters.away = False
    assert (await fan.look()).texts["place"] == "1"
