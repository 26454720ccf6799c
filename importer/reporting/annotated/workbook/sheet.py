"""A sheet of the user's, copied as a stream: cells are filled and added, everything else goes through as bytes.

The parser only says where things stand. No value of a cell is ever decoded and written again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from importer.reporting.annotated.workbook.lines import column_letters, text_inside
from importer.reporting.annotated.workbook.stream import EditedStream
from importer.reporting.annotated.workbook.survey import PIECE, Columns
from importer.reporting.annotated.workbook.xml_edit import NotCopied, quoted, with_attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import IO

LAST_ROW: Final = 1_048_576

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


@dataclass(frozen=True, slots=True)
class Mark:
    """What becomes of a cell: its look from the look it has, and a text for a cell of ours."""

    look: Callable[[int], int]
    text: str | None = None


@dataclass(slots=True, kw_only=True)
class Marking:
    """What to change in a sheet: marks by row, in ascending order; `added` is our column, `width` in characters.

    `drawing` is asked once, after the rows, with the id of the drawing that shows comments already (or an empty one):
    it gives the markup that leads to such a drawing where one is new.
    """

    rows: Iterator[tuple[int, Mapping[int, Mark]]]
    added: int
    width: int
    drawing: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class _Span:
    first: int
    last: int
    attributes: Mapping[str, str] = field(default_factory=dict)


def copy_sheet(source: IO[bytes], target: IO[bytes], marking: Marking | None) -> None:
    """Copy a sheet; in any case it is not selected any more.

    Raises NotCopied if its rows do not stand in order, ExpatError if it is no XML.
    """
    copier = _Copier(target, marking)
    while piece := source.read(PIECE):
        copier.feed(piece)
    copier.close()


class _Copier(EditedStream):
    """The three parts of a sheet: what stands before the rows, the rows, and what follows them."""

    def __init__(self, target: IO[bytes], marking: Marking | None) -> None:
        super().__init__(target)
        self._marking = marking
        self._prefix = ""
        self._depth = 0
        self._spans: list[_Span] = []
        self._has_columns = self._has_ours = self._is_drawn = False
        self._drawing = ""
        self._columns = Columns()
        self._row = self._column = 0
        self._row_look: int | None = None
        self._is_open = False
        self._wanted: list[tuple[int, Mark]] = []
        self._marks = marking.rows if marking else iter(())
        self._next = next(self._marks, None)
        self._is_empty = False
        self.parser.StartElementHandler = self._head
        self.parser.EndElementHandler = self._close_head

    # Before the rows

    def _head(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if self._depth == 0:
            self._prefix = name[: -len(local)]
        self._depth += 1
        if local == "sheetView":
            start, tag = self.tag()
            self.put(start, start + len(tag), with_attributes(tag, {"tabSelected": None}))
        elif local == "dimension" and self._marking:
            self._widen(attributes.get("ref", ""), self._marking.added)
        elif local == "cols":
            self._has_columns = True
        elif local == "col":
            self._take_columns(attributes)
        elif local == "sheetData":
            self._begin_rows()

    def _close_head(self, name: str) -> None:
        self._depth -= 1
        if self._marking and not self._has_ours and name == f"{self._prefix}cols":
            end = self.here()
            self.put(end, end, self._our_column(self._marking))

    def _widen(self, reference: str, added: int) -> None:
        """The area in use now reaches to our column."""
        start, tag = self.tag()
        first, _, last = reference.rpartition(":")
        row = last[len(last.rstrip("0123456789")) :]
        if row and self._columns.of(last) < added:
            area = f"{first or last}:{column_letters(added)}{row}"
            self.put(start, start + len(tag), with_attributes(tag, {"ref": area}))

    def _take_columns(self, attributes: dict[str, str]) -> None:
        """Remember how columns look, and cut ours out of where several are described together."""
        span = _Span(int(attributes.get("min", 0)), int(attributes.get("max", 0)), attributes)
        self._spans.append(span)
        if not self._marking or self._has_ours or span.last < self._marking.added:
            return
        start, tag = self.tag()
        if span.first <= self._marking.added:
            self.put(start, start + len(tag), self._around(tag, span, self._marking.added))
        else:
            self.put(start, start, self._our_column(self._marking))
        self._has_ours = True

    def _around(self, tag: bytes, span: _Span, added: int) -> bytes:
        empty = tag if tag.endswith(b"/>") else tag[:-1] + b"/>"
        pieces = [(span.first, added - 1), (added, added), (added + 1, span.last)]
        changes = [{"min": str(first), "max": str(last)} for first, last in pieces if first <= last]
        written = [with_attributes(empty, self._widened(change, added)) for change in changes]
        whole = b"".join(written)
        return whole if tag.endswith(b"/>") else whole[:-2] + b">"

    def _widened(self, change: dict[str, str], added: int) -> dict[str, str | None]:
        ours = change["min"] == change["max"] == str(added) and self._marking
        return {**change, **({"width": str(ours.width), "customWidth": "1", "hidden": None} if ours else {})}

    def _our_column(self, marking: Marking) -> bytes:
        n = marking.added
        return f'<{self._prefix}col min="{n}" max="{n}" width="{marking.width}" customWidth="1"/>'.encode()

    # The rows

    def _begin_rows(self) -> None:
        if not self._marking:
            # The rest of the sheet goes through unread.
            self.is_raw = True
            self.parser.StartElementHandler = self.parser.EndElementHandler = None
            return
        self._is_empty = self.tag()[1].endswith(b"/>")
        if not self._has_columns:
            start, name = self.here(), f"{self._prefix}cols>".encode()
            self.put(start, start, b"<" + name + self._our_column(self._marking) + b"</" + name)
        self._c, self._row_name = f"{self._prefix}c", f"{self._prefix}row"
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == self._c:
            reference = attributes.get("r")
            self._column = self._columns.of(reference) if reference else self._column + 1
            if self._wanted and self._wanted[0][0] <= self._column:
                self._mark(attributes)
        elif name == self._row_name:
            self._open_row(attributes)

    def _open_row(self, attributes: dict[str, str]) -> None:
        number = int(attributes.get("r", self._row + 1))
        if number <= self._row:
            raise NotCopied("the rows do not stand in order")
        start, tag = self.tag()
        self._add_rows(start, before=number)
        self._row = number
        self._column = 0
        self._row_look = int(attributes["s"]) if "s" in attributes and "customFormat" in attributes else None
        self._is_open = not tag.endswith(b"/>")
        if self._next and self._next[0] == number:
            self._wanted = sorted(self._next[1].items())
            self._next = next(self._marks, None)
            # The cells that the row spans are a hint for programs; a wrong hint is worse than none.
            self.put(start, start + len(tag), self._filled_row(with_attributes(tag, {"spans": None})))

    def _add_rows(self, start: int, *, before: int) -> None:
        """Put rows that have marks, but are not there, in front of what stands here."""
        while self._next and self._next[0] < before:
            self._row, self._row_look, self._is_open = self._next[0], None, False
            self._wanted = sorted(self._next[1].items())
            self.put(start, start, self._filled_row(f'<{self._row_name} r="{self._row}"/>'.encode()))
            self._next = next(self._marks, None)

    def _filled_row(self, tag: bytes) -> bytes:
        if self._is_open:
            return tag
        cells = b"".join(self._new_cell(column, mark) for column, mark in self._wanted)
        self._wanted = []
        return tag[:-2].rstrip() + b">" + cells + f"</{self._row_name}>".encode()

    def _mark(self, attributes: dict[str, str]) -> None:
        start, tag = self.tag()
        while self._wanted and self._wanted[0][0] < self._column:
            self.put(start, start, self._new_cell(*self._wanted.pop(0)))
        if self._wanted and self._wanted[0][0] == self._column:
            mark = self._wanted.pop(0)[1]
            look = str(mark.look(int(attributes.get("s", 0))))
            if mark.text is None:
                self.put(start, start + len(tag), with_attributes(tag, {"s": look}))
            else:
                self.put(start, start + len(tag), self._text_cell(tag, look, mark.text))

    def _text_cell(self, tag: bytes, look: str, text: str) -> bytes:
        """A cell of our column that is there already, without a value."""
        new = with_attributes(tag, {"s": look, "t": "inlineStr"})
        inside = text_inside(text, self._prefix).encode()
        if new.endswith(b"/>"):
            return new[:-2].rstrip() + b">" + inside + f"</{self._c}>".encode()
        return new + inside

    def _new_cell(self, column: int, mark: Mark) -> bytes:
        where = f"{column_letters(column)}{self._row}"
        look = mark.look(self._look_without_cell(column))
        if mark.text is None:
            return f'<{self._c} r="{where}" s="{look}"/>'.encode()
        inside = text_inside(mark.text, self._prefix)
        return f'<{self._c} r="{where}" s="{look}" t="inlineStr">{inside}</{self._c}>'.encode()

    def _look_without_cell(self, column: int) -> int:
        """How a cell looks that is not there: as its row, or as its column."""
        if self._row_look is not None:
            return self._row_look
        return next((int(s.attributes.get("style", 0)) for s in self._spans if s.first <= column <= s.last), 0)

    def _end(self, name: str) -> None:
        if name == self._row_name:
            end = self.here()
            if self._is_open and self._wanted:
                self.put(end, end, b"".join(self._new_cell(column, mark) for column, mark in self._wanted))
                self._wanted = []
        elif name == f"{self._prefix}sheetData":
            self._end_rows()

    # After the rows

    def _end_rows(self) -> None:
        here = self.here()
        if self._next and self._is_empty:
            raise NotCopied("there are no rows")
        self._add_rows(here, before=LAST_ROW + 1)
        self._depth = 1
        self.parser.StartElementHandler = self._tail
        self.parser.EndElementHandler = self._close_tail

    def _tail(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if self._depth == 1 and local == "legacyDrawing":
            self._drawing = next((value for key, value in attributes.items() if key.endswith(":id")), "")
        elif self._depth == 1 and local in _NOT_BEFORE_COMMENTS:
            self._draw()
        self._depth += 1

    def _close_tail(self, _: str) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._draw()

    def _draw(self) -> None:
        if self._marking and not self._is_drawn:
            here = self.here()
            self.put(here, here, self._marking.drawing(self._drawing).encode())
        self._is_drawn = True


def drawing_element(prefix: str, name: str, namespace: str) -> str:
    """What leads from a sheet to the shapes of its comments."""
    return f'<{prefix}legacyDrawing xmlns:r="{namespace}" r:id="{quoted(name)}"/>'
