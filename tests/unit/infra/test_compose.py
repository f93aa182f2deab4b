"""compose.yaml: every room is there, sees only what it needs, and listens to nobody but this machine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.sources import ROOMS, ROOT

Service = dict[str, Any]
TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Service] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
ONCE = {"provision", "crowd"}
STAYING = {name: service for name, service in OURS.items() if name not in ONCE}
MODULES = {"console": "onsale.console", "sandbox": "payments.sandbox"}
LOOKED_AT = {"prometheus", "grafana"}
SET_BY_COMPOSE = {"POSTGRES_PASSWORD", "ONSALE_SECRET"}


def test_the_compose_of_a_distribution_reads_it() -> None:
    # Debian 12 has version 1.29, which knows no `name`, and takes nothing that it does not know.
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"services", "networks", "volumes"}


def test_every_room_has_a_container_of_its_own_which_runs_it() -> None:
    assert set(STAYING) == {*ROOMS, "web", *MODULES}
    for name, service in STAYING.items():
        module = MODULES.get(name, name)
        assert service["command"] == [module]
        assert (ROOT / module.replace(".", "/") / "__main__.py").is_file()


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_room_may_do_next_to_nothing_on_its_machine(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["user"] == "10001:10001"
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] and service["mem_limit"] and service["tmpfs"]
    assert "privileged" not in service
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", ()))


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - OURS.keys()))
def test_servers_keep_no_right_that_they_do_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", ())) <= {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"] and service["pids_limit"]


@pytest.mark.parametrize("name", sorted(STAYING))
def test_a_room_is_asked_whether_it_is_ready(name: str) -> None:
    assert STAYING[name]["healthcheck"]["test"][-2:] == ["runtime.probe", "/readyz"]
    if name != "sandbox":
        assert STAYING[name]["depends_on"] == {"provision": {"condition": "service_completed_successfully"}}


def test_whatever_stays_says_whether_it_is_well_and_is_started_again() -> None:
    for name, service in SERVICES.items():
        if name not in ONCE:
            assert service["healthcheck"]["test"], name
            assert service["restart"] == "unless-stopped", name


def test_nothing_listens_elsewhere_than_on_this_machine() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert published
    assert [port for port in published if not re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)] == []
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"door", "console", *LOOKED_AT}
    assert [name for name, service in SERVICES.items() if service.get("network_mode") == "host"] == []


def test_only_settings_that_there_are_are_set() -> None:
    there = set(re.findall(r"(?m)^#(ONSALE_[A-Z0-9_]+)=", (ROOT / ".env.example").read_text()))
    named = {variable for service in OURS.values() for variable in service["environment"]}
    assert named <= there, named - there
    assert {"ONSALE_POSTGRES_URL", "ONSALE_REDIS_URL", "ONSALE_KAFKA_BOOTSTRAP", "ONSALE_SECRET"} <= named


def test_secrets_come_from_outside_and_the_superuser_s_goes_to_provisioning_alone() -> None:
    for variable in SET_BY_COMPOSE:
        assert re.search(rf"\$\{{{variable}:\?[^}}]+\}}", TEXT), f"without {variable} nothing is to start"
    knowing = [name for name, service in SERVICES.items() if "POSTGRES_PASSWORD" in str(service)]
    assert sorted(knowing) == ["postgres", "provision"]
    assert not re.search(r"(?i)(password|secret)\w*: *[\"']?[A-Za-z0-9]{6,}", TEXT)


def test_prometheus_asks_every_room() -> None:
    (group,) = yaml.safe_load((ROOT / "infra" / "compose" / "targets" / "rooms.yml").read_text())
    there = {"sandbox": "door"}  # which has no address of its own
    assert sorted(group["targets"]) == sorted(f"{there.get(name, name)}:8000" for name in STAYING)


def test_prometheus_finds_what_its_configuration_names_and_keeps_a_month() -> None:
    service = SERVICES["prometheus"]
    assert inside("prometheus") == {
        "/etc/prometheus/prometheus.yml": "infra/prometheus/prometheus.yml",
        "/etc/prometheus/rules": "infra/prometheus/rules",
        "/etc/prometheus/targets": "infra/compose/targets",
    }
    config = yaml.safe_load((ROOT / "infra" / "prometheus" / "prometheus.yml").read_text())
    assert config["rule_files"] == ["rules/*.yml"]
    assert "targets/*.yml" in config["scrape_configs"][0]["file_sd_configs"][0]["files"]
    (days,) = re.findall(r"--storage\.tsdb\.retention\.time=(\d+)d", " ".join(service["command"]))
    assert int(days) > 30


def test_grafana_has_the_boards_and_asks_prometheus_and_lets_nobody_change_anything() -> None:
    service, mounted = SERVICES["grafana"], inside("grafana")
    provisioning = ROOT / mounted["/etc/grafana/provisioning"]
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "onsale.yml").read_text())["providers"]
    boards = ROOT / mounted[provider["options"]["path"]]
    home = Path(service["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (boards / home.name).is_file() and str(home.parent) == provider["options"]["path"]
    (source,) = yaml.safe_load((provisioning / "datasources" / "onsale.yml").read_text())["datasources"]
    (port,) = SERVICES["prometheus"]["ports"]
    assert source["url"] == f"http://prometheus:{port.rpartition(':')[2]}"
    assert {name for name, each in SERVICES.items() if "boards" in each.get("networks", ())} == LOOKED_AT
    assert service["networks"] == ["boards"], "it has no business with rooms and servers"
    assert service["environment"]["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert service["environment"]["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"


def inside(name: str) -> dict[str, str]:
    """Where in a container what of this checkout is; all of it can only be read."""
    folders = [volume.split(":") for volume in SERVICES[name]["volumes"] if volume.startswith("./")]
    assert all(rights == ["ro"] for _, _, *rights in folders)
    return {there: here.removeprefix("./") for here, there, *_ in folders}


def test_images_have_versions() -> None:
    names = [service["image"] for name, service in SERVICES.items() if name not in OURS]
    assert [name for name in names if not re.fullmatch(r"\$\{[A-Z]+_IMAGE:-[a-z/]+:v?\d[\d.]*\}", name)] == []


def test_what_is_mounted_from_here_is_here() -> None:
    mounted = [
        Path(volume.split(":")[0])
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
        if volume.startswith("./")
    ]
    assert mounted
    # The engine would make what is missing, as an empty folder of root's.
    assert [str(path) for path in mounted if not (ROOT / path).exists()] == []
    volumes = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
        if not volume.startswith(".")
    }
    assert volumes == set(COMPOSE["volumes"])


def test_the_crowd_comes_in_by_the_door() -> None:
    crowd = SERVICES["crowd"]
    # So do payers, and the provider with its notices.
    assert crowd["network_mode"] == SERVICES["sandbox"]["network_mode"] == "service:door"
    (door,) = SERVICES["door"]["ports"]
    address, outside, inside = door.split(":")
    assert outside == inside, "links of the shop must work for a crowd inside as for a browser outside"
    assert crowd["command"][-1] == OURS["ingress"]["environment"]["ONSALE_PUBLIC_URL"] == f"http://{address}:{outside}"
