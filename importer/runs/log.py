"""importer.log: what happened when, for whoever helps. It holds row numbers, states and counts, no personal data.

Neither cells nor the server's own words are logged (both may name people), and the libraries' loggers are left alone:
httpx would log every address, and with it crm_ids.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from importer.errors import LocalDiskError

LOG: Final = logging.getLogger("importer")
FILE_NAME: Final = "importer.log"


@contextmanager
def logged(folder: Path) -> Iterator[None]:
    """Append what the block logs to the run's log, readable by its owner alone. Raises LocalDiskError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(
            folder / FILE_NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o600
        )
    except OSError as error:
        raise LocalDiskError(
            f"{folder / FILE_NAME}: cannot be written: {error.strerror}", tip="Mend the folder, or name another one."
        ) from error
    stream = os.fdopen(descriptor, "a", encoding="utf-8")
    handler = logging.StreamHandler(stream)
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        stream.close()
