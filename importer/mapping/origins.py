"""Where the texts of a target come from: cells, constants, templates, digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from importer.mapping.values.converted import text_series
from importer.mapping.values.transforms import trimmed
from importer.model.rules import template_pieces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.model.mapping import Rule

DIGEST_LENGTH = 32
"""Hexadecimal digits of a digest: 128 bits of SHA-256, so that two leads never share one by chance."""


class Cells:
    """The cells of some rows, without the blanks around them; each column is trimmed once."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self._trimmed: dict[str, pd.Series[str]] = {}

    @property
    def index(self) -> pd.Index:
        """The numbers of the rows."""
        return self.frame.index

    def __getitem__(self, column: str) -> pd.Series[str]:
        if column not in self._trimmed:
            self._trimmed[column] = trimmed(self.frame[column])
        return self._trimmed[column]


Normalize = Callable[[str, Cells], "pd.Series[str]"]
"""What the cells of a column mean, whatever their spelling."""


class Origin(Protocol):
    """Where a target's texts come from; `columns` are the source columns it reads."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The source columns."""
        ...

    def texts(self, cells: Cells) -> pd.Series[str]:
        """One text per row, `""` where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class FirstFilled:
    """The first of some columns that is not blank."""

    columns: tuple[str, ...]

    def texts(self, cells: Cells) -> pd.Series[str]:
        """The first text in each row that is not blank."""
        texts = cells[self.columns[0]]
        for column in self.columns[1:]:
            texts = texts.where(texts != "", cells[column])
        return texts


@dataclass(frozen=True, slots=True)
class Constant:
    """The same text in every row."""

    text: str
    columns: tuple[str, ...] = ()

    def texts(self, cells: Cells) -> pd.Series[str]:
        """The text, as often as there are rows."""
        return text_series(self.text, cells.index)


@dataclass(frozen=True, slots=True)
class Template:
    """A text with cells in it; blank where all its cells are. Pieces are texts, and columns marked as such."""

    pieces: tuple[tuple[str, bool], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in the template's order."""
        return tuple(dict.fromkeys(text for text, is_column in self.pieces if is_column))

    def texts(self, cells: Cells) -> pd.Series[str]:
        """The filled template."""
        filled = text_series("", cells.index)
        for text, is_column in self.pieces:
            filled = filled + (cells[text] if is_column else text)
        return trimmed(filled).where(_any_filled(self.columns, cells), "")


@dataclass(frozen=True, slots=True)
class Digest:
    """A stable id made from cells: the same cells give the same id on every machine, for ever.

    The SHA-256 of the trimmed cells as a JSON array in UTF-8, cut to `DIGEST_LENGTH` hexadecimal digits. Blank where
    all cells are. `normalize` makes of a column's cells what is digested; without it they are digested as written.
    """

    columns: tuple[str, ...]
    prefix: str
    normalize: Normalize | None = None

    def texts(self, cells: Cells) -> pd.Series[str]:
        """The ids."""
        meant = [self.normalize(column, cells) if self.normalize else cells[column] for column in self.columns]
        rows = zip(*(column.tolist() for column in meant), strict=True)
        digests = [self.prefix + _digest(row) if any(row) else "" for row in rows]
        return text_series(digests, cells.index)


def _digest(texts: Sequence[str]) -> str:
    array = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(array.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_LENGTH]


def _any_filled(columns: tuple[str, ...], cells: Cells) -> pd.Series[bool]:
    filled = cells[columns[0]] != ""
    for column in columns[1:]:
        filled |= cells[column] != ""
    return filled


def origin_of(rule: Rule, columns: Mapping[str, str], normalize: Normalize | None = None) -> Origin:
    """The origin that a rule names; `columns` says which source column each of its names means.

    `normalize` is how a digest reads the cells of a column, where it is not of the cells as written.
    """
    names = (rule.column,) if rule.column is not None else rule.columns
    if names is not None:
        return FirstFilled(tuple(columns[name] for name in names))
    if rule.digest_of is not None:
        digested = tuple(columns[name] for name in rule.digest_of)
        return Digest(digested, rule.prefix, normalize)
    if rule.template is not None:
        pieces = template_pieces(rule.template)
        return Template(tuple((columns[text], True) if is_column else (text, False) for text, is_column in pieces))
    return Constant(rule.value or "")
