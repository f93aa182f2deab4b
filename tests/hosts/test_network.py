"""Hosts that are namespaces: who hears whom, and what is left when whoever made them is killed."""

import json
import os
import selectors
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.faults.rooms import ROOT
from tests.hosts.__main__ import obstacle

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle())

HEARING = ("unshare", "--net", "--", sys.executable, "-m", "tests.hosts.hearing")
PATIENCE_S = 60


def test_a_cut_makes_deaf_in_its_own_direction_alone_and_what_was_said_comes_after_it() -> None:
    done = subprocess.run(HEARING, check=True, cwd=ROOT, stdout=subprocess.PIPE, timeout=PATIENCE_S)
    assert json.loads(done.stdout) == {
        "whole": ["a whole", "c whole"],
        "to": ["c to"],
        "to, healed": ["a to"],
        "from": ["a from", "c from"],
        "from, healed": [],
        "both": ["c both"],
        "both, healed": ["a both"],
        "unplugged": ["c unplugged"],
        "plugged": ["a unplugged"],
    }


def test_nothing_is_left_of_hosts_whose_maker_is_killed() -> None:
    with subprocess.Popen([*HEARING, "--stay"], cwd=ROOT, stdout=subprocess.PIPE) as maker, ExitStack() as stack:
        assert maker.stdout is not None
        keepers = json.loads(maker.stdout.readline())
        namespaces = in_use_by(keepers)
        assert len(namespaces) == len(keepers) == 3
        assert not namespaces & in_use_by([os.getpid()])
        ended = selectors.DefaultSelector()
        for pid in keepers:
            watched = os.pidfd_open(pid)
            stack.callback(os.close, watched)
            ended.register(watched, selectors.EVENT_READ)
        maker.kill()
        while ended.get_map():
            for key, _ in ended.select():
                ended.unregister(key.fileobj)
    everybody = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    assert not namespaces & in_use_by(everybody)


def in_use_by(pids: list[int]) -> set[Path]:
    """The network namespaces of these processes, of those that are still there."""
    found = set()
    for pid in pids:
        with suppress(OSError):
            found.add(Path(f"/proc/{pid}/ns/net").readlink())
    return found
