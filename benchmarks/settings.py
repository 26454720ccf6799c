"""The options of the command line, and how much time is left."""

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

KINDS = ("ours", "floors", "peers")
"""Kinds of contestants; the sections are the other words of `--only`."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`minutes` is for everything together, `longest` (seconds) for one process."""

    rows: tuple[int, ...]
    repeat: int
    only: frozenset[str]
    cache: Path
    minutes: float
    longest: float
    push_rows: int
    rate_seconds: float
    repository: Path
    began: float = field(default_factory=time.monotonic)

    @property
    def folder(self) -> Path:
        """The folder of the lists."""
        return self.cache / "lists"

    def wants(self, word: str) -> bool:
        """Whether this kind of contestant, or this section, was requested."""
        named = self.only & set(KINDS) if word in KINDS else self.only - set(KINDS)
        return not named or word in named

    def time_is_up(self) -> bool:
        """Whether nothing new should begin."""
        return time.monotonic() - self.began > self.minutes * 60

    @staticmethod
    def say(text: str) -> None:
        """One line of progress."""
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
        sys.stderr.flush()

    def importer(self, *arguments: str) -> list[str]:
        """The importer of this checkout, as a whole process."""
        return [sys.executable, "-m", "importer", *arguments]
