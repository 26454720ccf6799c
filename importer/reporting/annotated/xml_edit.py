"""XML parts, changed in place: every byte that is not changed on purpose stays what it was.

A tree that is written again would rename the prefixes of namespaces, which spreadsheet programs take for damage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from xml.parsers import expat
from xml.sax.saxutils import escape

from importer.reporting.workbook_text import plain, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_ELEMENTS: Final = 500_000
"""Elements that are held at once: more than any part has that a person made, and about 150 MB."""

_PIECE: Final = 1 << 18
_TAG: Final = re.compile(rb"""<[^>"']*(?:(?:"[^"]*"|'[^']*')[^>"']*)*>""")
"""A start tag: its values may hold `>`."""


class NotCopied(Exception):
    """The workbook holds something that is not understood well enough to be copied."""


@dataclass(slots=True, eq=False)
class Element:
    """An element and its place in the part: its tags are `[start:content]` and `[close:end]`."""

    xml: bytes
    tag_name: str
    name: str
    attributes: dict[str, str]
    start: int
    close: int = 0
    children: list[Element] = field(default_factory=list)

    @property
    def prefix(self) -> str:
        """The prefix of the name, with its colon."""
        return self.tag_name[: -len(self.name)]

    @property
    def content(self) -> int:
        """Where its start tag ends."""
        return self.start + len(tag_at(self.xml, self.start))

    @property
    def is_empty(self) -> bool:
        """Whether one tag both opens and closes it."""
        return tag_at(self.xml, self.start).endswith(b"/>")

    @property
    def end(self) -> int:
        """Where its end tag ends."""
        return self.content if self.is_empty else self.close + len(tag_at(self.xml, self.close))

    @property
    def markup(self) -> bytes:
        """The whole element as it is in the part."""
        return self.xml[self.start : self.end]

    def all(self, name: str) -> list[Element]:
        """Its children of that name."""
        return [child for child in self.children if child.name == name]

    def one(self, name: str) -> Element:
        """Its child of that name; NotCopied if there is none."""
        found = self.all(name)
        if not found:
            raise NotCopied(f"no {name} in {self.name}")
        return found[0]

    def text(self) -> str:
        """The text in it and in its children, without hints on pronunciation."""
        if self.name == "rPh" or self.is_empty:
            return ""
        if self.children:
            return "".join(child.text() for child in self.children)
        pieces: list[str] = []
        parser = expat.ParserCreate("UTF-8")
        parser.CharacterDataHandler = pieces.append
        parser.Parse(b"<t>" + self.xml[self.content : self.close] + b"</t>", True)  # noqa: FBT003
        return "".join(pieces)


@dataclass(slots=True)
class _Change:
    element: Element
    before: bytes = b""
    attributes: dict[str, str | None] = field(default_factory=dict)
    appended: list[bytes] = field(default_factory=list)
    instead: bytes | None = None

    def edits(self) -> Iterator[tuple[int, int, bytes]]:
        """What to write in the place of which bytes."""
        element = self.element
        if self.instead is not None:
            yield element.start, element.end, self.before + self.instead
            return
        tag = with_attributes(tag_at(element.xml, element.start), self.attributes)
        appended = b"".join(self.appended)
        if appended and element.is_empty:
            tag = tag[:-2].rstrip() + b">" + appended + f"</{element.tag_name}>".encode()
        elif appended:
            yield element.close, element.close, appended
        yield element.start, element.content, self.before + tag


class Document:
    """A part in memory, and the changes to it. Raises ExpatError if it is not XML in UTF-8.

    The children of the element named `passing` are not kept: `passed` has to be read for them, and parses on the way.
    """

    def __init__(self, xml: bytes, *, passing: str = "") -> None:
        if b"\0" in xml[:8]:  # UTF-16, which a parser of UTF-8 reads anyway when it has a byte order mark
            raise NotCopied("the markup is not UTF-8")
        self.xml = xml
        self.root: Element
        self._passing = passing
        self._ready: list[Element] = []
        self._open: list[Element] = []
        self._held = 0
        self._changes: dict[int, _Change] = {}
        self._edits: list[tuple[int, int, bytes]] = []
        # UTF-8, whatever the part declares: what is inserted is UTF-8, too.
        self._parser = expat.ParserCreate("UTF-8")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        if not passing:
            for _ in self.passed():
                pass

    def passed(self) -> Iterator[Element]:
        """The children that are not kept, one by one; all that precedes one of them is in `root` by then."""
        for at in range(0, len(self.xml), _PIECE):
            self._parser.Parse(self.xml[at : at + _PIECE], False)  # noqa: FBT003
            for element in self._ready:
                yield element
                self._settle()  # so that neither the element nor what it holds is kept for its changes
            self._ready = []
        self._parser.Parse(b"", True)  # noqa: FBT003

    def set(self, element: Element, **attributes: str | None) -> None:
        """Give an element attributes; None takes one away."""
        self._change(element).attributes.update(attributes)

    def append(self, element: Element, xml: str) -> None:
        """Add something at the end of an element."""
        self._change(element).appended.append(xml.encode())

    def insert(self, element: Element, xml: str) -> None:
        """Put something in front of an element."""
        self._change(element).before += xml.encode()

    def replace(self, element: Element, xml: bytes = b"") -> None:
        """Put something in the place of an element and all that it holds."""
        self._change(element).instead = xml

    def render(self) -> bytes:
        """The part with its changes."""
        self._settle()
        pieces: list[bytes] = []
        at = 0
        for start, end, new in sorted(self._edits, key=lambda edit: edit[:2]):
            if start >= at:
                pieces += (self.xml[at:start], new)
                at = end
        return b"".join([*pieces, self.xml[at:]])

    def _settle(self) -> None:
        for change in self._changes.values():
            self._edits += change.edits()
        self._changes.clear()

    def _change(self, element: Element) -> _Change:
        return self._changes.setdefault(element.start, _Change(element))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        element = Element(self.xml, name, name.rpartition(":")[2], attributes, self._parser.CurrentByteIndex)
        self._held += 1
        if self._held > MOST_ELEMENTS:
            raise NotCopied("too many elements")
        if not self._open:
            self.root = element
        elif self._open[-1].name != self._passing:
            self._open[-1].children.append(element)
        else:
            self._held = 0  # those before it are no longer held
        self._open.append(element)

    def _end(self, _: str) -> None:
        element = self._open.pop()
        element.close = self._parser.CurrentByteIndex
        if self._open and self._open[-1].name == self._passing:
            self._ready.append(element)


def tag_at(xml: bytes, start: int) -> bytes:
    """The tag that begins there."""
    found = _TAG.match(xml, start)
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
    return escape(plain(text), {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def shown(text: str) -> str:
    """Text for a cell or a comment: only what a workbook can hold, and nothing that a program would read otherwise."""
    return escape(shortened(text))


def text_cell(where: str, style: int, text: str, prefix: str = "") -> str:
    """A cell of the type `inlineStr`, which no program takes for a formula."""
    inside = f'<{prefix}is><{prefix}t xml:space="preserve">{shown(text)}</{prefix}t></{prefix}is>'
    return f'<{prefix}c r="{where}" s="{style}" t="inlineStr">{inside}</{prefix}c>'
