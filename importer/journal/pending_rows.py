"""What is asked of plain rows, where they stand in their batches; see `batches`."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

import pyarrow.compute as pc

from importer.journal.batches import problems_of, stored_batches, valid_rows
from importer.journal.encoding import dumps
from importer.journal.rows import plain_counts
from importer.model.operation import RowId
from importer.model.problems import Problems


def known_plain_rows(connection: sqlite3.Connection, run: int, realm: int) -> Iterator[tuple[RowId, str]]:
    """The valid plain rows whose lead an earlier run has seen in the realm, with that run's id."""
    if connection.execute("SELECT 1 FROM leads WHERE realm = ? LIMIT 1", (realm,)).fetchone() is None:
        return
    for batch in stored_batches(connection, run):
        valid = valid_rows(batch.plain)
        numbers = valid["number"].to_pylist()
        found = connection.execute(
            "SELECT ids.key, runs.run_id FROM json_each(?) ids"
            " JOIN leads l ON l.realm = ? AND l.crm_id = ids.value JOIN runs ON runs.id = l.seen_in ORDER BY ids.key",
            (dumps(valid["crm_id"].to_pylist()), realm),
        )
        yield from ((RowId(batch.source, numbers[position]), run_id) for position, run_id in found)


def plain_owners(connection: sqlite3.Connection, run: int) -> dict[str, int]:
    """How many valid plain rows name each owner."""
    counts: Counter[str] = Counter()
    for batch in stored_batches(connection, run):
        for counted in pc.value_counts(valid_rows(batch.plain)["owner"]).to_pylist():
            counts[counted["values"]] += counted["counts"]
    return {owner: count for owner, count in counts.items() if owner}


def plain_problems(connection: sqlite3.Connection, run: int) -> Iterator[Problems]:
    """What is told of plain rows, batch by batch."""
    return (problems_of(connection, batch) for batch in stored_batches(connection, run))


def plain_follow_ups(connection: sqlite3.Connection, run: int) -> dict[str, int]:
    """How many plain rows of a run wait for their assignment (`assign`), and how many for events (`events`)."""
    _, assigns, _ = plain_counts(connection, run)
    events = (pc.greater(batch.plain["event_calls"], 0) for batch in stored_batches(connection, run))
    return {"assign": assigns, "events": sum(pc.sum(wanted).as_py() or 0 for wanted in events)}


def plain_ids(connection: sqlite3.Connection, runs: Iterable[int]) -> list[str]:
    """The crm_ids of the plain rows of these runs."""
    batches = chain.from_iterable(stored_batches(connection, run) for run in runs)
    return [crm_id for batch in batches for crm_id in batch.plain["crm_id"].to_pylist()]
