"""The looks of cells: what a workbook has, and what is added to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from importer.model.outcome import Tone
from importer.reporting.annotated.workbook.xml_edit import Document, NotCopied, tag_at, with_attributes

if TYPE_CHECKING:
    from importer.reporting.annotated.workbook.xml_edit import Element

COLOURS: Final = {
    Tone.GOOD: "FFDDF3E4",
    Tone.CALM: "FFECEEF1",
    Tone.WAITING: "FFFFF3CD",
    Tone.PERSON: "FFFBD5D5",
}

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
_WRAPPED: Final = {"horizontal": "left", "vertical": "top", "wrapText": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A font: size in points, colour as ARGB."""

    bold: bool = False
    size: int = 11
    colour: str = ""
    underlined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a cell that we add looks. Texts are marked as texts, so that not even editing one makes it a formula."""

    face: Face | None = None
    tone: Tone | None = None
    is_wrapped: bool = False
    is_number: bool = False


class Styles:
    """The style part of a workbook, to which looks are added as they are asked for."""

    def __init__(self, xml: bytes) -> None:
        self._document = Document(xml)
        root = self._document.root
        self._prefix = root.prefix
        self._fonts = _Kind(self._document, root.one("fonts"))
        self._fills = _Kind(self._document, root.one("fills"))
        self._looks = _Kind(self._document, root.one("cellXfs"))
        self._before = [self._document.text(found) for found in root.one("cellXfs").all("xf")]
        self._filled: dict[tuple[int, Tone], int] = {}
        self._added: dict[Look, int] = {}

    def filled(self, look: int, tone: Tone) -> int:
        """The number of a look that is like another one of the workbook, but filled."""
        if (look, tone) not in self._filled:
            if look >= len(self._before):
                raise NotCopied("a cell has a style that is not there")
            whole = self._before[look]
            tag = tag_at(whole, 0)
            new = with_attributes(tag, {"fillId": str(self._fill(tone)), "applyFill": "1"})
            self._filled[look, tone] = self._add(new.decode() + whole[len(tag) :].decode())
        return self._filled[look, tone]

    def look(self, look: Look) -> int:
        """The number of a look of ours."""
        known = self._added.get(look)
        if known is None:
            attributes = {
                "numFmtId": str(_THOUSANDS if look.is_number else 0),
                "fontId": str(self._font(look.face) if look.face else 0),
                "fillId": str(self._fill(look.tone) if look.tone else 0),
                "borderId": "0",
                "xfId": "0",
                "applyFont": "1" if look.face else "0",
                "applyFill": "1" if look.tone else "0",
                "applyNumberFormat": "1" if look.is_number else "0",
                "quotePrefix": "0" if look.is_number else "1",
            }
            inside = f"<{self._prefix}alignment {_written(_WRAPPED)}/>" if look.is_wrapped else ""
            known = self._added[look] = self._add(
                f"<{self._prefix}xf {_written(attributes)}>{inside}</{self._prefix}xf>"
            )
        return known

    def render(self) -> bytes:
        """The part with everything that was added."""
        return self._document.render()

    def _add(self, xml: str) -> int:
        number = self._looks.number_of(xml)
        if number >= MOST_LOOKS:
            raise NotCopied("too many styles")
        return number

    def _fill(self, tone: Tone) -> int:
        p = self._prefix
        colours = f'<{p}fgColor rgb="{COLOURS[tone]}"/><{p}bgColor indexed="64"/>'
        return self._fills.number_of(
            f'<{p}fill><{p}patternFill patternType="solid">{colours}</{p}patternFill></{p}fill>'
        )

    def _font(self, face: Face) -> int:
        p = self._prefix
        parts = (
            f"<{p}b/>" if face.bold else "",
            f"<{p}u/>" if face.underlined else "",
            f'<{p}sz val="{face.size}"/>',
            f'<{p}color rgb="{face.colour}"/>' if face.colour else "",
            f'<{p}name val="Calibri"/><{p}family val="2"/>',
        )
        return self._fonts.number_of(f"<{p}font>{''.join(parts)}</{p}font>")


class _Kind:
    """A numbered list of the style part."""

    def __init__(self, document: Document, element: Element) -> None:
        self._document = document
        self._element = element
        self._count = len(element.children)
        self._numbers: dict[str, int] = {}

    def number_of(self, xml: str) -> int:
        """Its number, after it was added if it was not before."""
        if xml not in self._numbers:
            self._numbers[xml] = self._count
            self._count += 1
            self._document.append(self._element, xml)
            self._document.set(self._element, count=str(self._count))
        return self._numbers[xml]


def _written(attributes: dict[str, str]) -> str:
    return " ".join(f'{name}="{value}"' for name, value in attributes.items())
