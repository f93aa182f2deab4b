"""The front door as it is shipped, with other ports and certificates, before stand-ins for the rooms."""

import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypedDict, Unpack

from infra.embedded.processes import LAUNCHER, free_port
from tests.house.sources import ROOT

ROOMS = ("waiting_room", "ingress", "notifier", "staff", "web", "console")
PUBLIC, OPERATORS = "tickets.example.com", "console.example.com"
UP_WITHIN_S = 20.0
KEEP = "-1"
BUSY = b'{"code":"busy","detail":"said by the room"}'


@dataclass(frozen=True)
class Heard:
    """A request as a room got it; names of headers in small letters."""

    room: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Rooms:
    """Stand-ins that say who they are. `ports` by room; `heard` in order."""

    ports: dict[str, int] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)

    def hearing(self, path: str) -> list[Heard]:
        """What was heard of one path."""
        return [one for one in self.heard if one.path.partition("?")[0] == path]


@contextmanager
def standing_in() -> Iterator[Rooms]:
    """All rooms but the sockets', which a test brings itself, for as long as the context is open."""
    rooms = Rooms()
    with ExitStack() as stack:
        for room in ROOMS:
            server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(room, rooms))
            server.daemon_threads = True
            server.block_on_close = False
            stack.callback(server.server_close)
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            rooms.ports[room] = server.server_address[1]
        yield rooms


def _handler(room: str, rooms: Rooms) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            rooms.heard.append(Heard(room, self.command, self.path, headers, body))
            if "gone" in self.path:
                self.close_connection = True  # without a word
                return
            status, said = (503, BUSY) if "busy" in self.path else (200, f'{{"room":"{room}"}}'.encode())
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(said)))
            cache = {"status": "public, max-age=1, stale-while-revalidate=5", "seats": "public, max-age=60"}
            self.send_header("cache-control", cache.get(self.path.partition("?")[0].rpartition("/")[2], "no-store"))
            self.send_header("etag", '"7"')
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = answer

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

    return Handler


class Where(TypedDict, total=False):
    """Which name a client wants to speak with, at which port, and from which address."""

    name: str
    port: int
    source: str


@dataclass(frozen=True)
class Door:
    """The door, open. Its certificate is `authority`, for both names."""

    plain: int
    tls: int
    operators: int
    authority: Path

    def trusting(self) -> ssl.SSLContext:
        """What a client needs that believes in its certificate."""
        return ssl.create_default_context(cafile=str(self.authority))

    @contextmanager
    def line(
        self, name: str = PUBLIC, port: int = 0, source: str = "127.0.0.1"
    ) -> Iterator[http.client.HTTPConnection]:
        """A connection of a client that wants to speak with `name`, from an address of this machine."""
        connection = http.client.HTTPConnection(name, port or self.tls, timeout=UP_WITHIN_S)
        plain = socket.create_connection(("127.0.0.1", port or self.tls), UP_WITHIN_S, source_address=(source, 0))
        try:
            connection.sock = self.trusting().wrap_socket(plain, server_hostname=name)
        except BaseException:
            plain.close()
            raise
        with closing(connection):
            yield connection

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        **where: Unpack[Where],
    ) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers (small letters) of one answer, over a connection of its own."""
        with self.line(**where) as connection:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}


def missing() -> str:
    """What this machine lacks to open the door; empty where nothing is."""
    return ", ".join(program for program in ("nginx", "openssl") if _program(program) is None)


@contextmanager
def open_door(directory: Path, rooms: Rooms, cdn: str = "") -> Iterator[Door]:
    """`tls.conf` and what it includes, before these rooms. `cdn`: a network whose word on addresses is believed."""
    door = Door(free_port(), free_port(), free_port(), directory / "certificate.pem")
    _make_certificate(directory)
    for file in (ROOT / "infra" / "nginx").glob("*.conf"):
        shutil.copy(file, directory)
    (directory / "tls.conf").write_text(_moved((directory / "tls.conf").read_text(), directory, door, rooms))
    if cdn:
        with (directory / "cdn.conf").open("a") as more:
            more.write(f"set_real_ip_from {cdn};\n")
    nginx = _program("nginx")
    assert nginx is not None
    words = [nginx, "-p", str(directory), "-c", str(directory / "tls.conf"), "-g", "daemon off;"]
    end_with_us = [sys.executable, "-I", "-S", str(LAUNCHER), str(int(signal.SIGTERM)), str(os.getpid()), KEEP, KEEP]
    with (directory / "said").open("wb") as said:
        process = subprocess.Popen([*end_with_us, *words], stdout=said, stderr=said)
    try:
        _wait_for(door.operators, process, directory / "said")
        yield door
    finally:
        process.terminate()
        process.wait(UP_WITHIN_S)


def _moved(text: str, directory: Path, door: Door, rooms: Rooms) -> str:
    """The configuration, listening on ports of this test's, writing into its directory, before its rooms."""
    text = re.sub(r"(?m)^user .*$", "user root;" if os.geteuid() == 0 else "", text)
    text = text.replace("/etc/onsale-tls/fullchain.pem", str(directory / "certificate.pem"))
    text = text.replace("/etc/onsale-tls/privkey.pem", str(directory / "key.pem"))
    text = text.replace("/var/cache/nginx/onsale", str(directory / "cache")).replace(
        "/run/nginx.pid", str(directory / "pid")
    )
    text = re.sub(r"worker_processes auto", "worker_processes 1", text)
    text = re.sub(r"worker_rlimit_nofile \d+", "worker_rlimit_nofile 4096", text)
    text = re.sub(r"worker_connections \d+", "worker_connections 1000", text)
    temporary = "".join(
        f"{kind}_temp_path {directory / kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = text.replace("include cdn.conf;", f"include cdn.conf;\n{temporary}")
    ports = {"80": door.plain, "443": door.tls, "8443": door.operators}
    text = re.sub(r"listen (\d+)", lambda found: f"listen 127.0.0.1:{ports[found[1]]}", text)

    def before(found: re.Match[str]) -> str:
        # Twice, as two instances: what is tried again with another one is.
        server = f"server 127.0.0.1:{rooms.ports[found[1]]} max_fails=5 fail_timeout=1s;"
        return f"upstream {found[1]} {{ {server} {server} {found[2]} }}"

    text, count = re.subn(r"upstream (\w+) \{(?:\s+least_conn;)?(?:\s+server [^;]+;)+([^}]*)\}", before, text)
    assert count == len(ROOMS)
    return text


def _make_certificate(directory: Path) -> None:
    openssl = _program("openssl")
    assert openssl is not None
    words = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    words += ["-subj", "/CN=onsale", "-addext", f"subjectAltName=DNS:{PUBLIC},DNS:{OPERATORS}"]
    words += ["-keyout", str(directory / "key.pem"), "-out", str(directory / "certificate.pem")]
    subprocess.run(words, check=True, capture_output=True, timeout=UP_WITHIN_S)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", said: Path) -> None:
    deadline_s = monotonic() + UP_WITHIN_S
    while monotonic() < deadline_s:
        assert process.poll() is None, said.read_text()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        sleep(0.02)
    raise AssertionError(f"nginx does not listen: {said.read_text()}")


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
