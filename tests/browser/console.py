"""An operator at the console: signing in, and what can be done there."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

from playwright.async_api import expect

from tests.browser.house import House, Show
from tests.browser.phone import Phone

PASSWORD = "correct horse battery"
SCREEN: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "is_mobile": False, "has_touch": False}


async def somebody(house: House, *roles: str, partner: str = "") -> str:
    """The address of a person who has just been made; an operator, unless other roles are said."""
    email = f"{secrets.token_hex(4)}@example.org"
    await house.add_person(email, PASSWORD, *(roles or ("operator",)), partner=partner)
    return email


async def sign_in(one: Phone, email: str, password: str = PASSWORD) -> None:
    """Fills the form that is there."""
    await one.page.fill("#email", email)
    await one.page.fill("#password", password)
    await one.page.click("#enter")


async def open_console(one: Phone, show: Show, email: str) -> None:
    """By way of the sign-in, which leads back."""
    await one.open(f"/console?show={show.show}")
    await one.page.wait_for_url("**/sign-in?**")
    await sign_in(one, email)
    await one.page.wait_for_url(f"**/console?show={show.show}")
    await expect(one.page.locator("#name")).to_have_text(show.name)


async def act(one: Phone, name: str, fields: Mapping[str, str] | None = None) -> float:
    """Does it for one of the reasons that are there; the moment at which it was pressed."""
    page = one.page
    await page.click(f'button[data-act="{name}"]')
    for field, value in (fields or {}).items():
        await page.fill(f"#field-{field}", value)
    if await page.locator("#preview").is_visible():
        await expect(page.locator("#preview")).not_to_be_empty()
    await page.select_option("#presets", index=1)
    if await page.locator("#sure-field").is_visible():
        await page.check("#sure")
    pressed_s = asyncio.get_running_loop().time()
    await page.click("#act-go")
    return pressed_s
