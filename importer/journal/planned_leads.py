"""What the requests of a run's rows hold, in columns, for leads.csv: kept until the run is purged."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from importer.journal.encoding import blob_of, dumps, table_of
from importer.model.lead_preview import LeadPreview, ValuePreview
from importer.model.outcome import NEVER_SENT
from importer.model.texts import TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.journal.spill_file import BatchKey

FORGET_LEADS: Final = "DELETE FROM planned_leads WHERE run = ?"

_NEVER_SENT: Final = pa.array(sorted(NEVER_SENT), TEXT)


def keep_leads(connection: sqlite3.Connection, key: BatchKey, leads: pa.Table, previews: Sequence[LeadPreview]) -> None:
    """Keep the leads of a batch, even if there are none: their columns are those of the file."""
    connection.execute(
        "INSERT INTO planned_leads (run, source, first, leads, previews) VALUES (?, ?, ?, ?, ?)",
        (*key, blob_of(leads), dumps([asdict(preview) for preview in previews]) if previews else None),
    )


def leads_of(connection: sqlite3.Connection, key: BatchKey, rows: pa.Table) -> pa.Table:
    """The leads of those of the rows that are or would be sent: `number`, `crm_id`, `assign_to`, and what was kept.

    `rows` are lines of the report. Empty if nothing was kept, as in older journals.
    """
    found = connection.execute(
        "SELECT leads FROM planned_leads WHERE run = ? AND source = ? AND first = ?", key
    ).fetchone()
    if found is None:
        return pa.table({})
    leads = table_of(found[0])
    sent = rows.filter(pc.invert(pc.is_in(rows["status"], _NEVER_SENT)))
    if not sent["number"].equals(leads["number"]):
        # The whole file may have shown a row to be wrong after its lead was kept.
        sent = sent.filter(pc.is_in(sent["number"], leads["number"]))
        leads = leads.take(pc.index_in(sent["number"], leads["number"]))
    return leads.append_column("crm_id", sent["crm_id"]).append_column("assign_to", sent["assigned_to"])


def previews_of(connection: sqlite3.Connection, key: BatchKey, leads: pa.Table) -> tuple[LeadPreview, ...]:
    """The first leads of the run, as far as they are in this batch and still among its leads."""
    found = connection.execute(
        "SELECT previews FROM planned_leads WHERE run = ? AND source = ? AND first = ? AND previews IS NOT NULL", key
    ).fetchone()
    if found is None:
        return ()
    sent = set(leads["number"].to_pylist())
    return tuple(
        LeadPreview(**{**fields, "values": tuple(ValuePreview(**value) for value in fields["values"])})
        for fields in json.loads(found[0])
        if fields["number"] in sent
    )


def lead_columns(connection: sqlite3.Connection, run: int) -> tuple[str, ...] | None:
    """The values that leads of the run have, in the mapping's order; `None` if no lead was kept."""
    firsts = connection.execute(
        "SELECT leads FROM planned_leads p WHERE run = ? AND first ="
        " (SELECT min(first) FROM planned_leads o WHERE o.run = p.run AND o.source = p.source) ORDER BY source",
        (run,),
    ).fetchall()
    if not firsts:
        return None
    names = (name for (blob,) in firsts for name in pa.ipc.open_stream(pa.py_buffer(blob)).schema.names)
    return tuple(dict.fromkeys(names))
