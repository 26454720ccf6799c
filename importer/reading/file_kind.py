"""What a file is, by its content; its name only helps to say what is wrong."""

from __future__ import annotations

import re
import zipfile
from enum import StrEnum
from typing import TYPE_CHECKING

from importer.errors import SourceError
from importer.reading.worker.library_errors import FROM_DAMAGE

if TYPE_CHECKING:
    from pathlib import Path


class Format(StrEnum):
    """The kinds of file that can be read."""

    CSV = "csv"
    XLSX = "xlsx"
    XLSM = "xlsm"
    XLS = "xls"
    ODS = "ods"


OPEN_XML = (Format.XLSX, Format.XLSM)
WORKBOOK_SUFFIXES = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".xltx", ".xltm", ".numbers"})
SAVE_AS = "Open it in a spreadsheet program and save it as “Excel Workbook (.xlsx)” or “CSV UTF-8”."

_HEAD = 8192
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOREIGN = (
    (b"%PDF-", "a PDF document"),
    (b"{\\rtf", "a rich-text document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"ID;P", "a SYLK file"),
    (b"\x09\x08", "a workbook of Excel 95 or older"),
    (b"\x09\x04", "a workbook of Excel 95 or older"),
    (b"\x09\x02", "a workbook of Excel 95 or older"),
    (b"\x09\x00\x04\x00", "a workbook of Excel 95 or older"),
)
_MARKUP = (
    (re.compile(rb"urn:schemas-microsoft-com:office:spreadsheet", re.I), "an “XML Spreadsheet 2003”"),
    (
        re.compile(rb"\A\s*(?:<!--.*?-->\s*)*(?:<!doctype\s+html|<html|<head|<body|<table|<meta)", re.I | re.S),
        "a web page (HTML)",
    ),
    (re.compile(rb"\A\s*<\?xml|\A\s*<!DOCTYPE", re.I), "an XML file"),
)


def is_packed(path: Path) -> bool:
    """Whether the file is a container such as workbooks come in; only then `packed_format` may look into it.

    Raises `SourceError` if the file is missing, empty or unreadable.
    """
    head = _head(path)
    if not head:
        raise SourceError(
            f"{path}: the file is empty (0 bytes)", tip="Export it again, and check that the export finishes."
        )
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06", _OLE))


def packed_format(path: Path) -> Format:
    """The format of the workbook in the container; raises `SourceError` if there is none that can be read."""
    head = _head(path)
    if head.startswith(b"PK\x03\x04"):
        return _zip_format(path)
    if head.startswith(b"PK\x05\x06"):
        raise SourceError(f"{path}: an empty zip archive, not a workbook", tip=SAVE_AS)
    return _ole_format(path)


def refuse_foreign(path: Path) -> None:
    """Raises `SourceError` if the file is no container and no text either, or bears a workbook's name."""
    _refuse_foreign(path, _head(path))
    if path.suffix.lower() in WORKBOOK_SUFFIXES:
        raise SourceError(
            f"{path}: not a workbook: the name ends in {path.suffix}, but the file holds plain text",
            tip=f"If it is a CSV file, rename it to {path.stem}.csv; otherwise: {SAVE_AS}",
        )


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except FileNotFoundError:
        raise SourceError(
            f"{path}: there is no such file", tip="Check the path and the spelling of the name."
        ) from None
    except IsADirectoryError:
        raise SourceError(f"{path}: a folder, not a file", tip="Name the files in it.") from None
    except PermissionError:
        tip = "Ask for permission to read it, or close the program that has it open."
        raise SourceError(f"{path}: no permission to read this file", tip=tip) from None
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be read: {error.strerror or error}", tip="Copy it to a local folder."
        ) from error


