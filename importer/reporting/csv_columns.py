"""Lines of a CSV file from columns of cells, none of which a spreadsheet program takes for a formula.

Source of that rule: OWASP's "CSV injection" and CWE-1236. Quoting alone does not help, so a cell that could be
evaluated gets an apostrophe in front, which spreadsheets take as "this is text".

Each report has a table of its columns: one entry has the name of a column, what it holds (docs/reports.md is generated
from it) and where its cells come from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.model.texts import TEXT, column_bytes, first_bytes, holds_any, joined, scalar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from importer.model.run import ReadSource

_HARMLESS: Final = np.zeros(257, dtype=bool)
"""The first bytes of cells (-1 for a blank one) that no spreadsheet takes for a formula; all others are checked."""
_HARMLESS[[*(ascii_letters + digits).encode(), -1]] = True

_MARKS: Final = b'",\r\n'
_QUOTED: Final = f"[{_MARKS.decode()}]"


# Spaces, and everything of Unicode's categories Cc and Cf: what cannot be seen hides nothing.
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
_E164_WHOLE: Final = rf"\A{_E164.pattern}\z"

Cells = Callable[["pa.Table", "ReadSource"], "pa.Array | pa.Scalar"]
"""The cells of a column for results of one source, ready to be written; a scalar is repeated in every line."""


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """A column that the importer writes; `about` says what it holds, in Markdown."""

    name: str
    about: str
    cells: Cells


def text(of: str) -> Cells:
    """A column of texts that others may have written: formulas and line breaks in them do no harm."""
    return lambda rows, _: quoted(neutral_texts(rows[of].combine_chunks()))


def word(of: str) -> Cells:
    """A column of the importer's own words, which need no escaping."""
    return lambda rows, _: rows[of].combine_chunks()


def number(of: str) -> Cells:
    """A column of numbers; blank where there is none."""
    return lambda rows, _: pc.coalesce(pc.cast(rows[of].combine_chunks(), TEXT), scalar(""))


def _place(name: str) -> pa.Scalar:
    """The same text in every line."""
    return quoted(neutral_texts(pa.array([name], TEXT)))[0]


PLACE: Final = (
    ReportColumn("source", "the file's name", lambda _, source: _place(Path(source.info.path).name)),
    ReportColumn("sheet", "the sheet's name; empty for CSV", lambda _, source: _place(source.info.sheet)),
    ReportColumn("number", "the row's number, as the spreadsheet shows it", number("number")),
)
"""The columns that say which row a line is about."""


def write_lines(file: BinaryIO, cells: Sequence[pa.Array | pa.Scalar]) -> None:
    """Write a line for each row of these columns, in UTF-8, ending in a line feed; a scalar is repeated."""
    lines = pc.binary_join_element_wise(*cells, scalar(","))
    file.write(column_bytes(joined(lines, "\n")).data)


def neutral(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet could take it for a formula.

    Exempt is exactly an E.164 number. Reversible: no other text is changed into the same result.
    """
    if _RISKY.match(text) and not _E164.fullmatch(text):
        return f"'{text}"
    return text


def neutral_texts(column: pa.Array) -> pa.Array:
    """`neutral` of each."""
    harmless = _HARMLESS[first_bytes(column)]
    if harmless.all():
        return column
    suspect = ~harmless
    # Phone numbers fill a column of leads.csv, and names in other scripts repeat: each would be a Python text.
    suspect[suspect] = ~np.asarray(pc.match_substring_regex(column.filter(pa.array(suspect)), _E164_WHOLE))
    mask = pa.array(suspect)
    distinct = column.filter(mask).dictionary_encode()
    texts = pa.array([neutral(text) for text in distinct.dictionary.to_pylist()], TEXT)
    return pc.replace_with_mask(column, mask, texts.take(distinct.indices))


def quoted(column: pa.Array) -> pa.Array:
    """Quotes around the cells that need them; a lone carriage return ends the line for many readers."""
    if not holds_any(column, _MARKS):
        return column
    filled = pc.indices_nonzero(pc.not_equal(column, ""))  # most rows have no message, for example
    mask = np.zeros(len(column), dtype=bool)
    mask[filled.filter(pc.match_substring_regex(column.take(filled), _QUOTED))] = True
    to_quote = pa.array(mask)
    doubled = pc.replace_substring(column.filter(to_quote), '"', '""')
    return pc.replace_with_mask(column, to_quote, joined('"', doubled, '"'))
