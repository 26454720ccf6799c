"""The importer's command line without a journal while it sends, to measure the cost of the journal.

The plan is made and read as always; nothing is written while sending, and follow-ups are released from memory.
"""

import sys
from collections import defaultdict
from typing import Any

from importer.journal import runs
from importer.journal.rows import materialize, stored_batches
from importer.journal.sending import SendingJournal
from importer.model.operation import Call, Kind, Operation, RowId
from importer.model.outcome import FollowUp


class Forgetful(SendingJournal):
    """Gives the dispatcher the same answers as the real one, and stores nothing."""

    def __init__(self, writer: Any, reader: Any, *, run: int, **rest: Any) -> None:
        super().__init__(writer, reader, run=run, **rest)
        self._blocked: defaultdict[RowId, list[Call]] = defaultdict(list)
        for batch in stored_batches(reader, run):
            materialize(reader, batch)
        found = reader.execute(
            "SELECT source, number, ordinal, kind, key, body FROM operations WHERE run = ? AND state = 'blocked'"
            " ORDER BY source, number, ordinal",
            (run,),
        )
        for source, number, ordinal, kind, key, body in found:
            row = RowId(source, number)
            operation = Operation(kind=Kind(kind), key=key, body=bytes(body))
            self._blocked[row].append(Call(row=row, ordinal=ordinal, operation=operation, crm_id="", lead_id=""))

    def _release(self, row: RowId) -> list[Call]:
        blocked = self._blocked.pop(row, [])
        first = next((call for call in blocked if call.operation.kind is Kind.ASSIGN), None)
        if first is None:
            return blocked
        self._blocked[row] = [call for call in blocked if call is not first]
        return [first]

    async def intent(self, call: Call) -> None: ...

    async def create_settled(self, call: Call, status: Any, *, lead_id: str = "", **rest: Any) -> list[Call]:  # noqa: ARG002
        self._blocked[call.row] = [
            Call(row=c.row, ordinal=c.ordinal, operation=c.operation, crm_id=call.crm_id, lead_id=lead_id)
            for c in self._blocked[call.row]
        ]
        return self._release(call.row)

    async def follow_up_settled(self, call: Call, state: FollowUp, **rest: Any) -> list[Call]:  # noqa: ARG002
        return self._release(call.row) if call.operation.kind is Kind.ASSIGN else []


runs.SendingJournal = Forgetful  # type: ignore[attr-defined]

if __name__ == "__main__":
    from importer.cli import entry

    sys.exit(entry())
