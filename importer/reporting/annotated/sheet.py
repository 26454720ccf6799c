"""A sheet of the user's: cells are filled and added, everything else stays as bytes.

The parser only finds where things are. No value of a cell is ever decoded and written again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from importer.reporting.annotated.sheet_writer import column_letters, column_number
from importer.reporting.annotated.xml_edit import Document, NotCopied, quoted, text_cell, with_attributes

if TYPE_CHECKING:
    from importer.model.outcome import Tone
    from importer.reporting.annotated.styles import Styles
    from importer.reporting.annotated.xml_edit import Element

LAST_COLUMN: Final = 16_384

_NOT_BEFORE_COMMENTS: Final = frozenset(
    {
        "legacyDrawingHF",
        "drawingHF",
        "picture",
        "oleObjects",
        "controls",
        "webPublishItems",
        "tableParts",
        "AlternateContent",
        "extLst",
    }
)
"""What follows `legacyDrawing` in a sheet, by the schema; `AlternateContent` wraps controls."""

_DIGITS: Final = "0123456789"


@dataclass(slots=True, kw_only=True)
class HeaderCell:
    """A cell of the header: its column, the number of its look, its text."""

    column: int
    look: int
    text: str


@dataclass(slots=True)
class Survey:
    """What was found: `last` is the last column with a value, or merged with one in the table; 0 if there is none."""

    last: int = 0
    header: list[HeaderCell] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMark:
    """What a row gets: a text and its look in our column, and a fill for some of its cells."""

    text: str
    look: int
    fills: Mapping[int, Tone] = field(default_factory=dict)


def survey(xml: bytes, header_row: int, shared_strings: Callable[[set[int]], Mapping[int, str]]) -> Survey:
    """A first look at a sheet: how far its table reaches, and the texts of its header."""
    document = Document(xml, passing="sheetData")
    found = Survey()
    shared: list[tuple[int, HeaderCell]] = []
    for number, row in _rows(document):
        for column, cell in _cells(row):
            filled = [child for child in cell.children if child.name in ("v", "is", "f")]
            if filled and column > found.last:
                found.last = column
            if number == header_row and filled and filled[-1].name != "f":
                text = filled[-1].text()
                found.header.append(HeaderCell(column=column, look=int(cell.attributes.get("s", 0)), text=text))
                if cell.attributes.get("t") == "s":
                    shared.append((int(text), found.header[-1]))
    texts = shared_strings({number for number, _ in shared})
    for number, header in shared:
        header.text = texts.get(number, "")
    for merged in document.root.all("mergeCells"):
        for cell in merged.all("mergeCell"):
            end = cell.attributes.get("ref", "").rpartition(":")[2].replace("$", "")
            row_number = end.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            if row_number and int(row_number) >= header_row:
                found.last = max(found.last, _column(end))
    return found


def not_selected(xml: bytes) -> bytes:
    """A sheet that is no longer selected; its rows are not even parsed."""
    document = Document(xml, passing="sheetData")
    next(document.passed(), None)
    _unselect(document)
    return document.render()


class MarkedSheet:
    """A copy of a sheet with marks. `added` is the number of our column, `width` in characters.

    Raises NotCopied if a marked row is not there or the rows are not in order, ExpatError if it is not XML.
    """

    def __init__(self, xml: bytes, styles: Styles, *, added: int, width: int) -> None:
        self._document = Document(xml, passing="sheetData")
        self._styles = styles
        self._added = added
        self._width = width

    @property
    def drawing(self) -> str:
        """The id of the drawing that shows comments already; empty if there is none. Known once rows are marked."""
        for element in self._document.root.all("legacyDrawing"):
            return next((value for key, value in element.attributes.items() if key.endswith(":id")), "")
        return ""

    def mark(self, marks: Mapping[int, RowMark]) -> None:
        """Mark the rows of these numbers."""
        found = 0
        for number, row in _rows(self._document):
            if mark := marks.get(number):
                self._mark_row(number, row, mark)
                found += 1
        if found < len(marks):
            raise NotCopied("a row that was read is not there")

    def refer_to(self, drawing: str, namespace: str) -> None:
        """Refer to the drawing that shows the comments; the sheet has none so far."""
        root = self._document.root
        tag = f'<{root.prefix}legacyDrawing xmlns:r="{namespace}" r:id="{quoted(drawing)}"/>'
        for element in root.children:
            if element.name in _NOT_BEFORE_COMMENTS:
                self._document.insert(element, tag)
                return
        self._document.append(root, tag)

    def render(self) -> bytes:
        """The copy."""
        _unselect(self._document)
        self._widen_dimension()
        self._add_column()
        return self._document.render()

    def _mark_row(self, number: int, row: Element, mark: RowMark) -> None:
        p = row.prefix
        cells = dict(_cells(row))
        wanted: list[tuple[int, str]] = []
        for column, tone in mark.fills.items():
            if cell := cells.get(column):
                self._document.set(cell, s=str(self._styles.filled(int(cell.attributes.get("s", 0)), tone)))
            else:
                look = self._styles.filled(self._look_without_cell(row, column), tone)
                wanted.append((column, f'<{p}c r="{column_letters(column)}{number}" s="{look}"/>'))
        ours = text_cell(f"{column_letters(self._added)}{number}", mark.look, mark.text, p)
        if cell := cells.get(self._added):  # it has a look, but no value
            self._document.replace(cell, ours.encode())
        else:
            wanted.append((self._added, ours))
        for column, xml in sorted(wanted):
            following = next((cell for place, cell in cells.items() if place > column), None)
            if following:
                self._document.insert(following, xml)
            else:
                self._document.append(row, xml)
        # The columns that the row spans are a hint for programs; a wrong hint is worse than none.
        self._document.set(row, spans=None)

    def _look_without_cell(self, row: Element, column: int) -> int:
        """How a cell looks that is not there: as its row, or as its column."""
        if "s" in row.attributes and "customFormat" in row.attributes:
            return int(row.attributes["s"])
        for span in self._columns():
            if int(span.attributes.get("min", 0)) <= column <= int(span.attributes.get("max", 0)):
                return int(span.attributes.get("style", 0))
        return 0

    def _columns(self) -> list[Element]:
        return [span for columns in self._document.root.all("cols") for span in columns.all("col")]

    def _widen_dimension(self) -> None:
        """The area in use now reaches to our column."""
        for element in self._document.root.all("dimension"):
            first, _, last = element.attributes.get("ref", "").rpartition(":")
            row = last[len(last.rstrip(_DIGITS)) :]
            if row and _column(last) < self._added:
                self._document.set(element, ref=f"{first or last}:{column_letters(self._added)}{row}")

    def _add_column(self) -> None:
        """Describe our column, and cut it out of where several columns are described together."""
        root, n = self._document.root, self._added
        ours = f'<{root.prefix}col min="{n}" max="{n}" width="{self._width}" customWidth="1"/>'
        for span in self._columns():
            first, last = int(span.attributes.get("min", 0)), int(span.attributes.get("max", 0))
            if first > n:
                self._document.insert(span, ours)
                return
            if last >= n:
                self._document.replace(span, self._split(span, [(first, n - 1), (n, n), (n + 1, last)]))
                return
        if columns := root.all("cols"):
            self._document.append(columns[-1], ours)
        else:
            self._document.insert(root.one("sheetData"), f"<{root.prefix}cols>{ours}</{root.prefix}cols>")

    def _split(self, span: Element, pieces: list[tuple[int, int]]) -> bytes:
        """Several descriptions in the place of one; ours is as wide as it has to be, and not hidden."""
        tag = span.markup if span.is_empty else span.xml[span.start : span.content - 1] + b"/>"
        written = []
        for first, last in pieces:
            changes: dict[str, str | None] = {"min": str(first), "max": str(last)}
            if first == last == self._added:
                changes |= {"width": str(self._width), "customWidth": "1", "hidden": None}
            if first <= last:
                written.append(with_attributes(tag, changes))
        return b"".join(written)


def _unselect(document: Document) -> None:
    """Only one sheet is selected, or what is typed goes into all of them."""
    for views in document.root.all("sheetViews"):
        for view in views.all("sheetView"):
            if "tabSelected" in view.attributes:
                document.set(view, tabSelected=None)


def _rows(document: Document) -> Iterator[tuple[int, Element]]:
    """The rows with their numbers, which not every program writes."""
    number = 0
    for row in document.passed():
        if row.name == "row":
            before, number = number, int(row.attributes.get("r", number + 1))
            if number <= before:
                raise NotCopied("the rows are not in order")
            yield number, row


def _cells(row: Element) -> Iterator[tuple[int, Element]]:
    """The cells of a row with the numbers of their columns, which not every program writes."""
    column = 0
    for cell in row.all("c"):
        reference = cell.attributes.get("r")
        column = _column(reference) if reference else column + 1
        yield column, cell


def _column(reference: str) -> int:
    """The column of `AB12`; NotCopied if it names none."""
    number = column_number(reference.rstrip(_DIGITS))
    if not 0 < number <= LAST_COLUMN:
        raise NotCopied("a cell is outside the sheet")
    return number
