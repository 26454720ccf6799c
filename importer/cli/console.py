"""Everything a person sees. Progress and messages go to stderr, results to stdout."""

import os
import sys
import time
from collections import Counter
from typing import Any, Final

import click
from tqdm import tqdm

from importer.cli.escape import for_terminal

_EVERY: Final = 30.0
"""Seconds between two lines of progress on a pipe."""

_GOOD: Final = frozenset({"created", "duplicate", "assign accepted", "event accepted"})


class Console:
    """Implements `runs.progress.Progress` with a bar on a terminal and a plain line every 30 s on a pipe."""

    def __init__(self, *, quiet: bool = False, verbose: int = 0, progress: bool = True) -> None:
        self._quiet = quiet
        self.verbose = verbose
        self._progress = progress and not quiet
        self._bar: tqdm[Any] | None = None
        self._counts: Counter[str] = Counter()
        self._stage = ""
        self._total: int | None = None
        self._rows = 0
        self._began = self._said = time.monotonic()

    # the progress of a run

    def reading(self, source: str) -> None:
        """A file is being read and checked from now on."""
        self._begin(f"checking {source}", None)

    def checked(self, rows: int) -> None:
        """So many more rows were read and checked."""
        self._advance(rows)

    def sending(self, rows: int, done: int) -> None:
        """From now on `rows` rows are sent, of which `done` were settled by an earlier process."""
        self._counts = Counter()
        self._begin("sending", rows, done)

    def settled(self, status: str) -> None:
        """One more row, assignment or event has its final status."""
        self._counts[status if status in _GOOD else "needs a person"] += 1
        if " " not in status or status == "created":
            self._advance(1)

    def throttled(self) -> None:
        """The server said "too fast" once more."""
        self._counts["throttled"] += 1

    def waiting(self, why: str) -> None:
        """Nothing moves for a while, and why; the empty text when it moves again."""
        self._show(for_terminal(why)[:80] if why else self._counted())

    def note(self, text: str) -> None:
        """Something a person should know now."""
        self.say(text)

    def done(self) -> None:
        """The stage is over."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        elif self._progress and self._stage and time.monotonic() - self._began > _EVERY:
            self._line()
        self._stage = ""

    def _begin(self, stage: str, total: int | None, done: int = 0) -> None:
        self.done()
        self._stage, self._total, self._rows = for_terminal(stage), total, done
        self._began = self._said = time.monotonic()
        if self._progress and sys.stderr.isatty():
            self._bar = tqdm(desc=self._stage, total=total, initial=done, unit=" rows", file=sys.stderr, leave=False)

    def _advance(self, rows: int) -> None:
        self._rows += rows
        if self._bar is not None:
            self._bar.update(rows)
            self._bar.set_postfix_str(self._counted(), refresh=False)
        elif self._progress and time.monotonic() - self._said >= _EVERY:
            self._line()

    def _line(self) -> None:
        self._said = time.monotonic()
        rate = self._rows / max(self._said - self._began, 0.001)
        of = f" of {self._total:,}" if self._total is not None else ""
        self.say(f"{self._stage}: {self._rows:,}{of} rows, {rate:,.1f} rows/s {self._counted()}".rstrip())

    def _counted(self) -> str:
        return ", ".join(f"{word} {count:,}" for word, count in self._counts.items())

    def _show(self, text: str) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(text)

    # messages and results

    def say(self, text: str) -> None:
        """A message for the person, on stderr."""
        if not self._quiet:
            self._write(for_terminal(text))

    def detail(self, text: str) -> None:
        """A message for those who asked for details."""
        if self.verbose:
            self.say(text)

    def error(self, message: str, tip: str = "") -> None:
        """What went wrong and what to do, on stderr, also when quiet."""
        self._write(click.style("error: ", fg="red", bold=True) + for_terminal(message))
        if tip:
            self._write(click.style("  tip: ", bold=True) + for_terminal(tip))

    def warn(self, message: str) -> None:
        """Something beside the run went wrong; also when quiet."""
        self._write(click.style("warning: ", fg="yellow", bold=True) + for_terminal(message))

    @staticmethod
    def shown(text: str) -> str:
        """Somebody else's words, safe for the terminal, on one line."""
        return for_terminal(text, keep="")

    def result(self, text: str) -> None:
        """What was asked for, on stdout. Whether anybody still reads it changes nothing."""
        try:
            click.echo(text, color=_coloured())
            sys.stdout.flush()  # a program that reads along should not wait for the end
        except BrokenPipeError:
            # The interpreter must not complain about it once more at the end, and the exit code stays the run's own.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def ask(self, question: str) -> bool:
        """A question on the terminal; no when there is nobody to ask."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        return click.confirm(for_terminal(question), default=False, err=True)

    def _write(self, text: str) -> None:
        if self._bar is not None:
            tqdm.write(text if _coloured() is None else click.unstyle(text), file=sys.stderr)
        else:
            click.echo(text, err=True, color=_coloured())


def _coloured() -> bool | None:
    """No where NO_COLOR says so (no-color.org); else `None`: a terminal gets colours, a pipe gets none."""
    return False if os.environ.get("NO_COLOR") else None
