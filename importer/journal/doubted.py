"""Duplicates that rest on an answer which turned out to be no proof: they are not known any more."""

import sqlite3
from typing import Final

BY_SHAPE: Final = "existed already, by the answer that this server was seen to give for leads that exist"
"""What is written down for a duplicate whose answer had no words that prove it."""

_OF_THE_ANSWER: Final = "r.status = 'duplicate' AND r.http_status = :http_status AND r.error_code IS :error_code"
_FORGET_SHAPE: Final = "UPDATE realms SET fingerprint = NULL, fingerprint_at = NULL WHERE id = :realm"
# A lead that was created has its lead_id. Rows of a run that was purged have lost their ids: all its leads are meant.
_FORGET_LEADS: Final = f"""UPDATE leads SET seen_in = NULL WHERE realm = :realm AND lead_id = '' AND (
    (crm_id, seen_in) IN (SELECT r.crm_id, r.run FROM rows r JOIN runs ON runs.id = r.run
        WHERE runs.realm = :realm AND {_OF_THE_ANSWER})
    OR seen_in IN (SELECT r.run FROM rows r JOIN runs ON runs.id = r.run
        WHERE runs.realm = :realm AND r.crm_id = '' AND {_OF_THE_ANSWER}))"""
_DOUBT_ROWS: Final = f"""UPDATE rows AS r SET status = 'unknown', message = :message, hint = :hint
    WHERE r.run = :run AND r.message = :by_shape AND {_OF_THE_ANSWER}"""
_MESSAGE: Final = "may or may not exist: its answer looked like that for a lead that exists, but new leads get it, too"
_HINT: Final = "Import rejects.csv with the same mapping once the run is over."


def doubt_duplicates(
    connection: sqlite3.Connection, realm: int, http_status: int, error_code: int | None, *, run: int | None = None
) -> int:
    """Forget this answer, and the leads known by it alone; in `run`, such rows become `unknown`.

    Returns how many leads. Inside a transaction.
    """
    answer = {"realm": realm, "http_status": http_status, "error_code": error_code}
    connection.execute(_FORGET_SHAPE, {"realm": realm})
    forgotten = connection.execute(_FORGET_LEADS, answer).rowcount
    rows = {"run": run, "message": _MESSAGE, "hint": _HINT, "by_shape": BY_SHAPE}
    connection.execute(_DOUBT_ROWS, answer | rows)
    return forgotten
