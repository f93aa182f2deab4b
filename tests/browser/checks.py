"""Whether everybody can use a page: nothing beside the screen, nothing cut off, nothing that axe complains about."""

from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

OVERFLOWING = """() => {
  // A phone's window grows with what is too wide for it: what was asked for is the width of the page's own box.
  const root = document.scrollingElement, width = root.clientWidth, wide = root.scrollWidth - width, found = [];
  if (wide > 0) found.push(`the page is ${wide} px too wide`);
  for (const one of document.querySelectorAll("body *")) {
    if (one.closest(".skip, svg, canvas, option") || !one.checkVisibility()) continue;
    const name = `${one.tagName.toLowerCase()}#${one.id}.${one.className} "${one.textContent.trim().slice(0, 30)}"`;
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    if (box.width && (box.right > width + 1 || box.left < -1)) found.push(`${name} is beside the screen`);
    const clips = [style.overflowX, style.overflowY].some((way) => way === "hidden" || way === "clip");
    const inner = one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1;
    // What is typed into a field can be scrolled there.
    if (one.clientWidth && clips && inner && !one.matches("input")) found.push(`${name} is cut off`);
    if (one.matches("button, .button") && one.scrollWidth > one.clientWidth + 1) found.push(`${name} bursts`);
  }
  return found;
}"""
ZOOMED = 200
LARGER = "(percent) => { document.documentElement.style.fontSize = `${percent}%`; }"


async def what_does_not_fit(page: Page) -> list[str]:
    """Elements that reach beyond the screen or are cut off, and how far the page could be scrolled sideways."""
    found: list[str] = await page.evaluate(OVERFLOWING)
    return found


async def with_text_of(page: Page, percent: int) -> None:
    """The page with larger letters, as a browser's own setting gives them."""
    await page.evaluate(LARGER, percent)


async def violations(page: Page) -> list[str]:
    """What axe-core finds, with where it found it."""
    results = await Axe().run(page)
    found: list[dict[str, Any]] = results.response["violations"]
    return [f"{rule['id']}: {rule['help']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


async def look(found: list[str], page: Page, name: str) -> None:
    """Everything that is wrong with a page as it stands, added to what was found before."""
    found += [f"{name}: {one}" for one in await violations(page)]
    await look_whether_it_fits(found, page, name)


async def look_whether_it_fits(found: list[str], page: Page, name: str) -> None:
    """What does not, with letters as they are and with large ones."""
    found += [f"{name}: {one}" for one in await what_does_not_fit(page)]
    await with_text_of(page, ZOOMED)
    found += [f"{name}, large letters: {one}" for one in await what_does_not_fit(page)]
    await with_text_of(page, 100)
