"""What a run reports while it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.model.operation import RowId
    from importer.model.source import SourceInfo


class Progress:
    """How far a run is. Everything is ignored here; a console or another program overrides what it wants to show."""

    def opened(self, source: SourceInfo, given_by: Mapping[str, str]) -> None:
        """A table was found. `given_by`: which option or mapping said how to read it, for what was not detected."""

    def reading(self, source: str) -> None:
        """A file is being read and checked from now on."""

    def checked(self, rows: int) -> None:
        """This many more rows were read and checked."""

    def sending(self, rows: int, done: int) -> None:
        """From now on `rows` rows are sent, of which `done` were settled by an earlier process."""

    def settled(self, status: str, row: RowId) -> None:
        """The row has its final status, or one of its assignments and events has ("event accepted")."""

    def throttled(self) -> None:
        """The server throttled one more request."""

    def waiting(self, why: str, seconds: float = 0.0) -> None:
        """Nothing is sent for so long, and why; the empty text when sending goes on."""

    def tick(self) -> None:
        """A second has passed, whether or not anything was sent."""

    def note(self, text: str) -> None:
        """Something people should know now."""

    def warn(self, message: str) -> None:
        """Something is wrong beside the run; it is shown even if people asked for errors alone."""

    def detail(self, text: str) -> None:
        """Something for people who asked for details."""

    def done(self) -> None:
        """The stage is over."""
