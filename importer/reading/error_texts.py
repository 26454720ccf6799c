"""The texts that spreadsheets show for an error."""

from __future__ import annotations

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
