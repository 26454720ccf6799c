"""`resolve` and `purge` on a real journal."""

from datetime import timedelta
from pathlib import Path

import pytest

from importer.errors import RunError
from importer.journal.runs import Journal
from importer.model.operation import Kind
from importer.runs.purge_runs import purge
from importer.runs.resolution import resolve_run
from importer.runs.send_lock import sending_lock
from tests.runs.conftest import Push, planned_row


def unconfirmed(push: Push) -> None:
    push.crm.script[Kind.CREATE].extend([push.crm.stores_but_is_silent] * 2)
    push.plan([planned_row(2, events=2), planned_row(3, assign=False)])
    push.send()
    assert push.statuses() == ["created_unconfirmed"] * 2


def resolved(push: Push, *, ours: bool, rows: Path | None = None) -> str:
    assert push.run is not None
    with Journal(push.folder, push.clock.now) as journal:
        return resolve_run(journal, journal.run("run-1"), rows, ours=ours, now=push.clock.now()).sentence


def test_ours_releases_the_follow_ups_and_resume_does_them(push: Push) -> None:
    unconfirmed(push)
    assert resolved(push, ours=True).startswith("2 of 2 unconfirmed rows of run-1 are created now.")
    with Journal(push.folder, push.clock.now) as journal:
        assert journal.latest_unfinished().run_id == "run-1"
    push.send()
    assert [(r.status, r.assign, r.events) for r in push.results()] == [
        ("created", "accepted", "accepted"),
        ("created", "", "accepted"),
    ]
    assert sum(push.crm.events.values()) == 3
    assert set(push.crm.leads.values()) == {1}


def test_existing_drops_them(push: Push) -> None:
    unconfirmed(push)
    resolved(push, ours=False)
    assert [(r.status, r.assign, r.events) for r in push.results()] == [("duplicate", "", "")] * 2
    assert not push.crm.owners


def test_only_the_named_rows_are_settled(push: Push, tmp_path: Path) -> None:
    unconfirmed(push)
    ids = tmp_path / "ids.txt"
    ids.write_text("L-3\n\n")
    resolved(push, ours=True, rows=ids)
    assert push.statuses() == ["created_unconfirmed", "created"]
    ids.write_text("L-3\nL-99\n")
    with pytest.raises(RunError, match="L-3"):
        resolved(push, ours=True, rows=ids)


def test_after_existing_a_later_run_calls_the_lead_a_duplicate(push: Push) -> None:
    unconfirmed(push)
    resolved(push, ours=False)
    push.plan([planned_row(2)], name="run-2")
    push.send()
    assert push.statuses() == ["duplicate"]


def test_purge_forgets_whom_an_old_run_was_about(push: Push) -> None:
    push.crm.script[Kind.CREATE].append(push.crm.behave)
    push.plan([planned_row(2)])
    push.send()
    with Journal(push.folder, push.clock.now) as journal:
        run = journal.run("run-1")
        journal.connection.execute("UPDATE runs SET state = 'finished' WHERE id = ?", (run.id,))
        assert purge(journal, older_than=timedelta(days=90), now=push.clock.now()).removed == []
        later = push.clock.now() + timedelta(days=91)
        assert purge(journal, older_than=timedelta(days=90), now=later).removed == ["run-1"]
    raw = b"".join(path.read_bytes() for path in push.folder.glob("journal.sqlite3*"))
    for personal in (b"Asha", b"a@x.example", b"+919000000001"):
        assert personal not in raw
    assert push.statuses() == ["created"]


def test_purge_takes_a_planned_run_by_its_age_and_remembers_what_may_exist(push: Push) -> None:
    """What a killed process was sending may exist; once the ids are gone, only the ledger can say so."""
    push.plan([planned_row(2)])
    push.send()
    with Journal(push.folder, push.clock.now) as journal:
        began = push.clock.now().isoformat()
        journal.connection.execute("UPDATE operations SET state = 'intent', intent_at = ? WHERE ordinal = 0", (began,))
        journal.connection.execute("UPDATE leads SET possibly_sent = 0")
        assert purge(journal, older_than=timedelta(days=90), now=push.clock.now()).removed == []
        later = push.clock.now() + timedelta(days=900)
        assert purge(journal, older_than=timedelta(days=90), now=later).removed == ["run-1"]
        assert journal.connection.execute("SELECT possibly_sent FROM leads WHERE crm_id = 'L-2'").fetchone()[0] == 1
        with pytest.raises(RunError, match="unfinished"):
            journal.latest_unfinished()


def test_purge_leaves_an_unplanned_run_alone_while_a_process_may_be_at_it(push: Push) -> None:
    """Somebody declined it long ago and plans it anew right now."""
    push.plan([planned_row(2)])
    later = push.clock.now() + timedelta(days=900)
    with Journal(push.folder, push.clock.now) as journal:
        journal.connection.execute("UPDATE runs SET planned_at = NULL, state = 'stopped'")
        with sending_lock(push.folder, "run-1", push.clock.now()):
            assert purge(journal, older_than=timedelta(0), now=later).removed == []
        assert purge(journal, older_than=timedelta(0), now=later).removed == ["run-1"]
