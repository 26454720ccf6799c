"""The texts that the cells of a workbook share, by their number."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import IO, TYPE_CHECKING, Final, overload

from importer.reading.markup import CHUNK, PROLOG, local, parser
from importer.reading.sheet_parser import LARGEST_CELL
from importer.reading.values import Remarkable, without_escapes, written_out

if TYPE_CHECKING:
    from importer.reading.packages import Package

MOST_LOOSE: Final = 1_000_000
"""So many texts are kept as they are; more are packed, which takes a quarter of the memory and a little longer."""
READ_AT_ONCE: Final = 20_000

_END = b"</si>"
_PLAIN = re.compile(r'\s*<si><t( xml:space="preserve")?>([^<]*)</t>')
_SIMPLE = re.compile(r'<si><t(?: xml:space="preserve")?>([^<]*)</t></si>')
_NOT_AS_IT_STANDS = re.compile(r"[&\r]|_x|<t>\s|[ \t\n]</t>")
_BEFORE = re.compile(PROLOG + rb"\s*<sst\b[^<>]*>", re.I)
_WHITE = " \t\r\n"


class PackedTexts:
    """Many texts in one piece of memory."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._packed = bytearray()
        self._ends = array("Q", (0,))
        self.extend(texts)

    def extend(self, texts: Iterable[str]) -> None:
        """Some more."""
        for text in texts:
            self._packed += text.encode("utf-8", "surrogatepass")
            self._ends.append(len(self._packed))

    def __getitem__(self, at: int) -> str:
        """One text by its number."""
        start, end = self._ends[at], self._ends[at + 1]
        return self._packed[start:end].decode("utf-8", "surrogatepass")

    def __len__(self) -> int:
        """How many texts there are."""
        return len(self._ends) - 1


class SharedStrings(Sequence[str]):
    """The texts, read from the package as far as they are asked for; packed once there are many."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._rest = texts
        self._known: list[str] | PackedTexts = []

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        """One text by its number; raises `IndexError` if there is none."""
        if isinstance(at, slice) or at < 0:
            raise TypeError("texts are fetched one by one")
        while at >= len(self._known):
            if not self._read_on():
                raise IndexError(f"there is no shared string {at}")
        return self._known[at]

    def __len__(self) -> int:
        """How many texts have been read."""
        return len(self._known)

    def _read_on(self) -> bool:
        """Whether there were more."""
        if isinstance(self._known, list) and len(self._known) >= MOST_LOOSE:
            self._known = PackedTexts(self._known)
        before = len(self._known)
        self._known.extend(islice(self._rest, READ_AT_ONCE))
        return len(self._known) > before


def shared_strings(package: Package, part: str) -> SharedStrings:
    """The texts of the workbook's part."""
    return SharedStrings(_texts(package, part))


def _texts(package: Package, part: str) -> Iterator[str]:
    """By pattern as long as the part is laid out plainly, else by the parser."""
    read = 0
    try:
        with package.open(part) as file:
            for text in plain_texts(file):
                read += 1
                yield text
    except Remarkable:
        with package.open(part) as file:
            for number, text in enumerate(parsed_texts(file)):
                if number >= read:
                    yield text


def plain_texts(file: IO[bytes]) -> Iterator[str]:
    """The texts of a part that is laid out plainly; raises `Remarkable` where it is not."""
    text = file.read(CHUNK)
    before = _BEFORE.match(text)
    if not before:
        raise Remarkable
    text = text[before.end() :]
    while True:
        head, found, end = text.rpartition(_END)
        if found:
            yield from _cut(head)
        if end.lstrip().startswith(b"</sst"):
            break
        piece = file.read(CHUNK)
        if not piece or len(end) > LARGEST_CELL * 4:
            raise Remarkable
        text = end + piece
    while file.read(CHUNK):  # to the end, where the checksum is compared
        pass


def _cut(head: bytes) -> Iterator[str]:
    if b"<!" in head or b"<?" in head:
        raise Remarkable
    text = head.decode() + "</si>"
    found = _SIMPLE.findall(text)
    if 4 * len(found) == text.count("<") and not _NOT_AS_IT_STANDS.search(text):
        yield from found
        return
    for string in text.split("</si>")[:-1]:
        yield from _text_of(string)


def _text_of(string: str) -> Iterable[str]:
    plain = _PLAIN.fullmatch(string)
    if not plain:
        return parsed_texts_of(f"<sst>{string}</si></sst>")
    keeps_blanks, text = plain.groups()
    text = written_out(text)
    if not keeps_blanks:
        text = text.strip(_WHITE)
    return (without_escapes(text),)


def parsed_texts_of(string: str) -> Iterator[str]:
    """The texts of a piece of the part."""
    strings = _Strings()
    yield from strings.texts(string.encode(), last=True)


def parsed_texts(file: IO[bytes]) -> Iterator[str]:
    """The texts by a real XML parser: right for every part there can be, and slow."""
    strings = _Strings()
    while piece := file.read(CHUNK):
        yield from strings.texts(piece)
    yield from strings.texts(b"", last=True)


class _Strings:
    """The parser's state: the text so far, and whether it is in a piece of it."""

    def __init__(self) -> None:
        self._reader = parser()
        self._reader.StartElementHandler = self._start
        self._reader.EndElementHandler = self._end
        self._reader.CharacterDataHandler = self._text
        self._done: list[str] = []
        self._open: list[str] = []
        self._string = ""
        self._piece: str | None = None
        self._keeps_blanks = False

    def texts(self, piece: bytes, *, last: bool = False) -> list[str]:
        """The texts that end in this piece of the part."""
        self._done = []
        self._reader.Parse(piece, last)
        return self._done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        if name == "si":
            self._string = ""
        elif name == "t" and self._open[-1:] in (["si"], ["r"]):
            self._piece, self._keeps_blanks = "", attributes.get("xml:space") == "preserve"
        self._open.append(name)

    def _text(self, text: str) -> None:
        if self._piece is not None:
            self._piece += text
            if len(self._piece) > LARGEST_CELL:
                raise ValueError(f"a text of more than {LARGEST_CELL:,} characters")

    def _end(self, name: str) -> None:
        name = local(name)
        self._open.pop()
        if name == "t" and self._piece is not None:
            self._string += self._piece if self._keeps_blanks else self._piece.strip(_WHITE)
            self._piece = None
        elif name == "si":
            self._done.append(without_escapes(self._string))
