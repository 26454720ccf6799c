"""The zip package around a workbook: limits before anything is inflated, and where each sheet lies in it."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from importer.errors import SourceError
from importer.reading.file_kind import password_protected
from importer.reading.worker.library_errors import FROM_DAMAGE
from importer.reading.xml_stream import DoctypeFound, elements

if TYPE_CHECKING:
    from pathlib import Path

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet as the workbook's main part names it; `from_1904` says from which year its days are counted."""

    name: str
    part: str
    is_visible: bool
    holds_cells: bool
    from_1904: bool


def refuse_large(path: Path) -> None:
    """Raises `SourceError` if the file is larger than a workbook can be here."""
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise SourceError(
            f"{path}: the workbook has {size // MIB} MB; the limit is {LARGEST_FILE // MIB} MB", tip=_SPLIT
        )


@contextmanager
def refusing_damage(path: Path) -> Iterator[None]:
    """Turns what the libraries say about broken packages into a refusal in a person's words."""
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
    return Package(path=path, parts={_part(entry.filename).casefold(): entry.filename for entry in entries})


def _part(name: str) -> str:
    return name.replace("\\", "/").lstrip("/")


def _keep_limits(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    content = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    reason = ""
    if len({_part(entry.filename).casefold() for entry in entries}) < len(entries):
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
    """No document type in an XML part; and the directory tells the truth about the sizes (sheets are scanned later)."""
    if not entry.filename.lower().endswith((".xml", ".rels", ".bin", ".vml")):
        return
    with archive.open(entry) as file:
        prolog = file.read(_PROLOG)
        if re.search(rb"<!DOCTYPE", prolog.replace(b"\0", b"")):
            raise DoctypeFound
        if not entry.filename.lower().endswith(".xml") or "worksheets/" not in entry.filename:
            while file.read(MIB):
                pass


def sheets_of(package: Package) -> list[Sheet]:
    """The sheets in their order."""
    book = _main_part(package)
    targets = _targets(package, book)
    found: list[Sheet] = []
    from_1904 = False
    with package.open(book) as file:
        for name, attributes in elements(file):
            if name == "workbookPr":
                from_1904 = attributes.get("date1904", "0") in ("1", "true")
            elif name == "sheet" and "name" in attributes:
                key = next((value for key, value in attributes.items() if key.endswith(":id")), "")
                part, kind = targets.get(key, ("", "worksheet"))
                visible = attributes.get("state", "visible") == "visible"
                found.append(
                    Sheet(
                        name=attributes["name"],
                        part=part,
                        is_visible=visible,
                        holds_cells=kind == "worksheet",
                        from_1904=from_1904,
                    )
                )
    return found


def related_part(package: Package, wanted: str) -> str | None:
    """The workbook's part of a kind such as `styles` or `sharedStrings`, if there is one."""
    targets = _targets(package, _main_part(package))
    return next((part for part, kind in targets.values() if kind == wanted and package.has(part)), None)


def _main_part(package: Package) -> str:
    for part, kind in _targets(package, "").values():
        if kind == "officeDocument" and package.has(part):
            return part
    return "xl/workbook.xml"


def _targets(package: Package, part: str) -> dict[str, tuple[str, str]]:
    """Relationship id to target part and kind, for the parts that `part` refers to."""
    folder, name = posixpath.split(part)
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    if not package.has(relations):
        return {}
    found = {}
    with package.open(relations) as file:
        for element, attributes in elements(file):
            if element == "Relationship" and attributes.get("TargetMode") != "External":
                target = _part(attributes.get("Target", ""))
                absolute = attributes.get("Target", "").startswith("/")
                full = target if absolute else posixpath.normpath(posixpath.join(folder, target))
                found[attributes.get("Id", "")] = (full, attributes.get("Type", "").rpartition("/")[2])
    return found
