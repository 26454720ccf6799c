"""Which encoding a text file is in: the given one, else by byte order mark, else UTF-8, else a guess that is reported.

Where two readings are about equally likely, there is no guess: the error shows both.
"""

from __future__ import annotations

import codecs
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.errors import SourceError
from importer.model.problem import shown
from importer.reading.csv.plausible_text import Sense, sense_of
from importer.reading.file_kind import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

CHUNK = 1 << 20
SAMPLE = 1 << 16

PLAUSIBLE = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874",
    "cp932", "gb18030", "euc_kr", "big5", "euc_jp",
    "cp850", "cp437", "cp852", "cp866", "cp857", "cp737", "cp862", "cp775", "cp720", "cp860", "cp861", "cp863", "cp865",
    "cp855", "cp869", "cp858", "koi8_r", "koi8_u", "mac_roman", "mac_cyrillic", "iso8859_2", "iso8859_15",
)  # fmt: skip
"""What spreadsheet programs and old systems write, the commoner first: Windows, East Asia, MS-DOS, others."""

_AS_GOOD = 0.05
"""A reading with a larger share of broken words than the best one, by this much, is out."""
_NO_SENSE = 1 / 3
"""Where even the best reading has this share of broken words, it is none."""
_STRANGE_LETTERS, _STRANGE_SHARE = 3, 0.2
"""A reading is out that has so many foreign letters more than the best one, if they are this share of its letters."""
_MOST_SHOWN = 8

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TEXT = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7", "undefined"})
"""Codecs that Python has for other purposes."""

