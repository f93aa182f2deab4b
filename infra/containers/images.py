"""Which images a sale in containers needs, and how each is come by."""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.containers.engine import Engine, Failed, is_installed, run
from infra.embedded import downloads

CHECKOUT = Path(__file__).resolve().parents[2]
STANDINS = Path(__file__).with_name("standins")
SUITE = "trixie"
"""Of Debian, for a base that is made here: its Postgres is new enough."""
IN_BASE = "bash,ca-certificates,python3,python3-venv,util-linux"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
OWN_BASE = f"onsale-base:{SUITE}"
ROOMS = "onsale:dev"


@dataclass(frozen=True)
class Wanted:
    """An image: the variable that names it in compose.yaml, what is taken where nobody says otherwise, and the one that
    is built in its place."""

    variable: str
    usual: str
    standin: str


BASE = Wanted("BASE_IMAGE", "python:3.13-slim-trixie", OWN_BASE)
SERVERS = {
    "postgres": Wanted("POSTGRES_IMAGE", "postgres:18", "onsale-standin:postgres"),
    "redis": Wanted("REDIS_IMAGE", "redis:8", "onsale-standin:redis"),
    "kafka": Wanted("KAFKA_IMAGE", "apache/kafka:4.3.1", "onsale-standin:kafka"),
    "nginx": Wanted("NGINX_IMAGE", "nginx:1.29", "onsale-standin:nginx"),
}


def come_by(
    engine: Engine, wanted: Wanted, make: Callable[[], None], say: Callable[[str], None], environment: Mapping[str, str]
) -> str:
    """The name of an image that is there now: the one that is named, pulled if need be; else the one that `make` makes.

    Raises `Failed` where neither can be had.
    """
    named = environment.get(wanted.variable) or wanted.usual
    if engine.has(named):
        say(f"{named} is there")
        return named
    if engine.pull(named):
        say(f"{named} was pulled")
        return named
    if wanted.variable in environment:
        raise Failed(f"{wanted.variable} names {named}, which is not there and cannot be pulled")
    if not engine.has(wanted.standin):
        say(f"{named} cannot be pulled: making {wanted.standin} in its place")
        make()
    say(f"{wanted.standin} stands in for {named}")
    return wanted.standin


def make_base() -> None:
    """A base of Debian's packages alone, which trusts whom this machine trusts. Raises `Failed`."""
    if os.geteuid() or not is_installed("debootstrap"):
        raise Failed(
            "no base image can be pulled, and to make one needs root and debootstrap (apt install debootstrap)"
        )
    with tempfile.TemporaryDirectory(prefix="onsale-base-", ignore_cleanup_errors=True) as name:
        root = Path(name) / "root"
        run(["debootstrap", "--variant=minbase", f"--include={IN_BASE}", SUITE, str(root)])
        if CERTIFICATES.exists():
            shutil.copyfile(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
        for leftover in (root / "var/cache/apt/archives").glob("*.deb"):
            leftover.unlink()
        packed = Path(name) / "base.tar"
        run(["tar", "--numeric-owner", "-C", str(root), "-cf", str(packed), "."])
        run(["docker", "import", str(packed), OWN_BASE])


def make_standin(engine: Engine, server: str, base: str) -> None:
    """A server's image from Debian's packages, Kafka's from the jars that `onsale up` uses. Raises `Failed`."""
    with tempfile.TemporaryDirectory(prefix="onsale-standin-") as name:
        context = Path(name)
        for file in STANDINS.glob(f"{server}.*"):
            shutil.copy(file, context)
        if server == "kafka":
            cache = downloads.user_cache()
            if not downloads.jars_are_there(cache):
                raise Failed("Kafka's jars are not there yet: `make demo` fetches them")
            shutil.copytree(downloads.kafka_jars(cache), context / "jars")
        engine.build(SERVERS[server].standin, context, context / f"{server}.Dockerfile", {"BASE_IMAGE": base})


def build_rooms(engine: Engine, base: str) -> None:
    """The image of the rooms, from this checkout. Raises `Failed`."""
    arguments = {"BASE_IMAGE": base}
    if base == OWN_BASE and CERTIFICATES.exists():
        arguments["PIP_CERT"] = str(CERTIFICATES)
    engine.build(ROOMS, CHECKOUT, CHECKOUT / "infra" / "Dockerfile", arguments)
