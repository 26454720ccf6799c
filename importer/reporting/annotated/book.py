"""The workbook itself: which sheets it has, and a new one in front of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from importer.reporting.annotated.package import MAIN, SPREADSHEET, STRICT_MAIN, STRICT_RELATIONS
from importer.reporting.annotated.styles import PLAIN_STYLES, Styles
from importer.reporting.annotated.xml_edit import Document, NotCopied, quoted

if TYPE_CHECKING:
    from importer.reporting.annotated.package import Package
    from importer.reporting.annotated.xml_edit import Element

_MACRO_SHEETS: Final = ("xlMacrosheet", "xlIntlMacrosheet")
_LEFT_OUT: Final = ("vbaProject", "calcChain")
"""Macros, which no .xlsx may hold; and the order of calculation, which programs find again and which would be wrong."""


class Book:
    """The workbook of a package: `sheets` has the part of each sheet by its name."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._part = package.relations("").first("officeDocument") or "xl/workbook.xml"
        self._document = Document(package.read(self._part))
        self._relations = package.relations(self._part)
        if any(self._relations.targets(kind) for kind in _MACRO_SHEETS):
            raise NotCopied("a sheet of macros")
        self._listed = self._document.root.one("sheets")
        self._elements = self._listed.all("sheet")
        if not self._elements:
            raise NotCopied("no sheets")
        self.sheets = {element.attributes["name"]: self._target(element) for element in self._elements}
        self.namespace = STRICT_MAIN if self._relations.namespace == STRICT_RELATIONS else MAIN
        self._styles_part = self._relations.first("styles")
        plain = PLAIN_STYLES.format(namespace=self.namespace).encode()
        self.styles = Styles(package.read(self._styles_part) if self._styles_part else plain)

    def shared_strings(self, wanted: set[int]) -> dict[int, str]:
        """The texts of some shared strings by their numbers."""
        part = self._relations.first("sharedStrings")
        found: dict[int, str] = {}
        if wanted and part:
            for number, item in enumerate(Document(self._package.read(part), passing="sst").passed()):
                if number in wanted:
                    found[number] = item.text()
                if len(found) == len(wanted):
                    break
        return found

    def put_in_front(self, wanted: str) -> str:
        """Make a new sheet the first one and the one that is opened; returns the part that it will be.

        Its name is the one wanted, or one like it if there is such a sheet.
        """
        taken = {name.casefold() for name in self.sheets}
        names = [wanted, *(f"{wanted} ({number})" for number in range(2, len(taken) + 3))]
        name = next(name for name in names if name.casefold() not in taken)
        part = self._package.new_name("xl/worksheets/sheetImporter{}.xml")
        self._package.declare(part, f"{SPREADSHEET}.worksheet+xml")
        relation = self._relations.add("worksheet", part)
        number = max(int(element.attributes.get("sheetId", 0)) for element in self._elements) + 1
        # The neighbor's prefixes may be declared on the neighbor alone, as Microsoft's Open XML SDK does.
        self._document.insert(
            self._elements[0],
            f'<{self._listed.prefix}sheet xmlns:r="{self._relations.namespace}" name="{quoted(name)}"'
            f' sheetId="{number}" r:id="{relation}"/>',
        )
        self._renumber_sheets()
        return part

    def finish(self) -> None:
        """Hand all changes to the package."""
        self._package.put(self._part, self._document.render())
        self._package.declare(self._part, f"{SPREADSHEET}.sheet.main+xml")
        if not self._styles_part:
            # Not every reader follows the reference: some know this name alone.
            self._styles_part = "xl/styles.xml"
            self._relations.add("styles", self._styles_part)
            self._package.declare(self._styles_part, f"{SPREADSHEET}.styles+xml")
        self._package.put(self._styles_part, self.styles.render())
        for kind in _LEFT_OUT:
            for part in self._relations.drop(kind):
                self._package.drop(part)
        # A signature of the original would be a wrong one.
        for origin in self._package.relations("").drop("origin"):
            signatures = self._package.relations(origin)
            for part in (*signatures.targets("signature"), signatures.part, origin):
                self._package.drop(part)

    def _renumber_sheets(self) -> None:
        """What refers to a sheet by its position counts one more."""
        root = self._document.root
        for views in root.all("bookViews"):
            for view in views.all("workbookView"):
                self._document.set(view, activeTab=None, firstSheet=None)
        for names in root.all("definedNames"):
            for defined in names.all("definedName"):
                if position := defined.attributes.get("localSheetId"):
                    self._document.set(defined, localSheetId=str(int(position) + 1))

    def _target(self, element: Element) -> str:
        key = next((value for key, value in element.attributes.items() if key.endswith(":id")), "")
        return self._relations.kinds.get(key, ("", ""))[1]
