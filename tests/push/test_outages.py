"""Five minutes without a server, in virtual time: every row is there at the end, and the server was left in peace."""

import asyncio
import os
from collections import Counter
from pathlib import Path

import pytest

from importer.crm.observation import NoAnswer, Observation
from importer.model.operation import Call, Kind
from tests.runs.conftest import Push, planned_row
from tests.runs.fake_crm import LOST, REFUSED, FakeCrm, error
from tests.virtual_time import VirtualClock

pytestmark = pytest.mark.slow

LARGE = int(os.environ.get("IMPORTER_TEST_OUTAGE_ROWS", "2000"))
"""The long version sends 10,000 rows; each takes half a dozen real commits."""

FROM, UNTIL = 1060.0, 1360.0


class OutCrm(FakeCrm):
    """A CRM that is gone for five minutes, in one of three ways."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.during = 0

    async def send(self, call: Call) -> Observation:
        now = asyncio.get_running_loop().time()
        if not FROM <= now < UNTIL:
            return await super().send(call)
        self.during += 1
        if self.how == "refused":
            await asyncio.sleep(0.001)
            return REFUSED
        if self.how == "black hole":
            await asyncio.sleep(60.0)
            return NoAnswer(reason="no complete answer within 60 s", sent=True)
        await asyncio.sleep(self.latency)
        if self.how == "stores, then 503":
            self.behave(call)
        return LOST if self.how == "lost" else error(503)


def sent(tmp_path: Path, how: str, rows: int, concurrency: int = 16) -> OutCrm:
    """Send rows, half of them with follow-ups, through the outage; every label is true and none is given up."""
    crm = OutCrm(how)
    push = Push(folder=tmp_path / "reports", clock=VirtualClock(), crm=crm)
    push.plan([planned_row(n, assign=bool(n % 2), events=n % 2) for n in range(2, rows + 2)])
    assert push.send(concurrency=concurrency) is None
    results = push.results()
    assert len(results) == rows
    given_up = [r for r in results if r.status not in ("created", "created_unconfirmed")]
    assert given_up == []
    unconfirmed = [r for r in results if r.status == "created_unconfirmed"]
    assert len(unconfirmed) <= (crm.during if how == "stores, then 503" else 0)
    for result in results:
        asked = bool(result.row.number % 2) and result.status == "created"
        assert (result.assign, result.events) == (("accepted", "accepted") if asked else (result.assign, result.events))
        assert result.assign not in ("unknown", "rejected")
        assert result.events not in ("unknown", "rejected")
    assert set(crm.leads.values()) == {1}
    assert all(count == 1 for count in crm.events.values())
    return crm


@pytest.mark.parametrize("how", ["refused", "503", "stores, then 503", "lost", "black hole"])
def test_five_minutes_without_a_server_cost_no_row(tmp_path: Path, how: str) -> None:
    # In a black hole every connection waits for its deadline, and ten more go out while those come back.
    crm = sent(tmp_path, how, 900, concurrency=8 if how == "black hole" else 16)
    assert crm.during <= 25


def test_five_minutes_cost_no_row_of_a_large_run(tmp_path: Path) -> None:
    crm = sent(tmp_path, "503", LARGE)
    assert crm.during <= 25
    assert sum(1 for _, kind, _ in crm.calls if kind is Kind.CREATE) >= LARGE


@pytest.mark.parametrize("kind", list(Kind))
def test_the_last_rows_of_a_run_do_not_spend_their_tries_on_probes(tmp_path: Path, kind: Kind) -> None:
    """Six calls are left when the server goes: each is a probe again and again, and none is given up for it."""
    push = Push(folder=tmp_path / "reports", clock=VirtualClock(), crm=FakeCrm())

    def gone(call: Call) -> Observation | None:
        out = asyncio.get_running_loop().time() < 1300.0 and call.crm_id != "L-2"
        return error(503) if out and call.operation.kind is kind else None

    push.crm.always = gone
    push.plan([planned_row(n) for n in range(2, 9)])
    assert push.send(settle=1.0, assign_spacing=0.0, rate=0.0) is None
    assert {(r.status, r.assign, r.events) for r in push.results()} == {("created", "accepted", "accepted")}
    assert max(Counter(crm_id for _, called, crm_id in push.crm.calls if called is kind).values()) > 4
