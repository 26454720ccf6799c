"""What the problems of a row say of it: written out row by row, where the journal joins whole columns."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from importer.journal import results as module
from importer.journal.runs import Journal
from importer.model.operation import RowId
from importer.model.outcome import RowStatus
from importer.model.problem import KINDS, Problem
from importer.model.run import RunRequest
from importer.model.source import SourceInfo
from tests.planned import PlannedRow, add_rows
from tests.problem_words import hint_of, message_of
from tests.result_rows import result_rows, rows_of

WORDS = st.text("ab 9é\u00a0\u200b\t\n“”:;…", max_size=9) | st.sampled_from(
    ["x" * 60, "x" * 61, "é" * 61, "a b " * 20, "a  b"]
)
PROBLEMS = st.builds(
    Problem,
    row=st.just(0),
    code=st.sampled_from(sorted(KINDS)[:5]),
    detail=WORDS,
    field=WORDS,
    column=WORDS,
    value=WORDS,
    fix=st.sampled_from(["", "", "Fix it.", KINDS[sorted(KINDS)[0]].fix]),
    warning=st.booleans(),
)
ONE = Problem(row=0, code="phone-invalid", detail="is none", column="Phone", value="12")
REQUEST = RunRequest(files=("a.csv",), mapping_path="m", mapping_text="")
INFO = SourceInfo(path="a.csv", sha256="f", format="csv", columns=("A",), headers=("A",), header_row=1)


@pytest.mark.slow
@pytest.mark.parametrize("taken_out", [False, True], ids=["in their batch", "with records of their own"])
@given(rows=st.lists(st.lists(PROBLEMS, max_size=4), max_size=6))
@example(rows=[])
@example(rows=[[], []])
@example(rows=[[ONE, replace(ONE, detail="is another"), ONE]])
@example(rows=[[replace(ONE, warning=True), ONE], [replace(ONE, warning=True)]])
def test_as_each_problem_says(tmp_path_factory: pytest.TempPathFactory, taken_out: Any, rows: Any) -> None:
    problems = [[replace(each, row=5 * at + 2) for each in of_row] for at, of_row in enumerate(rows)]
    with Journal(tmp_path_factory.mktemp("journal"), lambda: datetime(2026, 11, 22, tzinfo=UTC)) as journal:
        run = journal.begin("check-1", "check", REQUEST)
        plan = journal.plan(run, to_send=False)
        plan.add_source(0, INFO)
        planned = [
            PlannedRow(
                row=RowId(0, 5 * at + 2),
                status=RowStatus.INVALID if any(not each.warning for each in of_row) else RowStatus.VALID,
                crm_id="",
                cells=("a",),
                problems=() if taken_out else tuple(of_row),
            )
            for at, of_row in enumerate(problems)
        ]
        add_rows(plan, planned)
        if taken_out:
            found = ((RowId(0, problem.row), None, problem) for of_row in problems for problem in of_row)
            plan.settle_all(found)
        with mock.patch.object(module, "AT_ONCE", 2):
            batches = list(module.result_batches(journal, run))
    for result, of_row in zip(rows_of(batches), problems, strict=True):
        stopping = [problem for problem in of_row if not problem.warning]
        assert result.message == "; ".join(message_of(problem) for problem in stopping or of_row)
        assert result.hint == " ".join(dict.fromkeys(hint_of(problem) for problem in stopping or of_row))
        assert result.problems == ";".join(dict.fromkeys(problem.code for problem in stopping))
        assert result.warnings == ";".join(dict.fromkeys(problem.code for problem in of_row if problem.warning))
    assert [tuple(row.values()) for batch in batches for row in batch.problems.to_pylist()] == [
        (
            *(problem.row, problem.code, problem.column, problem.field, problem.value),
            *(message_of(problem), hint_of(problem), problem.warning),
        )
        for of_row in problems
        for problem in of_row
    ]


def test_the_words_of_sending_go_before_those_of_problems(tmp_path: Path) -> None:
    warnings = [Problem(row=n, code="phone-repeated", detail="is repeated", column="A", warning=True) for n in (2, 3)]
    with Journal(tmp_path, lambda: datetime(2026, 11, 22, tzinfo=UTC)) as journal:
        run = journal.begin("run-1", "run", REQUEST)
        plan = journal.plan(run, to_send=True)
        plan.add_source(0, INFO)
        rows = [
            PlannedRow(row=RowId(0, each.row), status=RowStatus.VALID, crm_id="", cells=("a",), problems=(each,))
            for each in warnings
        ]
        add_rows(plan, rows)
        journal.connection.execute("UPDATE rows SET message = 'refused', hint = 'Ask.' WHERE number = 2")
        first, second = result_rows(journal, run)
    assert (first.message, first.hint, first.warnings) == ("refused", "Ask.", "phone-repeated")
    assert (second.message, second.hint) == ("A is repeated", KINDS["phone-repeated"].fix)
