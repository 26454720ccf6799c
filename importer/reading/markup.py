"""XML parts of a workbook, read as a stream of elements; document types are refused, so no entity can expand."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

CHUNK = 1 << 20
PROLOG = rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml version=.1\.0.(?: encoding=.utf-8.)?(?: standalone=.\w+.)?\s*\?>)?"
"""What stands before the first element of a part in UTF-8; any other part is for the parser."""


class DoctypeFound(Exception):
    """The part declares a document type, which no workbook needs."""


def parser() -> expat.XMLParserType:
    """A parser that refuses a DOCTYPE and hands over text in one piece."""
    made = expat.ParserCreate()
    made.buffer_text = True
    made.StartDoctypeDeclHandler = _refuse
    return made


def _refuse(*_: object) -> None:
    raise DoctypeFound


def elements(part: IO[bytes]) -> Iterator[tuple[str, dict[str, str]]]:
    """Name (without its prefix) and attributes of each element, in the order they open."""
    opened: list[tuple[str, dict[str, str]]] = []
    reader = parser()
    reader.StartElementHandler = lambda name, attributes: opened.append((local(name), attributes))
    while piece := part.read(CHUNK):
        reader.Parse(piece, False)  # noqa: FBT003
        yield from opened
        opened.clear()
    reader.Parse(b"", True)  # noqa: FBT003
    yield from opened


def local(name: str) -> str:
    """A name without its namespace prefix."""
    return name.rpartition(":")[2]
