"""The zip package around a workbook: its parts, which part refers to which, and the copy that is written."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from importer.reporting.annotated.workbook.xml_edit import Document, NotCopied, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from importer.reporting.annotated.workbook.xml_edit import Element

MOST_IN_MEMORY: Final = 32 << 20
"""Bytes of a part that is read whole: styles, comments, lists of parts. Sheets are not."""

RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_RELATIONS: Final = "http://purl.oclc.org/ooxml/officeDocument/relationships"
MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT_MAIN: Final = "http://purl.oclc.org/ooxml/spreadsheetml/main"

SPREADSHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_NO_RELATIONS: Final = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>'
_TYPES: Final = "[Content_Types].xml"
_PIECE: Final = 1 << 18
_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)


class Relations:
    """What a part refers to. `kinds` has (kind, target part) by id; targets outside the package are left out."""

    def __init__(self, part: str, xml: bytes | None) -> None:
        folder, name = posixpath.split(part)
        self.part = posixpath.join(folder, "_rels", f"{name}.rels")
        self.is_new = xml is None
        self.is_changed = False
        self._document = Document(xml or _NO_RELATIONS)
        self._elements: dict[str, Element] = {}
        self.kinds: dict[str, tuple[str, str]] = {}
        self.namespace = RELATIONS
        for element in self._document.root.all("Relationship"):
            self._take(element, folder)

    def _take(self, element: Element, folder: str) -> None:
        told = element.attributes
        self._elements[told.get("Id", "")] = element
        base, _, kind = told.get("Type", "").rpartition("/")
        if base == STRICT_RELATIONS:
            self.namespace = STRICT_RELATIONS
        if told.get("TargetMode") != "External":
            target = told.get("Target", "").replace("\\", "/")
            part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            self.kinds[told.get("Id", "")] = (kind, part)

    def targets(self, kind: str) -> list[str]:
        """The parts of a kind such as `comments`."""
        return [part for found, part in self.kinds.values() if found == kind]

    def add(self, kind: str, part: str, namespace: str) -> str:
        """Refer to one more part; returns the id."""
        name = next(name for name in _numbered("rIdImporter") if name not in self._elements)
        self._elements[name] = self._document.root
        self.kinds[name] = (kind, part)
        prefix = self._document.root.prefix
        self._document.append(
            self._document.root,
            f'<{prefix}Relationship Id="{name}" Type="{namespace}/{kind}" Target="/{quoted(part)}"/>',
        )
        self.is_changed = True
        return name

    def drop(self, kind: str) -> list[str]:
        """Refer no more to parts of a kind; returns them."""
        gone = [name for name, (found, _) in self.kinds.items() if found == kind]
        for name in gone:
            self._document.replace(self._elements[name])
        self.is_changed = self.is_changed or bool(gone)
        return [self.kinds.pop(name)[1] for name in gone]

    def render(self) -> bytes:
        """The part with its changes."""
        return self._document.render()


class Package:
    """A package that is read, and what its copy will hold instead of some of its parts.

    Names of parts do not depend on case. Raises what zipfile and expat raise for packages that are damaged.
    """

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._entries = {_part(entry.filename).casefold(): entry for entry in archive.infolist() if not entry.is_dir()}
        self._relations: dict[str, Relations] = {}
        self._dropped: set[str] = set()
        self._written: dict[str, bytes] = {}
        self._types = Document(self.read(_TYPES))
        self._known = {
            element.attributes.get("PartName", element.attributes.get("Extension", "")).lstrip("/").casefold(): element
            for element in self._types.root.children
        }

    def has(self, part: str) -> bool:
        """Whether there is such a part."""
        return part.casefold() in self._entries

    def open(self, part: str) -> IO[bytes]:
        """A part, to be read piece by piece; KeyError if there is none."""
        return self._archive.open(self._entries[part.casefold()])

    def read(self, part: str) -> bytes:
        """A small part as a whole; NotCopied if it is not small."""
        if part in self._written:
            return self._written[part]
        if self._entries[part.casefold()].file_size > MOST_IN_MEMORY:
            raise NotCopied(f"{part} is too large")
        return self._archive.read(self._entries[part.casefold()])

    def relations(self, part: str) -> Relations:
        """What a part refers to; the package itself is the part without a name."""
        if part not in self._relations:
            path = Relations(part, None).part
            self._relations[part] = Relations(part, self.read(path) if self.has(path) else None)
        return self._relations[part]

    def new_name(self, pattern: str) -> str:
        """The name of a part that is not there: `pattern` with the first number that makes it so."""
        first, _, last = pattern.partition("{}")
        return next(
            name
            for name in (f"{number}{last}" for number in _numbered(first))
            if not self.has(name) and name not in self._written
        )

    def put(self, part: str, xml: bytes, content_type: str = "") -> None:
        """Write a part in the copy, new or instead of the one that is there; a type is only told for new parts."""
        self._written[part] = xml
        if content_type:
            self.declare(part, content_type)

    def declare(self, part: str, content_type: str) -> None:
        """Say what a part is."""
        if element := self._known.get(part.casefold()):
            self._types.set(element, ContentType=content_type)
        else:
            prefix = self._types.root.prefix
            self._types.append(
                self._types.root, f'<{prefix}Override PartName="/{quoted(part)}" ContentType="{content_type}"/>'
            )

    def declare_ending(self, ending: str, content_type: str) -> None:
        """Say what all parts with an ending are, unless that is said."""
        if ending not in self._known:
            prefix = self._types.root.prefix
            self._known[ending] = self._types.root
            self._types.append(
                self._types.root, f'<{prefix}Default Extension="{ending}" ContentType="{content_type}"/>'
            )

    def drop(self, part: str) -> None:
        """Leave a part out of the copy."""
        self._dropped.add(part.casefold())
        if element := self._known.get(part.casefold()):
            self._types.replace(element)

    def copy_others(self, target: ZipFile, except_for: set[str]) -> None:
        """Copy the parts that stay byte for byte what they are."""
        changed = self._changed()
        for key, entry in self._entries.items():
            if key in self._dropped or key in changed or key in except_for:
                continue
            with self._archive.open(entry) as file, new_part(target, _part(entry.filename)) as copy:
                while piece := file.read(_PIECE):
                    copy.write(piece)

    def write_changed(self, target: ZipFile) -> None:
        """Write the small parts that are new or different."""
        for relations in self._relations.values():
            if relations.is_changed:
                self._written[self._name(relations.part)] = relations.render()
        self._written[_TYPES] = self._types.render()
        for part, xml in self._written.items():
            with new_part(target, self._name(part)) as copy:
                copy.write(xml)

    def _changed(self) -> set[str]:
        parts = {part.casefold() for part in self._written}
        parts |= {found.part.casefold() for found in self._relations.values() if found.is_changed}
        return parts | {_TYPES.casefold()}

    def _name(self, part: str) -> str:
        """The part's name as the package spells it."""
        entry = self._entries.get(part.casefold())
        return _part(entry.filename) if entry else part


def new_part(target: ZipFile, part: str) -> IO[bytes]:
    """A part to be written; without a time, so that the same run gives the same bytes."""
    entry = ZipInfo(part, _FIRST_DAY)
    entry.compress_type = ZIP_DEFLATED
    return target.open(entry, "w", force_zip64=True)


def _part(name: str) -> str:
    return name.replace("\\", "/").lstrip("/")


def _numbered(name: str) -> Iterator[str]:
    number = 1
    while True:
        yield f"{name}{number}"
        number += 1