def _refuse_foreign(path: Path, head: bytes) -> None:
    for start, name in _FOREIGN:
        if head.startswith(start):
            raise SourceError(f"{path}: {name}, not a spreadsheet that can be read", tip=SAVE_AS)
    text = head.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    for pattern, name in _MARKUP:
        if pattern.search(text):
            raise SourceError(f"{path}: {name}, not a workbook or CSV file", tip=SAVE_AS)


def _zip_format(path: Path) -> Format:
    names = {name.casefold() for name in _zip_names(path)}
    _refuse_two_in_one(path, names)
    if "xl/workbook.bin" in names:
        tip = "In Excel, choose File > Save As > “Excel Workbook (.xlsx)”, and import the new file."
        raise SourceError(f"{path}: an Excel binary workbook (.xlsb), which cannot be read", tip=tip)
    if any(name.startswith("index/") and name.endswith(".iwa") for name in names) or "index.zip" in names:
        tip = "In Numbers, choose File > Export To > Excel (or CSV)."
        raise SourceError(f"{path}: an Apple Numbers document, which cannot be read", tip=tip)
    if "xl/vbaproject.bin" in names:
        return Format.XLSM
    if any(name.startswith("xl/") for name in names):
        return Format.XLSX
    if "meta-inf/manifest.xml" in names and _is_encrypted(path):
        raise password_protected(path)
    if "content.xml" in names and _is_open_document(path, names):
        return Format.ODS
    if any(name.startswith("word/") for name in names):
        raise SourceError(
            f"{path}: a Word document, not a workbook", tip="Copy the table into a spreadsheet and save that."
        )
    if "[content_types].xml" in names:
        return Format.XLSX
    raise SourceError(f"{path}: a zip archive, not a workbook", tip="Unpack it and import the files in it.")


def _refuse_two_in_one(path: Path, names: set[str]) -> None:
    """What is checked here must be what the library reads: it may take another kind than the one that is meant."""
    is_excel = any(name.startswith("xl/") for name in names)
    if (is_excel and "content.xml" in names) or names >= {"xl/workbook.bin", "xl/workbook.xml"}:
        raise SourceError(
            f"{path}: contains two kinds of workbook in one, and programs differ in which one they read", tip=SAVE_AS
        )


def _zip_names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except FROM_DAMAGE as error:
        raise SourceError(
            f"{path}: the workbook is damaged or was cut off ({error})", tip="Copy, download or export the file again."
        ) from error


def _is_encrypted(path: Path) -> bool:
    """Whether the manifest of an OpenDocument file says how its parts are encrypted."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("META-INF/manifest.xml") as file:
            return b"encryption-data" in file.read(1 << 20)
    except (*FROM_DAMAGE, RuntimeError):
        return False


def _is_open_document(path: Path, names: set[str]) -> bool:
    """Whether the zip says so, in its part for that or (some programs leave it out) at the begin of its content.

    Raises `SourceError` for a document of another kind.
    """
    part = "mimetype" if "mimetype" in names else "content.xml"
    try:
        with zipfile.ZipFile(path) as archive, archive.open(part) as file:
            head = file.read(_HEAD)
    except (*FROM_DAMAGE, RuntimeError):
        head = b""
    if part == "mimetype" and b"spreadsheet" not in head:
        raise SourceError(f"{path}: an OpenDocument file, but not a spreadsheet", tip=SAVE_AS)
    return b"opendocument" in head


def _ole_format(path: Path) -> Format:
    """Old Excel files and encrypted new ones share a container; its directory names the streams in UTF-16."""
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise password_protected(path)
    if any(f"{name}\0".encode("utf-16-le") in content for name in ("Workbook", "Book", "WORKBOOK", "BOOK")):
        return Format.XLS
    raise SourceError(f"{path}: an old Office document, but not a workbook", tip=SAVE_AS)


def password_protected(path: Path) -> SourceError:
    """The refusal of an encrypted workbook."""
    tip = "Open it with its password, remove the password (File > Info > Protect Workbook), and save it."
    return SourceError(f"{path}: the workbook is password-protected", tip=tip)
