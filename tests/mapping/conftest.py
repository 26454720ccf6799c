"""Mapping a few rows, as the room's tests do it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pandas as pd
import pytest

from importer.mapping.file.load import parse_mapping
from importer.mapping.mapper import Mapper
from importer.model.batch import MappedBatch
from importer.model.source import SourceInfo

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def a_source(columns: Sequence[str]) -> SourceInfo:
    return SourceInfo(
        path="lists/leads.xlsx",
        sha256="0" * 64,
        format="xlsx",
        columns=tuple(columns),
        headers=tuple(columns),
        header_row=3,
        sheet="Leads",
    )


def a_frame(rows: Sequence[dict[str, str]], first: int = 4) -> pd.DataFrame:
    return pd.DataFrame(rows, index=range(first, first + len(rows)), dtype="str").fillna("").astype("str")


def a_mapper(text: str, columns: Sequence[str]) -> Mapper:
    return Mapper(parse_mapping(text, "m.yaml"), a_source(columns), now=NOW)


def a_mapping(lead: str = "", rest: str = "") -> str:
    """A mapping of `ID`, `Name` and `Phone` with more lines below `lead` (two spaces in) and below that."""
    defaults = "" if "defaults:" in rest else "defaults: {region: IN}\n"
    fields = {"crm_id": "ID", "first_name": "Name", "phone_number": "Phone"}
    lines = [f"  {field}: {column}\n" for field, column in fields.items() if f"{field}:" not in lead]
    return f"version: 1\nname: test\n{defaults}lead:\n{''.join(lines)}{lead}\n{rest}"


@pytest.fixture
def map_rows() -> Callable[..., MappedBatch]:
    """Maps rows, given as dicts of cells and numbered from 4, by the lines of a mapping."""

    def mapped(*rows: dict[str, str], lead: str = "", rest: str = "") -> MappedBatch:
        basics = {"ID": "L1", "Name": "Asha", "Phone": "+919876543210"}
        frame = a_frame([basics | row for row in rows])
        return a_mapper(a_mapping(lead, rest), list(frame.columns)).apply(frame)

    return mapped


@pytest.fixture
def mapper_for() -> Callable[[str, Sequence[str]], Mapper]:
    """Binds the text of a mapping to columns."""
    return a_mapper


@pytest.fixture
def mapping_text() -> Callable[..., str]:
    """Writes a whole mapping around some lines."""
    return a_mapping
