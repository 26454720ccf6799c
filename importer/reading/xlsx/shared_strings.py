"""The texts that the cells of a workbook share, by their number."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import IO, TYPE_CHECKING, Final

from importer import accelerators
from importer.reading.xlsx.cell_values import without_escapes
from importer.reading.xlsx.sheet_parser import LARGEST_CELL
from importer.reading.zip_package import CHUNK, WHITE, keeps_spaces, local, parser

if TYPE_CHECKING:
    from importer.reading.zip_package import Package

MOST_LOOSE: Final = 1_000_000
"""So many texts are kept as they are; more are packed, which takes a quarter of the memory and a little longer."""
READ_AT_ONCE: Final = 20_000


class PackedTexts:
    """Many texts in one piece of memory."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._packed = bytearray()
        self._ends = array("Q", (0,))
        rest = iter(texts)
        while some := [*islice(rest, READ_AT_ONCE)]:  # not all at once: they would be in memory three times
            self.extend(some)

    def extend(self, texts: Iterable[str]) -> None:
        """Some more."""
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        self._packed += b"".join(encoded)
        self._ends.extend(accumulate(map(len, encoded), initial=self._ends.pop()))

    def several(self, places: Iterable[int]) -> list[str]:
        """Some of the texts by their numbers."""
        packed, ends = self._packed, self._ends
        return [packed[ends[place] : ends[place + 1]].decode("utf-8", "surrogatepass") for place in places]

    def __len__(self) -> int:
        """How many texts there are."""
        return len(self._ends) - 1


class SharedStrings:
    """The texts, read from the package as far as they are asked for; packed once there are many."""

    def __init__(self, package: Package, part: str | None) -> None:
        self._rest = _texts(package, part) if part else iter(())
        self._known: list[str] | PackedTexts = []

    def several(self, values: Sequence[str]) -> list[str]:
        """The texts of which these are the numbers, a blank for a blank; raises `IndexError` if there is none."""
        wanted = {*values} - {""}
        if wanted and not "".join(wanted).isdecimal():
            raise ValueError(f"shared string “{next(value for value in wanted if not value.isdecimal())}”")
        places = [*map(int, wanted)]
        self._read_to(max(places, default=-1))
        known = self._known
        found = known.several(places) if isinstance(known, PackedTexts) else [known[place] for place in places]
        texts = dict(zip(wanted, found, strict=True))
        texts[""] = ""
        return [*map(texts.__getitem__, values)]

    def __len__(self) -> int:
        """How many texts have been read."""
        return len(self._known)

    def _read_to(self, place: int) -> None:
        while place >= len(self._known):
            if isinstance(self._known, list) and len(self._known) >= MOST_LOOSE:
                self._known = PackedTexts(self._known)
            more = next(self._rest, None)
            if more is None:
                raise IndexError(f"there is no shared string {place}")
            self._known.extend(more)


def _texts(package: Package, part: str) -> Iterator[Sequence[str]]:
    """The texts by the accelerator as far as it goes, and the rest by the parser."""
    read: int | None = 0
    if accelerators.are_on():
        from importer.reading.xlsx.fast_rows import texts_by_pattern

        read = yield from texts_by_pattern(package, part)
    if read is not None:
        with package.open(part) as file:
            rest = islice(parsed_texts(file), read, None)
            while texts := [*islice(rest, READ_AT_ONCE)]:
                yield texts


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
        self._spaces = [False]

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
            self._piece = ""
        # Text in <rPh>, however deep, is the pronunciation of its neighbor.
        self._open.append("rPh" if self._open[-1:] == ["rPh"] else name)
        self._spaces.append(keeps_spaces(attributes, self._spaces[-1]))

    def _text(self, text: str) -> None:
        if self._piece is not None and self._open[-1] == "t":
            self._piece += text
            if len(self._piece) > LARGEST_CELL:
                raise ValueError(f"a text of more than {LARGEST_CELL:,} characters")

    def _end(self, name: str) -> None:
        name = local(name)
        self._open.pop()
        spaces_count = self._spaces.pop()
        if name == "t" and self._piece is not None:
            self._string += self._piece if spaces_count else self._piece.strip(WHITE)
            self._piece = None
        elif name == "si":
            self._done.append(without_escapes(self._string))
