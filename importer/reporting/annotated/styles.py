"""The looks of cells: what a workbook has, and what is added to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from importer.model.outcome import Tone
from importer.reporting.annotated.xml_edit import Document, NotCopied, tag_at, with_attributes
from importer.reporting.workbook_text import COLORS

MOST_LOOKS: Final = 60_000
"""Excel refuses a workbook with more than 65,490."""

PLAIN_STYLES: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<styleSheet xmlns="{namespace}">'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
"""The styles of a workbook that has none."""

_THOUSANDS: Final = 3
_PLAIN_SIZE: Final = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a cell that we add looks: size in points, color as ARGB.

    Texts are marked as texts, so that not even editing one makes it a formula.
    """

    tone: Tone | None = None
    size: int = _PLAIN_SIZE
    color: str = ""
    is_bold: bool = False
    is_underlined: bool = False
    is_wrapped: bool = False
    is_number: bool = False


class Styles:
    """The style part of a workbook, to which looks are added as they are asked for."""

    def __init__(self, xml: bytes) -> None:
        self._document = Document(xml)
        self._prefix = self._document.root.prefix
        self._lists = {name: self._document.root.one(name) for name in ("fonts", "fills", "cellXfs")}
        self._looks = self._lists["cellXfs"].all("xf")
        self._numbers = {name: dict[str, int]() for name in self._lists}
        self._filled: dict[tuple[int, Tone], int] = {}
        self._added: dict[Look, int] = {}

    def filled(self, look: int, tone: Tone) -> int:
        """The number of a look that is like another one of the workbook, but filled."""
        if (look, tone) not in self._filled:
            if look >= len(self._looks):
                raise NotCopied("a cell has a style that is not there")
            whole = self._looks[look].markup
            tag = tag_at(whole, 0)
            new = with_attributes(tag, {"fillId": str(self._fill(tone)), "applyFill": "1"})
            self._filled[look, tone] = self._number_of("cellXfs", (new + whole[len(tag) :]).decode())
        return self._filled[look, tone]

    def look(self, look: Look) -> int:
        """The number of a look of ours."""
        if look not in self._added:
            p = self._prefix
            font = self._font(look)
            attributes = (
                f'numFmtId="{_THOUSANDS if look.is_number else 0}" fontId="{font}"'
                f' fillId="{self._fill(look.tone) if look.tone else 0}" borderId="0" xfId="0"'
                f' applyFont="{int(font > 0)}" applyFill="{int(look.tone is not None)}"'
                f' applyNumberFormat="{int(look.is_number)}" quotePrefix="{int(not look.is_number)}"'
            )
            wrapped = f'<{p}alignment horizontal="left" vertical="top" wrapText="1"/>' if look.is_wrapped else ""
            self._added[look] = self._number_of("cellXfs", f"<{p}xf {attributes}>{wrapped}</{p}xf>")
        return self._added[look]

    def render(self) -> bytes:
        """The part with everything that was added."""
        return self._document.render()

    def _fill(self, tone: Tone) -> int:
        p = self._prefix
        colors = f'<{p}fgColor rgb="{COLORS[tone]}"/><{p}bgColor indexed="64"/>'
        return self._number_of(
            "fills", f'<{p}fill><{p}patternFill patternType="solid">{colors}</{p}patternFill></{p}fill>'
        )

    def _font(self, look: Look) -> int:
        if look == Look(tone=look.tone, is_wrapped=look.is_wrapped, is_number=look.is_number):
            return 0
        p = self._prefix
        parts = (
            f"<{p}b/>" if look.is_bold else "",
            f"<{p}u/>" if look.is_underlined else "",
            f'<{p}sz val="{look.size}"/>',
            f'<{p}color rgb="{look.color}"/>' if look.color else "",
            f'<{p}name val="Calibri"/><{p}family val="2"/>',
        )
        return self._number_of("fonts", f"<{p}font>{''.join(parts)}</{p}font>")

    def _number_of(self, name: str, xml: str) -> int:
        """The number of an entry of a list, after it was added if it was not before."""
        numbers, element = self._numbers[name], self._lists[name]
        if xml not in numbers:
            numbers[xml] = len(element.children) + len(numbers)
            if numbers[xml] >= MOST_LOOKS:
                raise NotCopied("too many styles")
            self._document.append(element, xml)
            self._document.set(element, count=str(numbers[xml] + 1))
        return numbers[xml]
