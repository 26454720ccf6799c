"""Where the texts of a target come from: cells, constants, templates, digests, and the place of the row itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from importer.mapping.values.converted import text_series, trimmed
from importer.model.column_template import template_pieces
from importer.model.rules import AttributeRule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.model.rules import Rule

DIGEST_LENGTH = 32
"""Hexadecimal digits of a digest: 128 bits of SHA-256, so that two leads never share one by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the rows of a table come from: the run that reads them, its day (UTC), the file's name and the sheet."""

    run: str = ""
    date: str = ""
    file: str = ""
    sheet: str = ""


class Cells:
    """The cells of some rows, without the spaces around them; each column is trimmed once."""

    def __init__(self, frame: pd.DataFrame, provenance: Provenance = Provenance()) -> None:
        self.frame = frame
        self.provenance = provenance
        self.index = frame.index
        self._trimmed: dict[str, pd.Series[str]] = {}

    def __getitem__(self, column: str) -> pd.Series[str]:
        if column not in self._trimmed:
            self._trimmed[column] = trimmed(self.frame[column])
        return self._trimmed[column]


Normalize = Callable[[str, Cells], "pd.Series[str]"]
"""What the cells of a column mean, in any spelling."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a target's texts come from: the source columns, and what makes one text per row of their cells."""

    columns: tuple[str, ...]
    texts: Callable[[Cells], pd.Series[str]]


def origin_of(rule: Rule, columns: Mapping[str, str], normalize: Normalize | None = None) -> Origin:
    """The origin that a rule names; `columns` maps each of its names to a source column.

    `normalize` is how a digest reads the cells of a column; without it they are digested as written.
    """
    names = (rule.column,) if rule.column is not None else rule.columns
    if names is not None:
        filled = tuple(columns[name] for name in names)
        return Origin(filled, lambda cells: _first_filled(filled, cells))
    if rule.digest_of is not None:
        digested = tuple(columns[name] for name in rule.digest_of)
        return Origin(digested, lambda cells: _digests(digested, cells, rule.prefix, normalize))
    if rule.template is not None:
        pieces = [
            (columns[text] if is_column else text, is_column) for text, is_column in template_pieces(rule.template)
        ]
        used = tuple(dict.fromkeys(text for text, is_column in pieces if is_column))
        return Origin(used, lambda cells: _filled_template(pieces, used, cells))
    if isinstance(rule, AttributeRule) and (asked := rule.provenance):
        return Origin((), lambda cells: _came_from(asked, cells))
    return Origin((), lambda cells: text_series(rule.value or "", cells.index))


def _came_from(asked: str, cells: Cells) -> pd.Series[str]:
    return text_series(cells.index if asked == "row" else getattr(cells.provenance, asked), cells.index)


def _first_filled(columns: Sequence[str], cells: Cells) -> pd.Series[str]:
    """The first text in each row that is not blank."""
    texts = cells[columns[0]]
    for column in columns[1:]:
        texts = texts.where(texts != "", cells[column])
    return texts


def _filled_template(pieces: Sequence[tuple[str, bool]], columns: Sequence[str], cells: Cells) -> pd.Series[str]:
    """The template with the cells in it; blank where all its cells are."""
    filled = text_series("", cells.index)
    for text, is_column in pieces:
        filled = filled + (cells[text] if is_column else text)
    return trimmed(filled).where(_first_filled(columns, cells) != "", "")


def _digests(columns: Sequence[str], cells: Cells, prefix: str, normalize: Normalize | None) -> pd.Series[str]:
    """Stable ids made from cells: the same cells give the same id on every machine, for ever.

    The SHA-256 of the trimmed cells as a JSON array in UTF-8, cut to `DIGEST_LENGTH` hexadecimal digits. Blank where
    all cells are.
    """
    meant = [normalize(column, cells) if normalize else cells[column] for column in columns]
    ids = []
    for row in zip(*(column.tolist() for column in meant), strict=True):
        array = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        ids.append(prefix + hashlib.sha256(array).hexdigest()[:DIGEST_LENGTH] if any(row) else "")
    return text_series(ids, cells.index)
