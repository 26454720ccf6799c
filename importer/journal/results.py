"""The rows of a run as its reports show them: what happened to each, in columns, a batch at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.journal.encoding import problem_fields
from importer.journal.planned_leads import leads_of, previews_of
from importer.journal.requests import follow_up_state
from importer.journal.rows import NEEDS_ATTENTION, StoredBatch, cell_columns, problems_of, stored_batches
from importer.model.operation import FOLLOW_UP_KINDS
from importer.model.outcome import FollowUp, ResultBatch
from importer.model.problems import Problems
from importer.model.texts import TEXT, scalar

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Generator, Iterator, Sequence

    from numpy.typing import NDArray

    from importer.journal.runs import Journal, StoredRun

    Places = NDArray[np.int64]

AT_ONCE: Final = 10_000
"""Records whose problems are objects at the same time: those of a whole batch take 40 MiB."""

_STORED: Final = {
    "number": (pa.int64(), "r.number"),
    "crm_id": (TEXT, "r.crm_id"),
    "status": (TEXT, "r.status"),
    "lead_id": (TEXT, "r.lead_id"),
    "assigned_to": (TEXT, "r.owner"),
    **{kind.about.column: (TEXT, follow_up_state(kind)) for kind in FOLLOW_UP_KINDS},
    "message": (TEXT, "r.message"),
    "hint": (TEXT, "r.hint"),
    "attempts": (pa.int64(), "coalesce(o.attempts, 0)"),
    "http_status": (pa.int64(), "r.http_status"),
    "error_code": (pa.int64(), "r.error_code"),
    "finished_at": (TEXT, "coalesce(r.finished_at, '')"),
    "problems": (TEXT, "''"),
    "warnings": (TEXT, "''"),
    "needs_attention": (pa.int8(), NEEDS_ATTENTION),
}
"""The columns of a report, their types, and how a record of the journal holds them."""

_RECORDS: Final = (
    f"SELECT {', '.join(expression for _, expression in _STORED.values())}, r.problems, r.cells FROM rows r"
    " LEFT JOIN operations o ON o.run = r.run AND o.source = r.source AND o.number = r.number AND o.ordinal = 0"
    " WHERE r.run = ? AND r.source = ? AND r.number BETWEEN ? AND ? ORDER BY r.number"
)
_NUMBERS: Final = r"\A(?:\+?[0-9]{7,15}|[0-9]{1,4}[-/. ][0-9]{1,2}[-/. ][0-9]{2,4}(?:[ T][0-9:.]{3,15})?)\z"
_CELLS_TO_FIX: Final = (
    "SELECT r.number, r.cells FROM rows r"
    f" WHERE r.run = ? AND r.source = ? AND r.number BETWEEN ? AND ? AND {NEEDS_ATTENTION}"
)


def result_batches(journal: Journal, run: StoredRun) -> Generator[ResultBatch, None, None]:
    """Every row of the run in source order, a batch at a time."""
    for batch in stored_batches(journal.connection, run.id):
        records, of_records, cells = _records(journal.connection, batch)
        problems = Problems.together([of_records, problems_of(journal.connection, batch)]).in_row_order()
        table = pa.concat_tables([records, _untouched_rows(batch)])
        if len(records) and len(batch.rows):
            table = table.sort_by("number")
        if not len(table):
            continue
        found = _finding_columns(problems)
        to_fix = table["number"].filter(table["needs_attention"]).to_numpy()
        leads = leads_of(journal.connection, batch.key, table)
        yield ResultBatch(
            source=batch.source,
            table=_with_words(table, problems, found),
            problems=found,
            cells=cell_columns(journal.connection, batch, to_fix, cells),
            leads=leads,
            previews=previews_of(journal.connection, batch.key, leads),
        )


def _cells_to_fix(journal: Journal, run: StoredRun) -> Iterator[pa.Table]:
    """The source's cells of the rows that need attention, batch by batch, a column for each of the source."""
    for batch in stored_batches(journal.connection, run.id):
        records = dict(journal.connection.execute(_CELLS_TO_FIX, batch.place).fetchall())
        numbers = [*records, *batch.rows["number"].filter(batch.invalid).to_pylist()]
        cells = {number: json.loads(text) for number, text in records.items() if text}
        yield cell_columns(journal.connection, batch, np.array(numbers, dtype=np.int64), cells)


def rejected_numbers(journal: Journal) -> frozenset[str]:
    """What looks like a phone number or a date in the cells of all rows of all runs that are still to be corrected."""
    with journal.one_moment():
        tables = (table for run in journal.runs() for table in _cells_to_fix(journal, run))
        columns = (pc.unique(column).drop_null() for table in tables for column in table.columns)
        return frozenset(
            text for texts in columns for text in texts.filter(pc.match_substring_regex(texts, _NUMBERS)).to_pylist()
        )


