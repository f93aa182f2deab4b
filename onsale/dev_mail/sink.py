"""A mail server (aiosmtpd) that puts every letter into a maildir and sends nothing on."""

import asyncio
import mailbox
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from onsale.dev_mail.arrival import by_arrival
from runtime.process import RunningRoom

LETTERS_MAX = 1_000
"""The oldest ones go."""
LETTER_BYTES_MAX = 1_000_000


class Sink:
    """As aiosmtpd asks for one: a handler."""

    def __init__(self, directory: Path, *, letters_max: int = LETTERS_MAX) -> None:
        # An empty directory that is there already is one, too; the library would leave it empty.
        for name in ("tmp", "new", "cur"):
            (directory / name).mkdir(parents=True, exist_ok=True)
        self._letters_max = letters_max
        self._maildir = mailbox.Maildir(directory)

    async def handle_DATA(self, server: SMTP | None, session: Session | None, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's
        """Keep it; the reply."""
        content = envelope.content
        assert isinstance(content, bytes)
        self._maildir.add(content)
        for key in by_arrival(self._maildir.keys())[: -self._letters_max]:
            self._maildir.discard(key)
        return "250 kept"


@asynccontextmanager
async def open_sink(directory: Path, listener: socket.socket) -> AsyncIterator[RunningRoom]:
    """The server on `listener`, as long as the process lives."""
    sink = Sink(directory)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, data_size_limit=LETTER_BYTES_MAX, loop=loop, enable_SMTPUTF8=True), sock=listener
    )
    async with server:
        yield RunningRoom(name="dev mail")
