"""Comments on a sheet: their texts in one part, the boxes that show them in another (VML, as Excel has it still)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from importer.reporting.annotated.workbook.lines import column_letters
from importer.reporting.annotated.workbook.package import SPREADSHEET
from importer.reporting.annotated.workbook.sheet import drawing_element
from importer.reporting.annotated.workbook.xml_edit import Document, NotCopied, shown

if TYPE_CHECKING:
    from importer.reporting.annotated.workbook.package import Package
    from importer.reporting.annotated.workbook.xml_edit import Element

AUTHOR: Final = "importer"
COMMENT_LENGTH: Final = 1_000

_WIDTH: Final = 340
_CHARACTERS_PER_LINE: Final = 50
_VML_TYPE: Final = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_NAMESPACES: Final = (
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_NO_COMMENTS: Final = '<comments xmlns="{namespace}"><authors/><commentList/></comments>'
_NO_SHAPES: Final = (
    f'<xml {_NAMESPACES}><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/></o:shapelayout></xml>'
)
_SHAPE_TYPE: Final = (
    f'<v:shapetype {_NAMESPACES} id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)


class Comments:
    """Collects the comments of one sheet, at most `most` of them, and adds them to those that it has."""

    def __init__(self, package: Package, sheet: str, *, main: str, most: int) -> None:
        self._package = package
        self._sheet = sheet
        self._main = main
        self._most = most
        self._texts: dict[tuple[int, int], list[str]] = {}

    @property
    def is_full(self) -> bool:
        """Whether there is no room for a comment on one more cell."""
        return len(self._texts) >= self._most

    def add(self, row: int, column: int, text: str) -> None:
        """Say something about a cell."""
        if (row, column) in self._texts or not self.is_full:
            self._texts.setdefault((row, column), []).append(text)

    def write(self, drawing: str) -> str:
        """Put the parts into the package; returns the markup that the sheet needs if it has no such `drawing` yet."""
        if not self._texts:
            return ""
        texts = {cell: "\n\n".join(texts)[:COMMENT_LENGTH] for cell, texts in self._texts.items()}
        new = self._write_texts(texts)
        relations = self._package.relations(self._sheet)
        known = relations.kinds.get(drawing)
        if drawing and not known:
            raise NotCopied("the drawing of the comments is not there")
        shapes = "".join(_shape(number, cell, texts[cell]) for number, cell in enumerate(new, start=1))
        if known:
            self._add_shapes(known[1], shapes)
            return ""
        part = self._package.new_name("xl/drawings/vmlDrawingImporter{}.vml")
        self._package.declare_ending("vml", _VML_TYPE)
        self._package.put(part, _NO_SHAPES.replace("</xml>", f"{_SHAPE_TYPE}{shapes}</xml>").encode())
        return drawing_element("", relations.add("vmlDrawing", part, relations.namespace), relations.namespace)

    def _add_shapes(self, part: str, shapes: str) -> None:
        """Put boxes into a drawing that is there. It is no clean XML everywhere, so it is not parsed."""
        found = self._package.read(part)
        end = found.rfind(b"</xml>")
        if end < 0:
            raise NotCopied("the drawing of the comments is not understood")
        kind = "" if b'id="_x0000_t202"' in found else _SHAPE_TYPE
        self._package.put(part, found[:end] + f"{kind}{shapes}".encode() + found[end:])

    def _write_texts(self, texts: dict[tuple[int, int], str]) -> list[tuple[int, int]]:
        """Write the texts; returns the cells that had no comment."""
        part, document = self._part()
        authors, comments = document.root.one("authors"), document.root.one("commentList")
        prefix = document.root.prefix
        document.append(authors, f"<{prefix}author>{AUTHOR}</{prefix}author>")
        author = len(authors.all("author"))
        before = {comment.attributes.get("ref", ""): comment for comment in comments.all("comment")}
        new = []
        for (row, column), text in texts.items():
            where = f"{column_letters(column)}{row}"
            if where in before:
                _append_text(document, before[where], text)
            else:
                new.append((row, column))
                run = _run(prefix, text)
                document.append(
                    comments,
                    f'<{prefix}comment ref="{where}" authorId="{author}"><{prefix}text>{run}</{prefix}text>'
                    f"</{prefix}comment>",
                )
        self._package.put(part, document.render())
        return new

    def _part(self) -> tuple[str, Document]:
        relations = self._package.relations(self._sheet)
        for part in relations.targets("comments"):
            return part, Document(self._package.read(part))
        part = self._package.new_name("xl/commentsImporter{}.xml")
        relations.add("comments", part, relations.namespace)
        self._package.declare(part, f"{SPREADSHEET}.comments+xml")
        return part, Document(_NO_COMMENTS.format(namespace=self._main).encode())


def _append_text(document: Document, comment: Element, text: str) -> None:
    inside = comment.one("text")
    prefix = comment.prefix
    for plain in inside.all("t"):
        # A comment is either one plain text or a list of runs.
        whole = document.text(plain)
        document.replace(plain, f"<{prefix}r>".encode() + whole + f"</{prefix}r>".encode())
    document.append(inside, _run(prefix, f"\n\n{text}"))


def _run(prefix: str, text: str) -> str:
    return f'<{prefix}r><{prefix}t xml:space="preserve">{shown(text)}</{prefix}t></{prefix}r>'


def _shape(number: int, cell: tuple[int, int], text: str) -> str:
    row, column = cell
    lines = sum(1 + len(line) // _CHARACTERS_PER_LINE for line in text.splitlines())
    style = f"position:absolute;margin-left:59pt;margin-top:2pt;width:{_WIDTH}px;height:{24 + 17 * lines}px;"
    return (
        f'<v:shape {_NAMESPACES} id="_x0000_s{900_000 + number}" type="#_x0000_t202" '
        f'style="{style}z-index:1;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto">'
        '<v:fill color2="#ffffe1"/><v:shadow color="black" obscured="t"/><v:path o:connecttype="none"/>'
        '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
        '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:AutoFill>False</x:AutoFill>'
        f"<x:Row>{row - 1}</x:Row><x:Column>{column - 1}</x:Column></x:ClientData></v:shape>"
    )
