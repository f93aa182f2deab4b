"""A short sale on compose: everything up, a crowd through the door, its verdict, and everything gone again."""

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from infra.containers.engine import Engine, Failed, run
from infra.containers.images import CHECKOUT, ROOMS, SERVERS

PROJECT = "onsale-sale"
CROWD = ("onsale", "demo", "--once", "--at", "http://127.0.0.1:8400")


def environment_of(images: Mapping[str, str]) -> dict[str, str]:
    """What compose.yaml wants to be told: the images by server, and secrets of this one run."""
    named = {SERVERS[server].variable: image for server, image in images.items()}
    return named | {
        "ONSALE_IMAGE": ROOMS,
        "ONSALE_SECRET": secrets.token_hex(24),
        "POSTGRES_PASSWORD": secrets.token_hex(24),
        # Seconds in which the engine answers: Debian's compose gives up after 60, and a busy machine takes longer.
        "COMPOSE_HTTP_TIMEOUT": "600",
    }


def hold_a_sale(engine: Engine, images: Mapping[str, str], crowd: Sequence[str], say: Callable[[str], None]) -> None:
    """Raises `Failed`, after the last words of every container, where the sale was not as it should be."""
    # What is there already is taken: a build by compose would name another base.
    compose = [*engine.compose, "--project-name", PROJECT, "--file", str(CHECKOUT / "compose.yaml")]
    environment = environment_of(images)

    def call(*words: str) -> None:
        run([*compose, *words], environment, CHECKOUT)

    try:
        say("starting everything behind the door")
        call("up", "--detach", "--no-build", "door", "sandbox")
        say("a crowd comes")
        call("run", "--rm", "crowd", *CROWD, *crowd)
    except Failed:
        call("logs", "--tail", "40")
        raise
    finally:
        call("down", "--volumes", "--timeout", "15")


def contract_tests(images: Mapping[str, str], words: Sequence[str]) -> None:
    """The contract tests, with servers that testcontainers starts. Raises `Failed`."""
    named = {f"ONSALE_TEST_{server.upper()}_IMAGE": images[server] for server in ("postgres", "redis", "kafka")}
    cleaner = {name: os.environ.get(name, "true") for name in ("TESTCONTAINERS_RYUK_DISABLED",)}
    python = Path(CHECKOUT, ".venv", "bin", "python")
    run(
        [str(python), "-m", "pytest", "-q", *(words or ["tests/contract"])],
        {**named, **cleaner, "ONSALE_TEST_SERVERS": "docker"},
        CHECKOUT,
    )
