"""What earlier runs have left to be mended, by which a mended file is held to what it was."""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from importer.journal.results import cells_to_fix
from importer.journal.store import Journal

_NUMBER: Final = r"\+?[0-9]{7,15}"
_DATE: Final = r"[0-9]{1,4}[-/. ][0-9]{1,2}[-/. ][0-9]{2,4}(?:[ T][0-9:.]{3,15})?"


def numbers_left(journal: Journal) -> frozenset[str]:
    """What looks like a phone number or a date in the cells of all rows that were left to be mended."""
    with journal.one_moment():
        tables = (table for run in journal.runs() for table in cells_to_fix(journal, run))
        return frozenset(text for table in tables for column in table.columns for text in _numbers(column))


def _numbers(cells: pa.ChunkedArray) -> list[str]:
    texts = pc.unique(cells).drop_null()
    found: list[str] = texts.filter(pc.match_substring_regex(texts, rf"\A(?:{_NUMBER}|{_DATE})\z")).to_pylist()
    return found
