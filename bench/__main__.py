"""Runs the benches: `python -m bench [NAME…] [--quick]`; without a name one after the other."""

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence

from bench import (
    allocator,
    api,
    best,
    big,
    expiry,
    latency,
    many,
    pages,
    partners,
    pipeline,
    room,
    room_sale,
    shedding,
    sockets,
    stages,
)

BENCHES: dict[str, Callable[[Sequence[str]], int]] = {
    "allocator": allocator.main,
    "api": api.main,
    "pipeline": pipeline.main,
    "latency": latency.main,
    "shedding": shedding.main,
    "expiry": expiry.main,
    "stages": stages.main,
    "partners": partners.main,
    "best": best.main,
    "big": big.main,
    "many": many.main,
    "sockets": sockets.main,
    "room": room.main,
    "room_sale": room_sale.main,
    "pages": pages.main,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a full run missed a must; the other benches run all the same."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{' '.join(BENCHES)}; none: all")
    parser.add_argument("--quick", action="store_true", help="a minute in all: short rounds, which judge nothing")
    given = parser.parse_args(arguments)
    unknown = set(given.names) - BENCHES.keys()
    if unknown:
        parser.error(f"there is no bench {', '.join(sorted(unknown))}: {' '.join(BENCHES)}")
    words = ["--quick"] if given.quick else []
    return max(_run(name, words) for name in given.names or BENCHES)


def _run(name: str, words: Sequence[str]) -> int:
    try:
        return BENCHES[name](words)
    except Exception:  # noqa: BLE001 -- one that found its figures worthless must not cost those of all others
        traceback.print_exc()
        print(f"{name}: no figures", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
