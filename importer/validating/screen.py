"""An accelerator: which rows of a column pandera has to judge by each check, because they do not pass all of them.

A call of pandera costs milliseconds for each check whatever its size. So every row is first held against one check for
each column, that it passes all of them, which asks the whole column at once (`Check.clears`). Without the screen,
pandera judges every row by each check. It can be deleted together with the one call in `validating/validator.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandera.pandas as pa

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from importer.validating.checks import Check

    Checks = tuple[Check, ...]


def in_doubt(label: str, checks: Checks, texts: pd.Series[str]) -> tuple[Checks, pd.Series[str]]:
    """The checks that not every row passes, and the rows that do not pass all; no rows if all pass."""
    found: list[tuple[Checks, NDArray[np.bool_]]] = []

    def passes_all(texts: pd.Series[str]) -> bool:
        found.append(_failing(checks, texts))
        return not found[0][1].any()

    # One answer for all rows: pandera would write down every row that fails, and nobody reads that here.
    schema = pa.SeriesSchema("str", pa.Check(passes_all), nullable=False, name=label)
    try:
        schema.validate(texts)
    except pa.errors.SchemaError as error:
        error.__traceback__ = None  # else error and frames hold each other, and the frames the batch
    else:
        return (), texts[:0]
    failing, rows = found[0] if found else _failing(checks, texts)
    return failing, texts[rows]


def _failing(checks: Checks, texts: pd.Series[str]) -> tuple[Checks, NDArray[np.bool_]]:
    """The checks that fail somewhere, and the rows where one of them does; everything if these are no texts."""
    if texts.dtype != "str" or texts.hasnans:
        return checks, np.ones(len(texts), dtype=bool)
    rows = np.zeros(len(texts), dtype=bool)
    failing = []
    for check in checks:
        if check.clears is None or not check.clears(texts):
            passed = check.passes(texts).to_numpy()
            if not passed.all():
                failing.append(check)
                rows |= ~passed
    return tuple(failing), rows
