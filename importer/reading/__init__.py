"""Files to text frames: what a person sees when they open the file, and what was found on the way.

The names are fetched when they are asked for: the child that reads workbooks needs none of them, and has to start
quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importer.reading.corrected_rejects import is_mended
    from importer.reading.digests import sha256_of
    from importer.reading.opening import lock_owner, open_tables
    from importer.reading.table import Table

__all__ = ["Table", "is_mended", "lock_owner", "open_tables", "sha256_of"]

_MODULES = {
    "Table": "table",
    "is_mended": "corrected_rejects",
    "lock_owner": "opening",
    "open_tables": "opening",
    "sha256_of": "digests",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
