"""Workbook cells to the text that a person sees: the only place where a value becomes text."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

Cell = str | int | float | bool | date | datetime | time | timedelta

LARGEST_EXACT = 10**15
"""A spreadsheet keeps 15 digits of a number; from here on some may be lost."""

ERRORS = frozenset(
    (
        *("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#ERROR!"),
        *("#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#GETTING_DATA"),
        *("#NV", "#BEZUG!", "#WERT!", "#ZAHL!"),
        *("#¡REF!", "#¡DIV/0!", "#¡VALOR!", "#¿NOMBRE?", "#¡NUM!", "#¡NULO!"),
        *("#VALEUR!", "#NOM?", "#NOMBRE!", "#NUL!", "#VALORE!", "#NOME?", "#RIF!", "#VALOR!", "#N/D"),
        *("#ЗНАЧ!", "#ССЫЛКА!", "#ДЕЛ/0!", "#ИМЯ?", "#ЧИСЛО!", "#Н/Д", "#ПУСТО!"),
    )
)
"""What Excel, LibreOffice and Google Sheets show for an error, in several languages."""
_NUMBERED_ERROR = re.compile(r"(?:Err|Fehler|Erreur|Error|Errore|Erro):\d{3}")
"""LibreOffice's other errors."""


def is_error(text: str) -> bool:
    """Whether a spreadsheet shows this text for an error."""
    return text.strip().upper() in ERRORS or bool(_NUMBERED_ERROR.fullmatch(text.strip()))


def text_of(cell: Cell) -> str:
    """Whole numbers without `.0` or `E+11`, dates and times in ISO, TRUE and FALSE, everything else unchanged."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        return _number(cell)
    return _moment(cell)


def lost_digits(cell: Cell) -> bool:
    """Whether the cell is a number of more than 15 digits, of which the last may be invented."""
    return isinstance(cell, (int, float)) and abs(cell) >= LARGEST_EXACT


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < LARGEST_EXACT:
        return str(int(value))
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    text = format(Decimal(f"{value:.15g}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moment(cell: date | datetime | time | timedelta) -> str:
    if isinstance(cell, datetime):
        moment = _rounded(cell)
        return moment.date().isoformat() if moment.time() == time() else _iso(moment.isoformat(" "))
    if isinstance(cell, timedelta):
        return _duration(cell)
    if isinstance(cell, time):
        moment = _rounded(datetime.combine(date(2000, 1, 1), cell))
        return _iso(moment.time().isoformat())
    return cell.isoformat()


def _rounded(moment: datetime) -> datetime:
    """Serial numbers are fractions of a day: to the millisecond, they are what was typed."""
    milliseconds = round(moment.microsecond / 1000)
    return moment.replace(microsecond=0) + timedelta(milliseconds=milliseconds)


def _iso(text: str) -> str:
    """`.250000` is shown as `.250`."""
    return text[:-3] if "." in text else text


def _duration(length: timedelta) -> str:
    seconds = round(length.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def column_number(letters: str) -> int:
    """1 for column A, 16,384 for XFD; raises `ValueError` for what is no column."""
    if not (letters.isascii() and letters.isalpha()):
        raise ValueError(f"there is no column {letters!r}")
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """`XFD` for column 16,384, as a spreadsheet calls it."""
    letters = ""
    while number > 0:
        number, letter = divmod(number - 1, 26)
        letters = chr(65 + letter) + letters
    return letters
