"""The phone numbers and e-mail addresses of earlier runs, as keyed hashes: a lead that comes again under another id.

A run keeps a pair of hashes for each number and address that it planned to send: of the contact, and of the crm_id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from importer.model.operation import RowId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_PAIR: Final = np.dtype([("contact", "<u8"), ("crm_id", "<u8")])
_SEEN: Final = "SELECT crm_id FROM leads WHERE tenant = ? AND seen_in IS NOT NULL"
_EARLIER: Final = """
SELECT runs.run_id, contacts.pairs FROM contacts JOIN runs ON runs.id = contacts.run
WHERE runs.tenant = ? AND runs.id != ? ORDER BY runs.id DESC
"""


class Contacts:
    """The contacts of one plan: kept when it is frozen, and compared with those of earlier runs."""

    def __init__(self, connection: sqlite3.Connection, run: int) -> None:
        self._connection = connection
        self._run = run
        self._key = str(connection.execute("SELECT key FROM contact_key").fetchone()["key"])
        self._parts: list[tuple[str, int, NDArray[np.int64], NDArray[Any]]] = []

    def add(self, source: int, crm_ids: pd.Series[str], contacts: Mapping[str, pd.Series[str]]) -> None:
        """The contacts of some rows, by the field that holds them; blank ones do not count."""
        ids = self._hashes(crm_ids)
        for field, texts in contacts.items():
            filled = ((texts != "") & (crm_ids != "")).to_numpy()
            pairs = np.empty(int(filled.sum()), dtype=_PAIR)
            pairs["contact"], pairs["crm_id"] = self._hashes(texts[filled]), ids[filled]
            self._parts.append((field, source, texts.index[filled].to_numpy(dtype=np.int64), pairs))

    def keep(self) -> None:
        """Keep them with the run."""
        pairs = np.unique(np.concatenate([np.empty(0, dtype=_PAIR), *(part[-1] for part in self._parts)]))
        self._connection.execute(
            "INSERT OR REPLACE INTO contacts (run, pairs) VALUES (?, ?)", (self._run, pairs.tobytes())
        )

    def known(self, tenant: int) -> Iterator[tuple[RowId, str, str]]:
        """The rows with a contact of a lead that exists under another crm_id: the field, and the run that sent it.

        A row whose contact and crm_id came together before is no new one.
        """
        earlier = [
            (run_id, np.frombuffer(pairs, dtype=_PAIR))
            for run_id, pairs in self._connection.execute(_EARLIER, (tenant, self._run))
        ]
        if not earlier:
            return
        seen = [row["crm_id"] for row in self._connection.execute(_SEEN, (tenant,))]
        exists = self._hashes(pd.Series(seen, dtype="str"))
        sent = {run_id: pairs[np.isin(pairs["crm_id"], exists)] for run_id, pairs in earlier}
        for field, source, numbers, pairs in self._parts:
            left = ~np.isin(pairs, np.concatenate(list(sent.values())))
            for run_id, before in sent.items():
                found = left & np.isin(pairs["contact"], before["contact"])
                left &= ~found
                yield from ((RowId(source, number), field, run_id) for number in numbers[found].tolist())

    def _hashes(self, texts: pd.Series[str]) -> NDArray[np.uint64]:
        return pd.util.hash_array(texts.to_numpy(dtype=object), hash_key=self._key, categorize=False)
