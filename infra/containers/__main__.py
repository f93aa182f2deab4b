"""`python -m infra.containers`: see `make containers`. Exit code 0: all of it worked. 1: it did not. 2: no engine."""

import argparse
import os
import sys
from functools import partial

from infra.containers import images, sale
from infra.containers.engine import Failed, NoEngine, find

WORKED, FAILED, NO_ENGINE = 0, 1, 2
STEPS = ("images", "tests", "sale")


def say(text: str) -> None:
    """A line for whoever waits."""
    print(f"== {text}", flush=True)


def main(words: list[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="make containers", description=__doc__)
    parser.add_argument("--only", choices=STEPS, action="append", help="leave out the other steps, after the images")
    parser.add_argument("--fans", default="300", help="of the short sale")
    parser.add_argument("--seats", default="80", help="of the short sale")
    parser.add_argument("tests", nargs="*", help="instead of tests/contract")
    given = parser.parse_args(words)
    steps = given.only or STEPS
    try:
        engine = find()
        say(f"Docker engine {engine.version}, compose by `{' '.join(engine.compose)}`")
        base = images.come_by(engine, images.BASE, images.make_base, say, os.environ)
        servers = {
            server: images.come_by(engine, wanted, partial(images.make_standin, engine, server, base), say, os.environ)
            for server, wanted in images.SERVERS.items()
        }
        say(f"building {images.ROOMS}")
        images.build_rooms(engine, base)
        if "tests" in steps:
            say("contract tests")
            sale.contract_tests(servers, given.tests)
        if "sale" in steps:
            sale.hold_a_sale(engine, servers, ["--fans", given.fans, "--seats", given.seats], say)
    except NoEngine as error:
        print(error, file=sys.stderr)
        return NO_ENGINE
    except Failed as error:
        print(f"it did not work: {error}", file=sys.stderr)
        return FAILED
    say("all of it worked")
    return WORKED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
