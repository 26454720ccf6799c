"""How much memory a test's process has taken."""

import re
import resource
from pathlib import Path


def peak_kib() -> int:
    """The most that this process has held at once.

    Linux hands `ru_maxrss` on to whatever a process starts, so there a small process of a large one would seem large.
    """
    if Path("/proc/self/status").exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
        assert found
        return int(found[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
