"""What earlier runs have left to be mended, by which a mended file is held to what it was."""

import re
from typing import Final

from importer.journal.results import rows_for_a_person
from importer.journal.store import Journal

_NUMBER: Final = re.compile(r"\+?[0-9]{7,15}", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{1,4}[-/. ][0-9]{1,2}[-/. ][0-9]{2,4}(?:[ T][0-9:.]{3,15})?", re.ASCII)


def numbers_left(journal: Journal) -> frozenset[str]:
    """What looks like a phone number or a date in the cells of all rows that were left to be mended."""
    with journal.one_moment():
        rows = (row for run in journal.runs() for row in rows_for_a_person(journal, run))
        return frozenset(cell for row in rows for cell in row.cells if _NUMBER.fullmatch(cell) or _DATE.fullmatch(cell))
