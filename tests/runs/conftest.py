import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from importer.crm.verdict import Stop
from importer.journal.runs import Journal, StoredRun
from importer.journal.writer import Writer
from importer.model.operation import Kind, Operation, RowId
from importer.model.outcome import RowStatus
from importer.model.run import RunRequest
from importer.model.source import SourceInfo
from importer.sending.dispatcher import Dispatcher
from importer.sending.progress import Progress
from importer.sending.run_health import RunHealth
from tests.planned import PlannedRow, add_rows
from tests.result_rows import ResultRow, result_rows
from tests.runs.fake_crm import FakeCrm
from tests.virtual_time import VirtualClock, run_virtually

INFO = SourceInfo(
    path="list.csv", sha256="f00d", format="csv", columns=("ID", "Name"), headers=("ID", "Name"), header_row=1
)


def planned_row(number: int, *, assign: bool = True, events: int = 1) -> PlannedRow:
    crm_id = f"L-{number}"
    create = {"crm_id": crm_id, "first_name": "Asha", "phone_number": "+919000000001", "attributes": {}}
    operations = [Operation(kind=Kind.CREATE, key=crm_id, body=json.dumps(create).encode())]
    if assign:
        operations.append(Operation(kind=Kind.ASSIGN, key="a@x.example", body=b'{"user_email":"a@x.example"}'))
    for event in range(events):
        body = json.dumps({"event": "E", "distinct_id": f"{crm_id}-{event}"}).encode()
        operations.append(Operation(kind=Kind.EVENT, key=f"{crm_id}-{event}", body=body))
    return PlannedRow(
        row=RowId(0, number),
        status=RowStatus.VALID,
        crm_id=crm_id,
        cells=(crm_id, "Asha"),
        operations=tuple(operations),
        owner="a@x.example" if assign else "",
    )


@dataclass
class Push:
    """One run on a real journal and a fake CRM, in virtual time."""

    folder: Path
    clock: VirtualClock
    crm: FakeCrm
    tenant: int = 0
    run: StoredRun | None = None
    sender: Dispatcher | None = None

    def plan(self, rows: list[PlannedRow], name: str = "run-1") -> None:
        with Journal(self.folder, self.clock.now) as journal:
            request = RunRequest(files=("list.csv",), mapping_path="m.yaml", mapping_text="")
            run = journal.begin(name, "run", request)
            plan = journal.plan(run, to_send=True)
            plan.add_source(0, INFO)
            add_rows(plan, rows)
            self.tenant = journal.tenant("http://crm.example", "org")
            plan.freeze(request, self.tenant, "2026-11-22T15:04:05.000+00:00")
            self.run = journal.run(name)

    def send(self, before: Callable[[Dispatcher], object] | None = None, **options: Any) -> Stop | None:
        return run_virtually(self.sending(before, **options))

    async def sending(self, before: Callable[[Dispatcher], object] | None = None, **options: Any) -> Stop | None:
        assert self.run is not None
        with Journal(self.folder, self.clock.now) as journal:
            journal.recover()
            async with Writer(self.folder) as writer:
                with journal.sending(self.run, writer) as sending:
                    rates = dict.fromkeys(Kind, options.pop("rate", 10.0))
                    learnt = options.pop("learnt", None)
                    request = replace(self.run.request, **{"canary": False, **options})
                    shared: Any = {
                        "client": self.crm,
                        "journal": sending,
                        "clock": self.clock,
                        "rng": random.Random(7),
                        "progress": Progress(),
                    }
                    health = RunHealth(rates=rates, canary=request.canary, learnt=learnt, **shared)
                    self.sender = Dispatcher(health=health, request=request, **shared)
                    if before is not None:
                        before(self.sender)
                    return await self.sender.run()

    def results(self) -> list[ResultRow]:
        assert self.run is not None
        with Journal(self.folder, self.clock.now) as journal:
            return result_rows(journal, self.run)

    def statuses(self) -> list[str]:
        return [result.status for result in self.results()]


@pytest.fixture
def push(tmp_path: Path) -> Iterator[Push]:
    yield Push(folder=tmp_path / "reports", clock=VirtualClock(), crm=FakeCrm())
