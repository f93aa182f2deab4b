"""Makes the client without `await` from the one with it: `python clients/python/make_sync.py`. A test compares."""

import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent / "onsale_client"
FILES = {f"_aio{part}.py": f"_sync{part}.py" for part in ("", "_calls", "_holding", "_booking", "_house", "_live")}
WORDS = (
    (r"^\"\"\"(.*?) `_sync\w*\.py` is made.*?this one\.\"\"\"$", r'"""\1 Made from `{source}` by `make_sync.py`."""'),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsyncGenerator\[(\w+), None\]", r"Generator[\1, None, None]"),
    (r"\bAsync(Client|Live|Iterator|Generator|\w*Calls)\b", r"\1"),
    (r"__a(enter|exit)__", r"__\1__"),
    (r"\baclose\b", "close"),
    (r"^import asyncio$", "import time"),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"onsale_client\._aio_(\w+)", r"onsale_client._sync_\1"),
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
    """Writes the files."""
    for source, made in FILES.items():
        (PACKAGE / made).write_text(without_await(source))


if __name__ == "__main__":
    main()
