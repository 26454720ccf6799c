"""The workbook itself: which sheets it has, and a new one in front of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from importer.reporting.annotated.workbook.package import MAIN, SPREADSHEET, STRICT_MAIN, STRICT_RELATIONS
from importer.reporting.annotated.workbook.styles import PLAIN_STYLES, Styles
from importer.reporting.annotated.workbook.xml_edit import Document, NotCopied, quoted

if TYPE_CHECKING:
    from importer.reporting.annotated.workbook.package import Package
    from importer.reporting.annotated.workbook.xml_edit import Element

_MACRO_SHEETS: Final = ("xlMacrosheet", "xlIntlMacrosheet")
_LEFT_OUT: Final = ("vbaProject", "calcChain")
"""Macros, which no .xlsx may hold; and the order of calculation, which programs find again and which would be wrong."""


class Book:
    """The workbook of a package: `sheets` has the part of each sheet by its name."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._part = next(iter(package.relations("").targets("officeDocument")), "xl/workbook.xml")
        self._document = Document(package.read(self._part))
        self._relations = package.relations(self._part)
        if any(self._relations.targets(kind) for kind in _MACRO_SHEETS):
            raise NotCopied("a sheet of macros")
        self._listed = self._document.root.one("sheets")
        self._elements = self._listed.all("sheet")
        if not self._elements:
            raise NotCopied("no sheets")
        self.sheets = {element.attributes["name"]: self._target(element) for element in self._elements}
        self._styles_part = next(iter(self._relations.targets("styles")), "")
        strict = self._relations.namespace == STRICT_RELATIONS
        self.namespace = STRICT_MAIN if strict else MAIN
        styles = package.read(self._styles_part) if self._styles_part else PLAIN_STYLES.format(namespace=self.namespace)
        self.styles = Styles(styles if isinstance(styles, bytes) else styles.encode())

    @property
    def strings(self) -> str:
        """The part with the shared strings; empty if there is none."""
        return next(iter(self._relations.targets("sharedStrings")), "")

    def free_name(self, wanted: str) -> str:
        """The name for a new sheet: the one wanted, or one like it."""
        taken = {name.casefold() for name in self.sheets}
        names = [wanted, *(f"{wanted} ({number})" for number in range(2, len(taken) + 3))]
        return next(name for name in names if name.casefold() not in taken)

    def put_in_front(self, name: str) -> str:
        """Make a new sheet the first one and the one that is opened; returns the part that it will be."""
        part = self._package.new_name("xl/worksheets/sheetImporter{}.xml")
        self._package.declare(part, f"{SPREADSHEET}.worksheet+xml")
        relation = self._relations.add("worksheet", part, self._relations.namespace)
        number = max(int(element.attributes.get("sheetId", 0)) for element in self._elements) + 1
        # Its neighbor's prefixes may be declared on the neighbor alone, as Microsoft's Open XML SDK does.
        tag = (
            f'<{self._listed.prefix}sheet xmlns:r="{self._relations.namespace}" name="{quoted(name)}"'
            f' sheetId="{number}" r:id="{relation}"/>'
        )
        first = self._elements[0]
        self._document.replace(first, tag.encode() + self._document.text(first))
        self._count_on()
        return part

    def finish(self) -> None:
        """Hand all changes to the package."""
        self._package.put(self._part, self._document.render())
        self._package.declare(self._part, f"{SPREADSHEET}.sheet.main+xml")
        if not self._styles_part:
            # Not every reader looks up where it is: some know this name alone.
            self._styles_part = "xl/styles.xml"
            self._relations.add("styles", self._styles_part, self._relations.namespace)
            self._package.declare(self._styles_part, f"{SPREADSHEET}.styles+xml")
        self._package.put(self._styles_part, self.styles.render())
        for kind in _LEFT_OUT:
            for part in self._relations.drop(kind):
                self._package.drop(part)
        self._drop_signatures()

    def _drop_signatures(self) -> None:
        """A signature of the original would be a wrong one."""
        for origin in self._package.relations("").drop("origin"):
            for part in self._package.relations(origin).targets("signature"):
                self._package.drop(part)
            self._package.drop(self._package.relations(origin).part)
            self._package.drop(origin)

    def _count_on(self) -> None:
        """What counts sheets counts one more."""
        for element in self._document.root.children:
            if element.name == "bookViews":
                for view in element.all("workbookView"):
                    self._document.set(view, activeTab=None, firstSheet=None)
            elif element.name == "definedNames":
                for defined in element.all("definedName"):
                    if position := defined.attributes.get("localSheetId"):
                        self._document.set(defined, localSheetId=str(int(position) + 1))

    def _target(self, element: Element) -> str:
        key = next((value for key, value in element.attributes.items() if key.endswith(":id")), "")
        return self._relations.kinds.get(key, ("", ""))[1]
