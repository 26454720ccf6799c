"""Bulk import of leads from spreadsheets into Saleschat, with a report that accounts for every row.

For programs: `importer.check`, `importer.run` and the other names below; docs/python.md shows them.
"""

from typing import TYPE_CHECKING, Any

from importer.version import __version__

if TYPE_CHECKING:
    from importer.api import (
        Mapping,
        Progress,
        Proposal,
        Report,
        RunRecord,
        acheck,
        arun,
        check,
        history,
        report,
        resume,
        run,
        suggest,
    )
    from importer.errors import (
        ContractBroken,
        ImporterError,
        LocalDiskError,
        MappingError,
        Outage,
        ProblemsFound,
        RunError,
        RunInterrupted,
        SettingsError,
        SourceError,
        StoppedByCrm,
    )
    from importer.sandbox import Sandbox
    from importer.sandbox import Sandbox as sandbox  # noqa: N813  a call makes one

__all__ = [
    "ContractBroken",
    "ImporterError",
    "LocalDiskError",
    "Mapping",
    "MappingError",
    "Outage",
    "ProblemsFound",
    "Progress",
    "Proposal",
    "Report",
    "RunError",
    "RunInterrupted",
    "RunRecord",
    "Sandbox",
    "SettingsError",
    "SourceError",
    "StoppedByCrm",
    "__version__",
    "acheck",
    "arun",
    "check",
    "history",
    "report",
    "resume",
    "run",
    "sandbox",
    "suggest",
]

if not TYPE_CHECKING:  # which would take every name for one of ours

    def __getattr__(name: str) -> Any:
        """Each name when it is used for the first time: pandas takes longer to import than many programs run."""
        if name in ("Sandbox", "sandbox"):
            import importer.sandbox as package

            return package if name == "sandbox" else package.Sandbox
        if name in __all__:
            from importer import errors

            if hasattr(errors, name):
                return getattr(errors, name)
            from importer import api

            return getattr(api, name)
        raise AttributeError(f"module 'importer' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
