"""The ledger: which leads are known to exist, and which may exist because of a request of ours."""

import sqlite3
from typing import Final

BY_SHAPE: Final = "existed already, by the answer that this server was seen to give for leads that exist"
"""The message of a duplicate whose answer had no words that prove it."""

LEAD_EXISTS: Final = (
    "INSERT INTO leads (tenant, crm_id, possibly_sent, seen_in, lead_id) VALUES (?, ?, 0, ?, ?)"
    " ON CONFLICT (tenant, crm_id) DO UPDATE SET seen_in = coalesce(seen_in, excluded.seen_in),"
    " lead_id = CASE WHEN excluded.lead_id = '' THEN lead_id ELSE excluded.lead_id END"
)
LEAD_IS_OURS: Final = f"{LEAD_EXISTS}, possibly_sent = 0"

_OF_THE_ANSWER: Final = "r.status = 'duplicate' AND r.http_status = :http_status AND r.error_code IS :error_code"
_FORGET_SHAPE: Final = "UPDATE tenants SET fingerprint = NULL, fingerprint_at = NULL WHERE id = :tenant"
# A lead that was created has its lead_id. Rows of a run that was purged have lost their ids: all its leads are meant.
_FORGET_LEADS: Final = f"""UPDATE leads SET seen_in = NULL WHERE tenant = :tenant AND lead_id = '' AND (
    (crm_id, seen_in) IN (SELECT r.crm_id, r.run FROM rows r JOIN runs ON runs.id = r.run
        WHERE runs.tenant = :tenant AND {_OF_THE_ANSWER})
    OR seen_in IN (SELECT r.run FROM rows r JOIN runs ON runs.id = r.run
        WHERE runs.tenant = :tenant AND r.crm_id = '' AND {_OF_THE_ANSWER}))"""
_DOUBT_ROWS: Final = f"""UPDATE rows AS r SET status = 'unknown', message = :message, hint = :hint
    WHERE r.run = :run AND r.message = :by_shape AND {_OF_THE_ANSWER}"""
_MESSAGE: Final = "may or may not exist: its answer looked like that for a lead that exists, but new leads get it, too"
_HINT: Final = "Import rejects.csv with the same mapping once the run is over."

MERGE_TENANTS: Final = (
    "INSERT INTO leads (tenant, crm_id, possibly_sent, seen_in, lead_id)"
    " SELECT :into, crm_id, possibly_sent, seen_in, lead_id FROM leads WHERE tenant = :from"
    " ON CONFLICT (tenant, crm_id) DO UPDATE SET possibly_sent = max(possibly_sent, excluded.possibly_sent),"
    " seen_in = coalesce(min(seen_in, excluded.seen_in), seen_in, excluded.seen_in),"
    " lead_id = CASE WHEN lead_id = '' THEN excluded.lead_id ELSE lead_id END",
    "DELETE FROM leads WHERE tenant = :from",
    "UPDATE runs SET tenant = :into WHERE tenant = :from",
    "DELETE FROM tenants WHERE id = :from",
)


def mark_possibly_sent(connection: sqlite3.Connection, tenant: int, crm_id: str) -> None:
    """A request that may have created this lead has left this machine."""
    connection.execute(
        "INSERT INTO leads (tenant, crm_id, possibly_sent) VALUES (?, ?, 1)"
        " ON CONFLICT (tenant, crm_id) DO UPDATE SET possibly_sent = 1",
        (tenant, crm_id),
    )


def doubt_duplicates(
    connection: sqlite3.Connection, tenant: int, http_status: int, error_code: int | None, *, run: int | None = None
) -> int:
    """Forget this answer, which proves no duplicate, and the leads known by it alone; in `run` they become `unknown`.

    Returns how many leads. Inside a transaction.
    """
    answer = {"tenant": tenant, "http_status": http_status, "error_code": error_code}
    connection.execute(_FORGET_SHAPE, {"tenant": tenant})
    forgotten = connection.execute(_FORGET_LEADS, answer).rowcount
    rows = {"run": run, "message": _MESSAGE, "hint": _HINT, "by_shape": BY_SHAPE}
    connection.execute(_DOUBT_ROWS, answer | rows)
    return forgotten
