"""Which run took up the rejected rows of which, and what became of them all together."""

import sqlite3
from typing import Final

from importer.journal.encoding import dumps
from importer.journal.pending_rows import plain_ids
from importer.journal.rows import MENDABLE, NEEDS_A_PERSON, PURGED, plain_counts, status_counts
from importer.journal.store import Journal, StoredRun
from importer.model.outcome import RowStatus
from importer.model.run import Story

_PARENT: Final = f"""
SELECT r.run FROM rows r JOIN runs ON runs.id = r.run JOIN realms ON realms.id = runs.realm
JOIN realms mine ON mine.id = :realm
WHERE r.run < :run AND runs.command = 'run' AND {NEEDS_A_PERSON}
  AND r.crm_id IN (SELECT crm_id FROM rows WHERE run = :run AND crm_id != ''
                   UNION ALL SELECT value FROM json_each(:plain))
  AND (realms.id = mine.id OR (realms.org = mine.org
       AND substr(realms.origin, 1, 8) = 'sandbox:' AND substr(mine.origin, 1, 8) = 'sandbox:'))
GROUP BY r.run ORDER BY count(*) DESC, r.run DESC LIMIT 1
"""
"""Each rehearsal has a realm of its own, so what it mends is looked for among all rehearsals."""

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


def link_mended(journal: Journal, run: StoredRun, realm: int) -> None:
    """Remember which earlier run of the realm rejected most of this run's rows; of several such the newest."""
    plain = dumps(plain_ids(journal.connection, [run.id]))
    found = journal.connection.execute(_PARENT, {"run": run.id, "realm": realm, "plain": plain}).fetchone()
    if found:
        journal.connection.execute("UPDATE runs SET parent = ? WHERE id = ?", (found[0], run.id))


def mends(journal: Journal, run: StoredRun) -> str:
    """The run whose rejected rows this run took up, or the empty text."""
    found = journal.connection.execute(
        "SELECT run_id FROM runs WHERE id = (SELECT parent FROM runs WHERE id = ?)", (run.id,)
    ).fetchone()
    return str(found[0]) if found else ""


def story_of(journal: Journal, run: StoredRun) -> Story | None:
    """What the run and its relatives amount to; `None` without relatives, or once whose rows they were is forgotten."""
    family = [row[0] for row in journal.connection.execute(_FAMILY, {"run": run.id})]
    if len(family) == 1 or _is_purged(journal.connection, family):
        return None
    first, *later = family
    return Story(
        first=str(journal.connection.execute("SELECT run_id FROM runs WHERE id = ?", (first,)).fetchone()[0]),
        rows=sum(status_counts(journal.connection, first).values()),
        created=_count(journal.connection, [first], f"status = '{RowStatus.CREATED}'"),
        mended=_count(journal.connection, later, f"status = '{RowStatus.CREATED}'"),
        left=_left(journal.connection, family),
    )


def _left(connection: sqlite3.Connection, family: list[int]) -> int:
    """Rows that need a person, or are not sent yet, and that no later run took up.

    A failed assignment or event is not repeated by importing its row again. A row whose crm_id was mended cannot be
    found again by it: each lead that is new in a later run stands for one of those.
    """
    taken_up: dict[str, int] = {}
    new = 0
    for run in family[1:]:
        earlier = [each for each in family if each < run]
        found = connection.execute(
            "SELECT crm_id, crm_id NOT IN (SELECT crm_id FROM rows WHERE run IN (SELECT value FROM json_each(:earlier))"
            " UNION ALL SELECT value FROM json_each(:plain_earlier)) AS new"
            " FROM (SELECT crm_id FROM rows WHERE run = :run AND crm_id != ''"
            " UNION ALL SELECT value FROM json_each(:plain))",
            {
                "run": run,
                "plain": dumps(plain_ids(connection, [run])),
                "earlier": dumps(earlier),
                "plain_earlier": dumps(plain_ids(connection, earlier)),
            },
        ).fetchall()
        new += sum(row["new"] for row in found)
        taken_up |= dict.fromkeys((row["crm_id"] for row in found), run)
    needy = connection.execute(
        f"SELECT run, crm_id, {MENDABLE} AS mendable FROM rows r"
        f" WHERE run IN (SELECT value FROM json_each(?)) AND ({NEEDS_A_PERSON} OR status = '{RowStatus.PENDING}')",
        (dumps(family),),
    )
    left = sum(not (row["mendable"] and taken_up.get(row["crm_id"], 0) > row["run"]) for row in needy)
    left += sum(plain_counts(connection, run)[0] for run in family)
    return max(0, left - new)


def _count(connection: sqlite3.Connection, runs: list[int], condition: str) -> int:
    return int(
        connection.execute(
            f"SELECT count(*) FROM rows WHERE run IN (SELECT value FROM json_each(?)) AND {condition}",
            (dumps(runs),),
        ).fetchone()[0]
    )


def _is_purged(connection: sqlite3.Connection, runs: list[int]) -> bool:
    return bool(
        connection.execute(
            "SELECT 1 FROM sources WHERE run IN (SELECT value FROM json_each(?)) AND json_extract(info, '$.path') = ?",
            (dumps(runs), PURGED),
        ).fetchone()
    )
