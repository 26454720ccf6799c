"""A plain workbook of the rows that need attention, for sources that are not copied."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Final
from zipfile import ZipFile

from importer.model.operation import RowId
from importer.model.outcome import Tone
from importer.reporting.annotated.import_sheet import IMPORT, ROWS_LISTED, ImportSheet
from importer.reporting.annotated.package import MAIN, RELATIONS, SPREADSHEET, new_part, write_part
from importer.reporting.annotated.sheet_writer import BOLD, TEXT, WRAPPED, Cell, Line, write_sheet
from importer.reporting.annotated.styles import PLAIN_STYLES, Look, Styles
from importer.reporting.merged_headers import Union
from importer.reporting.overview import Overview
from importer.reporting.private_files import replacing
from importer.reporting.status_text import outcome, place, what_happened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from importer.model.outcome import ResultBatch
    from importer.model.run import RunReport

ROWS: Final = "Rows"
ROWS_WRITTEN: Final = 200_000
"""Rows that the workbook holds at most: more than anybody fixes by hand; all of them are in rejects.csv."""

_FIRST: Final = ("Row", "Outcome", "What happened", "What to do")
_WIDTHS: Final = (18, 18, 50, 50)
_OUTCOME: Final = Look(tone=Tone.PERSON, is_wrapped=True)
_LOOKS: Final = (WRAPPED, _OUTCOME, WRAPPED, WRAPPED)
_PACKAGES: Final = "http://schemas.openxmlformats.org/package/2006"
_PARTS: Final = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGES}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{SPREADSHEET}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{SPREADSHEET}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{SPREADSHEET}.worksheet+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet2.xml" ContentType="{SPREADSHEET}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGES}/relationships">'
    f'<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
    f'<sheet name="{IMPORT}" sheetId="1" r:id="rId1"/><sheet name="{ROWS}" sheetId="2" r:id="rId2"/>'
    "</sheets></workbook>",
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGES}/relationships">'
    f'<Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{RELATIONS}/worksheet" Target="worksheets/sheet2.xml"/>'
    f'<Relationship Id="rId3" Type="{RELATIONS}/styles" Target="styles.xml"/></Relationships>',
}


def write_plain_workbook(path: Path, run: RunReport, batches: Iterable[ResultBatch], note: str) -> None:
    """Write the sheet "Import" and a sheet with the rows that need attention, in the source's columns, as text.

    `note` says why it is not a copy of the source. Takes the batches one by one. Raises LocalDiskError.
    """
    styles = Styles(PLAIN_STYLES.format(namespace=MAIN).encode())
    overview = Overview(limit=ROWS_LISTED)
    written: dict[RowId, int] = {}
    with replacing(path) as file, ZipFile(file, "w") as archive:
        for part, xml in _PARTS.items():
            write_part(archive, part, xml.encode())
        with new_part(archive, "xl/worksheets/sheet2.xml") as sheet:
            lines = _rows(run, overview.watch(batches), written)
            write_sheet(sheet, lines, styles=styles, widths=_WIDTHS, namespace=MAIN, is_frozen=True)
        notes = [note]
        if overview.attention_count > ROWS_WRITTEN:
            notes.append(f"“{ROWS}” holds the first {ROWS_WRITTEN:,} rows that need attention; all are in rejects.csv.")

        def link(row: RowId) -> tuple[str, int] | None:
            return (ROWS, written[row]) if row in written else None

        front = ImportSheet(run=run, overview=overview, notes=tuple(notes), link=link)
        with new_part(archive, "xl/worksheets/sheet1.xml") as sheet:
            front.write(sheet, styles, MAIN)
        write_part(archive, "xl/styles.xml", styles.render())


def _rows(run: RunReport, batches: Iterable[ResultBatch], written: dict[RowId, int]) -> Iterator[Line]:
    """The header and the rows that need attention; `written` gets the place of each."""
    union = Union([source.info for source in run.sources])
    yield [Cell(value=text, look=BOLD) for text in (*_FIRST, *union.headers)]
    for batch in batches:
        room = ROWS_WRITTEN - len(written)
        lines = batch.table.filter(batch.table["needs_attention"])[:room].to_pylist()
        columns = [column.fill_null("").to_pylist() for column in batch.cells[:room].columns]
        own = zip(*columns, strict=True) if columns else repeat((), len(lines))  # nothing is kept of a purged run
        for line, own_cells in zip(lines, own, strict=True):
            row = RowId(batch.source, line["number"])
            written[row] = len(written) + 2
            texts = (place(run, row), outcome(line), what_happened(line), line["hint"])
            cells = [Cell(value=text, look=look) for text, look in zip(texts, _LOOKS, strict=True)]
            yield cells + [Cell(value=cell, look=TEXT) for cell in union.cells(batch.source, own_cells)]
