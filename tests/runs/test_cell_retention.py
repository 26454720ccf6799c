"""Cells that nobody needs are forgotten at the end of a run; a journal that refuses is told, and costs no report."""

import pytest

from importer.errors import LocalDiskError
from importer.journal.retention import scrub
from importer.journal.runs import Journal
from importer.model.run import RunState
from importer.runs.finish import end_run
from importer.sending.run_log import FILE_NAME, logged
from tests.runs.conftest import Push, planned_row


def cells_kept(journal: Journal) -> bool:
    (cells,) = journal.connection.execute("SELECT cells FROM batches").fetchone()
    return cells is not None


@pytest.fixture
def sent(push: Push) -> Push:
    push.plan([planned_row(2), planned_row(3)])
    push.send()
    return push


def test_the_cells_of_settled_rows_are_forgotten(sent: Push) -> None:
    assert sent.run is not None
    with Journal(sent.folder, sent.clock.now) as journal:
        assert cells_kept(journal)
        end_run(journal, sent.run, RunState.FINISHED, exit_code=None, reason="", seconds=1.0)
        assert not cells_kept(journal)


def test_a_journal_that_refuses_is_logged_and_the_report_is_written(sent: Push) -> None:
    assert sent.run is not None
    with Journal(sent.folder, sent.clock.now) as journal:
        refuse = (
            "CREATE TEMP TRIGGER full BEFORE UPDATE OF cells ON main.batches BEGIN SELECT raise(ABORT, 'full'); END"
        )
        journal.connection.execute(refuse)
        with logged(sent.folder / sent.run.run_id):
            ended = end_run(journal, sent.run, RunState.FINISHED, exit_code=None, reason="", seconds=1.0)
        assert cells_kept(journal)
        with pytest.raises(LocalDiskError, match="full"):
            scrub(journal, sent.run)
    assert ended.report.counts == {"created": 2}
    assert "still in the journal" in (sent.folder / sent.run.run_id / FILE_NAME).read_text(encoding="utf-8")
