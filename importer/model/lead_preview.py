"""A lead as it would be sent, beside the cells that it is made of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuePreview:
    """One value: its field, the columns and the text of its cells (`""` for a constant), and what it became."""

    field: str
    column: str
    before: str
    after: str

    @property
    def has_changed(self) -> bool:
        """Whether something else is sent than the cells hold."""
        return bool(self.column) and self.before != self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadPreview:
    """A row that is or would be sent."""

    number: int
    crm_id: str
    values: tuple[ValuePreview, ...]

    @property
    def changes(self) -> tuple[ValuePreview, ...]:
        """The values that are not what the cells hold."""
        return tuple(value for value in self.values if value.has_changed)
