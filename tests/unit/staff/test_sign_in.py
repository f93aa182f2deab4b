"""Signing in and out, as browsers do it."""

from dataclasses import replace

import pytest

from staff.people import TRIES_ANYWHERE_MAX, TRIES_HERE_MAX, TRIES_OF_ADDRESS_MAX, WINDOW_MS
from tests.unit.staff.door import EMAIL, HOUR_MS, PASSWORD, Door
from ticketing.staff import FORM_COOKIE, SESSION_COOKIE


async def test_whoever_knows_the_password_is_signed_in_until_they_sign_out() -> None:
    door = Door()
    browser = door.browser()
    assert (await browser.me()).status_code == 401
    entered = await browser.sign_in()
    assert (entered.status_code, entered.headers["location"]) == (303, "/console")
    me = (await browser.me()).json()
    assert (me["person"], me["name"], me["roles"]) == ("per_ann", "Ann", ["operator"])
    again = await browser.http.get("/sign-in")
    assert (again.status_code, again.headers["location"]) == (303, "/console")
    kept = browser.http.cookies[SESSION_COOKIE]
    gone = await browser.http.post("/sign-out", headers={"x-csrf-token": me["csrf"]})
    assert (gone.status_code, gone.headers["location"]) == (303, "/sign-in")
    assert SESSION_COOKIE not in browser.http.cookies
    # Whoever has copied the cookie has nothing either.
    thief = door.browser()
    thief.http.cookies.set(SESSION_COOKIE, kept)
    assert (await thief.me()).status_code == 401


async def test_the_cookie_is_for_this_host_alone_and_for_no_script() -> None:
    entered = await Door().browser().sign_in()
    cookies = entered.headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith(f"{SESSION_COOKIE}="))
    parts = {part.strip().lower() for part in session.split(";")}
    assert {"secure", "httponly", "path=/", "samesite=strict", "max-age=3600"} <= parts
    assert not any(part.startswith("domain") for part in parts)
    assert SESSION_COOKIE.startswith("__Host-") and FORM_COOKIE.startswith("__Host-")


async def test_a_session_ends_by_itself_and_when_its_person_is_shut_out() -> None:
    door = Door()
    first, second = door.browser(), door.browser()
    assert (await first.sign_in()).status_code == (await second.sign_in()).status_code == 303
    door.people.people[EMAIL] = replace(door.people.people[EMAIL], disabled=True)
    assert (await first.me()).status_code == 401
    assert (await door.browser().sign_in()).status_code == 401
    door.people.people[EMAIL] = replace(door.people.people[EMAIL], disabled=False)
    assert (await second.me()).status_code == 200
    door.clock.advance(HOUR_MS)
    assert (await second.me()).status_code == 401


@pytest.mark.parametrize(("email", "password"), [(EMAIL, "wrong"), ("ben@example.org", PASSWORD), ("", PASSWORD)])
async def test_it_is_not_said_which_was_wrong(email: str, password: str) -> None:
    door = Door()
    browser = door.browser()
    answer = await browser.sign_in(password, email)
    assert answer.status_code == 401
    assert "no such person, or another password" in answer.text
    assert SESSION_COOKIE not in browser.http.cookies
    # Nobody's password takes as long to look at as somebody's.
    assert door.passwords.asked == (1 if email else 0)


async def test_guessing_stops_after_a_few_tries_and_stops_nobody_elsewhere() -> None:
    door = Door()
    guesser, ann = door.browser("198.51.100.1"), door.browser()
    assert [(await guesser.sign_in("wrong")).status_code for _ in range(TRIES_HERE_MAX)] == [401] * TRIES_HERE_MAX
    for password in ("wrong", PASSWORD):
        locked = await guesser.sign_in(password)
        assert (locked.status_code, locked.headers["retry-after"]) == (429, "900")
        assert "15 min" in locked.text
    assert door.passwords.asked == TRIES_HERE_MAX
    assert (await ann.sign_in()).status_code == 303
    door.clock.advance(WINDOW_MS)
    assert (await guesser.sign_in()).status_code == 303


