"""Cells of a CSV file that no spreadsheet program takes for a formula.

Source of the rule: OWASP's "CSV injection" and CWE-1236. Quoting alone does not help, so a cell that could be
evaluated gets an apostrophe in front, which spreadsheets take as "this is text".
"""

from __future__ import annotations

import re
from typing import Final

# Blanks, and everything of Unicode's categories Cc and Cf: what cannot be seen hides nothing.
_SKIPPED: Final = (
    r"[\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u180b-\u180f"
    r"\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001-\U000e007f]"
)
_TRIGGER: Final = r"[=+\-@|\t\r\n＝＋－＠｜﹢﹣﹦﹫]"
# Apostrophes before a trigger count too, so that taking one away always gives the text that was there.
_RISKY: Final = re.compile(f"'*{_SKIPPED}*{_TRIGGER}")
# Nothing looser: `+1-1` would pass as a phone number and evaluates.
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


def neutral(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet could take it for a formula.

    Exempt is exactly an E.164 number. Reversible: no other text is changed into the same result.
    """
    if _RISKY.match(text) and not _E164.fullmatch(text):
        return f"'{text}"
    return text
