"""What `onsale up` says once everything answers."""

import msgspec
from rich.console import Console
from rich.table import Table

from onsale.up import Announcement


def greet(done: Announcement, *, as_json: bool) -> None:
    """Print it: a JSON line for programs, a table and a curl line for people."""
    if as_json:
        print(msgspec.json.encode(done).decode(), flush=True)
        return
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in (
        ("pages", done.url),
        ("the show", f"{done.url}/room/{done.show}"),
        ("API", f"{done.url}/api/events"),
        ("health", f"{done.url}/readyz"),
        ("metrics", f"{done.url}/metrics"),
        ("admin key", done.admin_key),
        ("sandbox key", done.sandbox_key),
        ("logs", f"{done.data_dir}/log"),
    ):
        table.add_row(f"[bold]{name}[/bold]", value)
    console.print("onsale is up; Ctrl-C ends it")
    console.print(table)
    console.print("Hold two places as a partner:\n")
    print(done.curl(), flush=True)