async def test_many_guesses_at_once_are_no_way_around() -> None:
    """They are counted before a password is looked at: all are on their way before the first has its answer."""
    door = Door()
    for name in range(TRIES_OF_ADDRESS_MAX):
        assert (await door.browser().sign_in("wrong", f"{name}@example.org")).status_code == 401
    assert (await door.browser().sign_in()).status_code == 429
    door = Door()
    for number in range(TRIES_ANYWHERE_MAX):
        assert (await door.browser(f"198.51.100.{number}").sign_in("wrong")).status_code == 401
    assert (await door.browser().sign_in()).status_code == 429


async def test_the_right_password_makes_up_for_the_wrong_ones() -> None:
    browser = Door().browser()
    for _ in range(3):
        for _ in range(TRIES_HERE_MAX - 1):
            assert (await browser.sign_in("wrong")).status_code == 401
        assert (await browser.sign_in()).status_code == 303
        browser.http.cookies.clear()


async def test_a_form_of_another_site_signs_nobody_in_or_out() -> None:
    door = Door()
    browser = door.browser()
    form = await browser.form()
    sent = {"email": EMAIL, "password": PASSWORD}
    assert (await browser.http.post("/sign-in", data=sent)).status_code == 403
    assert (await browser.http.post("/sign-in", data=sent | {"csrf": form["csrf"][::-1]})).status_code == 403
    form = await browser.form()
    headers = {"origin": "https://elsewhere.example"}
    assert (await browser.http.post("/sign-in", data=form | sent, headers=headers)).status_code == 403
    headers = {"sec-fetch-site": "cross-site"}
    form = await browser.form()
    assert (await browser.http.post("/sign-in", data=form | sent, headers=headers)).status_code == 403
    assert door.passwords.asked == 0
    await browser.sign_in()
    assert (await browser.http.post("/sign-out")).status_code == 403
    assert (await browser.http.post("/sign-out", headers={"x-csrf-token": "guessed"})).status_code == 403
    assert (await browser.me()).status_code == 200


async def test_a_form_that_lay_open_too_long_is_shown_anew() -> None:
    door = Door()
    browser = door.browser()
    form = await browser.form()
    door.clock.advance(HOUR_MS)
    stale = await browser.http.post("/sign-in", data=form | {"email": EMAIL, "password": PASSWORD})
    assert stale.status_code == 403
    assert "lay open for too long" in stale.text
    assert f'value="{EMAIL}"' in stale.text and PASSWORD not in stale.text


@pytest.mark.parametrize(
    ("after", "to"),
    [
        ("/console", "/console"),
        ("/console?show=shw_0000000007", "/console?show=shw_0000000007"),
        ("/partners", "/partners"),
        ("https://elsewhere.example", "/console"),
        ("//elsewhere.example", "/console"),
        ("/console//elsewhere.example/../..", "/console"),
        ("/sign-out", "/console"),
    ],
)
async def test_one_is_led_on_to_a_page_of_ours(after: str, to: str) -> None:
    assert (await Door().browser().sign_in(after=after)).headers["location"] == to


async def test_while_nobody_can_be_asked_nobody_comes_in() -> None:
    door = Door()
    browser = door.browser()
    await browser.sign_in()
    door.people.away = True
    me = await browser.me()
    assert (me.status_code, me.json()["code"]) == (503, "sign_in_unavailable")
    answer = await door.browser().sign_in()
    assert (answer.status_code, "database does not answer" in answer.text) == (503, True)
    door.people.away, door.passwords.busy = False, True
    assert (await door.browser().sign_in()).status_code == 503


async def test_a_password_kept_at_lower_costs_is_kept_anew() -> None:
    door = Door()
    door.people.people[EMAIL] = replace(door.people.people[EMAIL], password_hash=f"old:{PASSWORD}")
    assert (await door.browser().sign_in()).status_code == 303
    assert door.people.people[EMAIL].password_hash == f"new:{PASSWORD}"


async def test_rubbish_is_no_form() -> None:
    browser = Door().browser()
    form = await browser.form()
    long = {"email": EMAIL, "password": "x" * 9_000}
    assert (await browser.http.post("/sign-in", data=form | long)).status_code == 403
    binary = await browser.http.post("/sign-in", content=b"\xff\x00", headers={"content-type": "text/plain"})
    assert binary.status_code == 403
    assert (await browser.http.request("DELETE", "/sign-in")).status_code == 405
