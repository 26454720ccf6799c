"""The CSV files of a report as data frames, with their values as they were before spreadsheets had to be thought of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from importer.reporting.csv_columns import neutral

if TYPE_CHECKING:
    from pathlib import Path

_NUMBERS: Final = ("number", "attempts", "http_status")


def report_frame(path: Path) -> pd.DataFrame:
    """A CSV file of a report: text, `""` where a cell is blank; row numbers and other counts are integers."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    for name in frame.columns:
        if name in _NUMBERS:
            frame[name] = pd.to_numeric(frame[name].replace("", None)).astype("Int64")
        elif frame[name].str.startswith("'").any():
            frame[name] = frame[name].map(_as_it_was)
    return frame


def _as_it_was(text: str) -> str:
    """The text without the apostrophe that keeps a spreadsheet from taking it for a formula."""
    return text[1:] if text.startswith("'") and neutral(text[1:]) == text else text
