"""What is told of rows in columns is what `RowResult` and `Problem` say one by one."""

from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from importer.journal import problem_summary as module
from importer.journal.encoding import problems_text
from importer.model.operation import RowId
from importer.model.outcome import RowResult, RowStatus
from importer.model.problem import KINDS, Problem

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
    fix=st.sampled_from(["", "", "Mend it.", KINDS[sorted(KINDS)[0]].fix]),
    warning=st.booleans(),
)
ONE = Problem(row=0, code="phone-invalid", detail="is none", column="Phone", value="12")


@pytest.mark.slow
@given(st.lists(st.lists(PROBLEMS, max_size=4), max_size=6))
@example([])
@example([[], []])
@example([[ONE, replace(ONE, detail="is another"), ONE]])
@example([[replace(ONE, warning=True), ONE], [replace(ONE, warning=True)]])
def test_as_each_row_says(rows: list[list[Problem]]) -> None:
    results = [
        RowResult(
            row=RowId(0, 5 * place + 2),
            status=RowStatus.INVALID,
            problems=tuple(replace(problem, row=5 * place + 2) for problem in of_row),
        )
        for place, of_row in enumerate(rows)
    ]
    numbers, texts = [result.row.number for result in results], [problems_text(result.problems) for result in results]
    for at_once in (2, module.AT_ONCE):
        with mock.patch.object(module, "AT_ONCE", at_once):
            assert_as_each_says(module.told(module.stored_problems(numbers, texts)), results)


def assert_as_each_says(said: module.Told, results: list[RowResult]) -> None:
    results = [result for result in results if result.problems]
    assert said.numbers.tolist() == [result.row.number for result in results]
    assert said.explanations.to_pylist() == [result.explanation for result in results]
    assert said.cures.to_pylist() == [result.cure for result in results]
    assert said.codes.to_pylist() == [result.codes(warnings=False) for result in results]
    assert said.warning_codes.to_pylist() == [result.codes(warnings=True) for result in results]
    assert said.stops.tolist() == [any(not problem.warning for problem in result.problems) for result in results]
    assert [tuple(row.values()) for row in said.problems.to_pylist()] == [
        (problem.row, problem.code, problem.message, problem.hint, problem.warning)
        for result in results
        for problem in result.problems
    ]
