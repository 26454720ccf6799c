"""problems.csv: one line for each problem and warning, with the reference of its cell."""

from pathlib import Path

import openpyxl

from importer.model.outcome import RowStatus
from importer.model.problem import Problem
from importer.reporting import PROBLEM_COLUMNS, problems_csv
from tests.cli.command_line import CommandLine, command_line, lead, read_csv
from tests.reporting.conftest import Reports

__all__ = ["command_line"]


def test_the_columns_are_the_promised_ones() -> None:
    promised = "source,sheet,number,column,cell,field,code,severity,value,message,hint"
    assert ",".join(PROBLEM_COLUMNS) == promised


def test_a_line_for_each_problem_in_the_order_of_the_rows(importer: CommandLine) -> None:
    importer.mapping()
    importer.table([lead(1, ID="", Phone="12"), lead(2), lead(3, Phone="+919876500002")])
    assert importer("check", "list.csv", "-m", "m.yaml").code == 1
    rows = read_csv(importer.latest() / "problems.csv")
    seen = [(row["number"], row["cell"], row["code"], row["severity"], row["field"], row["value"]) for row in rows]
    assert seen == [
        ("2", "C2", "phone-region-missing", "error", "phone_number", "12"),
        ("2", "A2", "crm-id-missing", "error", "crm_id", ""),
        ("3", "", "phone-repeated", "warning", "phone_number", ""),
        ("4", "", "phone-repeated", "warning", "phone_number", ""),
    ]
    assert {row["source"] for row in rows} == {"list.csv"}
    assert {(row["code"], row["column"]) for row in rows} >= {("crm-id-missing", "ID")}
    assert all(row["message"] and row["hint"] for row in rows)


def test_the_reference_is_that_of_the_sheet_wherever_its_table_begins(importer: CommandLine) -> None:
    importer.mapping("version: 1\nname: m\nlead: {crm_id: ID, first_name: Name, phone_number: Phone (2)}\n")
    book = openpyxl.Workbook()
    book.active.title = "März"
    for row in ([], ["", "", "ID", "", "Name", "Phone", "Phone"], ["", "", "L-1", "", "Asha", "1", "12"]):
        book.active.append(row)
    book.save(importer.folder / "list.xlsx")
    assert importer("check", "list.xlsx", "-m", "m.yaml").code == 1
    (problem,) = read_csv(importer.latest() / "problems.csv")
    assert (problem["sheet"], problem["number"], problem["column"], problem["cell"]) == ("März", "3", "Phone (2)", "G3")
    assert book.active[problem["cell"]].value == "12"


def test_formulas_are_neutral_and_a_problem_of_no_column_has_no_cell(tmp_path: Path, reports: Reports) -> None:
    whole = Problem(row=3, code="row-too-short", detail="x", field="", column="", value="")
    nasty = Problem(row=3, code="phone-invalid", detail="x", field="phone_number", column="Phone", value="=1+1")
    row = reports.row(3, RowStatus.INVALID, problems=(whole, nasty))
    run = reports.run(reports.source("=a.csv"))
    with problems_csv(tmp_path / "p.csv", run) as write:
        for batch in reports.batches([row, reports.created(4)]):
            write(batch)
    first, second = read_csv(tmp_path / "p.csv")
    assert (first["source"], first["cell"], second["cell"], second["value"]) == ("'=a.csv", "", "C3", "'=1+1")


def test_only_headers_when_nothing_is_wrong(tmp_path: Path, reports: Reports) -> None:
    with problems_csv(tmp_path / "p.csv", reports.run()) as write:
        for batch in reports.batches([reports.created()]):
            write(batch)
    assert (tmp_path / "p.csv").read_text(encoding="utf-8") == ",".join(PROBLEM_COLUMNS) + "\n"
