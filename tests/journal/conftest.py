import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from importer.journal.runs import Journal, StoredRun
from importer.journal.sending import SendingJournal
from importer.journal.writer import Writer
from importer.model.operation import Kind, Operation, RowId
from importer.model.outcome import RowStatus
from importer.model.run import RunRequest
from importer.model.source import SourceInfo
from tests.planned import PlannedRow, add_rows
from tests.result_rows import ResultRow, result_rows

INFO = SourceInfo(path="list.csv", sha256="f00d", format="csv", columns=("ID",), headers=("ID",), header_row=1)


def planned(number: int, *, status: RowStatus = RowStatus.VALID, assign: bool = True, events: int = 1) -> PlannedRow:
    crm_id = f"L-{number}"
    operations = [Operation(kind=Kind.CREATE, key=crm_id, body=b'{"crm_id": "%d"}' % number)]
    if assign:
        operations.append(Operation(kind=Kind.ASSIGN, key="a@x.example", body=b'{"user_email":"a@x.example"}'))
    operations += [Operation(kind=Kind.EVENT, key=f"{crm_id}-{n}", body=b'{"event":"E"}') for n in range(events)]
    return PlannedRow(
        row=RowId(0, number),
        status=status,
        crm_id=crm_id,
        cells=(crm_id,),
        operations=tuple(operations) if status is RowStatus.VALID else (),
        owner="a@x.example" if assign else "",
    )


@dataclass
class Book:
    """A journal with one planned run, and a wall clock that is set by hand."""

    folder: Path
    time: datetime = datetime(2026, 11, 22, 15, 4, 5, tzinfo=UTC)
    journal: Journal = field(init=False)
    run: StoredRun = field(init=False)

    def __post_init__(self) -> None:
        self.journal = Journal(self.folder, lambda: self.time)

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def plan(self, *rows: PlannedRow, name: str = "run-1", origin: str = "https://crm.example", **request: Any) -> None:
        asked = RunRequest(files=("list.csv",), mapping_path="m.yaml", mapping_text="", **request)
        self.run = self.journal.begin(name, "run", asked)
        plan = self.journal.plan(self.run, to_send=True)
        plan.add_source(0, INFO)
        add_rows(plan, rows)
        plan.freeze(asked, self.journal.tenant(origin, "o1"), self.time.isoformat())
        self.run = self.journal.run(self.run.run_id)

    def sending(self, do: Callable[[SendingJournal], Awaitable[Any]]) -> Any:
        """What `do` does with the run's calls, as one process that ends well."""

        async def main() -> Any:
            async with Writer(self.folder) as writer:
                with self.journal.sending(self.run, writer) as sending:
                    return await do(sending)

        return asyncio.run(main())

    def calls(self, kind: Kind = Kind.CREATE) -> list[Any]:
        async def read(sending: SendingJournal) -> list[Any]:
            if kind is Kind.CREATE:
                return [planned async for planned in sending.creates(page=2)]
            return sending.released(kind)

        found: list[Any] = self.sending(read)
        return found

    def results(self) -> list[ResultRow]:
        return result_rows(self.journal, self.run)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    opened = Book(tmp_path / "reports")
    with opened.journal:
        yield opened
