"""What the tests of this room share: writing a file and reading it back in one step."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from importer.model.source import ReadOptions
from importer.reading.opening import open_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from importer.model.problem import Problem
    from importer.model.source import SourceInfo


@dataclass
class Seen:
    """A table as it was read: rows by number, problems and physical lines."""

    info: SourceInfo
    rows: dict[int, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    lines: dict[int, int] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        return list(self.info.columns)

    @property
    def codes(self) -> list[tuple[int, str, str]]:
        return [(problem.row, problem.code, problem.column) for problem in self.problems]


def see(path: Path, wanted: Iterable[str] = (), size: int = 20_000, **options: Any) -> list[Seen]:
    """Every table of the file, read to its end."""
    seen = []
    for table in open_tables(path, ReadOptions(**options), frozenset(wanted)):
        one = Seen(table.info)
        for batch in table.batches(size):
            assert all(str(dtype) == "str" for dtype in batch.frame.dtypes)
            assert batch.frame.index.name == "number"
            assert str(batch.frame.index.dtype) == "int64"
            assert not batch.frame.isna().any().any()
            assert list(batch.frame.columns) == one.columns
            one.rows |= {
                number: list(row) for number, row in zip(batch.frame.index, batch.frame.to_numpy(), strict=True)
            }
            one.problems += batch.problems
            one.lines |= batch.lines or {}
        seen.append(one)
    return seen


@pytest.fixture
def csv_of(tmp_path: Path) -> Callable[..., Seen]:
    """Writes bytes (or text in UTF-8) as a CSV file and reads it."""

    def write_and_see(content: bytes | str, **options: Any) -> Seen:
        path = tmp_path / "leads.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return see(path, **options)[0]

    return write_and_see


@pytest.fixture
def workbook_of(tmp_path: Path) -> Callable[..., Seen]:
    """Writes rows into a sheet with openpyxl and reads it; `formats` maps cell references to number formats."""

    def write_and_see(rows: list[list[object]], formats: dict[str, str] | None = None, **options: Any) -> Seen:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        for reference, code in (formats or {}).items():
            book.active[reference].number_format = code
        book.save(tmp_path / "leads.xlsx")
        return see(tmp_path / "leads.xlsx", **options)[0]

    return write_and_see


@pytest.fixture
def see_all() -> Callable[..., list[Seen]]:
    return see


SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORKBOOK_PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{SPREADSHEET}" xmlns:r="{OFFICE}">'
        '<sheets><sheet name="Leads" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


@pytest.fixture
def raw_workbook(tmp_path: Path) -> Callable[..., Path]:
    """`write_raw_workbook` into the test's own folder."""
    return partial(write_raw_workbook, tmp_path / "raw.xlsx")


def write_raw_workbook(
    path: Path, rows: str, before: str = "", sheet: str = "", strings: str = "", **parts: str
) -> Path:
    """A workbook whose sheet XML is written by hand; `strings` are shared ones (or their part)."""
    body = sheet or (f'<worksheet xmlns="{SPREADSHEET}">{before}<sheetData>{rows}</sheetData></worksheet>')
    content = {**WORKBOOK_PARTS, "xl/worksheets/sheet1.xml": body, **parts}
    if strings:
        content["xl/sharedStrings.xml"] = (
            strings if strings.endswith("sst>") else f'<sst xmlns="{SPREADSHEET}">{strings}</sst>'
        )
        declared = '<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-'
        declared += 'officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
        content["[Content_Types].xml"] = content["[Content_Types].xml"].replace("</Types>", declared)
        relationships, end, _ = content["xl/_rels/workbook.xml.rels"].rpartition("</Relationships>")
        to_strings = f'<Relationship Id="r2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        content["xl/_rels/workbook.xml.rels"] = relationships + to_strings + end
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return path
