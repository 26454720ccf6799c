"""The exit codes of the process."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Every way out of `importer`; documented in docs/exit-codes.md."""

    DONE = 0
    NEEDS_A_PERSON = 1
    USAGE = 2
    STOPPED_BY_CRM = 3
    OUTAGE = 4
    LOCAL_DISK = 5
    CONTRACT_BROKEN = 6
    DEFECT = 70
    INTERRUPTED = 130
    TERMINATED = 143
