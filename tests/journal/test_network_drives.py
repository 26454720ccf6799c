"""A journal on a network drive is refused before anything is written there."""

from pathlib import Path

import pytest

from importer.errors import SettingsError
from importer.journal import database
from importer.journal.database import MOUNTS, kind_of_disk, open_database, refuse_network_drive

LINE = "36 35 98:0 / {place} rw,noatime shared:1 - {kind} //server/share rw\n"


def mounts(tmp_path: Path, *pairs: tuple[str, str]) -> Path:
    table = tmp_path / "mountinfo"
    table.write_text("".join(LINE.format(place=place, kind=kind) for place, kind in (("/", "ext4"), *pairs)))
    return table


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "fuse.s3fs", "afs"])
def test_network_drives_are_refused_with_a_hint(tmp_path: Path, kind: str) -> None:
    table = mounts(tmp_path, (str(tmp_path), kind))
    with pytest.raises(SettingsError, match="network drive") as caught:
        refuse_network_drive(tmp_path / "reports", table)
    assert f"({kind})" in caught.value.message
    assert "--reports-dir" in caught.value.tip


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "overlay", "tmpfs", "zfs", "9p", "fuseblk", "apfs"])
def test_disks_of_this_machine_are_fine(tmp_path: Path, kind: str) -> None:
    refuse_network_drive(tmp_path / "reports", mounts(tmp_path, (str(tmp_path), kind)))


def test_the_nearest_mount_counts_and_the_last_of_those(tmp_path: Path) -> None:
    inner = tmp_path / "a b" / "inner"
    inner.mkdir(parents=True)
    place = str(tmp_path / "a b").replace(" ", "\\040")
    assert kind_of_disk(inner, mounts(tmp_path, (place, "nfs"))) == "nfs"
    assert kind_of_disk(inner, mounts(tmp_path, (place, "nfs"), (f"{place}/inner", "ext3"))) == "ext3"
    assert kind_of_disk(inner, mounts(tmp_path, (f"{place}/inner", "ext3"), (place, "nfs"))) == "ext3"
    assert kind_of_disk(inner, mounts(tmp_path, (place, "nfs"), (place, "xfs"))) == "xfs"
    assert kind_of_disk(tmp_path / "a", mounts(tmp_path, (place, "nfs"))) == "ext4"


def test_a_link_to_a_network_drive_is_one(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "reports").symlink_to(tmp_path / "share")
    assert kind_of_disk(tmp_path / "reports", mounts(tmp_path, (str(tmp_path / "share"), "cifs"))) == "cifs"


@pytest.mark.parametrize("text", ["", "nonsense\n", "a - b\n", "1 2 3 4 relative - nfs x\n"])
def test_where_the_system_does_not_tell_nothing_is_refused(tmp_path: Path, text: str) -> None:
    table = tmp_path / "mountinfo"
    assert kind_of_disk(tmp_path, table) == ""
    table.write_text(text)
    assert kind_of_disk(tmp_path, table) == ""


@pytest.mark.skipif(not MOUNTS.exists(), reason="needs Linux's table of mounts")
def test_the_disk_of_this_test_has_a_name(tmp_path: Path) -> None:
    assert kind_of_disk(tmp_path)


def test_nothing_is_written_on_a_network_drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = mounts(tmp_path, (str(tmp_path), "nfs4"))
    monkeypatch.setattr(database.kind_of_disk, "__defaults__", (table,))
    monkeypatch.setattr(database.refuse_network_drive, "__defaults__", (table,))
    with pytest.raises(SettingsError, match="network drive"):
        open_database(tmp_path / "reports")
    assert not (tmp_path / "reports").exists()
