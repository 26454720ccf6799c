"""Problems in columns are the problems that they were made of."""

from itertools import chain
from unittest import mock

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from importer.model import problems as module
from importer.model.problem import KINDS, Problem, shown
from importer.model.problems import Problems, shown_texts
from tests.problem_words import hint_of, message_of

WORDS = st.text("ab 9é\u00a0\u200b\t\n“”:;…", max_size=9) | st.sampled_from(
    ["x" * 60, "x" * 61, "é" * 61, "a b " * 20, "a  b"]
)
LISTS = st.lists(
    st.builds(
        Problem,
        row=st.integers(1, 9),
        code=st.sampled_from(["of-a-later-version", *sorted(KINDS)[:4]]),
        detail=WORDS,
        field=WORDS,
        column=WORDS,
        value=WORDS,
        fix=st.sampled_from(["", "", "Write it in full."]),
        warning=st.booleans(),
    ),
    max_size=9,
)


@given(LISTS)
@example([])
def test_columns_hold_what_each_problem_holds(given: list[Problem]) -> None:
    problems = Problems.of(given)
    assert len(problems) == len(given)
    assert list(problems) == given
    assert problems.rows.tolist() == [problem.row for problem in given]
    assert problems.stops.tolist() == [not problem.warning for problem in given]
    assert problems.messages().to_pylist() == [message_of(problem) for problem in given]
    assert problems.hints().to_pylist() == [hint_of(problem) for problem in given]
    assert list(problems.in_row_order()) == sorted(given, key=lambda problem: problem.row)
    assert list(problems.where(problems.stops)) == [problem for problem in given if not problem.warning]
    of_rows = problems.by_row()
    assert of_rows == {row: tuple(p for p in given if p.row == row) for row in {problem.row for problem in given}}


@pytest.mark.slow
@given(st.lists(LISTS, max_size=3))
def test_parts_together(parts: list[list[Problem]]) -> None:
    together = Problems.together(map(Problems.of, parts))
    assert list(together) == [*chain.from_iterable(parts)]
    assert together.texts("code").to_pylist() == [problem.code for problem in chain.from_iterable(parts)]


@given(st.lists(WORDS))
def test_values_as_messages_show_them(values: list[str]) -> None:
    assert shown_texts(pa.array(values, pa.large_string())).to_pylist() == [*map(shown, values)]


@given(LISTS, st.integers(1, 9))
def test_shortened_values_have_the_same_messages(given: list[Problem], at_once: int) -> None:
    problems = Problems.of(given)
    with mock.patch.object(module, "_AT_ONCE", at_once):
        short = problems.shortened()
    assert short.messages() == problems.messages()
    assert [problem.value for problem in short] == [
        problem.value if len(problem.value) <= 60 else shown(problem.value) for problem in given
    ]


def test_one_text_is_used_for_all_rows() -> None:
    values = pa.array(["a", "b"], pa.large_string())
    problems = Problems.in_columns(np.array([7, 9]), code="c", detail="is none", value=values, warning=True)
    same = {"code": "c", "detail": "is none", "warning": True}
    assert list(problems) == [Problem(row=7, value="a", **same), Problem(row=9, value="b", **same)]
    assert list(problems.having(field="f", value="")) == [Problem(row=row, field="f", **same) for row in (7, 9)]


def test_a_column_for_other_rows_is_a_defect() -> None:
    with pytest.raises(pa.ArrowInvalid):
        Problems.in_columns(np.array([7, 9]), code=pa.array(["a"], pa.large_string()), detail="")
