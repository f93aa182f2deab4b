"""`python -m tests.fuzz [--short] [--examples N] [--seed N] [--only OPERATION]`: Schemathesis against everything that
runs. The exit code is 1 where it found something; what it found is printed.

Three callers, one after the other: an admin with every call; a partner with every call; and an admin with those calls
that could take an admin's own key away, against a key that nobody needs.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from onsale.server_process import Announced, server_process
from tests.servers import run_directory

CONFIG = Path(__file__).with_name("schemathesis.toml")
OWN_KEY_CALLS = ("revoke_key", "rotate_key", "limit_key")
"""What an admin could lock itself out with."""
UNLIMITED = {
    f"ONSALE_INGRESS_{name}_PER_MIN": "10000000"
    for name in ("ADDRESS_REQUESTS", "ADDRESS_SIGN_INS", "FAN_REQUESTS", "FAN_HOLDS", "FAN_SURGE_WRITES")
}
SHOWN_CHARS_MAX = 600
EXAMPLES, EXAMPLES_SHORT = 50, 8


@dataclass(frozen=True)
class Run:
    """One run of Schemathesis: who calls, and what."""

    name: str
    key: str
    words: tuple[str, ...]
    parameters: str = ""

    def config(self) -> str:
        """The configuration file."""
        return CONFIG.read_text() + self.parameters


def runs(up: Announced, victim: str, only: str | None) -> Iterator[Run]:
    """All of them."""
    if only is not None:
        yield Run("one call", up.admin_key, ("--include-operation-id", only))
        return
    without = tuple(word for name in OWN_KEY_CALLS for word in ("--exclude-operation-id", name))
    yield Run("an admin", up.admin_key, without)
    yield Run("a partner", up.sandbox_key, ())
    named = tuple(word for name in OWN_KEY_CALLS for word in ("--include-operation-id", name))
    yield Run("keys", up.admin_key, named, f'\n[parameters]\n"path.key" = "{victim}"\n')


async def spare_key(up: Announced) -> str:
    """The id of a key that nobody needs."""
    body = {"name": "nobody's", "permissions": ["read"]}
    async with httpx.AsyncClient(base_url=up.url, headers={"Authorization": f"Bearer {up.admin_key}"}) as http:
        made = await http.post("/api/admin/keys", json=body)
    made.raise_for_status()
    return str(made.json()["data"]["key"])


async def attack(up: Announced, run: Run, directory: Path, examples: int, seed: int, *, short: bool) -> bool:
    """Whether a run found nothing."""
    config = directory / f"{run.name.replace(' ', '-')}.toml"
    config.write_text(run.config())
    phases = "examples,coverage,fuzzing" if short else "examples,coverage,fuzzing,stateful"
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config), "--no-color",
        "run", f"{up.url}/api/openapi.json", "--header", f"Authorization: Bearer {run.key}",
        "--checks", "all", "--phases", phases, "--max-examples", str(examples), "--seed", str(seed), "--no-shrink",
        "--warnings", "off", *run.words,
        # It keeps notes in the directory where it runs; they go with it.
        cwd=directory, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        output, _ = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    print(f"== {run.name}", *told(output.decode()), sep="\n", flush=True)
    return process.returncode == 0


def told(output: str) -> Iterator[str]:
    """What is worth reading of what it printed: a request can be 64 kB long."""
    for line in output.splitlines():
        if line.strip():
            yield line if len(line) <= SHOWN_CHARS_MAX else f"{line[: SHOWN_CHARS_MAX // 2]} … {line[-200:]}"


async def fuzz(options: argparse.Namespace) -> bool:
    """Whether nothing was found."""
    examples = options.examples or (EXAMPLES_SHORT if options.short else EXAMPLES)
    with run_directory() as directory:
        async with server_process(["--data-dir", str(directory / "data"), "--port", "0"], os.environ | UNLIMITED) as up:
            at = up.announced
            found = [
                await attack(at, run, directory, examples, options.seed, short=options.short)
                for run in runs(at, await spare_key(at), options.only)
            ]
    return all(found)


def main() -> int:
    """Run all of it."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a few examples for each call, and no stories of several")
    parser.add_argument("--examples", type=int, help="for each call")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="the operationId of one call")
    return 0 if asyncio.run(fuzz(parser.parse_args())) else 1


if __name__ == "__main__":
    sys.exit(main())
