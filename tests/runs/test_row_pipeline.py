"""What is said of a row before it is planned: by the reader, the mapping and the validator, without saying it twice."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from importer.mapping import Mapper, parse_mapping
from importer.model.source import ReadOptions
from importer.reading.opening import open_tables
from importer.runs.row_pipeline import Opened, checked_batches

MAPPING = """\
version: 1
name: test
lead:
  crm_id: ID
  first_name: Name
  phone_number: Phone
  attributes: {score: {column: Score, type: integer}}
"""


@pytest.fixture
def said(tmp_path: Path) -> Callable[..., list[tuple[int, str, str]]]:
    """Row, code and column of everything that is said of a list."""

    def say(text: str, mapping: str = MAPPING) -> list[tuple[int, str, str]]:
        path = tmp_path / "list.csv"
        path.write_text(text)
        loaded = parse_mapping(mapping, "m.yaml")
        (table,) = open_tables(path, ReadOptions(), frozenset({"ID", "Name", "Phone", "Score"}))
        opened = Opened(table=table, mapper=Mapper(loaded, table.info, now=datetime(2026, 11, 22, tzinfo=UTC)))
        batches = checked_batches(opened, loaded, limit=None, rejected=frozenset())
        return [(p.row, p.code, p.column) for batch in batches for p in batch.problems.in_row_order()]

    return say


def test_where_a_cell_could_not_be_read_nobody_adds_anything(said: Callable[..., list[tuple[int, str, str]]]) -> None:
    rows = "L-1,#N/A,#N/A,#REF!\nL-2,Asha,12,x\nL-3,Asha,#N/A,x\nL-4,Asha,+919876543210,7\n"
    assert said(f"ID,Name,Phone,Score\n{rows}") == [
        (2, "cell-error", "Name"),
        (2, "cell-error", "Phone"),
        (2, "cell-error", "Score"),
        (3, "phone-region-missing", "Phone"),
        (3, "integer-invalid", "Score"),
        (4, "cell-error", "Phone"),
        (4, "integer-invalid", "Score"),
    ]


def test_what_was_read_badly_counts_only_where_it_is_mapped(said: Callable[..., list[tuple[int, str, str]]]) -> None:
    rows = "L-1,Asha,+919876543210,#N/A\nL-2,Asha,+919876543211,1,2\n"
    without_score = MAPPING.replace("  attributes: {score: {column: Score, type: integer}}\n", "")
    assert said(f"ID,Name,Phone,Score\n{rows}", without_score) == [(3, "row-too-long", "")]


@pytest.mark.parametrize(
    "second",
    [
        "  last_name: {column: Name, part: last, required: true}\n",
        "  attributes: {called: {column: Name, required: true}}\n",
        "  attributes: {called: {columns: [Name, Score], min_length: 1, required: true}}\n",
        '  attributes: {called: {template: "{Name}", required: true}}\n',
    ],
)
def test_a_cell_that_cannot_be_read_is_one_problem_however_many_fields_are_made_from_it(
    said: Callable[..., list[tuple[int, str, str]]], second: str
) -> None:
    mapping = MAPPING.replace("  attributes: {score: {column: Score, type: integer}}\n", second)
    rows = "L-1,#N/A,+919876543210,\nL-2,Asha Rao,+919876543211,\n"
    assert said(f"ID,Name,Phone,Score\n{rows}", mapping) == [(2, "cell-error", "Name")]
