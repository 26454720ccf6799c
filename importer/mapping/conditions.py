"""Which rows a condition of the mapping matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from importer.mapping.texts import trimmed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.mapping.origins import Cells
    from importer.model.mapping import Condition


def matches(condition: Condition, columns: Mapping[str, str], cells: Cells) -> pd.Series[bool]:
    """Whether each row matches: words ignoring case and blanks around; `columns` says which column is meant."""
    texts = cells[columns[condition.column]]
    if condition.one_of is None:
        return (texts != "") == condition.not_blank
    words = trimmed(pd.Series(condition.one_of, dtype="str")).str.casefold()
    return texts.str.casefold().isin(set(words))
