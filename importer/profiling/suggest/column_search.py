"""Looking for a column by its name: the names propose, and whoever asks decides by the values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from importer.profiling.header_words import Role, squeezed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from importer.profiling.suggest.column_profile import Column
    from importer.profiling.suggest.exports import Export

MOST: Final = 0.5
"""The share of values that has to look right in a column whose name is right."""

SURE: Final = 0.8
"""The share of values that has to look right in a column whose name says nothing."""

_BY_NAME: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Search:
    """The columns of a source, and the program that it is an export of, if it is a known one."""

    columns: Sequence[Column]
    export: Export | None

    def candidates(self, role: Role) -> list[Column]:
        """The columns whose names say the role, the surest first; those of a known export and no others if it knows."""
        if self.export and role in self.export.roles:
            by_key = {squeezed(column.name): column for column in reversed(self.columns)}
            keys = [squeezed(name) for name in self.export.roles[role]]
            return [by_key[key] for key in keys if key in by_key]
        found = [column for column in self.columns if column.meanings.get(role, 0.0) >= _BY_NAME]
        return sorted(found, key=lambda column: -column.meanings[role])

    def best(self, role: Role, fits: Callable[[Column], bool]) -> Column | None:
        """The surest of them that fits."""
        return next((column for column in self.candidates(role) if fits(column)), None)

    def is_owner(self, column: Column) -> bool:
        """Whether the name says that it is about who has the lead."""
        return column in self.candidates(Role.OWNER)

    def is_known(self, column: Column) -> bool:
        """Whether a known export says what the column is."""
        roles = self.export.roles.values() if self.export else ()
        return any(squeezed(column.name) == squeezed(name) for names in roles for name in names)
