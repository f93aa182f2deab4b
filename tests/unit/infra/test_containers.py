"""`make containers` where no engine answers, and what it takes where one does."""

from collections.abc import Sequence

import pytest

from infra.containers import __main__ as command
from infra.containers.engine import Engine, Failed, NoEngine, Said, find
from infra.containers.images import BASE, SERVERS, STANDINS, come_by
from infra.containers.sale import environment_of
from tests.house.sources import ROOT


class Machine:
    """Programs that are installed, and what each says to its first words."""

    def __init__(self, **says: Said) -> None:
        self.says = says
        self.asked: list[str] = []

    def __call__(self, words: Sequence[str], timeout_s: float) -> Said:
        line = " ".join(words)
        self.asked.append(line)
        fitting = [said for name, said in self.says.items() if line.startswith(name.replace("_", " "))]
        if not fitting and not any(name.split("_")[0] == words[0] for name in self.says):
            raise FileNotFoundError(words[0])
        return fitting[0] if fitting else Said(1, "unknown command")


THERE, GONE = Said(0, "28.2.2"), Said(1, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.")


def test_a_machine_without_docker_is_told_what_to_install() -> None:
    with pytest.raises(NoEngine, match=r"no `docker` here.*apt install docker\.io"):
        find(Machine())


def test_an_engine_that_does_not_answer_is_told_with_its_own_words() -> None:
    with pytest.raises(NoEngine, match=r"no Docker engine answers: Cannot connect.*dockerd"):
        find(Machine(docker_version=GONE))


def test_an_engine_without_compose_is_not_enough() -> None:
    with pytest.raises(NoEngine, match="no compose"):
        find(Machine(docker_version=THERE))


def test_compose_is_the_plugin_or_else_the_program() -> None:
    assert find(Machine(docker_version=THERE, docker_compose=Said(0, "v2"))).compose == ("docker", "compose")
    machine = Machine(docker_version=THERE)
    machine.says["docker-compose"] = Said(0, "1.29.2")
    assert find(machine).compose == ("docker-compose",)


def test_without_an_engine_the_command_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nowhere() -> Engine:
        raise NoEngine("no Docker engine answers")

    monkeypatch.setattr(command, "find", nowhere)
    assert command.main([]) == 2
    assert capsys.readouterr().err == "no Docker engine answers\n"


def come(machine: Machine, environment: dict[str, str]) -> tuple[str, list[str]]:
    """The base image that is taken, and what was made for it."""
    made: list[str] = []
    engine = Engine("28", ("docker", "compose"), machine)
    return come_by(engine, BASE, lambda: made.append("base"), made.append, environment), made


def test_an_image_that_is_there_is_taken_without_asking_anybody() -> None:
    machine = Machine(docker_image=THERE)
    assert come(machine, {})[0] == BASE.usual
    assert machine.asked == [f"docker image inspect {BASE.usual}"]


def test_an_image_that_can_be_pulled_is() -> None:
    assert come(Machine(docker_pull=THERE), {"BASE_IMAGE": "mine:1"})[0] == "mine:1"


def test_where_nothing_can_be_pulled_one_is_made() -> None:
    taken, said = come(Machine(docker_pull=GONE), {})
    assert taken == BASE.standin
    assert "base" in said


def test_an_image_that_somebody_names_is_not_replaced_by_another() -> None:
    with pytest.raises(Failed, match="BASE_IMAGE names mine:1"):
        come(Machine(docker_pull=GONE), {"BASE_IMAGE": "mine:1"})


def test_each_server_has_a_stand_in_that_begins_from_the_base_that_is_named() -> None:
    for server in SERVERS:
        lines = (STANDINS / f"{server}.Dockerfile").read_text().splitlines()
        assert "ARG BASE_IMAGE" in lines and "FROM ${BASE_IMAGE}" in lines
        assert not any("--mount" in line for line in lines)


def test_every_image_is_the_one_that_compose_takes_where_nobody_says_otherwise() -> None:
    text = (ROOT / "compose.yaml").read_text()
    for wanted in (BASE, *SERVERS.values()):
        assert f"${{{wanted.variable}:-{wanted.usual}}}" in text


def test_a_sale_has_secrets_of_its_own() -> None:
    images = dict.fromkeys(SERVERS, "mine")
    first, second = environment_of(images), environment_of(images)
    assert {first[wanted.variable] for wanted in SERVERS.values()} == {"mine"}
    for name in ("ONSALE_SECRET", "POSTGRES_PASSWORD"):
        assert len(first[name]) >= 32 and first[name] != second[name]
    assert first["ONSALE_SECRET"] != first["POSTGRES_PASSWORD"]
