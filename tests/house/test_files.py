"""Files: short, named for what they are about, free of addresses and of this machine."""

import re
from pathlib import Path

from tests.house.sources import ROOT, modules, tracked_files

LINES_MAX = 300
FORBIDDEN_NAMES = {"common", "core", "utils", "util", "helpers", "helper", "base", "manager", "misc"}
# Pieced together, so that this file does not hold what it looks for.
REGISTRIES = (
    "pypi." + "org",
    "pythonhosted." + "org",
    "repo1.maven." + "org",
    "repo.maven.apache." + "org",
    "registry.npmjs." + "org",
    "registry.yarnpkg." + "com",
)
HOMES = re.compile(r"/(?:home|Users)/[a-z][\w.-]*/|/roo" + "t/")
TEXT_SIZE_MAX = 4 * 1024 * 1024


def texts() -> dict[Path, str]:
    found: dict[Path, str] = {}
    for path in tracked_files():
        if path.stat().st_size <= TEXT_SIZE_MAX:
            raw = path.read_bytes()
            if b"\0" not in raw:
                found[path.relative_to(ROOT)] = raw.decode()
    return found


def test_no_python_file_is_longer_than_a_newcomer_reads() -> None:
    assert {
        module.name: len(module.text.splitlines()) for module in modules() if len(module.text.splitlines()) > LINES_MAX
    } == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [module.name for module in modules() if FORBIDDEN_NAMES & set(module.name.split("."))] == []


def test_no_file_names_a_package_registry() -> None:
    assert [f"{path}: {host}" for path, text in texts().items() for host in REGISTRIES if host in text] == []


def test_no_file_holds_a_path_of_one_machine() -> None:
    homes = {str(path): found.group() for path, text in texts().items() if (found := HOMES.search(text))}
    assert homes == {}
    # Where this checkout happens to stand, unless that is too short or too common a path to mean anything.
    here = f"{ROOT}/"
    if len(ROOT.parts) > 2:
        assert [str(path) for path, text in texts().items() if here in text] == []


def test_locks_hold_hashes_and_no_addresses() -> None:
    places = {"requirements", "peers"}
    locks = [path for path in tracked_files() if path.parent.name in places and path.suffix == ".txt"]
    assert len(locks) == 7
    for lock in locks:
        text = lock.read_text()
        assert "://" not in text
        requirements = re.findall(r"(?m)^[a-z0-9][^\n]*==", text)
        assert len(requirements) > 20
        assert len(re.findall(r"--hash=sha256:", text)) >= len(requirements)


def test_each_decision_has_a_number_of_its_own_and_says_it() -> None:
    pages = [path for path in tracked_files() if path.parent == ROOT / "docs" / "decisions"]
    numbers = [int(path.name[:4]) for path in pages]
    assert sorted(numbers) == sorted(set(numbers))
    assert [path.name for path in pages if not path.read_text().startswith(f"# {int(path.name[:4])}. ")] == []
