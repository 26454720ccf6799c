"""What a file is, by its content; its name only helps to say what is wrong."""

from __future__ import annotations

import hashlib
import re
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from importer.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

FROM_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    ValueError,
    struct.error,
)
"""What libraries raise about a damaged zip package or XML part; an encrypted one is a `RuntimeError` that says so."""

WORKBOOK_SUFFIXES = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".xltx", ".xltm", ".numbers"})
SAVE_AS = "Open it in a spreadsheet program and save it as “Excel Workbook (.xlsx)” or “CSV UTF-8”."

ZIP: Final = b"PK\x03\x04"
EMPTY_ZIP: Final = b"PK\x05\x06"
COMPOUND_FILE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The container of old Office documents, and of encrypted new ones."""

_HEAD = 8192
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


def head_of(path: Path) -> bytes:
    """The first bytes of the file; raises `SourceError` if it is missing, empty or unreadable."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError:
        raise SourceError(f"{path}: file not found", tip="Check the path and the spelling of the name.") from None
    except IsADirectoryError:
        raise SourceError(f"{path}: a folder, not a file", tip="Name the files in it.") from None
    except PermissionError:
        tip = "Ask for permission to read it, or close the program that has it open."
        raise SourceError(f"{path}: no permission to read this file", tip=tip) from None
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be read: {error.strerror or error}", tip="Copy it to a local folder."
        ) from error
    if not head:
        tip = "Export it again, and check that the export finishes."
        raise SourceError(f"{path}: the file is empty (0 bytes)", tip=tip)
    return head


def sha256_of(path: Path) -> str:
    """The SHA-256 of the file's bytes in hexadecimal: whether two files are the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_container(head: bytes) -> bool:
    """Whether the file is a container as workbooks come in; only a child with limits may look into it."""
    return head.startswith((ZIP, EMPTY_ZIP, COMPOUND_FILE))


def refuse_foreign(path: Path, head: bytes) -> None:
    """Raises `SourceError` if the file is neither a container nor text, or has the name of a workbook."""
    for start, name in _FOREIGN:
        if head.startswith(start):
            raise SourceError(f"{path}: {name}, not a spreadsheet that can be read", tip=SAVE_AS)
    text = head.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    for pattern, name in _MARKUP:
        if pattern.search(text):
            raise SourceError(f"{path}: {name}, not a workbook or CSV file", tip=SAVE_AS)
    if path.suffix.lower() in WORKBOOK_SUFFIXES:
        raise SourceError(
            f"{path}: not a workbook: the name ends in {path.suffix}, but the file holds plain text",
            tip=f"If it is a CSV file, rename it to {path.stem}.csv; otherwise: {SAVE_AS}",
        )


def open_xml_format(path: Path, head: bytes) -> str:
    """`xlsx`, `xlsm`, or `""` if the file is no Open XML workbook.

    Raises `SourceError` for a workbook of a kind that cannot be read.
    """
    if not head.startswith(ZIP):
        return ""
    names = zip_names(path)
    is_excel = any(name.startswith("xl/") for name in names)
    # What is checked here must be what is read: two programs might see two different workbooks in the file.
    if (is_excel and "content.xml" in names) or names >= {"xl/workbook.bin", "xl/workbook.xml"}:
        raise SourceError(
            f"{path}: contains two kinds of workbook in one, and programs differ in which one they read", tip=SAVE_AS
        )
    if "xl/workbook.bin" in names:
        tip = "In Excel, choose File > Save As > “Excel Workbook (.xlsx)”, and import the new file."
        raise SourceError(f"{path}: an Excel binary workbook (.xlsb), which cannot be read", tip=tip)
    if any(name.startswith("index/") and name.endswith(".iwa") for name in names) or "index.zip" in names:
        tip = "In Numbers, choose File > Export To > Excel (or CSV)."
        raise SourceError(f"{path}: an Apple Numbers document, which cannot be read", tip=tip)
    if "xl/vbaproject.bin" in names:
        return "xlsm"
    is_other = "content.xml" in names or any(name.startswith("word/") for name in names)
    return "xlsx" if is_excel or ("[content_types].xml" in names and not is_other) else ""


def unknown_container(path: Path, head: bytes) -> SourceError:
    """The refusal of a container that holds no workbook."""
    if head.startswith(EMPTY_ZIP):
        return SourceError(f"{path}: an empty zip archive, not a workbook", tip=SAVE_AS)
    if head.startswith(COMPOUND_FILE):
        return SourceError(f"{path}: an old Office document, but not a workbook", tip=SAVE_AS)
    if any(name.startswith("word/") for name in zip_names(path)):
        tip = "Copy the table into a spreadsheet and save that."
        return SourceError(f"{path}: a Word document, not a workbook", tip=tip)
    return SourceError(f"{path}: a zip archive, not a workbook", tip="Unpack it and import the files in it.")


def zip_names(path: Path) -> frozenset[str]:
    """The names of the parts in lowercase; raises `SourceError` if the archive is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return frozenset(name.casefold() for name in archive.namelist())
    except FROM_DAMAGE as error:
        raise SourceError(
            f"{path}: the workbook is damaged or was cut off ({error})", tip="Copy, download or export the file again."
        ) from error


def password_protected(path: Path) -> SourceError:
    """The refusal of an encrypted workbook."""
    tip = "Open it with its password, remove the password (File > Info > Protect Workbook), and save it."
    return SourceError(f"{path}: the workbook is password-protected", tip=tip)
