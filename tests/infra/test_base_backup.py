"""A base backup is whole or it is none, and what is put back can be taken back."""

import os
from pathlib import Path

import pytest

from infra.embedded import base_backup
from infra.embedded.accounts import unprivileged_account
from infra.embedded.base_backup import About, BackupUnusable
from infra.embedded.postgres import data_place
from tests.servers import Servers

pytestmark = pytest.mark.anyio

NOW_MS = 1_800_000_000_000
ABOUT = About(NOW_MS, "fingerprint")


async def test_a_copy_of_a_running_server_is_laid_out_and_each_changed_byte_is_noticed(
    servers: Servers, directory: Path
) -> None:
    if servers.kind != "embedded":
        pytest.skip("the programs that copy are those of the embedded server")
    copy = directory / "copy"
    size = await base_backup.take(servers.postgres_url, servers.secret, copy, NOW_MS)
    assert size == sum(file.stat().st_size for file in copy.iterdir()) > 0
    assert os.listdir(directory) == ["copy"]
    password = servers.postgres_url.split(":")[2].split("@")[0]
    assert not [file for file in copy.iterdir() if password.encode() in file.read_bytes()]
    with pytest.raises(FileExistsError):
        await base_backup.take(servers.postgres_url, servers.secret, copy, NOW_MS)

    about = base_backup.unpack(copy, directory)
    unpacked = data_place(directory, unprivileged_account()).with_name("postgres.unpacked")
    assert about.taken_at_ms == NOW_MS
    assert (unpacked / "backup_label").exists() and any((unpacked / "pg_wal").iterdir())

    manifest = (copy / base_backup.MANIFEST).read_text()
    (copy / base_backup.MANIFEST).write_text(manifest.replace('"Checksum": "', '"Checksum": "0', 1))
    with pytest.raises(BackupUnusable, match="changed"):
        base_backup.unpack(copy, directory)
    assert not unpacked.exists()
    (copy / base_backup.MANIFEST).write_text(manifest)
    archive = copy / base_backup.CLUSTER
    archive.write_bytes(archive.read_bytes()[:-1000])
    with pytest.raises(BackupUnusable, match="not a whole backup"):
        base_backup.unpack(copy, directory)


def laid_out(directory: Path) -> Path:
    """A cluster that is there, and one that was unpacked beside it; the former."""
    cluster = data_place(directory, unprivileged_account())
    for name, says in ((cluster.name, "now"), (f"{cluster.name}.unpacked", "then")):
        (cluster.parent / name).mkdir(parents=True)
        (cluster.parent / name / "says").write_text(says)
    (directory / "postgres.secret").write_text("now")
    return cluster


def test_what_was_there_before_is_kept(directory: Path) -> None:
    cluster = laid_out(directory)
    with base_backup.put_back(ABOUT, directory, NOW_MS) as before:
        assert (cluster / "says").read_text() == "then"
    assert before is not None and (before / "says").read_text() == "now"
    assert (directory / "postgres.secret").read_text() == "fingerprint"


def test_what_fails_afterwards_leaves_all_as_it_was(directory: Path) -> None:
    cluster = laid_out(directory)
    with pytest.raises(RuntimeError), base_backup.put_back(ABOUT, directory, NOW_MS):
        raise RuntimeError
    assert (cluster / "says").read_text() == "now"
    assert (directory / "postgres.secret").read_text() == "now"
    assert sorted(path.name for path in cluster.parent.glob("postgres*")) == ["postgres", "postgres.secret"]


def test_nothing_is_put_back_under_a_keeper(directory: Path) -> None:
    cluster = laid_out(directory)
    with (
        base_backup.nobody_else(directory),
        pytest.raises(BackupUnusable, match="onsale stop"),
        base_backup.put_back(ABOUT, directory, NOW_MS),
    ):
        pytest.fail("it was put back")
    assert (cluster / "says").read_text() == "now"
