"""What `onsale up` says once everything answers."""

import msgspec
from rich.console import Console

from onsale.up import Announcement


def greet(done: Announcement, *, as_json: bool) -> None:
    """Print it: a JSON line for programs, addresses, keys and lines to paste for people."""
    if as_json:
        print(msgspec.json.encode(done).decode(), flush=True)
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print("onsale is up; Ctrl-C ends it", style="bold")
    for name, value in (
        ("pages", done.url),
        ("the show", f"{done.url}/room/{done.show}"),
        ("console", f"{done.url}/console  (sign in as whom `onsale admin create` makes)"),
        ("portal", f"{done.url}/partners"),
        ("API", f"{done.url}/api/events"),
        ("health", f"{done.url}/readyz"),
        ("metrics", f"{done.url}/metrics"),
        ("mail", f"{done.url}/dev/mail"),
        ("admin key", done.admin_key),
        ("sandbox key", done.sandbox_key),
        ("logs", f"{done.data_dir}/log"),
    ):
        console.print(f"  {name:12} {value}")
    console.print("\nHold two places as a partner:\n")
    print(done.curl(), flush=True)
    console.print("\nFor the first booking, step by step (docs/api/first-booking.md):\n")
    print(done.exports(), flush=True)
