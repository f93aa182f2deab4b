"""Everything on one machine: servers, provisioning, the rooms with a face in this process, the others as children."""

import asyncio
import os
import shlex
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from notifier.settings import NotifierSettings
from onsale import running
from onsale.children import Children
from onsale.console.settings import ConsoleSettings
from onsale.crowd.http import HttpClient, Unreachable
from onsale.dev_mail.sink import open_sink
from onsale.first_show import first_show
from onsale.front.rooms import front_rooms
from onsale.installation import Installation, infra_settings, open_installation, provision
from onsale.keys import kept_keys
from onsale.open_files import raise_open_files
from onsale_client import AsyncClient
from payments.sandbox.client import NAME as SANDBOX
from runtime import logs
from runtime.http import listen
from runtime.metrics_door import open_metrics_door
from runtime.process import OpenRoom, RunningRoom, run, serve_together
from runtime.settings import ServerSettings

READY_TIMEOUT_S = 60.0
READY_POLL_S = 0.1
STOP_GRACE_S = 5.0
TARGETS = "targets"
"""Where each process says where its metrics are; `infra/prometheus/prometheus.yml` looks there."""
FRONT = "onsale.front"
CONSOLE = "onsale.console"


@dataclass(frozen=True)
class UpOptions:
    """What the command line says."""

    data_dir: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    allocators: int = 1
    ingress: int = 1
    log_level: str = "warning"
    tell_of_deaths: bool = True


class Announcement(msgspec.Struct, frozen=True):
    """What whoever started it wants to know once everything answers. Holds keys."""

    pid: int
    data_dir: str
    url: str
    admin_key: str
    sandbox_key: str
    show: str

    def curl(self) -> str:
        """A command that holds two places, as it can be pasted."""
        body = msgspec.json.encode({"show": self.show, "best": {"quantity": 2}}).decode()
        words = ["curl", "-s", "-X", "POST", f"{self.url}/api/reservations"]
        for header in (f"Authorization: Bearer {self.sandbox_key}", "Content-Type: application/json"):
            words += ["-H", header]
        # A new key at each paste, or the second one would be told what the first one got.
        return f'{shlex.join(words)} -H "Idempotency-Key: $(date +%s%N)" -d {shlex.quote(body)}'

    def exports(self) -> str:
        """What docs/api/first-booking.md begins with, as it can be pasted."""
        return f"export ONSALE={self.url} KEY={self.sandbox_key} SHOW={self.show}"


def up(options: UpOptions, say: Callable[[str], None], announce: Callable[[Announcement], None]) -> int:
    """Run everything until SIGTERM or SIGINT; the exit code.

    Raises `running.AlreadyRunning`, `infra.embedded.ServersUnavailable`, `NotProvisioned`.
    """
    raise_open_files()
    settings = infra_settings(options.data_dir)
    data_dir = settings.data_dir.absolute()
    with running.only_one(data_dir), open_installation(settings, say) as installation:
        provision(installation)
        os.environ |= installation.environment()
        os.environ.setdefault("ONSALE_LOG_LEVEL", options.log_level)
        os.environ.setdefault("ONSALE_PAYMENT_PROVIDER", SANDBOX)
        log_dir = data_dir / "log"
        log_dir.mkdir(exist_ok=True)
        _empty_folder(data_dir / TARGETS)
        with (log_dir / "rooms.log").open("a") as log:
            logs.configure(os.environ["ONSALE_LOG_LEVEL"], json=True, stream=log)
            code = run(_Up(installation, options, say, announce).serve())
        if code:
            say(f"onsale has ended with an error: the last lines of {log.name} say which")
        return code


