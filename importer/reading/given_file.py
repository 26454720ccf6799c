"""A file as it was given, and where its content can be read: standard input and archives become private copies.

The copies are unpacked within the limits of workbooks, and removed when the command ends.
"""

from __future__ import annotations

import gzip
import os
import re
import shlex
import shutil
import stat
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final, cast

from importer.errors import SourceError
from importer.model.problem import shown
from importer.model.run import STANDARD_INPUT
from importer.private import open_private, refused
from importer.reading.file_kind import FROM_DAMAGE, ZIP, head_of
from importer.reading.zip_package import (
    CHUNK,
    HARMLESS_CONTENT,
    LARGEST_CONTENT,
    LARGEST_FILE,
    LARGEST_RATIO,
    MIB,
    MOST_ENTRIES,
)

NAME_OF_STANDARD_INPUT: Final = "(standard input)"
GZIP: Final = b"\x1f\x8b"

_ADDRESS: Final = re.compile(r"(https?):/+([^/?#]+)([^?#]*)(.*)", re.I | re.S)
_OF_DOCUMENTS: Final = ("[content_types].xml", "mimetype", "content.xml", "index.zip", "xl/", "word/", "ppt/")
"""Names that begin so are found in workbooks and other documents, which are zip packages as well."""

_OF_SYSTEMS: Final = ("__MACOSX/", ".DS_Store")
_SUFFIX: Final = re.compile(r"\.[A-Za-z]{1,5}")
_CAN_BE_UNPACKED: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""The other methods may take gigabytes of memory for a few bytes."""
_NAMED: Final = 5
_AGAIN: Final = "Copy, download or pack it again."
_UNPACK: Final = "Unpack it, and give the file that is in it."


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A file: `name` is what messages and reports call it, `path` is where its content is.

    `member` is its name in the zip archive that it was unpacked from.
    """

    name: str
    path: Path
    member: str = ""

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Errors name the file as it was given, not the copy."""
        try:
            yield
        except SourceError as error:
            copy = str(self.path)
            error.message, error.tip = error.message.replace(copy, self.name), error.tip.replace(copy, self.name)
            raise


class GivenFiles:
    """The files of one command by what was given; each is copied or unpacked once, and kept until `close`.

    `piped` gives what is piped into the process, `None` if nothing is.
    """

    def __init__(self, piped: Callable[[], IO[bytes] | None]) -> None:
        self._piped = piped
        self._folder: Path | None = None
        self._found: dict[str, GivenFile] = {}
        self._remove: Callable[[], object] = lambda: None

    def close(self) -> None:
        """Remove the copies."""
        self._remove()
        self._folder = None
        self._found.clear()

    def add(self, given: GivenFile) -> None:
        """A file whose content is somewhere else, for as long as it is needed; an archive is unpacked."""
        self._found[given.name] = self._unpacked(given)

    def __getitem__(self, file: str | Path) -> GivenFile:
        """The file, with its content where it can be read more than once; raises `SourceError`, or `LocalDiskError`."""
        key = str(file)
        if key not in self._found:
            self._found[key] = self._unpacked(self._readable(key))
        return self._found[key]

    def _readable(self, file: str) -> GivenFile:
        """Standard input and named pipes are copied: a list is read more than once."""
        refuse_address(file)
        if file == STANDARD_INPUT:
            if (stream := self._piped()) is None:
                raise SourceError(
                    f"{NAME_OF_STANDARD_INPUT}: nothing is piped in",
                    tip="Pipe the list in, for example: importer check - < LIST.csv",
                )
            return self._copied(NAME_OF_STANDARD_INPUT, stream)
        path = Path(file)
        if path.exists() and (stat.S_ISFIFO(path.stat().st_mode) or stat.S_ISCHR(path.stat().st_mode)):
            with path.open("rb") as stream:
                return self._copied(file, stream)
        return GivenFile(name=file, path=path)

    def _unpacked(self, given: GivenFile) -> GivenFile:
        """The content of an archive that holds one file; anything else as it is."""
        with given.naming():
            head = head_of(given.path)
        if head.startswith(GZIP):
            inner = self._gunzipped(given)
        elif head.startswith(ZIP) and (files := _files_of(given)) is not None:
            inner = self._unzipped(given, _only(given.name, files))
        else:
            return given
        with inner.naming():
            head = head_of(inner.path)
        if (
            head.startswith(GZIP)
            or head[257:262] == b"ustar"
            or (head.startswith(ZIP) and _files_of(inner) is not None)
        ):
            raise SourceError(f"{given.name}: an archive within an archive, which is not unpacked", tip=_UNPACK)
        return inner

    def _gunzipped(self, given: GivenFile) -> GivenFile:
        with cast("IO[bytes]", gzip.open(given.path)) as stream:
            suffix = Path(Path(given.name).stem).suffix
            return self._copied(given.name, stream, packed=given.path.stat().st_size, suffix=suffix)

    def _unzipped(self, given: GivenFile, member: zipfile.ZipInfo) -> GivenFile:
        if member.flag_bits & 1:
            tip = "Unpack it with its password, and give the file that is in it."
            raise SourceError(f"{given.name}: a zip archive that is password-protected", tip=tip)
        if member.compress_type not in _CAN_BE_UNPACKED:
            raise SourceError(f"{given.name}: a zip archive that is packed by an unusual method", tip=_UNPACK)
        name = PurePosixPath(member.filename.replace("\\", "/")).name
        try:
            with zipfile.ZipFile(given.path) as archive, archive.open(member) as stream:
                return self._copied(
                    given.name, stream, packed=member.compress_size, suffix=PurePosixPath(name).suffix, member=name
                )
        except FROM_DAMAGE as error:
            raise _damaged(given.name, error) from error

    def _copied(
        self, name: str, stream: IO[bytes], *, packed: int | None = None, suffix: str = "", member: str = ""
    ) -> GivenFile:
        """A private copy of a stream, which has `packed` bytes in an archive; raises `SourceError` past the limits."""
        path = self._place(suffix)
        size = 0
        with os.fdopen(open_private(path, os.O_EXCL), "wb") as copy:
            while piece := _piece(name, stream):
                size += len(piece)
                if size > LARGEST_CONTENT:
                    what = "holds" if packed is None else "holds, once unpacked,"
                    tip = "Save it as a file and give that, or split it."
                    raise SourceError(f"{name}: {what} more than the limit of {LARGEST_CONTENT // MIB} MB", tip=tip)
                if packed is not None and size > max(HARMLESS_CONTENT, LARGEST_RATIO * packed):
                    times = f"more than {LARGEST_RATIO} times its size once unpacked; no real list is"
                    raise SourceError(f"{name}: {times}", tip=_UNPACK)
                try:
                    copy.write(piece)
                except OSError as error:
                    raise refused(path, error) from error
        return GivenFile(name=name, path=path, member=member)

    def _place(self, suffix: str) -> Path:
        """Where the next copy goes; its name ends as the content's, as that is what messages about it go by."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="importer-"))
            self._remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        number = len(list(self._folder.iterdir())) + 1
        return self._folder / f"list-{number}{suffix if _SUFFIX.fullmatch(suffix) else ''}"


