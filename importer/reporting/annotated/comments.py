"""Comments on a sheet: their texts in one part, the boxes that show them in another (VML, as Excel has it still)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from importer.reporting.annotated.package import SPREADSHEET
from importer.reporting.annotated.sheet_writer import column_letters
from importer.reporting.annotated.xml_edit import Document, NotCopied, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.reporting.annotated.package import Package
    from importer.reporting.annotated.xml_edit import Element

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

Cell = tuple[int, int]
"""The row and the column of a cell, from 1."""


def add_comments(package: Package, sheet: str, drawing: str, texts: Mapping[Cell, str], namespace: str) -> str:
    """Put comments into the package; returns the id of the drawing that shows them, for the sheet to refer to.

    `drawing` is the id of the one that the sheet has (empty if none), `namespace` that of the sheet's markup.
    """
    texts = {cell: text[:COMMENT_LENGTH] for cell, text in texts.items()}
    new = _write_texts(package, sheet, texts, namespace)
    shapes = "".join(_shape(number, cell, texts[cell]) for number, cell in enumerate(new, start=1))
    relations = package.relations(sheet)
    if drawing:
        if drawing not in relations.kinds:
            raise NotCopied("the drawing of the comments is not there")
        part = relations.kinds[drawing][1]
        found = package.read(part)
    else:
        part = package.new_name("xl/drawings/vmlDrawingImporter{}.vml")
        package.declare_ending("vml", _VML_TYPE)
        drawing = relations.add("vmlDrawing", part)
        found = _NO_SHAPES.encode()
    # Not every program writes VML as clean XML, so it is not parsed.
    end = found.rfind(b"</xml>")
    if end < 0:
        raise NotCopied("the drawing of the comments is not understood")
    kind = "" if b'id="_x0000_t202"' in found else _SHAPE_TYPE
    package.put(part, found[:end] + f"{kind}{shapes}".encode() + found[end:])
    return drawing


def _write_texts(package: Package, sheet: str, texts: Mapping[Cell, str], namespace: str) -> list[Cell]:
    """Write the texts; returns the cells that had no comment."""
    relations = package.relations(sheet)
    part = relations.first("comments")
    if part:
        document = Document(package.read(part))
    else:
        part = package.new_name("xl/commentsImporter{}.xml")
        relations.add("comments", part)
        package.declare(part, f"{SPREADSHEET}.comments+xml")
        document = Document(_NO_COMMENTS.format(namespace=namespace).encode())
    authors, comments = document.root.one("authors"), document.root.one("commentList")
    p = document.root.prefix
    author = len(authors.all("author"))
    document.append(authors, f"<{p}author>{AUTHOR}</{p}author>")
    before = {comment.attributes.get("ref", ""): comment for comment in comments.all("comment")}
    new = []
    for (row, column), text in texts.items():
        where = f"{column_letters(column)}{row}"
        if where in before:
            _append_text(document, before[where], text)
            continue
        new.append((row, column))
        document.append(
            comments,
            f'<{p}comment ref="{where}" authorId="{author}"><{p}text>{_run(p, text)}</{p}text></{p}comment>',
        )
    package.put(part, document.render())
    return new


def _append_text(document: Document, comment: Element, text: str) -> None:
    inside = comment.one("text")
    p = comment.prefix
    for plain in inside.all("t"):
        # A comment is either one plain text or a list of runs.
        document.replace(plain, f"<{p}r>".encode() + plain.markup + f"</{p}r>".encode())
    document.append(inside, _run(p, f"\n\n{text}"))


def _run(prefix: str, text: str) -> str:
    return f'<{prefix}r><{prefix}t xml:space="preserve">{shown(text)}</{prefix}t></{prefix}r>'


def _shape(number: int, cell: Cell, text: str) -> str:
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
