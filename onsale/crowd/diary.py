"""What the fans were told, written down as it happens: a client history (`docs/histories.md`).

A fan is known by a digest of its token. What all fans look at through one cache is the reading of one client each:
two documents in a cache may be of different age.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from onsale.histories import Ids, Operation, Result, encode_operation


class Diary:
    """Appends to a file. Times are those of a clock that never goes back, in milliseconds."""

    def __init__(self, file: IO[bytes], show: str) -> None:
        self._file = file
        self._show = show

    def note(self, token: str, what: str, key: str, began_s: float, *, status: int, told: dict[str, Any]) -> None:
        """A command: status and body of its verdict, of a 202 where there is none yet; 0 where none ever came."""
        result = Result.UNKNOWN if status in {0, 202} else Result.OK if status < 300 else Result.FAIL
        ids = Ids(show=self._show, **{name: told.get(name) or "" for name in ("reservation", "booking", "request")})
        client = hashlib.blake2b(token.encode(), digest_size=6).hexdigest()
        code = str(told.get("code") or "")
        # "hold repeated" is a hold as well.
        self._write(client, what.split(maxsplit=1)[0], began_s, result, key=key, status=status, code=code, ids=ids)

    def saw(self, document: str, began_s: float, seq: int) -> None:
        """A document about the show, as of `seq`."""
        self._write(document, "read", began_s, Result.OK, status=200, ids=Ids(show=self._show), seq=seq)

    def _write(self, client: str, op: str, began_s: float, result: Result, **more: Any) -> None:
        operation = Operation(
            client=client, op=op, invoke_ms=began_s * 1000, end_ms=time.monotonic() * 1000, result=result, **more
        )
        self._file.write(encode_operation(operation))


@contextmanager
def open_diary(path: Path | None, show: str) -> Iterator[Diary | None]:
    """None where none is wanted. Raises OSError."""
    if path is None:
        yield None
        return
    with path.open("wb") as file:
        yield Diary(file, show)
