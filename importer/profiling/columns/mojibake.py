"""Letters that an earlier program broke: UTF-8 read as a legacy encoding (`JosÃ©`), or replaced by `�`.

What looks broken is proven by turning it back: the bytes of a run of letters must be valid UTF-8, and mean letters of
a script that people write.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.model.problem import shown
from importer.model.texts import TEXT, is_ascii
from importer.profiling.columns.watcher import Tally, WatchedRows, Watcher
from importer.profiling.columns.yaml_fixes import Fix, advice, entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model.examination import Symptom
    from importer.model.source import SourceInfo

_ENCODINGS: Final = ("cp1252", "mac_roman", "cp850", "cp437", "cp1251")
_SUSPECT: Final = (
    "[Â-ô][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"  # cp1252
    "|[√≈][^\x00-\x7f]|[├┬][^\x00-\x7f]"  # Mac Roman; cp850 and cp437
    "|[РС][^\x00-\x7fА-Яа-яЁё]"  # cp1251 of Cyrillic
    "|�"
)
_FOREIGN: Final = re.compile(r"[^\x00-\x7f]+")
_WRITTEN: Final = re.compile(
    "[\u00a0-\u024f\u0300-\u06ff\u0900-\u0dff\u0e00-\u0e7f\u1e00-\u1fff\u2010-\u2122\u3000-\ud7ff\uf900-\ufaff"
    "\ufeff\uff00-\uffef\U0001f300-\U0001faff]+"
)
"""Letters and signs that people write; not those that honest text holds by chance when read so (IPA, Syriac)."""
_PROVEN: Final = 1_000
"""Distinct texts of a batch that are turned back; of more, those that look broken count as broken."""


def unscrambled(text: str) -> str:
    """The text as it was before an encoding was mistaken; unchanged where nothing was."""
    for encoding in _ENCODINGS:
        repaired = _FOREIGN.sub(partial(_turned_back, encoding=encoding), text)
        if repaired != text:
            return repaired
    return text


def _turned_back(run: re.Match[str], encoding: str) -> str:
    try:
        meant = b"".join(_byte(letter, encoding) for letter in run[0]).decode("utf-8")
    except UnicodeError:
        return run[0]
    return meant if _WRITTEN.fullmatch(meant) else run[0]


def _byte(letter: str, encoding: str) -> bytes:
    """The byte that was read as this letter; programs read the bytes that cp1252 does not define as they are."""
    return bytes([ord(letter)]) if encoding == "cp1252" and "\x80" <= letter <= "\x9f" else letter.encode(encoding)


class Mojibake(Watcher):
    """Broken letters in a column of any kind."""

    def __init__(self, column: str, info: SourceInfo) -> None:
        super().__init__(column)
        self._info = info
        self._broken, self._lost = Tally(), Tally()

    def watch(self, rows: WatchedRows) -> None:
        """Only texts with letters beyond ASCII are looked at closely."""
        texts = rows.texts(self._column)
        if is_ascii(texts):
            return
        suspects = np.flatnonzero(pc.match_substring_regex(texts, _SUSPECT))
        values, index = texts.take(pa.array(suspects)), rows.index[suspects]
        distinct = pc.unique(values).to_pylist()[:_PROVEN]
        sound = [text for text in distinct if "�" not in text and unscrambled(text) == text]
        lost = pc.match_substring(values, "�")
        broken = pc.invert(pc.or_(lost, pc.is_in(values, pa.array(sound, TEXT))))
        for tally, found in ((self._lost, lost), (self._broken, broken)):
            tally.add(index[np.asarray(found)], values.filter(found))

    def symptoms(self) -> Iterator[Symptom]:
        """Letters that can be turned back, and those that are lost."""
        if self._broken.count:
            example = self._broken.values[0]
            detail = f"“{shown(example)}” was “{shown(unscrambled(example))}”"
            yield self._broken.symptom("mojibake", self._column, self._fix(), detail)
        if self._lost.count:
            lost = advice("the letters are lost; export the list again, as UTF-8")
            yield self._lost.symptom("mojibake", self._column, lost, f"lost for good: “{shown(self._lost.values[0])}”")

    def _fix(self) -> Fix:
        broken = advice("the letters were broken before this file was written; export the list again, as UTF-8")
        read_as = self._info.encoding
        if not read_as or read_as.lower().replace("_", "-").startswith("utf-8"):
            return broken
        line = f"{entry('encoding', 'utf-8')}   # it was read as {read_as}"
        return Fix(line=line, place=("source", "encoding"), otherwise=broken.line)
