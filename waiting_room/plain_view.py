"""What the page without scripts says, from the public status and one's own ticket. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from ticketing.money import money_text
from waiting_room.phases import JOINABLE, Phase
from waiting_room.places import GENERAL
from waiting_room.replies import Refusal

Words = Mapping[str, str]
Status = Mapping[str, Any]
"""The document of `public_status`."""

REFRESH_MIN_S = 5
"""A page that is made anew more often cannot be read."""
SAID_BY_PHASE = frozenset({Phase.PAUSED, Phase.DRAINING, Phase.SOLDOUT, Phase.CLOSED})


def room_as_seen(status: Status, words: Words, language: str) -> dict[str, object]:
    """What is the same for everybody: name, message, opening."""
    opens = status["opens_at"] if status["phase"] == Phase.PREQUEUE else None
    return {
        "name": status["name"],
        "title": status["name"],
        "message": _message(status, words, language),
        "message_kind": (status["message"] or {}).get("severity", "info"),
        "opens_at": opens,
        "tiers": [
            {
                "name": tier["tier"],
                "price": money_text(tier["price_min"], status["inventory"]["currency"]),
                "band": tier["band"],
            }
            for tier in (status["inventory"] or {"tiers": ()})["tiers"]
        ],
        "joinable": status["phase"] in JOINABLE,
        "lines": sorted(status["lines"], key=lambda name: (name != GENERAL, name)),
    }


def _message(status: Status, words: Words, language: str) -> str:
    """The operators' words in this language, else the room's own for its phase, else what there is in English."""
    said: Mapping[str, str] = (status["message"] or {}).get("text", {})
    if language in said:
        return said[language]
    return words[f"room.phase.{status['phase']}"] if status["phase"] in SAID_BY_PHASE else said.get("en", "")


def waiting(status: Status, line: str, n: int, place: int | None, words: Words) -> dict[str, object]:
    """Of somebody with number `n` whose turn comes at `place` (None: it is not drawn yet)."""
    now = status["lines"][line]
    called = place is not None and place <= now["serving"] and status["phase"] != Phase.PREQUEUE
    if called:
        return {"view": "called", "title": f"● {words['room.turn_title']}", "refresh_s": 0}
    why = status["limited_by"] if status["limited_by"] in {"active", "stock", "lag"} else "none"
    reasons = [words[f"room.why.{why}"]]
    if now["eta"] and now["eta"]["slower"]:
        reasons.insert(0, words["room.slower"])
    return {
        "view": "waiting",
        "n": n,
        "place": place,
        "ahead": 0 if place is None else max(0, place - now["serving"] - 1),
        "wait": _wait(status, now, place, words),
        "why": " ".join(reasons) if why != "none" or len(reasons) > 1 else "",
        "hope": _hope(now, place, words),
        "drawn": now["drawn"] is not None and place is not None,
        "refresh_s": refresh_s(status, now, place),
    }


def refresh_s(status: Status, line: Status, place: int | None) -> int:
    """When to look again, as the status says, but never so often that nobody could read the page."""
    poll: Mapping[str, int] = status["poll"]
    rate = line["rate_target"] and (line["rate_now"] or line["rate_target"])
    if place is None or not rate:
        return max(REFRESH_MIN_S, poll["ceiling_s"])
    wait_s: float = (place - line["serving"]) * 60 / rate
    return max(REFRESH_MIN_S, round(min(max(wait_s / poll["divisor"], poll["floor_s"]), poll["ceiling_s"])))


def _wait(status: Status, line: Status, place: int | None, words: Words) -> str:
    if status["phase"] == Phase.PREQUEUE or place is None:
        return words["room.from_opening"]
    if status["phase"] == Phase.PAUSED:
        return words["room.paused"]
    eta = line["eta"]
    if eta is None or not line["rate_target"] or not eta["slow_per_min"]:
        return words["room.nobody_called"]
    before = place - line["serving"]
    soonest, latest = (max(1, -(-before // max(1, round(eta[pace])))) for pace in ("fast_per_min", "slow_per_min"))
    said = words["plain.wait_one" if soonest == latest else "plain.wait"]
    return said.replace("{from}", str(soonest)).replace("{to}", str(latest))


def _hope(line: Status, place: int | None, words: Words) -> str:
    odds = line["hope"]
    if odds is None or place is None:
        return ""
    if place <= odds["likely_to"]:
        return words["room.likely"]
    return words["room.unlikely" if place >= odds["unlikely_from"] else "room.unclear"]


def refused(refusal: Refusal, words: Words, title_of: Callable[[str], str]) -> str:
    """A refusal in the page's language, as far as there are words for it, with when to try again."""
    said = words.get(f"plain.{refusal.code}") or words.get(f"problem.{refusal.code}")
    if said is None:
        said = f"{words['plain.refused']} {title_of(refusal.code)} ({refusal.detail})."
    if refusal.retry_after_s is None:
        return said
    return f"{said} {words['plain.again_in'].replace('{n}', str(refusal.retry_after_s))}"
