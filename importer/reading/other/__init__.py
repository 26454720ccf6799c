"""Legacy formats, one file each: a module with a `FORMAT` is all it takes to add one."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.reading.sheet_layout import Book


class LegacyFormat(NamedTuple):
    """A format: its name, whether a file with this head is of it, and how such a file is opened.

    Both functions raise `SourceError` for a file that cannot be read; `open` is called in the child with limits only.
    """

    name: str
    recognizes: Callable[[Path, bytes], bool]
    open: Callable[[Path], Book]


def find(path: Path, head: bytes) -> LegacyFormat | None:
    """The format of the file, by its first bytes and its content."""
    return next((one for one in _formats() if one.recognizes(path, head)), None)


@cache
def _formats() -> tuple[LegacyFormat, ...]:
    modules = (import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return tuple(module.FORMAT for module in modules)
