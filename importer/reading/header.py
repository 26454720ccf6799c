"""Which row holds the column names, and what the columns are called."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from importer.errors import SourceError
from importer.model.problem import shown
from importer.model.whitespace import EXAMPLE_ROW, IMPORTER_PREFIX, REJECTED_ROW, text_key, without_edges

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.reading.record import Record

HEADER_WITHIN = 50
"""Filled rows among which the header is looked for."""

SAMPLE_ROWS = 200
"""Rows that are looked at before the first batch is read."""

_NUMBER = re.compile(r"[-+]?[\d\s.,'%€$£]*\d[\d\s.,'%€$£]*")
_CERTAINLY_A_VALUE = re.compile(
    r"\S+@\S+\.\S+"  # an e-mail address
    r"|[+(]?\d[\d\s().-]{6,}(?:x\d+)?"  # a phone number
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?"  # a date
    r"|\d{1,2}:\d\d(?::\d\d)?"  # a time
    r"|true|false",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The row of the column names, and which of its cells are columns.

    `width` counts the cells of the row; `positions` (from 0) are those that became `columns`; `nameless` are those
    that have no name and held nothing in the sample. A row with fewer than `needed` cells ends too early, where
    `ragged_matters` (in a workbook every row is as wide as the sheet). `is_rejects`: it is a table of rejected rows.
    """

    row: int
    width: int
    positions: tuple[int, ...]
    columns: tuple[str, ...]
    headers: tuple[str, ...]
    nameless: tuple[int, ...] = ()
    ragged_matters: bool = True
    notes: tuple[str, ...] = ()
    is_rejects: bool = False

    @property
    def of_source(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]:
        """Columns, headers and positions that are the source's own: without the mark of a template's example row."""
        own = [at for at, name in enumerate(self.columns) if name != EXAMPLE_ROW]
        positions = tuple(self.positions[at] for at in own)
        return tuple(self.columns[at] for at in own), tuple(self.headers[at] for at in own), positions

    @property
    def needed(self) -> int:
        """Cells up to the last column that has a name."""
        return max(self.positions) + 1 if self.positions else 0


def sample_of(records: Iterator[Record], header_row: int | None) -> list[Record]:
    """The first rows, or those from the given header row on."""
    start = header_row or 1
    return list(islice((record for record in records if record.number >= start), SAMPLE_ROWS))


def matches(cells: Sequence[str], wanted: frozenset[str]) -> int:
    """How many of the wanted columns are named in these cells."""
    keys = {text_key(cell) for cell in cells}
    return sum(text_key(name) in keys for name in wanted)


def find_header(sample: Sequence[Record], wanted: frozenset[str], header_row: int | None, place: str) -> Header:
    """The header among the rows of `sample`: the one that was given, else found by name, else by its looks.

    Raises `SourceError` naming `place` if there is none.
    """
    if header_row is not None:
        return _header(_given(sample, header_row, place), sample, place)
    filled = [record for record in sample if not record.is_blank()]
    if not filled:
        raise SourceError(
            f"{place}: no header row, because there is nothing in it", tip="Check that it is the right file."
        )
    record = next((record for record in filled[:HEADER_WITHIN] if REJECTED_ROW in record.cells), None)
    record = record or _by_name(filled[:HEADER_WITHIN], wanted, least=0.5) or _by_looks(filled)
    record = record or _by_name(filled[:HEADER_WITHIN], wanted, least=0.0)
    if record is None:
        raise _not_found(filled, wanted, place)
    return _with_what_stands_above(_header(record, sample, place), filled)


def _given(sample: Sequence[Record], header_row: int, place: str) -> Record:
    for record in sample:
        if record.number == header_row and not record.is_blank():
            return record
    raise SourceError(
        f"{place}: row {header_row} was given as the header row, but it is blank or after the last row",
        tip="Give header_row the number that a spreadsheet shows next to the column names.",
    )


def _by_name(filled: Sequence[Record], wanted: frozenset[str], *, least: float) -> Record | None:
    counted = [(matches(record.cells, wanted), record) for record in filled]
    most = max((count for count, _ in counted), default=0)
    if most == 0 or most < least * len(wanted):
        return None
    return next(record for count, record in counted if count == most)


def _by_looks(filled: Sequence[Record]) -> Record | None:
    """The first row that is filled like the others and holds names: no values, and hardly one of them twice."""
    usual = _usual_count(filled)
    first = [record for record in filled[:HEADER_WITHIN] if _may_be_names(record)]
    full = [record for record in first if _filled_count(record) >= usual]
    almost = [record for record in first if _filled_count(record) >= max(2, usual * 0.6) and _is_named(record)]
    for fits in (_is_named, _is_distinct, _has_no_numbers):
        if record := next((record for record in full if fits(record)), None):
            return _lacking_a_name(record, almost[:1], filled) or record
    return next(iter(almost), None)


def _lacking_a_name(full: Record, almost: Sequence[Record], filled: Sequence[Record]) -> Record | None:
    """A header with a missing name is right above the row that then looks like the first full row of names."""
    above = next((one for one, below in pairwise(filled) if below is full), None)
    return above if above is not None and above in almost else None


def _usual_count(filled: Sequence[Record]) -> int:
    """How many cells most rows fill, apart from titles and footnotes."""
    counts = Counter(_filled_count(record) for record in filled)
    table = [count for count in counts if count > max(counts) / 3]
    return max(table, key=lambda count: (counts[count], count), default=0)


