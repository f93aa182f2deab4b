"""The file in which a closed show is kept: gzip over JSON lines, bytes as base64 (`docs/archive.md`).

Its last line says how many lines stand before it, and their sha256. It is read front to back, as often as need be,
and never held in memory as a whole.
"""

import errno
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

VERSION = 1
LINE_BYTES_MAX = 64 * 1024 * 1024
"""A layout may have 32 MB; base64 adds a third."""


class ArchiveUnreadable(Exception):
    """The file is no archive of this version, or was cut or changed."""


class Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag=str.lower):
    """One line, tagged by its kind."""


class Head(Line, frozen=True, kw_only=True):
    """The first line. Chain, offsets and time are those before the first batch that is kept."""

    version: int
    show: str
    part: int
    history_id: str
    made_at_ms: int
    batch_seq: int
    log_gen: int
    next_offset: int
    chain: bytes
    last_now_ms: int


class Layout(Line, frozen=True, kw_only=True):
    layout_id: str
    sha256: bytes
    document: bytes


class Show(Line, frozen=True, kw_only=True):
    """A row of table `show`; `prices` and `policy` are JSON, as they stand there."""

    show_id: int
    status: str
    seq: int
    layout_id: str
    layout_sha256: bytes
    currency: str
    starts_at_ms: int
    opens_at_ms: int
    closes_at_ms: int
    prices: str
    policy: str
    opened_at_ms: int
    allocations: str = "{}"
    orders: bytes = b""


class Area(Line, frozen=True, kw_only=True):
    show_id: int
    area_no: int
    capacity: int
    taken: int


class Seat(Line, frozen=True, kw_only=True):
    show_id: int
    seat_no: int
    reservation_id: bytes


class Reserved(Line, frozen=True, kw_only=True, tag="reservation"):
    """A row of table `reservation`; `areas` are area_no and quantity in turn."""

    show_id: int
    reservation_id: bytes
    status: str
    version: int
    account: str
    person: str
    seats: tuple[int, ...]
    areas: tuple[int, ...]
    prices: tuple[int, ...]
    amount: int
    held_at_ms: int
    expires_at_ms: int
    hold_s: int
    booked_at_ms: int
    external_id: str
    fingerprint: bytes
    recent: bytes
    payment_until_ms: int = 0
    noted: bool = False
    bound: tuple[str, ...] = ()


class Paid(Line, frozen=True, kw_only=True, tag="payment"):
    show_id: int
    provider: str
    reference: str
    reservation_id: bytes
    amount: int
    accepted: bool = True
    refund_due: int = 0


class DeadLetter(Line, frozen=True, kw_only=True, tag="dead_letter"):
    """Of a record that stands among the commands: its digest is enough."""

    log_gen: int
    log_offset: int
    code: str
    sha256: bytes


class Command(Line, frozen=True, kw_only=True):
    """A record of topic `commands`, before the batch that decided it."""

    offset: int
    append_ms: int
    value: bytes

    @property
    def timestamp_ms(self) -> int:
        """The broker's stamp."""
        return self.append_ms


class Batch(Line, frozen=True, kw_only=True):
    """A row of table `outcome_log`. `commands`: how many of its commands stand before it; 0 where the log lost them."""

    commands: int
    batch_seq: int
    log_gen: int
    first_offset: int
    next_offset: int
    decided_at_ms: int
    decider_version: int
    chain: bytes
    payload: bytes


class End(Line, frozen=True, kw_only=True):
    lines: int
    sha256: bytes


AnyLine = Head | Layout | Show | Area | Seat | Reserved | Paid | DeadLetter | Command | Batch | End

_decoder: msgspec.json.Decoder[AnyLine] = msgspec.json.Decoder(AnyLine)


class ArchiveWriter:
    """Counts and digests what goes into the file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.lines = 0

    def write(self, line: AnyLine) -> None:
        """Append one line."""
        raw = msgspec.json.encode(line) + b"\n"
        self._digest.update(raw)
        self._file.write(raw)
        self.lines += 1

    def end(self) -> None:
        """Append the last line."""
        self.write(End(lines=self.lines, sha256=self._digest.digest()))


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Write `path` as a whole or not at all; it must not exist. Raises OSError."""
    if path.exists():
        raise FileExistsError(errno.EEXIST, "is there already", str(path))
    growing = path.with_name(path.name + ".part")
    try:
        with growing.open("xb") as file:
            yield file
        growing.rename(path)
    finally:
        growing.unlink(missing_ok=True)


@contextmanager
def new_archive(path: Path) -> Iterator[ArchiveWriter]:
    """Write an archive as a whole or not at all; `path` must not exist. Raises OSError."""
    # No name and no time in the header: the same archive is the same file.
    with whole_file(path) as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
        writer = ArchiveWriter(file)  # type: ignore[arg-type]
        yield writer
        writer.end()


def read_archive(path: Path) -> Iterator[AnyLine]:
    """All lines but the last, which is checked. Raises `ArchiveUnreadable`, OSError."""
    digest, lines = hashlib.sha256(), 0
    end: End | None = None
    try:
        with gzip.open(path, "rb") as file:
            while raw := file.readline(LINE_BYTES_MAX):
                if end is not None:
                    raise ArchiveUnreadable("there are lines after its end")
                line = _decoder.decode(raw)
                if isinstance(line, End):
                    end = line
                    continue
                digest.update(raw)
                lines += 1
                yield line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ArchiveUnreadable(f"it is damaged: {error}") from None
    except msgspec.DecodeError as error:
        raise ArchiveUnreadable(f"line {lines + 1} cannot be read: {error}") from None
    if end is None:
        raise ArchiveUnreadable(f"it ends after line {lines}, without its last line")
    if end.lines != lines:
        raise ArchiveUnreadable(f"it has {lines} lines, its last line says {end.lines}")
    if end.sha256 != digest.digest():
        raise ArchiveUnreadable("its lines do not have the digest that its last line says")
