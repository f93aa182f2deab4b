"""Filing a rehearsal's plan with the room whose sale it foretells."""

import json
import re
import urllib.error
import urllib.request

import typer

from onsale.records import say

TIMEOUT_S = 30
ROOM = re.compile(r"(https?://[^/]+(?:/[^?#]*)?)/room/(shw_[0-9a-z]+)/?")


def plan_address(room: str) -> str:
    """Where the room at this address takes plans."""
    found = ROOM.fullmatch(room)
    if found is None:
        raise typer.BadParameter("the address of a room is https://HOST/room/shw_…")
    return f"{found[1]}/room/admin/{found[2]}/plan"


def file_plan(address: str, key: str, reason: str, plan: dict[str, object]) -> None:
    """Exit code 2 when the room does not take it, with what it says."""
    request = urllib.request.Request(  # noqa: S310 -- the scheme was looked at above
        address,
        data=json.dumps({"reason": reason, "plan": plan}).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        method="PUT",
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310 -- as above
            say(f"the plan is kept: GET {address} holds the sale against it")
    except urllib.error.HTTPError as error:
        say(f"{address}: {error.code} {error.read(2_000).decode(errors='replace')}")
        raise typer.Exit(2) from None
    except OSError as error:
        say(f"{address}: {error}")
        raise typer.Exit(2) from None
