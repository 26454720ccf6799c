"""Which run imported the rejected rows of which, and what they all amount to together."""

import sqlite3
from typing import Final

from importer.journal.encoding import dumps
from importer.journal.rows import NEEDS_ATTENTION, NEEDS_FIXING, crm_ids, status_counts
from importer.journal.runs import PURGED, Journal, StoredRun
from importer.model.outcome import RowStatus
from importer.model.run import Story

_PARENT: Final = f"""
SELECT r.run FROM rows r JOIN runs ON runs.id = r.run JOIN tenants ON tenants.id = runs.tenant
JOIN tenants mine ON mine.id = :tenant
WHERE r.run < :run AND runs.command = 'run' AND {NEEDS_ATTENTION} AND r.crm_id IN (SELECT value FROM json_each(:ids))
  AND (tenants.id = mine.id OR (tenants.org = mine.org
       AND substr(tenants.origin, 1, 8) = 'sandbox:' AND substr(mine.origin, 1, 8) = 'sandbox:'))
GROUP BY r.run ORDER BY count(*) DESC, r.run DESC LIMIT 1
"""
"""Each rehearsal has a tenant of its own, so the run that it corrects is looked for among all rehearsals."""

_FAMILY: Final = """
WITH RECURSIVE
up (id, parent) AS (
    SELECT id, parent FROM runs WHERE id = :run
    UNION SELECT runs.id, runs.parent FROM runs JOIN up ON runs.id = up.parent
),
family (id) AS (
    SELECT id FROM up WHERE parent IS NULL UNION SELECT runs.id FROM runs JOIN family ON runs.parent = family.id
)
SELECT id FROM family ORDER BY id
"""


def link_corrected(journal: Journal, run: StoredRun, tenant: int) -> None:
    """Remember which earlier run of the tenant rejected most of this run's rows; of several such the newest."""
    values = {"run": run.id, "tenant": tenant, "ids": dumps(crm_ids(journal.connection, run.id))}
    found = journal.connection.execute(_PARENT, values).fetchone()
    if found:
        journal.connection.execute("UPDATE runs SET parent = ? WHERE id = ?", (found[0], run.id))


def corrected_run(journal: Journal, run: StoredRun) -> str:
    """The run whose rejected rows this run imported again, or the empty text."""
    found = journal.connection.execute(
        "SELECT run_id FROM runs WHERE id = (SELECT parent FROM runs WHERE id = ?)", (run.id,)
    ).fetchone()
    return str(found[0]) if found else ""


def story_of(journal: Journal, run: StoredRun) -> Story | None:
    """What the run and its relatives amount to; `None` without relatives, or once whose rows they were is forgotten."""
    family = [row[0] for row in journal.connection.execute(_FAMILY, {"run": run.id})]
    if len(family) == 1 or _is_purged(journal.connection, family):
        return None
    counts = {each: status_counts(journal.connection, each) for each in family}
    created = {each: of_status.get(RowStatus.CREATED, 0) for each, of_status in counts.items()}
    first, *later = family
    return Story(
        first=str(journal.connection.execute("SELECT run_id FROM runs WHERE id = ?", (first,)).fetchone()[0]),
        rows=sum(counts[first].values()),
        created=created[first],
        mended=sum(created[each] for each in later),
        left=_left(journal.connection, family, sum(each.get(RowStatus.PENDING, 0) for each in counts.values())),
    )


def _left(connection: sqlite3.Connection, family: list[int], pending: int) -> int:
    """Rows that need attention, or are not sent yet, and that no later run imported.

    A failed assignment or event is not repeated by importing its row again. A row whose crm_id was corrected cannot be
    found by it: each lead that is new in a later run counts for one of those.
    """
    seen = set(crm_ids(connection, family[0]))
    last_import: dict[str, int] = {}
    new = 0
    for run in family[1:]:
        ids = crm_ids(connection, run)
        new += sum(crm_id not in seen for crm_id in ids)
        seen.update(ids)
        last_import |= dict.fromkeys(ids, run)
    to_fix = connection.execute(
        f"SELECT run, crm_id, {NEEDS_FIXING} AS is_repeatable FROM rows r"
        f" WHERE run IN (SELECT value FROM json_each(?)) AND {NEEDS_ATTENTION}",
        (dumps(family),),
    )
    left = sum(not (row["is_repeatable"] and last_import.get(row["crm_id"], 0) > row["run"]) for row in to_fix)
    return max(0, left + pending - new)


def _is_purged(connection: sqlite3.Connection, runs: list[int]) -> bool:
    return bool(
        connection.execute(
            "SELECT 1 FROM sources WHERE run IN (SELECT value FROM json_each(?)) AND json_extract(info, '$.path') = ?",
            (dumps(runs), PURGED),
        ).fetchone()
    )
