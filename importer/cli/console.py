"""Everything that the terminal shows. Progress and messages go to stderr, results to stdout."""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import click
from tqdm import tqdm

from importer.cli.messages import duration, source_line
from importer.crm.redaction import redacted
from importer.model.operation import RowId
from importer.model.source import SourceInfo
from importer.model.visible import visible, visible_json
from importer.sending.progress import Progress

_LINE_EVERY: Final = 30.0
"""Seconds between two lines of progress on a pipe."""

_ORDER: Final = ("created", "duplicate", "needs attention", "throttled", "assign accepted", "event accepted")
_GOOD: Final = frozenset(_ORDER) - {"needs attention", "throttled"}

_REASON_LENGTH: Final = 80
"""Characters of a reason: progress is one line."""

_BAR: Final = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt} of {total_fmt} rows, {rate_noinv_fmt}, {remaining} left"


class Console(Progress):
    """Shows progress with a bar on a terminal and a plain line every 30 s on a pipe."""

    def __init__(self, *, quiet: bool = False, verbose: int = 0, progress: bool = True) -> None:
        self._quiet = quiet
        self.verbose = verbose
        self._progress = progress and not quiet
        self._bar: tqdm[Any] | None = None
        self._counts: Counter[str] = Counter()
        self._people: set[RowId] = set()
        self._stage = ""
        self._total: int | None = None
        self._details: tqdm[Any] | None = None
        self._reason = ""
        self._until = 0.0
        self._rows = self._first = 0
        self._began = self._line_at = time.monotonic()

    @property
    def is_quiet(self) -> bool:
        """Whether only errors and the summary are wanted."""
        return self._quiet

    # the progress of a run

    def opened(self, source: SourceInfo, given_by: Mapping[str, str]) -> None:
        """A table was found, and how it will be read."""
        self.detail(source_line(source, given_by))
        for note in source.notes:  # a guess, or what was left out
            self.say(f"note: {source.path}: {note}")

    def reading(self, source: str) -> None:
        """A file is now being read and checked."""
        self._begin(f"checking {source}", None)

    def checked(self, rows: int) -> None:
        """So many more rows were read and checked."""
        self._advance(rows)

    def sending(self, rows: int, done: int) -> None:
        """From now on `rows` rows are sent, of which `done` were settled by an earlier process."""
        self._counts = Counter()
        self._begin("sending", rows, done)

    def settled(self, status: str, row: RowId) -> None:
        """One more row, assignment or event has its final status; a row that needs attention is counted once."""
        if status in _GOOD:
            self._counts[status] += 1
        elif row not in self._people:
            self._people.add(row)
            self._counts["needs attention"] += 1
        if " " not in status:
            self._advance(1)

    def throttled(self) -> None:
        """The server throttled one more request."""
        self._counts["throttled"] += 1

    def waiting(self, why: str, seconds: float = 0.0) -> None:
        """The run waits for so many seconds, and why; an empty reason when it no longer does."""
        was, self._reason = self._reason, visible(why)
        self._until = time.time() + seconds
        if self._reason or was:
            self.tick()

    def note(self, text: str) -> None:
        """Something worth knowing now."""
        self.say(_lines(text))

    def tick(self) -> None:
        """Time has passed, whether or not anything was sent."""
        if self._bar is not None and self._details is not None:
            self._details.set_description_str(self._counts_text(), refresh=False)
            self._details.refresh()
            self._bar.refresh()
        elif self._bar is None:
            self._line_if_due()

    def done(self) -> None:
        """The stage is over."""
        if self._details is not None:
            self._details.close()
            self._details = None
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        elif self._progress and self._stage and time.monotonic() - self._began > _LINE_EVERY:
            self._line()
        self._stage = self._reason = ""

    def _begin(self, stage: str, total: int | None, done: int = 0) -> None:
        self.done()
        self._stage, self._total, self._rows, self._first = visible(stage), total, done, done
        self._began = self._line_at = time.monotonic()
        if self._progress and sys.stderr.isatty():
            self._bar = _bar(desc=self._stage, total=total, initial=done, bar_format=_BAR if total else None)
            if total:
                self._details = _bar(total=0, position=1, bar_format="  {desc}")

    def _advance(self, rows: int) -> None:
        self._rows += rows
        if self._bar is not None:
            if self._bar.update(rows):  # it was redrawn
                self.tick()
        else:
            self._line_if_due()

    def _line_if_due(self) -> None:
        if self._progress and self._stage and time.monotonic() - self._line_at >= _LINE_EVERY:
            self._line()

    def _line(self) -> None:
        self._line_at = time.monotonic()
        rate = (self._rows - self._first) / max(self._line_at - self._began, 0.001)
        of, left = "", ""
        if self._total is not None:
            of = f" of {self._total:,}"
            left = f", about {duration((self._total - self._rows) / rate)} left" if rate else ""
        counts = self._counts_text()
        self.say(f"{self._stage}: {self._rows:,}{of} rows, {rate:,.1f} rows/s{left}{f'; {counts}' if counts else ''}")

    def _counts_text(self) -> str:
        """The rows by outcome so far; while the run waits, first why and until when."""
        counted = ", ".join(f"{word} {self._counts[word]:,}" for word in _ORDER if self._counts[word])
        if not self._reason:
            return counted
        until = datetime.fromtimestamp(self._until).astimezone()
        waiting = f"waiting until {until:%H:%M:%S}: {self._reason[:_REASON_LENGTH]}"
        return f"{waiting}; {counted}" if counted else waiting

    # messages and results

    def say(self, text: str) -> None:
        """A message, on stderr."""
        if not self._quiet:
            self._write(visible(text, keep="\n"))

    def detail(self, text: str) -> None:
        """A line for `--verbose`."""
        if self.verbose:
            self.say(visible(text))

    def error(self, message: str, tip: str = "") -> None:
        """What went wrong and what to do, on stderr, also when quiet."""
        self._write(click.style("error: ", fg="red", bold=True) + _lines(message))
        if tip:
            self._write(click.style("  tip: ", bold=True) + _lines(tip))

    def warn(self, message: str) -> None:
        """Something went wrong that does not stop the run; also when quiet."""
        self._write(click.style("warning: ", fg="yellow", bold=True) + _lines(message))

    def document(self, document: Any) -> None:
        """What was asked for, as JSON."""
        self._put(visible_json(json.dumps(document, ensure_ascii=False, indent=2)))

    def result(self, text: str, *, is_styled: bool = False) -> None:
        """What was asked for, on stdout. A text with colors has to have its values made visible already."""
        self._put(text if is_styled else visible(text, keep="\n", longest=None))

    def _put(self, text: str) -> None:
        click.echo(redacted(text), color=_colored())
        sys.stdout.flush()  # a program that reads along should not wait for the end

    def ask(self, question: str) -> bool:
        """A question on the terminal; no if there is no terminal."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        return click.confirm(_lines(question), default=False, err=True)

    def _write(self, text: str) -> None:
        text = redacted(text)
        if self._bar is not None:
            tqdm.write(text if _colored() is None else click.unstyle(text), file=sys.stderr)
        else:
            click.echo(text, err=True, color=_colored())


def _bar(**how: Any) -> "tqdm[Any]":
    """A bar on stderr that fits the terminal, also one that does not know its own width."""
    width = os.get_terminal_size(sys.stderr.fileno()).columns
    return tqdm(**how, unit=" rows", file=sys.stderr, leave=False, ncols=None if width else 80, dynamic_ncols=width > 0)


def _lines(text: str) -> str:
    """A message whose later lines cannot pass for messages of their own: file names may hold line breaks."""
    first, *more = visible(text, keep="\n").split("\n")
    return "\n".join([first, *(line if line.startswith(" ") else f"  {line}" for line in more)])


def _colored() -> bool | None:
    """False if NO_COLOR is set (no-color.org); else `None`: a terminal gets colors, a pipe gets none."""
    return False if os.environ.get("NO_COLOR") else None
