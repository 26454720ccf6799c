"""XML parts of a workbook, read as a stream of elements; document types are refused, so no entity can expand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

CHUNK = 1 << 20
PROLOG = rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml version=.1\.0.(?: encoding=.utf-8.)?(?: standalone=.\w+.)?\s*\?>)?"
"""What stands before the first element of a part in UTF-8; any other part is for the parser."""

ROOT_KEEPS_SPACES = re.compile(rb"""<[^<>?!]+\sxml:space\s*=\s*["']preserve["'][^<>]*>""").match
"""Whether a root element says that the spaces around all texts in it count."""
WHITE = " \t\r\n"
"""What XML calls white space."""


class DoctypeFound(Exception):
    """The part declares a document type, which no workbook needs."""


def parser(*, namespaces: bool = False) -> expat.XMLParserType:
    """A parser that refuses a DOCTYPE and hands over text in one piece; with namespaces, names are `URI name`."""
    made = expat.ParserCreate(namespace_separator=" " if namespaces else None)
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


def keeps_spaces(attributes: dict[str, str], inherited: bool) -> bool:  # noqa: FBT001
    """Whether the spaces around the text of an element count: `xml:space` holds for all elements within (XML, 2.10)."""
    own = attributes.get("xml:space")
    return inherited if own is None else own == "preserve"


def local(name: str) -> str:
    """A name without its namespace prefix."""
    return name.rpartition(":")[2]
