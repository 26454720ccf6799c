"""What a run tells a person while it works; the console of the command line listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.model.operation import RowId
    from importer.model.source import SourceInfo


class Progress(Protocol):
    """Somebody who wants to know how far a run is."""

    def opened(self, source: SourceInfo, said: Mapping[str, str]) -> None:
        """A table was found, and how it will be read; `said` has who said so, for what was not detected."""
        ...

    def reading(self, source: str) -> None:
        """A file is being read and checked from now on."""
        ...

    def checked(self, rows: int) -> None:
        """So many more rows were read and checked."""
        ...

    def sending(self, rows: int, done: int) -> None:
        """From now on `rows` rows are sent, of which `done` were settled by an earlier process."""
        ...

    def settled(self, status: str, row: RowId) -> None:
        """The row has its final status, or one of its assignments and events has ("event accepted")."""
        ...

    def throttled(self) -> None:
        """The server said "too fast" once more."""
        ...

    def waiting(self, why: str, seconds: float = 0.0) -> None:
        """Nothing moves for so long, and why; the empty text when it moves again."""
        ...

    def tick(self) -> None:
        """Time passes, whether or not anything moves."""
        ...

    def note(self, text: str) -> None:
        """Something a person should know now."""
        ...

    def done(self) -> None:
        """The stage is over."""
        ...


class Silent:
    """Nobody listens."""

    def opened(self, source: SourceInfo, said: Mapping[str, str]) -> None:
        """Ignored."""

    def reading(self, source: str) -> None:
        """Ignored."""

    def checked(self, rows: int) -> None:
        """Ignored."""

    def sending(self, rows: int, done: int) -> None:
        """Ignored."""

    def settled(self, status: str, row: RowId) -> None:
        """Ignored."""

    def throttled(self) -> None:
        """Ignored."""

    def waiting(self, why: str, seconds: float = 0.0) -> None:
        """Ignored."""

    def tick(self) -> None:
        """Ignored."""

    def note(self, text: str) -> None:
        """Ignored."""

    def done(self) -> None:
        """Ignored."""