class _Up:
    def __init__(
        self,
        installation: Installation,
        options: UpOptions,
        say: Callable[[str], None],
        announce: Callable[[Announcement], None],
    ) -> None:
        self._installation = installation
        self._options = options
        self._say = say
        self._announce = announce
        self._port: asyncio.Future[int] | None = None
        self._stopping = asyncio.Event()
        self._state = running.RunningNow(os.getpid())

    async def serve(self) -> None:
        self._port = asyncio.get_running_loop().create_future()
        options, settings = self._options, ServerSettings()
        own = {"metrics_target": str(self._installation.data_dir / TARGETS / "up.json")}
        shared = options.ingress > 1
        # Bound before any of them opens: so the number is known to all before the first one answers.
        async with AsyncExitStack() as stack:
            listener = stack.enter_context(listen(options.host, options.port, shared=shared))
            mail = stack.enter_context(listen("127.0.0.1", 0))
            await stack.enter_async_context(open_metrics_door(settings.model_copy(update=own)))
            port = listener.getsockname()[1]
            os.environ.setdefault("ONSALE_PUBLIC_URL", f"http://{options.host}:{port}")
            await serve_together(
                [self._open_servers, self._children(port).open, *self._mail(mail), *front_rooms(), self._open_greeting],
                options.host,
                port,
                port_shared=shared,
                limits=settings.http_limits(),
                stop_grace_s=STOP_GRACE_S,
                on_listening=self._port.set_result,
                listener=listener,
            )

    def _mail(self, listener: socket.socket) -> list[OpenRoom]:
        """A mail server of our own, where no other is set."""
        if NotifierSettings().smtp_url:
            return []
        letters = self._installation.data_dir / "mail"
        os.environ["ONSALE_SMTP_URL"] = f"smtp://127.0.0.1:{listener.getsockname()[1]}"
        os.environ["ONSALE_DEV_MAIL_DIR"] = str(letters)
        return [partial(open_sink, letters, listener)]

    def _children(self, port: int) -> Children:
        options = self._options
        one_more = {"ONSALE_HOST": options.host, "ONSALE_PORT": str(port), "ONSALE_PORT_SHARED": "true"}
        rooms = ["allocator"] * options.allocators + ["expiry_worker"] + [FRONT] * (options.ingress - 1)
        return Children(
            with_a_console(rooms, ConsoleSettings()),
            self._installation.data_dir / "log",
            self._note_children,
            self._say if options.tell_of_deaths else lambda _: None,
            {FRONT: one_more},
            targets_dir=self._installation.data_dir / TARGETS,
        )

    @asynccontextmanager
    async def _open_servers(self) -> AsyncIterator[RunningRoom]:
        yield RunningRoom(name="servers", tasks=[self._installation.watch])

    @asynccontextmanager
    async def _open_greeting(self) -> AsyncIterator[RunningRoom]:
        yield RunningRoom(name="greeting", tasks=[self._greet], request_stop=self._stopping.set)

    async def _greet(self) -> None:
        assert self._port is not None
        host, port = self._options.host, await self._port
        url = f"http://{host}:{port}"
        http = HttpClient(host, port)
        try:
            await _until_ready(http)
        finally:
            http.close()
        keys = await kept_keys(self._installation)
        async with AsyncClient(url, token=keys.admin) as house:
            show = await first_show(house)
        self._note(msgspec.structs.replace(self._state, url=url, show=show))
        self._announce(Announcement(os.getpid(), str(self._installation.data_dir), url, keys.admin, keys.sandbox, show))
        await self._stopping.wait()

    def _note_children(self, pids: dict[str, int], restarts: dict[str, int]) -> None:
        self._note(msgspec.structs.replace(self._state, children=dict(pids), restarts=dict(restarts)))

    def _note(self, state: running.RunningNow) -> None:
        self._state = state
        running.write_state(self._installation.data_dir, state)


def _empty_folder(folder: Path) -> None:
    """Without what processes left that were killed before they could take it away."""
    folder.mkdir(exist_ok=True)
    for left in folder.iterdir():
        left.unlink()


def with_a_console(rooms: list[str], settings: ConsoleSettings) -> list[str]:
    """The processes, and that of the operators where they have an address of their own."""
    return [*rooms, CONSOLE] if settings.console_port else rooms


async def _until_ready(http: HttpClient) -> None:
    said = "no answer"
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            while True:
                try:
                    answer = await http.request("GET", "/readyz")
                except Unreachable as error:
                    said = str(error)
                else:
                    if answer.status == 200:
                        return
                    said = answer.body.decode(errors="replace")
                await asyncio.sleep(READY_POLL_S)
    except TimeoutError:
        raise TimeoutError(f"not ready after {READY_TIMEOUT_S:.0f} s: {said}") from None
