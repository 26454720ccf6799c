"""A process of its own that asks a server for an answer and says what it saw and how much memory that took.

Arguments: the base URL, and how often to ask.
"""

import asyncio
import json
import sys

from importer.crm.client import Deadlines, LeadsClient
from importer.crm.credential import Credential, CredentialKind
from importer.crm.observation import Answer
from importer.crm.responses import judge
from importer.model.operation import Call, Kind, Operation, RowId
from tests.canary import CANARY
from tests.memory import peak_kib


async def main(base_url: str, times: int) -> None:
    credential = Credential(CredentialKind.API_KEY, CANARY, source="test")
    operation = Operation(kind=Kind.CREATE, key="L-1", body=b'{"crm_id": "L-1", "attributes": {}}')
    call = Call(row=RowId(0, 2), ordinal=0, operation=operation, crm_id="L-1")
    async with LeadsClient(base_url=base_url, org="o", credential=credential, deadlines=Deadlines.within(20)) as client:
        seen = await client.send(call)  # an ordinary answer: everything that is loaded late is loaded now
        judge(seen, call)
        before = peak_kib()
        told = []
        for _ in range(times):
            seen = await client.send(call)
            verdict = judge(seen, call)
            body = seen.body if isinstance(seen, Answer) else b"no answer"
            told.append([body is None, str(verdict.action), verdict.possibly_sent])
        extra = peak_kib() - before
    print(json.dumps({"told": told, "extra_kib": extra}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
