"""A template: an empty workbook to fill in for a mapping."""

from dataclasses import dataclass
from datetime import date
from typing import Final

TEXT_FORMAT: Final = "@"
"""The format by which a spreadsheet program keeps every text as it is, also one that somebody types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateColumn:
    """A column to fill in: `rules` in words, a line each, and the value of the example row.

    `choices` are offered as a list; `is_closed`: no other value is right. `number_format` is that of the workbook.
    """

    name: str
    rules: tuple[str, ...]
    choices: tuple[str, ...] = ()
    is_closed: bool = False
    number_format: str = TEXT_FORMAT
    example: str | float | date = ""
