"""The zip package around a workbook, with limits before anything is inflated; and its XML parts as streams.

Document types are refused, so no entity can expand.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING
from xml.parsers import expat

from importer.errors import SourceError
from importer.reading.file_kind import FROM_DAMAGE, password_protected

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 1 << 20
PROLOG = rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml version=.1\.0.(?: encoding=.utf-8.)?(?: standalone=.\w+.)?\s*\?>)?"
"""The beginning of a part in UTF-8 up to its first element; any other part is for the parser."""

ROOT_KEEPS_SPACES = re.compile(rb"""<[^<>?!]+\sxml:space\s*=\s*["']preserve["'][^<>]*>""").match
"""Whether a root element declares that the spaces around all texts in it count."""
WHITE = " \t\r\n"
"""What XML calls white space."""

MIB = 1 << 20
LARGEST_FILE = 100 * MIB
MOST_ENTRIES = 2_000
LARGEST_CONTENT = 512 * MIB
HARMLESS_CONTENT = 64 * MIB
"""A workbook that inflates to less than this cannot hurt, however well it is packed."""
LARGEST_RATIO = 100
"""An honest sheet of a million rows packs to a 14th, the bombs seen to a 400th and less."""

_PROLOG = 1 << 16
_SPLIT = "Split it into smaller files, or save it as “CSV UTF-8”."
_DAMAGED = "Open it in a spreadsheet program, save it again as “Excel Workbook (.xlsx)”, and import that."


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A zip package that keeps the limits."""

    path: Path
    parts: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def open(self, part: str) -> Iterator[IO[bytes]]:
        """The content of a part; raises `SourceError` while reading if the package is damaged or hostile."""
        with (
            refusing_damage(self.path),
            zipfile.ZipFile(self.path) as archive,
            archive.open(self.parts[part.casefold()]) as file,
        ):
            yield file

    def has(self, part: str) -> bool:
        """Whether there is such a part (names do not depend on case)."""
        return part.casefold() in self.parts


def refuse_large(path: Path) -> None:
    """Raises `SourceError` if the file is larger than a workbook can be here."""
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise SourceError(
            f"{path}: the workbook has {size // MIB} MB; the limit is {LARGEST_FILE // MIB} MB", tip=_SPLIT
        )


@contextmanager
def refusing_damage(path: Path) -> Iterator[None]:
    """Turns the errors of the libraries about broken packages into a refusal in plain words."""
    try:
        yield
    except DoctypeFound:
        raise SourceError(
            f"{path}: the workbook declares an XML document type, which is not allowed", tip=_DAMAGED
        ) from None
    except FROM_DAMAGE as error:
        raise SourceError(f"{path}: the workbook is damaged ({error})", tip=_DAMAGED) from error
    except RuntimeError as error:
        if "password" in str(error) or "encrypted" in str(error):
            raise password_protected(path) from error
        raise


def open_package(path: Path) -> Package:
    """The package, after its directory and its small parts were checked against the limits."""
    with refusing_damage(path), zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        _keep_limits(path, entries)
        for entry in entries:
            if not entry.is_dir():
                _check(archive, entry)
    return Package(path=path, parts={part_name(entry.filename).casefold(): entry.filename for entry in entries})


def part_name(name: str) -> str:
    """The name of a part as others refer to it."""
    return name.replace("\\", "/").lstrip("/")


def _keep_limits(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    content = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    reason = ""
    if len({part_name(entry.filename).casefold() for entry in entries}) < len(entries):
        reason = "two parts of one name, and readers differ in which one they take"
    elif len(entries) > MOST_ENTRIES:
        reason = f"{len(entries)} parts; the limit is {MOST_ENTRIES}"
    elif content > LARGEST_CONTENT:
        reason = f"{content // MIB} MB once unpacked; the limit is {LARGEST_CONTENT // MIB} MB"
    elif content > HARMLESS_CONTENT and content > LARGEST_RATIO * packed:
        reason = f"{content // MIB} MB once unpacked, {content // packed} times its file size; no real workbook is"
    if reason:
        raise SourceError(f"{path}: the workbook has {reason}", tip=_SPLIT)


def _check(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """No document type in an XML part; and the sizes in the directory are true (sheets are scanned later)."""
    if not entry.filename.lower().endswith((".xml", ".rels", ".bin", ".vml")):
        return
    with archive.open(entry) as file:
        prolog = file.read(_PROLOG)
        if re.search(rb"<!DOCTYPE", prolog.replace(b"\0", b"")):
            raise DoctypeFound
        if not entry.filename.lower().endswith(".xml") or "worksheets/" not in entry.filename:
            while file.read(MIB):
                pass


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
