"""The engine of this machine: whether one answers, what it can be asked, and how it is asked."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ANSWER_TIMEOUT_S = 120.0
WORK_TIMEOUT_S = 1_800.0


class NoEngine(Exception):
    """Nothing can be done here; the text says why, and what to do."""


class Failed(Exception):
    """A command of ours ended with an error; what it said stands above."""


@dataclass(frozen=True)
class Said:
    """What came of a command."""

    code: int
    text: str


class Asking(Protocol):
    """Runs a command to its end and gives what it said. Raises OSError where there is no such program."""

    def __call__(self, words: Sequence[str], timeout_s: float) -> Said: ...


def ask(words: Sequence[str], timeout_s: float) -> Said:
    """As `Asking`, for real."""
    try:
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return Said(124, f"no answer within {timeout_s:.0f} s")
    return Said(done.returncode, (done.stdout + done.stderr).strip())


@dataclass(frozen=True)
class Engine:
    """One that answered. `compose`: the words that compose is called by."""

    version: str
    compose: tuple[str, ...]
    asking: Asking = ask

    def has(self, image: str) -> bool:
        """Whether an image is there."""
        return self.asking(("docker", "image", "inspect", image), ANSWER_TIMEOUT_S).code == 0

    def pull(self, image: str) -> bool:
        """Whether it is there now."""
        return self.asking(("docker", "pull", "--quiet", image), WORK_TIMEOUT_S).code == 0

    def build(self, image: str, context: Path, dockerfile: Path, arguments: Mapping[str, str]) -> None:
        """Raises `Failed`."""
        words = ["docker", "build", "--network", "host", "--file", str(dockerfile), "--tag", image]
        for name, value in arguments.items():
            words += ["--build-arg", f"{name}={value}"]
        run([*words, str(context)])


def find(asking: Asking = ask) -> Engine:
    """The engine that the environment (`DOCKER_HOST`), or the usual socket, leads to. Raises `NoEngine`."""
    try:
        said = asking(("docker", "version", "--format", "{{.Server.Version}}"), ANSWER_TIMEOUT_S)
    except OSError:
        raise NoEngine(
            "there is no `docker` here: install one (Debian: apt install docker.io docker-compose)"
        ) from None
    if said.code:
        reason = said.text.splitlines()[-1].rstrip(".") if said.text else "it says nothing"
        raise NoEngine(f"no Docker engine answers: {reason}. Start one (`dockerd`, as root), or name it in DOCKER_HOST")
    for words in (("docker", "compose"), ("docker-compose",)):
        try:
            if asking((*words, "version"), ANSWER_TIMEOUT_S).code == 0:
                return Engine(said.text.splitlines()[-1], words, asking)
        except OSError:
            continue
    raise NoEngine("there is an engine, but no compose: install one (Debian: apt install docker-compose)")


def run(words: Sequence[str], environment: Mapping[str, str] | None = None, directory: Path | None = None) -> None:
    """Run it with its output on ours. Raises `Failed`."""
    done = subprocess.run(
        words, check=False, env={**os.environ, **(environment or {})}, cwd=directory, timeout=WORK_TIMEOUT_S
    )
    if done.returncode:
        raise Failed(f"{' '.join(words[:4])} … ended with code {done.returncode}")


def is_installed(program: str) -> bool:
    """Whether it can be called."""
    return shutil.which(program) is not None
