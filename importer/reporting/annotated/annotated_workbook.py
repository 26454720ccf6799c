"""annotated.xlsx: the user's own workbook with every problem marked where it is.

Workbooks of more than `COPIED_ROWS` rows, and those that cannot be copied, have none: rejects.xlsx has their rows.
"""

from __future__ import annotations

import hashlib
import zlib
from itertools import groupby
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile, ZipFile

from importer.reporting.annotated.book import Book
from importer.reporting.annotated.comments import add_comments
from importer.reporting.annotated.highlights import ADDED_WIDTH, Highlights
from importer.reporting.annotated.import_sheet import IMPORT, ROWS_LISTED, ImportSheet
from importer.reporting.annotated.package import Package, new_part
from importer.reporting.annotated.sheet import MarkedSheet, not_selected, survey
from importer.reporting.annotated.xml_edit import NotCopied
from importer.reporting.overview import Overview
from importer.reporting.private_files import removed, replacing
from importer.reporting.workbook_text import COMMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from importer.model.operation import RowId
    from importer.model.outcome import ResultBatch
    from importer.model.run import RunReport

COPIED_ROWS: Final = 20_000
"""Rows of a workbook up to which it is copied: nobody looks through more by hand. It takes about 3 s of one core."""

COPIED_BYTES: Final = 300_000_000
"""Bytes of a workbook (unpacked) up to which it is copied, with its pictures and its other sheets."""

FORMATS: Final = frozenset({".xlsx", ".xlsm"})
"""Endings of the files that can be copied."""

# What zipfile, expat and numbers that are none raise for packages that are damaged or not what they seem.
_NOT_UNDERSTOOD: Final = (
    NotCopied,
    BadZipFile,
    EOFError,
    ExpatError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    zlib.error,
)


def write_annotated(path: Path, source_path: Path, run: RunReport, batches: Callable[[], Iterable[ResultBatch]]) -> str:
    """Write a copy of the workbook with its problems marked, its outcomes in one more column, and a sheet "Import".

    Everything else stays, byte for byte; only macros are not copied. Rows of other files are passed over. Where there
    can be no copy, no file is there afterwards, and the reason is returned. `batches` gives all rows, each time it is
    called. Raises LocalDiskError.
    """
    mine = [index for index, source in enumerate(run.sources) if Path(source.info.path) == source_path]

    def own() -> Iterator[ResultBatch]:
        return (batch for batch in batches() if batch.source in mine)

    reason = _copy_or_why_not(path, source_path, run, mine, own)
    if reason:
        removed(path)
    return reason


def _copy_or_why_not(
    path: Path, source_path: Path, run: RunReport, mine: Sequence[int], batches: Callable[[], Iterable[ResultBatch]]
) -> str:
    """Write the copy; returns why there can be none, else nothing."""
    name = source_path.name
    rows = sum(run.sources[index].rows for index in mine)
    if source_path.suffix.lower() not in FORMATS:
        return f"{name} is not an .xlsx workbook."
    if rows > COPIED_ROWS:
        return f"{name} has {rows:,} rows; only workbooks of up to {COPIED_ROWS:,} rows are copied."
    try:
        source = source_path.open("rb")
    except OSError as error:
        return f"{name} cannot be read any more ({error.__class__.__name__})."
    with source:
        if {run.sources[index].info.sha256 for index in mine} != {hashlib.file_digest(source, "sha256").hexdigest()}:
            return f"{name} was changed after it was read."
        try:
            with ZipFile(source) as archive:
                size = sum(member.file_size for member in archive.infolist())
                if size > COPIED_BYTES:
                    return f"{name} is too large to be copied ({size / 1e6:,.0f} MB unpacked)."
                with replacing(path) as file:
                    _copy(archive, file, run, mine, batches())
        except _NOT_UNDERSTOOD:
            return f"{name} contains something that cannot be copied."
    return ""


def _copy(
    archive: ZipFile, file: IO[bytes], run: RunReport, mine: Sequence[int], batches: Iterable[ResultBatch]
) -> None:
    package = Package(archive)
    book = Book(package)
    sheets = dict(book.sheets)
    front = book.put_in_front(IMPORT)
    overview = Overview(limit=ROWS_LISTED)
    notes: set[str] = set()
    by_source = groupby(overview.watch(batches), key=lambda batch: batch.source)
    results = {index: list(group) for index, group in by_source}
    for index in mine:
        part = sheets.pop(run.sources[index].info.sheet)  # KeyError: not the sheet that was read, or read twice
        if _mark_sheet(package, book, part, run, index, results.get(index, [])):
            notes.add(f"Only the first {COMMENTS:,} cells with problems carry a comment; all of them are filled.")
    for part in sheets.values():
        if b"tabSelected" in package.head(part):
            package.put(part, not_selected(package.read(part)))

    def link(row: RowId) -> tuple[str, int]:
        return run.sources[row.source].info.sheet, row.number

    with ZipFile(file, "w") as target:
        with new_part(target, front) as sheet:
            front_sheet = ImportSheet(run=run, overview=overview, notes=tuple(notes), link=link)
            front_sheet.write(sheet, book.styles, book.namespace)
        book.finish()
        package.write(target)


def _mark_sheet(
    package: Package, book: Book, part: str, run: RunReport, index: int, batches: Iterable[ResultBatch]
) -> bool:
    """Mark the sheet of a source; returns whether there were more comments than it can carry."""
    source = run.sources[index].info
    xml = package.read(part)
    found = survey(xml, source.header_row, book.shared_strings)
    highlights = Highlights(source, found, book.styles)
    for batch in batches:
        highlights.add(batch)
    sheet = MarkedSheet(xml, book.styles, added=highlights.added, width=ADDED_WIDTH)
    sheet.mark(highlights.rows)
    if highlights.comments:
        texts = {cell: "\n\n".join(texts) for cell, texts in highlights.comments.items()}
        drawing = add_comments(package, part, sheet.drawing, texts, book.namespace)
        if not sheet.drawing:
            sheet.refer_to(drawing, package.relations(part).namespace)
    package.put(part, sheet.render())
    return len(highlights.comments) >= COMMENTS