def _piece(name: str, stream: IO[bytes]) -> bytes:
    try:
        return stream.read(CHUNK)
    except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> SourceError:
    return SourceError(f"{name}: the archive is damaged or was cut off ({error})", tip=_AGAIN)


def _files_of(given: GivenFile) -> list[zipfile.ZipInfo] | None:
    """The files of a zip archive; `None` if it is a document, or damaged in a way that only its own reader can name."""
    if given.path.stat().st_size > LARGEST_FILE:
        return None
    try:
        with zipfile.ZipFile(given.path) as archive:
            entries = archive.infolist()
    except FROM_DAMAGE as error:
        if given.name.lower().endswith(".zip"):
            raise _damaged(given.name, error) from error
        return None
    names = [entry.filename.casefold() for entry in entries]
    if len(names) > MOST_ENTRIES or any(name.startswith(_OF_DOCUMENTS) or name.endswith(".iwa") for name in names):
        return None
    return [
        entry
        for entry in entries
        if not (entry.is_dir() or entry.filename.startswith(_OF_SYSTEMS) or entry.filename.endswith(_OF_SYSTEMS))
    ]


def _only(name: str, files: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    if not files:
        raise SourceError(f"{name}: a zip archive without a file", tip="Pack the list again.")
    if len(files) > 1:
        named = ", ".join(shown(file.filename) for file in files[:_NAMED])
        more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
        raise SourceError(
            f"{name}: a zip archive of {len(files)} files, and only one can be unpacked: {named}{more}",
            tip="Unpack it, and give the files that you mean: several files can be one run.",
        )
    return files[0]


def refuse_address(file: str) -> None:
    """Raises `SourceError` for a web address. Nothing is fetched: not every address is that of the file itself.

    A link may hold a secret, so only its harmless parts are repeated.
    """
    if not (match := _ADDRESS.match(file)):
        return
    scheme, server, path, rest = match.groups()
    address = f"{scheme}://{server.rpartition('@')[2]}{path}"
    is_whole = not rest and "@" not in server
    name = PurePosixPath(path).name if re.fullmatch(r"[\w-][\w.-]*\.\w+", PurePosixPath(path).name) else ""
    file = name or "LIST.xlsx"
    get = f"curl -L -o {file} {shlex.quote(address) if is_whole else 'ADDRESS'}"
    raise SourceError(
        f"{address}{'' if is_whole else '…'}: a web address; only files are read",
        tip=f"Download it in a browser (a shared sheet: as .xlsx), or with: {get}; then: importer check {file}",
    )
