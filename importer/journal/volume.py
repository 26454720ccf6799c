"""On which kind of disk a folder is."""

import re
from pathlib import Path
from typing import Final

from importer.errors import SettingsError

MOUNTS: Final = Path("/proc/self/mountinfo")
"""Linux's table of what is mounted where; other systems have none, and nothing is refused there."""

_NETWORK: Final = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "smb2",
        "ncpfs",
        "afs",
        "ceph",
        "glusterfs",
        "davfs",
        "beegfs",
        "ocfs2",
        "gfs2",
        "lustre",
    }
    | {f"fuse.{name}" for name in ("sshfs", "davfs2", "rclone", "s3fs", "gcsfuse", "glusterfs", "cephfs", "smbnetfs")}
)


def refuse_network_drive(folder: Path, mounts: Path = MOUNTS) -> None:
    """Raise SettingsError for a folder on a network drive.

    SQLite's write-ahead log needs memory that is shared with every process that has the file open, and locks that
    hold: neither is true over a network, and then a row may be sent twice. Source: sqlite.org/wal.html.
    """
    kind = kind_of_disk(folder, mounts)
    if kind in _NETWORK:
        raise SettingsError(
            f"{folder} is on a network drive ({kind}), where the journal is not safe",
            tip="Give a folder on a local disk with --reports-dir, and copy the reports afterwards.",
        )


def kind_of_disk(folder: Path, mounts: Path = MOUNTS) -> str:
    """The file system's name, such as `ext4`; empty where the system does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    real = folder.resolve()
    found, depth = "", -1
    for line in lines:
        place, kind = _mount(line)
        # The last one counts where one is mounted over another.
        if kind and (real == place or place in real.parents) and len(place.parts) >= depth:
            found, depth = kind, len(place.parts)
    return found


def _mount(line: str) -> tuple[Path, str]:
    """Where and what, of a line such as `36 35 98:0 / /mnt rw shared:1 - ext3 /dev/root rw` (see proc(5))."""
    before, _, after = line.partition(" - ")
    fields, kind = before.split(" "), after.split(" ")[0]
    if len(fields) < 5:
        return Path(), ""
    return Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4])), kind
