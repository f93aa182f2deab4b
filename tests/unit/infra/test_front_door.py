"""The door's configuration says the same as the rooms behind it: figures, paths, and how it says no."""

import ast
import json
import re

from ingress.operations import BODY_BYTES_MAX, LAYOUT_BYTES_MAX
from runtime.health import PROBES
from runtime.http_limits import DEFAULTS
from tests.house.sources import ROOMS, ROOT
from ticketing.problems import PROBLEMS

DOOR = ROOT / "infra" / "nginx"
HTTP, LOCATIONS = (DOOR / "http.conf").read_text(), (DOOR / "rooms.conf").read_text()
SITES = {name: (DOOR / name).read_text() for name in ("plain.conf", "tls.conf")}
KILO = 1024


def said(directive: str, text: str = HTTP) -> str:
    """What the only line of a directive says."""
    (value,) = re.findall(rf"(?m)^\s*{directive} ([^;]+);", text)
    return str(value)


def prefixes() -> dict[str, str]:
    """What each room answers, from its wiring: path -> room."""
    found: dict[str, str] = {}
    for file in (ROOT / f"{package}/__main__.py" for package in (*ROOMS, "payments/sandbox", "web")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "prefixes" and isinstance(node.value, ast.Tuple):
                room = file.parent.name
                found |= {str(ast.literal_eval(path)): room for path in node.value.elts}
    return found


def room_for(path: str, text: str) -> str:
    """The upstream that a path is led to, as nginx would: a regular expression first, else the longest prefix."""
    leading = re.sub(r"(?m)^ *location .*\}$", "", text)  # those in one line lead nowhere
    blocks = re.findall(r"(?ms)^ *location (~ |= )?(\S+) \{(.*?)^ *\}", leading)
    led = {(how.strip(), where): re.search(r"proxy_pass http://(\w+)", body) for how, where, body in blocks}
    for (how, where), upstream in led.items():
        if how == "~" and upstream and re.search(where, path):
            return upstream[1]
    fitting = [(where, upstream[1]) for (how, where), upstream in led.items() if not how and upstream]
    return max((one for one in fitting if path.startswith(one[0])), key=lambda one: len(one[0]))[1]


def test_each_path_is_led_to_the_room_that_answers_it() -> None:
    there = prefixes()
    assert {"/room", "/api", "/ws", "/sign-in", "/sign-out", "/"} <= set(there)
    for prefix, room in there.items():
        path = prefix.rstrip("/") + "/x"
        assert room_for(path, LOCATIONS + SITES["plain.conf"]) == room, path


def test_the_first_letters_of_a_path_are_not_enough() -> None:
    assert room_for("/sign-in", LOCATIONS) == room_for("/sign-out", LOCATIONS) == "staff"
    assert room_for("/sign-inside", LOCATIONS) == "web"
    assert room_for("/room/shw_0000000001/status", LOCATIONS) == "waiting_room"


def test_what_a_connection_is_granted_is_what_the_rooms_grant() -> None:
    assert said("client_header_timeout") == f"{DEFAULTS.head_s:.0f}s"
    lines, size = said("large_client_header_buffers").split()
    assert int(size.removesuffix("k")) * KILO == DEFAULTS.url_bytes_max
    assert int(lines) * int(size.removesuffix("k")) * KILO == DEFAULTS.head_bytes_max
    assert int(said("client_max_body_size").removesuffix("k")) * KILO == BODY_BYTES_MAX
    assert int(said("client_max_body_size", LOCATIONS).removesuffix("m")) * KILO * KILO == LAYOUT_BYTES_MAX


def test_an_idle_connection_to_a_room_ends_before_the_room_ends_it() -> None:
    for text in SITES.values():
        idle = [int(seconds) for seconds in re.findall(r"keepalive_timeout (\d+)s;", text)]
        kept = [line for line in text.splitlines() if " keepalive " in line]
        assert len(idle) == len(kept) > 3
        assert max(idle) < DEFAULTS.idle_s


def test_what_the_door_says_itself_is_a_problem_like_the_rooms() -> None:
    told = re.findall(r"return (\d+) '(\{.*\})'", LOCATIONS)
    assert len(told) == 3
    for status, text in told:
        problem = json.loads(text)
        kind = PROBLEMS[problem["code"]]
        assert (
            (kind.status, kind.retryable) == (int(status), problem["retryable"]) == (problem["status"], kind.retryable)
        )
        assert problem["type"] == f"/api/problems/{problem['code']}"


def test_probes_and_metrics_stay_inside() -> None:
    (inside,) = re.findall(r"location ~ (\S+) \{ return 404; \}", LOCATIONS)
    assert all(re.search(inside, path) for path in PROBES)


def test_the_public_listener_leads_no_operator_anywhere() -> None:
    public = SITES["tls.conf"].partition("listen 443")[2].partition("listen 8443")[0]
    closed = re.findall(r"location \^~ (\S+) \{ return 404; \}", public)
    assert closed == ["/console", "/room/admin"]
    operators = SITES["tls.conf"].partition("listen 8443")[2]
    assert operators.index("include operators.conf") < operators.index("proxy_pass")
    assert (DOOR / "operators.conf").read_text().rstrip().endswith("deny all;")


def test_what_a_client_says_of_its_address_is_never_handed_on() -> None:
    for text in (LOCATIONS, (DOOR / "headers.conf").read_text(), *SITES.values()):
        assert "proxy_add_x_forwarded_for" not in text
    assert said("proxy_set_header X-Forwarded-For", (DOOR / "headers.conf").read_text()) == "$remote_addr"
