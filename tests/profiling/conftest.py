"""A column doctor on a table that a test writes down, and the command line on lists of its own."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from importer.mapping import Mapper, parse_mapping
from importer.model.examination import Symptom
from importer.model.problems import Problems
from importer.model.source import ReadOptions
from importer.profiling.columns.column_doctor import ColumnDoctor
from importer.reading.opening import open_tables
from importer.validating import Validator
from tests.cli.command_line import command_line, sandbox

__all__ = ["command_line", "sandbox"]

MAPPING = """\
version: 1
name: t
lead:
  crm_id: ID
  first_name: Name
  phone_number: Phone
"""
Examine = Callable[..., dict[str, Symptom]]


@pytest.fixture
def examine(tmp_path: Path) -> Iterator[Examine]:
    """`examine(columns, rest=..., size=...)`: the symptoms of a CSV file by their code.

    Columns that a lead needs and that are not given are valid. `rest` goes on with the mapping below `lead`.
    """

    def run(
        columns: dict[str, Sequence[str]],
        rest: str = "",
        *,
        size: int = 20_000,
        encoding: str = "utf-8",
        read: ReadOptions | None = None,
        top: str = "",
    ) -> dict[str, Symptom]:
        path = tmp_path / "list.csv"
        path.write_bytes(_csv(columns).encode(encoding))
        doctor = _doctor(path, MAPPING + rest + top, size, read or ReadOptions())
        found = doctor.symptoms()
        assert len({symptom.code for symptom in found}) == len(found), found
        return {symptom.code: symptom for symptom in found}

    yield run


def _csv(columns: dict[str, Sequence[str]]) -> str:
    count = max(map(len, columns.values()))
    whole = {
        "ID": [f"L-{number}" for number in range(count)],
        "Name": ["Asha"] * count,
        "Phone": [f"+9198765{number:05}" for number in range(count)],
        **columns,
    }
    rows = [list(whole), *zip(*whole.values(), strict=True)]
    return "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)


def _doctor(path: Path, mapping: str, size: int, read: ReadOptions) -> ColumnDoctor:
    loaded = parse_mapping(mapping, "m.yaml")
    (table,) = open_tables(path, read, frozenset({"ID", "Name", "Phone"}))
    mapper = Mapper(loaded, table.info, now=datetime(2026, 11, 22, tzinfo=UTC))
    validator = Validator(loaded.mapping, mapper.targets)
    doctor = ColumnDoctor(mapper.targets, table.info, loaded.mapping, source=0)
    for batch in table.batches(size):
        mapped = mapper.apply(batch.frame)
        problems = [Problems.of(batch.problems), mapped.problems, validator.validate(mapped, batch.frame)]
        doctor.watch(batch.frame, mapped, Problems.together(problems))
    return doctor


@pytest.fixture
def loads() -> Callable[[str], Any]:
    """Puts a fix for a lead field into a mapping, and loads it."""

    def load(line: str) -> Any:
        name = line.partition(":")[0]
        kept = [text for text in MAPPING.splitlines() if not text.strip().startswith(f"{name}:")]
        return parse_mapping("\n".join([*kept, f"  {line}"]), "m.yaml").mapping

    return load