def _filled_count(record: Record) -> int:
    return sum(1 for cell in record.cells if cell.strip())


def _is_named(record: Record) -> bool:
    return _is_distinct(record) and _has_no_numbers(record)


def _is_distinct(record: Record) -> bool:
    names = [cell.strip().casefold() for cell in record.cells if cell.strip()]
    return len(set(names)) > len(names) / 2


def _has_no_numbers(record: Record) -> bool:
    return not any(_NUMBER.fullmatch(cell.strip()) for cell in record.cells)


def _may_be_names(record: Record) -> bool:
    names = [cell.strip() for cell in record.cells if cell.strip()]
    return (
        bool(names)
        and not record.faults
        and not _NUMBER.fullmatch(names[0])
        and not any(_CERTAINLY_A_VALUE.fullmatch(name) for name in names)
    )


def _not_found(filled: Sequence[Record], wanted: frozenset[str], place: str) -> SourceError:
    first = shown(" | ".join(cell.strip() for cell in filled[0].cells if cell.strip()))
    names = f", and none names {', '.join(sorted(wanted)[:8])}" if wanted else ""
    return SourceError(
        f"{place}: no header row: no row looks like column names{names}; row {filled[0].number} is “{first}”",
        tip="Add a row with the column names above the data, or give its number with --header-row.",
    )


def _with_what_stands_above(header: Header, filled: Sequence[Record]) -> Header:
    above = [record for record in filled if record.number < header.row]
    if not above:
        return header
    text = shown(" | ".join(cell.strip() for cell in above[0].cells if cell.strip()))
    rows = f"row {above[0].number} is" if len(above) == 1 else f"{len(above)} rows are"
    note = f"{rows} above the header in row {header.row} and are not read as rows: “{text}”"
    return replace(header, notes=(*header.notes, note.replace("are not", "is not") if len(above) == 1 else note))


def _header(record: Record, sample: Sequence[Record], place: str) -> Header:
    texts = [cell.removeprefix("\ufeff") for cell in record.cells]
    below = [other for other in sample if other.number > record.number]
    nameless = [at for at, text in enumerate(texts) if not without_edges(text)]
    used = {at for at in nameless if any(at < len(other.cells) and other.cells[at].strip() for other in below)}
    names = [without_edges(text) or (f"Column {at + 1}" if at in used else "") for at, text in enumerate(texts)]
    positions = [
        at for at, name in enumerate(names) if name == EXAMPLE_ROW or (name and not name.startswith(IMPORTER_PREFIX))
    ]
    columns = _unique([names[at] for at in positions])
    if not set(columns) - {EXAMPLE_ROW}:
        raise SourceError(
            f"{place}: row {record.number} names no column of yours",
            tip="Give the row that holds the column names: --header-row.",
        )
    return Header(
        row=record.number,
        width=len(texts),
        positions=tuple(positions),
        columns=columns,
        headers=tuple(texts[at] for at in positions),
        nameless=tuple(at for at in nameless if at not in used),
        notes=(
            *_notes([names[at] for at in positions], columns, used),
            *_second_row(record, below, used),
            *_examples(names, below),
        ),
        is_rejects=REJECTED_ROW in names,
    )


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """`Phone`, `Phone` become `Phone`, `Phone (2)`; a name that is in the header is never given to another column."""
    taken = set(names)
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        if seen[name] == 1:
            unique.append(name)
            continue
        while (numbered := f"{name} ({seen[name]})") in taken:
            seen[name] += 1
        taken.add(numbered)
        unique.append(numbered)
    return tuple(unique)


def _notes(names: Sequence[str], columns: Sequence[str], used: set[int]) -> tuple[str, ...]:
    renamed = [column for name, column in zip(names, columns, strict=True) if name != column]
    notes = []
    if renamed:
        notes.append(f"several columns have the same name; the later ones are called {_listed(renamed)}")
    if used:
        notes.append(f"columns without a name are called {_listed([f'Column {at + 1}' for at in sorted(used)])}")
    return tuple(notes)


def _examples(names: Sequence[str], below: Sequence[Record]) -> tuple[str, ...]:
    """The rows that a template marks as examples, as far as they are in the sample."""
    if EXAMPLE_ROW not in names:
        return ()
    at = names.index(EXAMPLE_ROW)
    rows = [str(record.number) for record in below if at < len(record.cells) and record.cells[at].strip()]
    return (f"not read, because {EXAMPLE_ROW} is filled: row {', '.join(rows)}",) if rows else ()


def _second_row(header: Record, below: Sequence[Record], used: set[int]) -> tuple[str, ...]:
    """A row right below that names what the header leaves without a name, and nothing else than names."""
    if not below or below[0].number != header.number + 1 or not _may_be_names(below[0]):
        return ()
    filled = {at for at, cell in enumerate(below[0].cells) if cell.strip()}
    named = {at for at, cell in enumerate(header.cells) if cell.strip()}
    if not filled & used or named <= filled or not _is_named(below[0]):
        return ()
    text = shown(" | ".join(below[0].cells[at].strip() for at in sorted(filled)))
    return (f"row {below[0].number} may be a second row of column names (“{text}”); it is read as a data row",)


def _listed(names: Sequence[str]) -> str:
    text = ", ".join(f"“{shown(name)}”" for name in names[:5])
    return text if len(names) <= 5 else f"{text} and {len(names) - 5} more"
