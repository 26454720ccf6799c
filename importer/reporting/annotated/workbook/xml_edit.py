"""Small XML parts, changed in place: every byte that is not changed on purpose stays what it was.

A tree that is written again would rename the prefixes of namespaces, which spreadsheet programs take for damage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from xml.parsers import expat
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CELL_LENGTH: Final = 32_767
"""Characters that a cell can hold."""

TAG: Final = re.compile(rb"""<[^>"']*(?:(?:"[^"]*"|'[^']*')[^>"']*)*>""")
"""A start tag: its values may hold `>`."""

# What XML cannot hold; and what Excel would read as one of its escapes.
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MARK: Final = 8
_HARMLESS: Final = re.compile(r"[ -%'-;=?-^`-~]*").fullmatch
"""Visible ASCII without `&`, `<`, `>` and the `_` that may begin an escape."""
_ESCAPE_OF_EXCEL: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


class NotCopied(Exception):
    """The workbook holds something that is not understood well enough to be copied."""


@dataclass(slots=True, kw_only=True, eq=False)
class Element:
    """An element and where it stands: its tags are `[start:content]` and `[close:end]`."""

    name: str
    prefix: str
    attributes: dict[str, str]
    start: int
    content: int
    close: int = 0
    end: int = 0
    children: list[Element] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether one tag both opens and closes it."""
        return self.end == self.content

    def all(self, name: str) -> list[Element]:
        """Its children of that name."""
        return [child for child in self.children if child.name == name]

    def one(self, name: str) -> Element:
        """Its child of that name; NotCopied if there is none."""
        found = self.all(name)
        if not found:
            raise NotCopied(f"no {name} in {self.name}")
        return found[0]


@dataclass(slots=True)
class _Change:
    attributes: dict[str, str | None] = field(default_factory=dict)
    appended: list[bytes] = field(default_factory=list)
    instead: bytes | None = None


class Document:
    """A part that fits into memory, and what shall be different in it. Raises ExpatError if it is no XML in UTF-8."""

    def __init__(self, xml: bytes) -> None:
        self.xml = xml
        self._changes: dict[int, tuple[Element, _Change]] = {}
        self._open: list[Element] = []
        self._parser = utf8_parser()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self.root: Element
        refuse_wide(xml)
        self._parser.Parse(xml, True)  # noqa: FBT003

    def set(self, element: Element, **attributes: str | None) -> None:
        """Give an element attributes; None takes one away."""
        self._change(element).attributes.update(attributes)

    def append(self, element: Element, xml: str) -> None:
        """Add something at the end of an element."""
        self._change(element).appended.append(xml.encode())

    def replace(self, element: Element, xml: bytes = b"") -> None:
        """Put something in the place of an element and all that it holds."""
        self._change(element).instead = xml

    def text(self, element: Element) -> bytes:
        """An element as it stands, markup and all."""
        return self.xml[element.start : element.end]

    def render(self) -> bytes:
        """The part with its changes."""
        return b"".join(self._pieces())

    def _pieces(self) -> Iterator[bytes]:
        at = 0
        for start, end, new in sorted(self._edits(), key=lambda edit: edit[:2]):
            if start >= at:
                yield self.xml[at:start]
                yield new
                at = end
        yield self.xml[at:]

    def _edits(self) -> Iterator[tuple[int, int, bytes]]:
        for element, change in self._changes.values():
            if change.instead is not None:
                yield element.start, element.end, change.instead
                continue
            appended = b"".join(change.appended)
            tag = with_attributes(self.xml[element.start : element.content], change.attributes)
            if appended and element.is_empty:
                tag = tag[:-2].rstrip() + b">" + appended + f"</{element.prefix}{element.name}>".encode()
            elif appended:
                yield element.close, element.close, appended
            yield element.start, element.content, tag

    def _change(self, element: Element) -> _Change:
        return self._changes.setdefault(element.start, (element, _Change()))[1]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        prefix, _, local = name.rpartition(":")
        start = self._parser.CurrentByteIndex
        element = Element(
            name=local,
            prefix=f"{prefix}:" if prefix else "",
            attributes=attributes,
            start=start,
            content=start + len(tag_at(self.xml, start)),
        )
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _: str) -> None:
        element = self._open.pop()
        if self.xml[element.content - 2 : element.content] == b"/>":
            element.close = element.end = element.content
        else:
            element.close = self._parser.CurrentByteIndex
            element.end = element.close + len(tag_at(self.xml, element.close))


def utf8_parser() -> expat.XMLParserType:
    """A parser of UTF-8, whatever the part says of itself: what is inserted is UTF-8, too."""
    return expat.ParserCreate("UTF-8")


def refuse_wide(xml: bytes) -> None:
    """Raises NotCopied for UTF-16, which a parser of UTF-8 reads all the same when it has a byte order mark."""
    if b"\0" in xml[:_MARK]:
        raise NotCopied("the markup is not UTF-8")


def tag_at(xml: bytes | bytearray, start: int) -> bytes:
    """The tag that stands there."""
    found = TAG.match(xml, start)
    if not found:
        raise NotCopied("the markup is not UTF-8")
    return found.group()


def with_attributes(tag: bytes, attributes: Mapping[str, str | None]) -> bytes:
    """A start tag with other attributes; those that are None are taken away."""
    for name, value in attributes.items():
        tag = re.sub(rb"""\s""" + name.encode() + rb"""\s*=\s*(?:"[^"]*"|'[^']*')""", b"", tag, count=1)
        if value is not None:
            closing = b"/>" if tag.endswith(b"/>") else b">"
            tag = tag[: -len(closing)].rstrip() + f' {name}="{quoted(value)}"'.encode() + closing
    return tag


def quoted(text: str) -> str:
    """Text for an attribute between double quotes."""
    return escape(_ILLEGAL.sub("", text), {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def shown(text: str) -> str:
    """Text for a cell or a comment: only what a workbook can hold, and nothing that a program would read otherwise."""
    if len(text) <= CELL_LENGTH and _HARMLESS(text):
        return text
    whole = _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))[:CELL_LENGTH]
    return escape(_ESCAPE_OF_EXCEL.sub("_x005F_", whole))
