"""Makes the client without `await` from the one with it: `python clients/python/make_sync.py`. A test compares."""

import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent / "onsale_client"
FILES = {"_aio.py": "_sync.py", "_aio_live.py": "_sync_live.py"}
WORDS = (
    (r"^\"\"\"(.*?) `_sync\w*\.py` is made.*?this one\.\"\"\"$", r'"""\1 Made from `{source}` by `make_sync.py`."""'),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsyncGenerator\[(\w+), None\]", r"Generator[\1, None, None]"),
    (r"\bAsync(Client|Live|Iterator|Generator)\b", r"\1"),
    (r"__a(enter|exit)__", r"__\1__"),
    (r"\baclose\b", "close"),
    (r"^import asyncio$", "import time"),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"onsale_client\._aio_live", "onsale_client._sync_live"),
    (r"websockets\.asyncio\.client", "websockets.sync.client"),
)


def without_await(source: str) -> str:
    """The text of the file that is made from `source`."""
    text = (PACKAGE / source).read_text()
    for pattern, replacement in WORDS:
        text = re.sub(pattern, replacement.replace("{source}", source), text, flags=re.MULTILINE)
    for arguments in (["check", "--select", "I,UP028", "--fix", "--unsafe-fixes"], ["format"]):
        ruff = [sys.executable, "-m", "ruff", *arguments, "--quiet", "--stdin-filename", str(PACKAGE / source), "-"]
        text = subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout
    return text


def main() -> None:
    """Writes both files."""
    for source, made in FILES.items():
        (PACKAGE / made).write_text(without_await(source))


if __name__ == "__main__":
    main()
