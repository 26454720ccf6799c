"""Peers live in environments of their own, pinned with hashes (benchmarks/peers/*.txt), below the cache folder."""

import re
import subprocess
import sys
import zlib
from pathlib import Path

from benchmarks.measuring import Failed

PEERS = Path(__file__).parent / "peers"


def python_of(name: str, cache: Path) -> str:
    """The interpreter of a peer's environment, which is made when it is not there. Raises Failed."""
    pins = PEERS / f"{name}.txt"
    folder = cache / "environments" / f"{name}-{zlib.crc32(pins.read_bytes()):08x}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        _made(folder, python, pins)
    return str(python)


def _made(folder: Path, python: Path, pins: Path) -> None:
    steps = (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r", str(pins)],
    )
    for step in steps:
        try:
            subprocess.run(step, check=True, capture_output=True, text=True, timeout=900)
        except subprocess.CalledProcessError as error:
            raise Failed(f"cannot be installed: {(error.stderr.strip().splitlines() or ['?'])[-1][:200]}") from error
        except subprocess.TimeoutExpired as error:
            raise Failed("cannot be installed within 15 minutes") from error
    (folder / "ready").touch()


def version_of(package: str, name: str) -> str:
    """The pinned version of a package in a peer's environment."""
    found = re.search(rf"^{re.escape(package)}==(\S+)", (PEERS / f"{name}.txt").read_text(), re.M | re.I)
    return found[1] if found else "?"
