"""A workbook of text cells says nothing about when it was written: a report that is written again is the same file."""

import re
from pathlib import Path
from zipfile import ZipFile

from importer.reporting.text_workbook import TextWorkbook


def test_no_time_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "rejects.xlsx"
    book = TextWorkbook(path, "Front", "Rows", front_widths=[10], widths=[10])
    book.add(["a"], {})
    book.write(path, [["Rows to fix"]], last_row=1)
    with ZipFile(path) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        years = re.findall(rb">(\d{4})-", archive.read("docProps/core.xml"))
    assert years == [b"1980", b"1980"]
