"""`python -m runtime.probe`: asks the room of this machine whether it is ready, for whatever keeps it running.

Exit code 0: its `/readyz` (or the path that is given) says 200. 1: it does not, and what it says is printed. It needs
nothing but the standard library, as it is started every few seconds.
"""

import http.client
import os
import sys
from collections.abc import Mapping, Sequence

PATIENCE_S = 3.0
SAID_BYTES_MAX = 2_000


def probe(path: str, environment: Mapping[str, str], patience_s: float = PATIENCE_S) -> tuple[bool, str]:
    """Whether the room whose `ONSALE_PORT` stands in `environment` answers `path` with 200, and what it says.

    The console listens elsewhere: its `ONSALE_CONSOLE_PORT` is asked where that is all there is.
    """
    port = int(environment.get("ONSALE_PORT") or environment.get("ONSALE_CONSOLE_PORT") or "0")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience_s)
    try:
        connection.request("GET", path, headers={"connection": "close"})
        answer = connection.getresponse()
        said = answer.read(SAID_BYTES_MAX).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return False, f"port {port} does not answer: {error}"
    finally:
        connection.close()
    return answer.status == 200, said


def main(words: Sequence[str]) -> int:
    """The exit code."""
    good, said = probe(words[0] if words else "/readyz", os.environ)
    print(said)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
