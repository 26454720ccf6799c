"""What was found in the columns of a run, kept with it, and the run that the next file is compared with."""

import json
import sqlite3
from collections import Counter
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow.compute as pc

from importer.journal.encoding import dumps
from importer.journal.rows import problems_of, stored_batches
from importer.journal.runs import StoredRun
from importer.model.examination import Change, ColumnProfile, Examination, OwnerCount, Symptom

_SENT = "runs.command = 'run' AND runs.planned_at IS NOT NULL AND json_extract(runs.request, '$.sandbox') = 0"
_CHECKED = "runs.command = 'check' AND runs.state = 'finished'"


def keep_examination(connection: sqlite3.Connection, run: StoredRun, examination: Examination) -> None:
    """Keep it with the run, in place of an earlier one."""
    connection.execute(
        "INSERT OR REPLACE INTO examinations (run, mapping, columns, symptoms, changes, compared_with)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            run.id,
            examination.mapping,
            dumps([asdict(column) for column in examination.columns]),
            dumps([asdict(symptom) for symptom in examination.symptoms]),
            dumps([asdict(change) for change in examination.changes]),
            examination.compared_with,
        ),
    )


def examination_of(connection: sqlite3.Connection, run: StoredRun) -> Examination:
    """What was found in the run's columns; nothing for a run that ended before it was read."""
    row = connection.execute("SELECT * FROM examinations WHERE run = ?", (run.id,)).fetchone()
    if row is None:
        return Examination()
    return Examination(
        mapping=row["mapping"],
        columns=_columns(row["columns"]),
        symptoms=tuple(_symptom(fields) for fields in json.loads(row["symptoms"])),
        changes=tuple(Change(**fields) for fields in json.loads(row["changes"])),
        compared_with=row["compared_with"],
    )


def _symptom(fields: dict[str, Any]) -> Symptom:
    """Older programs wrote no `place`, and called the fix `cure`."""
    fix = fields.pop("cure", None) or fields["fix"]
    return Symptom(**{**fields, "rows": tuple(fields["rows"]), "place": tuple(fields.get("place", ())), "fix": fix})


def last_columns(connection: sqlite3.Connection, run: StoredRun, mapping: str) -> tuple[str, tuple[ColumnProfile, ...]]:
    """The last run of the mapping that was sent, and its columns; `""` and none if there is no such run.

    A rehearsal in the sandbox does not count. A check is compared with the last check where nothing was sent yet.
    """
    for which in (_SENT, *([_CHECKED] if run.command == "check" else [])):
        row = connection.execute(
            "SELECT runs.run_id, e.columns FROM examinations e JOIN runs ON runs.id = e.run"
            f" WHERE e.mapping = ? AND e.run != ? AND {which} ORDER BY runs.id DESC LIMIT 1",
            (mapping, run.id),
        ).fetchone()
        if row:
            return row["run_id"], _columns(row["columns"])
    return "", ()


def owners_of(connection: sqlite3.Connection, run: StoredRun) -> tuple[OwnerCount, ...]:
    """Who gets how many of the rows that can be sent, and what is no owner at all; those with most rows first."""
    found = connection.execute(
        "SELECT owner, count(*) AS rows FROM ("
        "SELECT owner FROM rows WHERE run = :run AND owner != '' AND status NOT IN"
        " ('invalid', 'filtered', 'duplicate_in_file', 'conflict_in_file', 'skipped_known')"
        " UNION ALL SELECT json_extract(value, '$[4]') FROM rows, json_each(rows.problems)"
        " WHERE run = :run AND problems LIKE '%owner-invalid%' AND json_extract(value, '$[0]') = 'owner-invalid'"
        ") GROUP BY owner",
        {"run": run.id},
    )
    counts = Counter({row["owner"]: row["rows"] for row in found})
    for batch in stored_batches(connection, run.id):
        for counted in pc.value_counts(batch.sendable["owner"]).to_pylist():
            counts[counted["values"]] += counted["counts"]
        problems = problems_of(connection, batch)
        refused = np.asarray(pc.equal(problems.texts("code"), "owner-invalid"))
        counts.update(problems.where(refused).texts("value").to_pylist())
    del counts[""]
    by_rows = sorted(counts.items(), key=lambda counted: (-counted[1], counted[0]))
    return tuple(OwnerCount(name=name, rows=rows) for name, rows in by_rows)


def _columns(text: str) -> tuple[ColumnProfile, ...]:
    return tuple(ColumnProfile(**fields) for fields in json.loads(text))
