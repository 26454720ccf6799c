"""rejects.xlsx, fixed in a spreadsheet program and imported as it is."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.cli.command_line import FAST, CommandLine

MAPPING = """\
version: 1
name: fixed
source: {sheet: Old sheet, header_row: 3, encoding: utf-16, delimiter: ";"}
defaults: {region: IN}
lead:
  crm_id: Id
  first_name: Name
  phone_number: Mobile
  opt_in_date: {column: Joined, format: "%d/%m/%Y"}
  attributes: {score: Score}
"""
HEADER = ("Id", "Name", "Mobile", "Joined", "Score")
ROWS = [
    ("0001", "", "+6591234567", "05/08/2026", "1.50"),
    ("0002", "Ravi", "+919876543210", "31/02/2026", "007"),
    ("0003", "Zoë", "+447911123456", "04/05/2026", "=1+1"),
]
SOFFICE = shutil.which("soffice")
NO_OFFICE = "needs LibreOffice (soffice)"


def as_saved_by_openpyxl(path: Path) -> Path:
    target = path.with_name("saved.xlsx")
    openpyxl.load_workbook(path).save(target)
    return target


def as_saved_by_libreoffice(path: Path) -> Path:
    """Read, understood and written again by another program, as when somebody opens and saves it."""
    folder = path.with_name("office")
    profile = (path.parent / "profile").as_uri()
    command = ["soffice", f"-env:UserInstallation={profile}", "--headless", "--convert-to", "xlsx", "--outdir"]
    subprocess.run([*command, str(folder), str(path)], check=True, capture_output=True, timeout=300)
    return folder / path.name


@pytest.mark.slow
@pytest.mark.parametrize(
    "saved",
    [
        as_saved_by_openpyxl,
        pytest.param(as_saved_by_libreoffice, marks=pytest.mark.skipif(SOFFICE is None, reason=NO_OFFICE)),
    ],
)
def test_a_fixed_workbook_is_imported_as_it_is(importer: CommandLine, saved: Callable[[Path], Path]) -> None:
    importer.mapping(MAPPING)
    book = openpyxl.Workbook()
    book.active.title = "Old sheet"
    for line in ((), (), HEADER, *ROWS):
        book.active.append(line)
    book.active["E6"].data_type = "s"
    book.save(importer.folder / "list.xlsx")
    first = importer("run", "list.xlsx", "-m", "m.yaml", "--sandbox", *FAST, "--run-name", "first")
    assert first.code == 1
    *_, shown, as_csv, _ = first.out.splitlines()
    assert (shown[:13], Path(shown).name) == ("Rows to fix: ", "rejects.xlsx")
    assert Path(as_csv).name == "rejects.csv"
    rejects = saved(importer.latest() / "rejects.xlsx")

    book = openpyxl.load_workbook(rejects)
    sheet = book["Rows to fix"]
    assert [cell.value for cell in sheet[1]][:5] == list(HEADER)
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=2)}
    assert list(rows) == ["0001", "0002"]
    assert rows["0001"][1].fill.fgColor.rgb == "FFFBD5D5"
    rows["0001"][1].value = "Asha"
    rows["0002"][3].value = "28/02/2026"
    book.save(rejects)
    second = saved(rejects)

    ended = importer("run", second, "-m", "m.yaml", "--sandbox", *FAST, "--run-name", "second")
    assert (ended.code, importer.statuses()) == (0, ["created", "created"]), ended.err
    assert "rejects.xlsx" not in importer.summary()["files"]
    assert not (importer.latest() / "rejects.xlsx").exists()


@pytest.mark.slow
@pytest.mark.skipif(SOFFICE is None, reason=NO_OFFICE)
def test_no_text_changes_when_libreoffice_saves_it(importer: CommandLine) -> None:
    """What spreadsheets do to rejects.csv: no plus, no zeros, other dates, numbers of fifteen digits."""
    texts = [
        "+6591234567",
        "0012",
        "5/8/2026",
        "2026-04-05",
        "1.50",
        "9.19877E+11",
        "12345678901234567890",
        "1-2",
        "TRUE",
    ]
    importer.mapping("version: 1\nname: m\nlead: {crm_id: Id, first_name: Name, phone_number: T, attributes: {}}\n")
    importer.table([[f"C-{n}", "", text] for n, text in enumerate(texts)], columns=("Id", "Name", "T"))
    importer("check", "list.csv", "-m", "m.yaml")
    saved = as_saved_by_libreoffice(importer.latest() / "rejects.xlsx")
    importer("check", saved, "-m", "m.yaml", "--run-name", "again")
    assert [row["T"] for row in importer.rejects()] == texts
