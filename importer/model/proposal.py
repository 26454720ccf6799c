"""A mapping that was proposed for a file and is kept in memory: what was guessed, and how to have it as a file."""

from dataclasses import asdict, dataclass
from typing import Any, Final, Self

PROPOSED: Final = "(proposed)"
"""Stands where the path of a mapping file would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A place that people should look at, and why. With `must`, the mapping is of no use before that."""

    line: int
    text: str
    must: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedMapping:
    """What was guessed for the `source`, and the `command` that writes the same mapping to `target`.

    `columns` holds each column with the fields that it becomes (`""`: it is not used).
    """

    source: str
    target: str
    command: str
    columns: tuple[tuple[str, str], ...]
    looks: tuple[Look, ...]

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """The mapping that `asdict` and JSON made a dictionary of."""
        columns = tuple((name, becomes) for name, becomes in stored["columns"])
        looks = tuple(Look(**look) for look in stored["looks"])
        return cls(**{**stored, "columns": columns, "looks": looks})

    def document(self) -> dict[str, object]:
        """As summary.json holds it: lists of objects, as `init --json` prints them."""
        columns = [{"name": name, "becomes": becomes} for name, becomes in self.columns]
        return {**asdict(self), "columns": columns, "looks": [asdict(look) for look in self.looks]}
