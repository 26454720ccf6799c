"""The workbook library is written in Rust: where it trips over a damaged file it panics, which is no `Exception`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from importer.errors import SourceError
from importer.model.problem import shown
from importer.reading.formats import SAVE_AS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def refusing_panics(path: Path) -> Iterator[None]:
    """Turns a panic of the library into a `SourceError`; everything else passes."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # PyO3 makes the class at run time; no module has it
            raise
        raise SourceError(f"{path}: the workbook is damaged ({shown(str(error))})", tip=SAVE_AS) from error