_MOJIBAKE = re.compile("Ã[\x80-\xbf‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€[œ\x9d™˜“”¢¦]|Ð[\x80-\xbf][ÐÑ]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The findings of one pass over the bytes: the digest, and where it stops being UTF-8 (`None`: nowhere)."""

    sha256: str
    head: bytes
    foreign_lines: bytes
    not_utf8_at: int | None
    holds_nul: bool

    @property
    def is_wide(self) -> bool:
        """Whether the file is UTF-16 or UTF-32, by its mark or by its zero bytes."""
        marked = any(self.head.startswith(mark) for mark, name in _BOMS if name != "utf-8-sig")
        return marked or _unmarked_utf16(self.head) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """The encoding to read with, and notes for the user on how it was found."""

    name: str
    notes: tuple[str, ...] = ()


def survey(path: Path) -> Survey:
    """The whole file, a piece at a time; its digest is taken by a second thread meanwhile."""
    foreign = bytearray()
    head = b""
    holds_nul = False
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8 = True
    with ThreadPoolExecutor(max_workers=1) as thread:
        digest = thread.submit(sha256_of, path)
        for piece in _pieces(path):
            head = head or piece[:SAMPLE]
            holds_nul = holds_nul or b"\0" in piece
            if len(foreign) < SAMPLE and not piece.isascii():
                foreign += b"\n".join(line for line in piece.splitlines() if not line.isascii())[:SAMPLE] + b"\n"
            is_utf8 = is_utf8 and _decodes(decoder, piece)
        is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    not_utf8 = None if is_utf8 else _undecodable(path, "utf-8")
    return Survey(
        sha256=digest.result(),
        head=head,
        foreign_lines=bytes(foreign),
        not_utf8_at=None if not_utf8 is None else not_utf8[0],
        holds_nul=holds_nul,
    )


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def find_encoding(path: Path, found: Survey, given: str | None) -> Encoding:
    """The encoding of the file; raises `SourceError` where it cannot be known, or does not fit."""
    if given is not None:
        encoding = Encoding(name=_codec(path, given, found.head))
    else:
        encoding = _by_mark(found) or _by_utf8(found) or _by_statistics(path, found)
    if encoding.name not in ("utf-8", "utf-8-sig") or found.not_utf8_at is not None:
        _refuse_undecodable(path, encoding.name)
    return encoding


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def _codec(path: Path, given: str, head: bytes) -> str:
    try:
        name = codecs.lookup(given).name
        "".encode(name)
    except (LookupError, ValueError):
        raise _unheard_of(path, given) from None
    if name in _NO_TEXT:
        raise _unheard_of(path, given)
    if name == "utf-8":
        return "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else name
    if name == "utf-16" and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        if b"\0" not in head:
            raise SourceError(f"{path}: not UTF-16, which has zero bytes between letters", tip="Leave --encoding out.")
        return _unmarked_utf16(head) or "utf-16-le"
    return name


def _unheard_of(path: Path, given: str) -> SourceError:
    tip = "Common ones: utf-8, cp1252 (Western Excel), cp850 (MS-DOS), cp1250, cp1251, cp932 (Shift-JIS), utf-16."
    return SourceError(f"{path}: there is no encoding called “{shown(given)}”", tip=tip)


def _by_mark(found: Survey) -> Encoding | None:
    for mark, name in _BOMS:
        if found.head.startswith(mark):
            return Encoding(name=name, notes=(f"encoding {name.removesuffix('-sig')}, by its byte order mark",))
    if unmarked := _unmarked_utf16(found.head):
        return Encoding(name=unmarked, notes=(f"encoding {unmarked}, by the zero bytes between its characters",))
    return None


def _unmarked_utf16(head: bytes) -> str | None:
    """UTF-16 shows itself by zero bytes at every other place: commas, digits and line ends have one."""
    pairs = len(head) // 2
    high_first, high_last = head[: pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    if high_last > pairs * 0.1 and high_first <= high_last // 20:
        return "utf-16-le"
    if high_first > pairs * 0.1 and high_last <= high_first // 20:
        return "utf-16-be"
    return None


def _by_utf8(found: Survey) -> Encoding | None:
    if found.not_utf8_at is not None:
        return None
    broken = _MOJIBAKE.search(found.foreign_lines.decode("utf-8", "ignore"))
    if not broken:
        return Encoding(name="utf-8")
    text = broken.string[max(0, broken.start() - 10) : broken.end() + 10]
    return Encoding(
        name="utf-8",
        notes=(
            f"“{shown(text)}” looks like text that was saved in the wrong encoding before; compare with the source",
        ),
    )


def _by_statistics(path: Path, found: Survey) -> Encoding:
    _refuse_nearly_utf8(path, found)
    readings = _readings(found.foreign_lines)
    names = _likely(readings)
    if not names or readings[names[0]].broken > _NO_SENSE:
        raise _unknown(path, found, "no encoding that is in use gives words", names)
    if len(names) > 1:
        raise _unknown(path, found, "more than one encoding fits", names)
    name = names[0]
    example = _example(found.foreign_lines, name)
    return Encoding(
        name=name,
        notes=(f"encoding guessed as {name} (it reads “{example}”); if that is wrong, give the right one: --encoding",),
    )


def _readings(lines: bytes) -> dict[str, Sense]:
    """The encodings that read the lines differently, the commoner first, and what sense each makes of them."""
    names: dict[str, str] = {}
    for name in PLAUSIBLE:
        with suppress(UnicodeError):
            names.setdefault(lines.decode(name), name)
    return {name: sense_of(text) for text, name in names.items()}


def _likely(readings: dict[str, Sense]) -> list[str]:
    """The encodings that may be the right one, the likelier first."""
    least = min((sense.broken for sense in readings.values()), default=0)
    names = [name for name, sense in readings.items() if sense.broken <= least + _AS_GOOD]
    fewest = min((readings[name].strange for name in names), default=0)
    return sorted(
        (name for name in names if not _is_foreign(readings[name], fewest)), key=lambda name: readings[name].foreignness
    )


def _is_foreign(sense: Sense, fewest: int) -> bool:
    more = sense.strange - fewest
    return more >= _STRANGE_LETTERS and more >= sense.letters * _STRANGE_SHARE


def _unknown(path: Path, found: Survey, why: str, names: list[str]) -> SourceError:
    at = found.not_utf8_at or 0
    line = _line_at(path, at, "latin-1")
    names = names[:_MOST_SHOWN]
    readings = "".join(f"; in {name} it reads “{_example(found.foreign_lines, name, names)}”" for name in names)
    return SourceError(
        f"{path}: line {line}, byte {at}: not UTF-8, and {why}{readings}",
        # Each by itself: the first is often the wrong one, and people paste what they see.
        tip=f"Give the encoding that reads right: {' or '.join(f'--encoding {name}' for name in names or ['cp1252'])};"
        " or save the file as “CSV UTF-8”.",
    )


def _example(lines: bytes, name: str, others: Sequence[str] = ()) -> str:
    """The first few words that are not ASCII, those first that the other encodings read differently."""
    text = lines.decode(name, "replace")
    words = dict.fromkeys(word for word in re.split(r'[\s,;|"]+', text) if not word.isascii())
    telling = [word for word in words if any(_reread(word, name, other) != word for other in others)]
    return shown(" ".join(telling or words), 40)


def _reread(word: str, name: str, other: str) -> str:
    return word.encode(name, "replace").decode(other, "replace")


def _refuse_nearly_utf8(path: Path, found: Survey) -> None:
    """A file that is UTF-8 but for a few bytes was mixed from two sources: any guess would garble one of them."""
    good = len(re.findall(rb"[\xc3-\xf4][\x80-\xbf]+", found.foreign_lines))
    text = found.foreign_lines.decode("utf-8", "replace")
    if good > text.count("\ufffd") and found.not_utf8_at is not None:
        _refuse_undecodable(path, "utf-8")


def _refuse_undecodable(path: Path, encoding: str) -> None:
    if (at := _undecodable(path, encoding)) is None:
        return
    offset, octets = at
    line = _line_at(path, offset, encoding)
    raise SourceError(
        f"{path}: line {line}, byte {offset}: {octets} is not {encoding.removesuffix('-sig')} text",
        tip="Give the encoding of the file (--encoding cp1252 is usual in the West), or save it as “CSV UTF-8”.",
    )


def _undecodable(path: Path, encoding: str) -> tuple[int, str] | None:
    """Offset and bytes of the first place that the encoding cannot read."""
    decoder = codecs.getincrementaldecoder(encoding)()
    read = 0
    try:
        for piece in _pieces(path):
            kept = len(decoder.getstate()[0])
            decoder.decode(piece)
            read += len(piece)
        kept = len(decoder.getstate()[0])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return read - kept + error.start, error.object[error.start : max(error.end, error.start + 1)].hex(" ")
    except UnicodeError:  # a UTF-16 or UTF-32 stream without its mark
        return read, "the start"
    return None


def _line_at(path: Path, offset: int, encoding: str) -> int:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    feeds = returns = read = 0
    for piece in _pieces(path):
        text = decoder.decode(piece[: max(0, offset - read)])
        feeds, returns, read = feeds + text.count("\n"), returns + text.count("\r"), read + len(piece)
        if read >= offset:
            break
    return (feeds or returns) + 1
