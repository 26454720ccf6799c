"""Problems of many rows, in columns.

A file in which every row is bad has a problem in each, and a million objects take longer than everything else that is
done with such a file.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.model.problem import SHOWN_LENGTH, Problem, shown, usual_fix
from importer.model.texts import PLAIN, TEXT, joined, large_texts, scalar
from importer.model.whitespace import UNSEEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray

_SCHEMA: Final = pa.schema(
    {
        "row": pa.int64(),
        **dict.fromkeys(("code", "detail", "field", "column", "value", "fix"), TEXT),
        "warning": pa.bool_(),
    }
)
_AT_ONCE: Final = 1_000
"""Values that are converted to Python's texts at a time."""


@dataclass(frozen=True, slots=True)
class Problems:
    """Any number of problems. `table` has a column for each member of `Problem`, called like it."""

    table: pa.Table

    @classmethod
    def none(cls) -> Problems:
        """No problem at all."""
        return cls(_SCHEMA.empty_table())

    @classmethod
    def of_table(cls, stored: pa.Table) -> Problems:
        """Problems as an earlier version stored them: the columns are these, but one of them had another name."""
        return cls(stored.rename_columns(_SCHEMA.names))

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> Problems:
        """These problems, in their order."""
        return cls.of_members([tuple(getattr(problem, name) for name in _SCHEMA.names) for problem in problems])

    @classmethod
    def of_members(cls, members: Sequence[Sequence[object]]) -> Problems:
        """Problems of which each is given as the members of `Problem`, in their order."""
        if not members:
            return cls.none()
        *columns, warnings = zip(*members, strict=True)
        arrays = [pa.array(column, kind) for column, kind in zip(columns, _SCHEMA.types, strict=False)]
        return cls(pa.table([*arrays, pa.array(np.array(warnings, dtype=bool))], schema=_SCHEMA))

    @classmethod
    def in_columns(
        cls,
        rows: NDArray[np.int64],
        *,
        code: str | pa.Array,
        detail: str | pa.Array,
        field: str = "",
        column: str | pa.Array = "",
        value: str | pa.Array = "",
        fix: str | pa.Array = "",
        warning: bool = False,
    ) -> Problems:
        """One problem for each of these rows; a single text is used for all of them."""
        texts = [_repeated(each, len(rows)) for each in (code, detail, field, column, value, fix)]
        warnings = pa.repeat(pa.scalar(warning), len(rows))
        return cls(pa.table([pa.array(rows, pa.int64()), *texts, warnings], schema=_SCHEMA))

    @classmethod
    def together(cls, parts: Iterable[Problems]) -> Problems:
        """The problems of all parts, in their order."""
        tables = [part.table for part in parts if len(part)]
        return cls(pa.concat_tables(tables)) if tables else cls.none()

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[Problem]:
        return (Problem(**members) for members in self.table.to_pylist())

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row that each is about."""
        rows: NDArray[np.int64] = self.table["row"].to_numpy()
        return rows

    @property
    def stops(self) -> NDArray[np.bool_]:
        """Which of them stop their row: all but the warnings."""
        warning: NDArray[np.bool_] = self.table["warning"].to_numpy()
        return ~warning

    def where(self, chosen: NDArray[np.bool_]) -> Problems:
        """Those that are chosen, in their order."""
        return self if chosen.all() else Problems(self.table.filter(pa.array(chosen)))

    def in_row_order(self) -> Problems:
        """By row, those of one row in their order."""
        rows = self.rows
        if (rows[1:] >= rows[:-1]).all():
            return self
        return Problems(self.table.take(pa.array(np.argsort(rows, kind="stable"))))

    def having(self, **columns: str | pa.Array) -> Problems:
        """The same with other texts in these columns."""
        table = self.table
        for name, texts in columns.items():
            table = table.set_column(_SCHEMA.get_field_index(name), name, _repeated(texts, len(self)))
        return Problems(table)

    def as_warnings(self, chosen: NDArray[np.bool_], ending: str) -> Problems:
        """The same, but those that are chosen stop no row; `ending` is added to their details."""
        mask, detail = pa.array(chosen), self.texts("detail")
        changed = self.having(detail=pc.if_else(mask, joined(detail, ending), detail))
        at = _SCHEMA.get_field_index("warning")
        return Problems(changed.table.set_column(at, "warning", pa.array(~self.stops | chosen)))

    def shortened(self) -> Problems:
        """The same with values that are as short as messages show them."""
        return self.having(value=shortened(self.texts("value"), SHOWN_LENGTH))

    def by_row(self) -> dict[int, tuple[Problem, ...]]:
        """The problems of each row that has any, one by one."""
        found: defaultdict[int, list[Problem]] = defaultdict(list)
        for problem in self:
            found[problem.row].append(problem)
        return {row: tuple(of_row) for row, of_row in found.items()}

    def messages(self) -> pa.Array:
        """Column, value and rule of each in one sentence."""
        column, value, detail = (self.texts(name) for name in ("column", "value", "detail"))
        has_value, has_column = pc.not_equal(value, ""), pc.not_equal(column, "")
        quoted = pc.if_else(has_value, joined("“", shown_texts(value), "” "), "")
        colon = pc.if_else(has_value, scalar(": "), scalar(" "))
        return joined(pc.if_else(has_column, joined(column, colon), ""), quoted, detail)

    def hints(self) -> pa.Array:
        """What to do about each: its own fix, else the usual one of its code."""
        code, fix = self.texts("code"), self.texts("fix")
        codes = pc.unique(code)
        usual = pa.array([usual_fix(each) for each in codes.to_pylist()], TEXT)
        return pc.if_else(pc.equal(fix, ""), usual.take(pc.index_in(code, codes)), fix)

    def texts(self, name: str) -> pa.LargeStringArray:
        """One of the columns of texts, in one piece."""
        return self.table[name].combine_chunks()


def shortened(values: pa.LargeStringArray, longest: int) -> pa.LargeStringArray:
    """Values of more than `longest` characters as messages show them, the others as they are."""
    long = pc.greater(pc.utf8_length(values), longest)
    return pc.replace_with_mask(values, long, shown_texts(values.filter(long))) if pc.any(long).as_py() else values


def shown_texts(values: pa.LargeStringArray) -> pa.LargeStringArray:
    """`shown` of each."""
    long = pc.greater(pc.utf8_length(values), SHOWN_LENGTH)
    others = pc.or_(long, pc.invert(pc.match_substring_regex(values, PLAIN)))
    changed = values.filter(others)
    # A batch of long cells as Python's texts would take more memory than everything else.
    slices = (changed.slice(start, _AT_ONCE).to_pylist() for start in range(0, len(changed), _AT_ONCE))
    return pc.replace_with_mask(values, others, pa.array([shown(value) for some in slices for value in some], TEXT))


def first_filled(rows: pd.DataFrame, columns: Sequence[str]) -> tuple[pa.Array, pa.Array]:
    """The first of the columns that is not blank in each row, and its cell; the first one where all are blank."""
    column, value = pa.repeat(scalar(columns[0]), len(rows)), large_texts(rows[columns[0]])
    for name in reversed(columns):  # the first column comes last, and so overrides the others
        cells = large_texts(rows[name])
        filled = pc.invert(pc.match_substring_regex(cells, rf"\A{UNSEEN}*\z"))
        column, value = pc.if_else(filled, scalar(name), column), pc.if_else(filled, cells, value)
    return column, value


def bare(cells: pa.Array) -> pa.Array:
    """The cells without what cannot be seen at either end."""
    return pc.replace_substring_regex(cells, rf"\A{UNSEEN}+|{UNSEEN}+\z", "")


def true_of_cells(details: pa.Array, cells: pa.Array, texts: pa.Array) -> pa.Array:
    """Details about texts, made true of the cells: where the mapping made another text of a cell, both are named."""
    became = joined("becomes “", shown_texts(texts), "”, which ", details)
    return pc.if_else(pc.or_(pc.equal(bare(cells), texts), pc.equal(texts, "")), details, became)


def _repeated(texts: str | pa.Array, count: int) -> pa.Array:
    return pa.repeat(scalar(texts), count) if isinstance(texts, str) else texts
