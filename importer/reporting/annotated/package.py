"""The zip package around a workbook: its parts, which part refers to which, and the copy that is written."""

from __future__ import annotations

import posixpath
import shutil
from itertools import count
from typing import TYPE_CHECKING, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from importer.reporting.annotated.xml_edit import Document, NotCopied, quoted

if TYPE_CHECKING:
    from typing import IO

    from importer.reporting.annotated.xml_edit import Element

MOST_IN_MEMORY: Final = 64 << 20
"""Bytes of a part that is changed, which is done in memory: 20,000 rows of 60 columns have 54 MB."""

RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_RELATIONS: Final = "http://purl.oclc.org/ooxml/officeDocument/relationships"
MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT_MAIN: Final = "http://purl.oclc.org/ooxml/spreadsheetml/main"

SPREADSHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_NO_RELATIONS: Final = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>'
_TYPES: Final = "[Content_Types].xml"
_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)


class Relations:
    """What a part refers to. `kinds` has (kind, target part) by id; targets outside the package are left out."""

    def __init__(self, package: Package, part: str) -> None:
        folder, name = posixpath.split(part)
        self.part = posixpath.join(folder, "_rels", f"{name}.rels")
        self.document = Document(package.read(self.part) if package.has(self.part) else _NO_RELATIONS)
        self.is_changed = False
        self.namespace = RELATIONS
        self.kinds: dict[str, tuple[str, str]] = {}
        self._elements: dict[str, Element] = {}
        for element in self.document.root.all("Relationship"):
            attributes = element.attributes
            name = attributes.get("Id", "")
            self._elements[name] = element
            base, _, kind = attributes.get("Type", "").rpartition("/")
            if base == STRICT_RELATIONS:
                self.namespace = STRICT_RELATIONS
            if attributes.get("TargetMode") != "External":
                # A target that begins with a slash counts from the top of the package, as in a URL.
                target = posixpath.join("/", folder, attributes.get("Target", "").replace("\\", "/"))
                self.kinds[name] = (kind, posixpath.normpath(target).lstrip("/"))

    def targets(self, kind: str) -> list[str]:
        """The parts of a kind such as `comments`."""
        return [part for found, part in self.kinds.values() if found == kind]

    def first(self, kind: str) -> str:
        """The first part of a kind; empty if there is none."""
        return next(iter(self.targets(kind)), "")

    def add(self, kind: str, part: str) -> str:
        """Refer to one more part; returns the id."""
        name = next(name for number in count(1) if (name := f"rIdImporter{number}") not in self._elements)
        root = self.document.root
        self._elements[name] = root
        self.kinds[name] = (kind, part)
        self.document.append(
            root, f'<{root.prefix}Relationship Id="{name}" Type="{self.namespace}/{kind}" Target="/{quoted(part)}"/>'
        )
        self.is_changed = True
        return name

    def drop(self, kind: str) -> list[str]:
        """Refer no more to parts of a kind; returns them."""
        gone = [name for name, (found, _) in self.kinds.items() if found == kind]
        for name in gone:
            self.document.replace(self._elements[name])
            self.is_changed = True
        return [self.kinds.pop(name)[1] for name in gone]


class Package:
    """A package that is read, and what its copy will hold instead of some of its parts.

    Names of parts do not depend on case. Raises what zipfile and expat raise for packages that are damaged.
    """

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._entries = {_part(entry.filename).casefold(): entry for entry in archive.infolist() if not entry.is_dir()}
        self._relations: dict[str, Relations] = {}
        self._dropped: set[str] = set()
        self._written: dict[str, tuple[str, bytes]] = {}
        self._types = Document(self.read(_TYPES))
        self._known = {
            element.attributes.get("PartName", element.attributes.get("Extension", "")).lstrip("/").casefold(): element
            for element in self._types.root.children
        }

    def has(self, part: str) -> bool:
        """Whether there is such a part."""
        return part.casefold() in self._entries

    def read(self, part: str) -> bytes:
        """A part; KeyError if there is none, NotCopied if it is too large."""
        entry = self._entries[part.casefold()]
        if entry.file_size > MOST_IN_MEMORY:
            raise NotCopied(f"{part} is too large")
        return self._archive.read(entry)

    def head(self, part: str) -> bytes:
        """The beginning of a part; KeyError if there is none."""
        with self._archive.open(self._entries[part.casefold()]) as file:
            return file.read(1 << 16)

    def relations(self, part: str) -> Relations:
        """What a part refers to; the package itself is the part without a name."""
        if part not in self._relations:
            self._relations[part] = Relations(self, part)
        return self._relations[part]

    def new_name(self, pattern: str) -> str:
        """The name of a part that is not there: `pattern` with the first number that makes it so."""
        names = (pattern.format(number) for number in count(1))
        return next(name for name in names if not self.has(name) and name.casefold() not in self._written)

    def put(self, part: str, xml: bytes) -> None:
        """Write a part in the copy, new or instead of the one that is there."""
        entry = self._entries.get(part.casefold())
        self._written[part.casefold()] = (_part(entry.filename) if entry else part, xml)

    def declare(self, part: str, content_type: str) -> None:
        """Declare the type of a part."""
        if element := self._known.get(part.casefold()):
            self._types.set(element, ContentType=content_type)
        else:
            root = self._types.root
            tag = f'<{root.prefix}Override PartName="/{quoted(part)}" ContentType="{content_type}"/>'
            self._types.append(root, tag)

    def declare_ending(self, ending: str, content_type: str) -> None:
        """Declare the type of all parts with an ending, unless it is declared."""
        root = self._types.root
        if ending not in self._known:
            self._known[ending] = root
            self._types.append(root, f'<{root.prefix}Default Extension="{ending}" ContentType="{content_type}"/>')

    def drop(self, part: str) -> None:
        """Leave a part out of the copy."""
        self._dropped.add(part.casefold())
        if element := self._known.get(part.casefold()):
            self._types.replace(element)

    def write(self, target: ZipFile) -> None:
        """Write the copy; parts that are not changed stay byte for byte what they are."""
        for relations in self._relations.values():
            if relations.is_changed:
                self.put(relations.part, relations.document.render())
        self.put(_TYPES, self._types.render())
        for part, xml in self._written.values():
            write_part(target, part, xml)
        for key, entry in self._entries.items():
            if key not in self._dropped and key not in self._written:
                with self._archive.open(entry) as file, new_part(target, _part(entry.filename)) as copy:
                    shutil.copyfileobj(file, copy)


def new_part(target: ZipFile, part: str) -> IO[bytes]:
    """A part to be written; without a time, so that the same run gives the same bytes."""
    entry = ZipInfo(part, _FIRST_DAY)
    entry.compress_type = ZIP_DEFLATED
    return target.open(entry, "w", force_zip64=True)


def write_part(target: ZipFile, part: str, xml: bytes) -> None:
    """Write a part as a whole."""
    with new_part(target, part) as file:
        file.write(xml)


def _part(name: str) -> str:
    return name.replace("\\", "/").lstrip("/")
