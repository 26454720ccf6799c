"""How column names and ids are compared: exactly, else ignoring case, spaces and what cannot be seen."""

import unicodedata
from collections.abc import Sequence

from importer.model.whitespace import text_key

IMPORTER_PREFIX = "_importer_"
"""Columns that begin so were added by the importer to rejects.csv; they are ignored on reading."""


def column_key(name: str) -> str:
    """What two spellings of one column name have in common."""
    return text_key(name)


def normalized_id(crm_id: str) -> str:
    """What two ids have in common that a server may take for one: spaces, Unicode form and case do not count."""
    return text_key(unicodedata.normalize("NFKC", crm_id))


def find_column(name: str, columns: Sequence[str]) -> str | None:
    """The column that `name` means: the exact one, else the only one of the same key; `None` if there is none."""
    if name in columns:
        return name
    key = column_key(name)
    matches = [column for column in columns if column_key(column) == key]
    return matches[0] if len(matches) == 1 else None
