"""`onsale export`: the archive of a show for outsiders."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from onsale.verify.archive_file import ArchiveUnreadable, whole_file
from onsale.verify.exporting import HistoryUnreadable, exported

DONE, COULD_NOT_RUN = 0, 2


def export(archive: Path, file: Path, history: Path | None, say: Callable[[str], None]) -> int:
    """Write the file; the exit code."""
    written = 0
    try:
        with whole_file(file) as out:
            for line in exported(archive, history):
                out.write(msgspec.json.encode(line) + b"\n")
                written += 1
            out.write(msgspec.json.encode({"line": "end", "lines": written}) + b"\n")
    except ArchiveUnreadable as error:
        said = f"{archive} cannot be exported, see onsale verify --archive: {error}"
    except HistoryUnreadable as error:
        said = f"the history cannot be read, see onsale verify --history: {error}"
    except OSError as error:
        said = f"{error.filename or file}: {error.strerror or error}"
    else:
        say(f"{file}: {written} lines")
        return DONE
    say(said)
    return COULD_NOT_RUN
