"""Is this a mended rejects.csv? Then what the mapping says about the original file's dialect is not about it."""

import zipfile
from pathlib import Path
from typing import Final

from importer.model.whitespace import IMPORTER_PREFIX
from importer.reading.worker.library_errors import FROM_DAMAGE

_HEAD: Final = 1 << 20
_MARK: Final = f"{IMPORTER_PREFIX}row"
_MARKS: Final = (_MARK.encode("ascii"), _MARK.encode("utf-16-le"), _MARK.encode("utf-16-be"))


def is_mended(path: Path) -> bool:
    """Whether the file has the columns that the importer adds to rejects.csv, also saved as a workbook.

    False for whatever cannot be opened: reading it says what is wrong.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                names = [
                    n for n in archive.namelist() if n.endswith(("sharedStrings.xml", "/sheet1.xml", "content.xml"))
                ]
                return any(_has_mark(archive.open(name).read(_HEAD)) for name in names)
        with path.open("rb") as file:
            return _has_mark(file.read(_HEAD))
    except (*FROM_DAMAGE, RuntimeError):
        return False


def _has_mark(head: bytes) -> bool:
    return any(mark in head for mark in _MARKS)
