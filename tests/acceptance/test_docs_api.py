"""The pages for partners: their commands do what they say."""

import asyncio
import re
import shutil
from typing import Any

import pytest

from tests.acceptance.sale import ROOT, Sale
from ticketing.vocabulary import parse_show

pytestmark = [pytest.mark.anyio, pytest.mark.own_shows]

PAGES = ROOT / "docs" / "api"


def shell(page: str) -> list[str]:
    """The shell blocks of a page."""
    return re.findall(r"```sh\n(.*?)```", (PAGES / page).read_text(), flags=re.DOTALL)


async def run(script: str, environment: dict[str, str]) -> tuple[int, str]:
    """Exit code and output of a script that ends at its first failing command."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", script,
        env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@pytest.fixture
async def environment(anyio_backend: str, sale: Sale) -> dict[str, str]:
    show: dict[str, Any] = await sale.new_show(rows=3, seats_per_row=10)
    return {"PATH": sale.environment["PATH"], "ONSALE": sale.url, "KEY": sale.partner_key, "SHOW": show["show"]}


needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")


@needs_curl
async def test_the_first_booking_is_made_as_written(sale: Sale, environment: dict[str, str]) -> None:
    # The first block says where things are, which a test knows better.
    exports, *blocks = shell("first-booking.md")
    assert re.findall(r"(\w+)=", exports) == ["ONSALE", "KEY", "SHOW"]
    assert len(blocks) >= 5
    code, output = await run("\n".join(blocks), environment)
    assert code == 0, output
    assert '"status":"cancelled"' in output
    of_the_show = "SELECT status, cardinality(seats) AS seats FROM reservation WHERE show_id = $1"
    rows = await sale.rows(of_the_show, parse_show(environment["SHOW"]))
    assert [(row["status"], row["seats"]) for row in rows] == [("cancelled", 2)]


@needs_curl
async def test_a_webhook_is_made_as_written(sale: Sale, environment: dict[str, str]) -> None:
    code, output = await run("\n".join(shell("webhooks.md")), environment)
    assert code == 0, output
    assert '"secret":"whsec_' in output


def test_every_link_between_the_pages_leads_somewhere() -> None:
    pages = [*PAGES.rglob("*.md")]
    assert {page.parent.name for page in pages} == {"api", "papers"}
    for page in pages:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
