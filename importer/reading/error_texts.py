"""The texts that spreadsheets show for an error."""

from __future__ import annotations

import re

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

_NUMBERED = re.compile(r"(?:Err|Fehler|Erreur|Error|Errore|Erro):\d{3}")
"""LibreOffice's other errors."""


def is_error(text: str) -> bool:
    """Whether a spreadsheet shows this text for an error."""
    return text.strip().upper() in ERRORS or bool(_NUMBERED.fullmatch(text.strip()))
