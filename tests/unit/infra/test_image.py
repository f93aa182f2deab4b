"""The image: what is in it, and what is not."""

import re
import shlex
import tomllib

from tests.house.sources import PACKAGES, ROOT

DOCKERFILE = (ROOT / "infra" / "Dockerfile").read_text()
IGNORE = (ROOT / ".dockerignore").read_text().splitlines()
LOCK = "requirements/${LOCK}.txt"
NOT_SHIPPED = {"bench"}
"""Packages of the wheel that no room needs."""


def instructions() -> list[list[str]]:
    """Each instruction as words, its continued lines joined."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", DOCKERFILE))
    return [shlex.split(line, posix=False) for line in joined.splitlines() if line.strip()]


def copied() -> dict[str, str]:
    """From the checkout: source -> destination."""
    return {words[1]: words[2] for words in instructions() if words[0] == "COPY" and not words[1].startswith("--")}


def allowed() -> set[str]:
    """What the engine is sent of the checkout."""
    return {line[1:] for line in IGNORE if line.startswith("!")}


def test_every_package_that_is_shipped_is_in_the_image() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = set(options["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert wheel >= set(PACKAGES) - NOT_SHIPPED
    packages = {source for source in copied() if not source.endswith(".txt") and source != "LICENSE"}
    assert packages == wheel - NOT_SHIPPED
    assert {copied()[package] for package in packages} == {f"/srv/onsale/{name.split('/')[-1]}" for name in packages}


def test_the_engine_is_sent_what_is_copied_and_nothing_else() -> None:
    assert IGNORE[1] == "*"
    locks = {line for line in allowed() if line.startswith("requirements/")}
    assert locks == {"requirements/runtime.txt", "requirements/otel.txt"}
    assert allowed() - locks == set(copied()) - {LOCK}
    assert "**/.env" in IGNORE


def test_what_the_image_installs_is_locked_by_hash() -> None:
    installing = [" ".join(words) for words in instructions() if "pip install" in " ".join(words)]
    assert len(installing) == 1
    assert "--require-hashes -r /build/${LOCK}.txt" in installing[0]
    assert copied()[LOCK] == "/build/"
    assert ["ARG", "LOCK=runtime"] in instructions()


def test_an_engine_without_buildkit_can_build_it() -> None:
    assert not DOCKERFILE.startswith("# syntax")
    words = [word for line in instructions() for word in line]
    assert [word for word in words if word.startswith(("--mount", "--chmod", "--link", "<<"))] == []


def test_both_stages_begin_from_the_base_that_is_named() -> None:
    lines = instructions()
    assert lines[0][0] == "ARG" and lines[0][1].startswith("BASE_IMAGE=")
    bases = [words[1] for words in lines if words[0] == "FROM"]
    assert bases == ["${BASE_IMAGE}", "${BASE_IMAGE}"]


def test_it_runs_as_nobody_in_particular() -> None:
    last = [words for words in instructions() if words[0] == "USER"]
    assert last == [["USER", "10001:10001"]]
    after = DOCKERFILE[DOCKERFILE.index("USER 10001") :]
    assert "RUN" not in re.findall(r"(?m)^[A-Z]+", after)


def test_a_room_is_asked_by_the_image_itself_whether_it_lives() -> None:
    health = next(words for words in instructions() if words[0] == "HEALTHCHECK")
    assert "runtime.probe" in " ".join(health) and "/livez" in " ".join(health)
    assert (ROOT / "runtime" / "probe.py").is_file()


def test_the_settings_that_it_comes_with_are_settings() -> None:
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"(ONSALE_[A-Z_]+)=", DOCKERFILE[DOCKERFILE.index("ENV ") :]))
    assert named and {name for name in named if f"#{name}=" not in example} == set()
