"""annotated.xlsx: the user's own workbook with every problem marked where it stands.

Measured, twelve columns: 100,000 rows (65 MB of XML) take 7 s of one core and 55 MiB, and time grows with size alone.
Workbooks above `COPIED_BYTES`, and those that cannot be copied, are answered with a plain one of the rows that need
attention.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile, ZipFile

from importer.reporting.annotated.highlights import ADDED_WIDTH, COMMENTS, SheetMarks
from importer.reporting.annotated.import_sheet import IMPORT, ROWS_LISTED, ImportSheet
from importer.reporting.annotated.plain_workbook import write_plain_workbook
from importer.reporting.annotated.workbook.book import Book
from importer.reporting.annotated.workbook.comments import Comments
from importer.reporting.annotated.workbook.package import Package, new_part
from importer.reporting.annotated.workbook.sheet import Marking, copy_sheet
from importer.reporting.annotated.workbook.survey import Survey, numbered, shared_strings, survey
from importer.reporting.annotated.workbook.xml_edit import NotCopied
from importer.reporting.overview import Overview
from importer.reporting.private_files import replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from importer.model.operation import RowId
    from importer.model.outcome import ResultBatch
    from importer.model.run import RunReport

COPIED_BYTES: Final = 300_000_000
"""Bytes of a workbook (unpacked) up to which it is copied: 430,000 rows of twelve columns, 30 s of one core."""

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


def write_annotated(
    path: Path, source_path: Path, run: RunReport, batches: Callable[[], Iterable[ResultBatch]]
) -> None:
    """Write a copy of the workbook with its problems marked, its outcomes in one more column, and a sheet "Import".

    Everything else stays, byte for byte; macros alone are not copied. Rows of other files are passed over. Falls back
    to a plain workbook that says why. `batches` gives all rows, as often as it is asked. Raises LocalDiskError.
    """
    mine = [index for index, source in enumerate(run.sources) if Path(source.info.path) == source_path]

    def own() -> Iterator[ResultBatch]:
        return (batch for batch in batches() if batch.source in mine)

    reason = _copy_or_why_not(path, source_path, run, mine, own)
    if reason:
        note = f"{reason} This plain workbook shows the rows that need attention instead of a copy."
        write_plain_workbook(path, run, own(), note)


def _copy_or_why_not(
    path: Path, source_path: Path, run: RunReport, mine: Sequence[int], batches: Callable[[], Iterable[ResultBatch]]
) -> str:
    """Write the copy, or say why there can be none."""
    name = source_path.name
    if source_path.suffix.lower() not in FORMATS:
        return f"{name} is not an .xlsx workbook."
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
                    _Copy(archive, run, mine).write(file, batches())
        except _NOT_UNDERSTOOD:
            return f"{name} contains something that cannot be copied."
    return ""


@dataclass(slots=True)
class _Copy:
    """The copy of one workbook while it is made."""

    archive: ZipFile
    run: RunReport
    mine: Sequence[int]
    package: Package = field(init=False)
    book: Book = field(init=False)
    comments: list[Comments] = field(default_factory=list)

    def write(self, file: IO[bytes], batches: Iterable[ResultBatch]) -> None:
        """Write everything; takes the batches one by one."""
        self.package = Package(self.archive)
        self.book = Book(self.package)
        name = self.book.free_name(IMPORT)
        front = self.book.put_in_front(name)
        overview = Overview(limit=ROWS_LISTED)
        with ZipFile(file, "w") as target:
            self._copy_sheets(target, overview.watch(batches))
            with new_part(target, front) as sheet:
                self._import_sheet(overview).write(sheet, self.book.styles, self.book.namespace)
            self.book.finish()
            self.package.copy_others(target, {part.casefold() for part in self.book.sheets.values()})
            self.package.write_changed(target)

    def _copy_sheets(self, target: ZipFile, batches: Iterable[ResultBatch]) -> None:
        ours = {self.run.sources[index].info.sheet: index for index in self.mine}
        if len(ours) < len(self.mine) or not ours.keys() <= self.book.sheets.keys():
            raise NotCopied("not the sheets that were read")
        by_source = groupby(batches, key=lambda batch: batch.source)
        group = next(by_source, None)
        for name, index in ours.items():
            own = group[1] if group and group[0] == index else iter(())
            self._copy_sheet(target, self.book.sheets[name], self._marking(index, self.book.sheets[name], own))
            if group and group[0] == index:
                group = next(by_source, None)
        for name, part in self.book.sheets.items():
            if name not in ours:
                self._copy_sheet(target, part, None)

    def _copy_sheet(self, target: ZipFile, part: str, marking: Marking | None) -> None:
        with self.package.open(part) as sheet, new_part(target, part) as copy:
            copy_sheet(sheet, copy, marking)

    def _marking(self, index: int, part: str, batches: Iterable[ResultBatch]) -> Marking:
        source = self.run.sources[index].info
        with self.package.open(part) as sheet:
            found = survey(sheet, source.header_row)
        self._resolve(found)
        comments = Comments(self.package, part, main=self.book.namespace, most=COMMENTS)
        self.comments.append(comments)
        marks = SheetMarks(source, found.header, found.last, styles=self.book.styles, comments=comments)
        return Marking(rows=marks.marks(batches), added=marks.added, width=ADDED_WIDTH, drawing=comments.write)

    def _resolve(self, found: Survey) -> None:
        """Put the texts of the header where it has numbers of shared strings."""
        wanted = set(numbered(found.header))
        if wanted and self.book.strings:
            with self.package.open(self.book.strings) as part:
                texts = shared_strings(part, wanted)
            for cell in found.header:
                if cell.kind == "s":
                    cell.text = texts.get(int(cell.text), "")

    def _import_sheet(self, overview: Overview) -> ImportSheet:
        def link(row: RowId) -> tuple[str, int]:
            return self.run.sources[row.source].info.sheet, row.number

        full = any(comments.is_full for comments in self.comments)
        note = f"Only the first {COMMENTS:,} cells with problems carry a comment; all of them are filled."
        return ImportSheet(run=self.run, overview=overview, notes=(note,) if full else (), link=link)