def stored_problems(numbers: Sequence[int], texts: Sequence[str | None]) -> Problems:
    """The problems of the records with these numbers, as which `texts` are stored."""
    parts = []
    for start in range(0, len(numbers), AT_ONCE):
        of_rows = zip(numbers[start : start + AT_ONCE], problem_fields(texts[start : start + AT_ONCE]), strict=True)
        parts.append(Problems.of_members([(number, *problem) for number, of_row in of_rows for problem in of_row]))
    return Problems.together(parts)


def _records(connection: sqlite3.Connection, batch: StoredBatch) -> tuple[pa.Table, Problems, dict[int, list[str]]]:
    """The rows of the batch with a record of their own, their problems, and the cells that are stored with them."""
    cursor = connection.cursor()
    cursor.row_factory = None
    found = cursor.execute(_RECORDS, batch.place).fetchall()
    *columns, problems, cells = zip(*found, strict=True) if found else [()] * (len(_STORED) + 2)
    arrays = [pa.array(values, kind) for values, (kind, _) in zip(columns, _STORED.values(), strict=True)]
    table = pa.table([*arrays[:-1], arrays[-1].cast(pa.bool_())], names=list(_STORED))
    # Before layout 5 the cells were stored with their rows.
    own_cells = {number: json.loads(text) for number, text in zip(columns[0], cells, strict=True) if text}
    return table, stored_problems(columns[0], problems), own_cells


def _untouched_rows(batch: StoredBatch) -> pa.Table:
    """The rows of a batch to which nothing has happened yet."""
    rows = len(batch.rows)
    known = {
        "number": batch.rows["number"],
        "crm_id": batch.rows["crm_id"],
        "assigned_to": batch.rows["owner"],
        "status": batch.rows["status"],
        "attempts": pa.repeat(pa.scalar(0, pa.int64()), rows),
        "http_status": pa.nulls(rows, pa.int64()),
        "error_code": pa.nulls(rows, pa.int64()),
        "needs_attention": batch.invalid,
    }
    if batch.to_send:
        for kind in FOLLOW_UP_KINDS:
            asked = pc.greater(batch.follow_ups(kind), 0)
            known[kind.about.column] = pc.if_else(asked, scalar(str(FollowUp.PENDING)), scalar(str(FollowUp.NONE)))
    blank = pa.repeat(scalar(""), rows)
    return pa.table([known.get(name, blank) for name in _STORED], names=list(_STORED))


def _finding_columns(problems: Problems) -> pa.Table:
    """What a report says of each problem."""
    return pa.table(
        {
            "number": problems.table["row"],
            "code": problems.texts("code"),
            "column": problems.texts("column"),
            "field": problems.texts("field"),
            "value": problems.texts("value"),
            "message": problems.messages(),
            "hint": problems.hints(),
            "warning": problems.table["warning"],
        }
    )


def _with_words(table: pa.Table, problems: Problems, found: pa.Table) -> pa.Table:
    """The rows with the codes of their problems, and with the words of these where sending left none.

    A row with a problem that stops it is described by such problems alone, any other by its warnings.
    """
    numbers, places = np.unique(problems.rows, return_inverse=True)
    stopping = problems.stops
    is_stopped = np.zeros(len(numbers), dtype=bool)
    is_stopped[places[stopping]] = True
    described = stopping | ~is_stopped[places]
    codes, messages, hints = (found[name].combine_chunks() for name in ("code", "message", "hint"))
    words = {
        "message": _of_each_row(places[described], messages.filter(pa.array(described)), len(numbers), "; "),
        "hint": _of_each_row(*_each_once(places, hints, described), len(numbers), " "),
        "problems": _of_each_row(*_each_once(places, codes, stopping), len(numbers), ";"),
        "warnings": _of_each_row(*_each_once(places, codes, ~stopping), len(numbers), ";"),
    }
    rows = pc.index_in(table["number"], pa.array(numbers))
    for name, texts in words.items():
        of_rows = pc.fill_null(pa.chunked_array([texts]).take(rows), "")
        column = pc.if_else(pc.equal(table[name], ""), of_rows, table[name])
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


def _each_once(places: Places, texts: pa.Array, chosen: NDArray[np.bool_]) -> tuple[Places, pa.Array]:
    """The chosen texts, but each only once for a row."""
    places, texts = places[chosen], texts.filter(pa.array(chosen))
    words = texts.dictionary_encode()
    keys = places * (len(words.dictionary) + 1) + np.asarray(words.indices)
    _, first = np.unique(keys, return_index=True)
    first.sort()
    return places[first], texts.take(pa.array(first))


def _of_each_row(places: Places, texts: pa.Array, count: int, between: str) -> pa.Array:
    """The texts of each row as one; the places ascend."""
    offsets = np.concatenate([[0], np.cumsum(np.bincount(places, minlength=count))])
    return pc.binary_join(pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), texts), scalar(between))
