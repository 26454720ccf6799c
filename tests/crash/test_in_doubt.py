"""What the crash tests have taught about doubt, each as one exact case."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from importer.crm.observation import Answer
from importer.journal.database import FILE_NAME, open_database
from importer.journal.rows import materialize, stored_batches
from importer.journal.runs import Journal
from importer.model.operation import Kind
from importer.model.outcome import RowStatus
from tests.runs.conftest import Push, planned_row
from tests.runs.fake_crm import EXISTS, FakeCrm
from tests.virtual_time import VirtualClock


@pytest.fixture
def push(tmp_path: Path) -> Push:
    return Push(folder=tmp_path / "reports", clock=VirtualClock(), crm=FakeCrm())


def _doubt_since(push: Push, *, asleep: float) -> float:
    """Seconds before the recovery at which the lost request is taken to have ended, `asleep` after it began."""
    push.plan([planned_row(2, assign=False, events=0)])
    began = push.clock.now()
    with Journal(push.folder, lambda: began + timedelta(seconds=asleep)) as journal:
        for batch in stored_batches(journal.connection, 1):
            materialize(journal.connection, batch)
        journal.connection.execute(
            "UPDATE operations SET state = 'intent', intent_at = ?", (began.isoformat(timespec="milliseconds"),)
        )
        assert journal.recover() == 1
        (at,) = journal.connection.execute("SELECT doubt_at FROM operations").fetchone()
    return (began + timedelta(seconds=asleep) - datetime.fromisoformat(at)).total_seconds()


@pytest.mark.parametrize(("asleep", "ago"), [(0.0, 0.0), (50.0, 0.0), (60.0, 0.0), (3600.0, 3540.0), (-3600.0, 0.0)])
def test_a_lost_request_may_have_lived_until_its_time_was_up(push: Push, asleep: float, ago: float) -> None:
    """It is not known when in its 60 s the process died, so the settling begins as late as that can have been."""
    assert max(0.0, _doubt_since(push, asleep=asleep)) == pytest.approx(ago, abs=0.01)


def test_an_answer_about_another_lead_leaves_a_doubt_that_outlives_the_run(push: Push) -> None:
    """The lead may be ours: a later "already exists" must not be called a duplicate."""
    push.plan([planned_row(2)])
    push.crm.script[Kind.CREATE].append(
        Answer(status=200, headers={}, body=b'{"lead_id": "x", "crm_id": "somebody-else"}')
    )
    assert push.send() is not None
    assert push.statuses() == [RowStatus.UNKNOWN]
    assert push.run is not None
    with Journal(push.folder, push.clock.now) as journal:
        journal.retry_failed(push.run)
    push.crm.script[Kind.CREATE].append(EXISTS)
    push.send()
    assert push.statuses() == [RowStatus.CREATED_UNCONFIRMED]


def test_reading_the_journal_does_not_remove_its_wal(tmp_path: Path) -> None:
    """Two connections of one process, then a look from outside: what is committed afterwards survives a crash."""
    folder = tmp_path / "reports"
    first, second = open_database(folder), open_database(folder)
    look = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM runs').fetchall(); c.close()"
    )
    subprocess.run([sys.executable, "-c", look, str(folder / FILE_NAME)], check=True)
    second.execute("INSERT INTO tenants (origin, org) VALUES ('http://crm.example', '1')")
    left_by_a_crash = tmp_path / "copy"
    shutil.copytree(folder, left_by_a_crash)
    with closing(sqlite3.connect(left_by_a_crash / FILE_NAME)) as copy:
        assert copy.execute("SELECT org FROM tenants").fetchall() == [("1",)]
    second.close()
    first.close()
