"""Whether accelerators may be used: fast paths beside exact ones, which give the same results sooner.

`IMPORTER_EXACT=1` turns all of them off: it shows whether an accelerator is to blame for a wrong result, and the tests
run both ways. ARCHITECTURE.md lists the accelerators.
"""

import os
from typing import Final

EXACT: Final = "IMPORTER_EXACT"
"""The environment variable; the process that reads a workbook inherits it."""


def are_on() -> bool:
    """Whether the fast paths may be taken. Asked each time, so that a test can turn them off for itself."""
    return os.environ.get(EXACT, "") in ("", "0")
