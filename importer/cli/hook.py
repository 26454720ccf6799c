"""`--on-finish`: a command of the user's own that is told how a run ended."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from importer.crm.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.cli.console import Console
    from importer.runs.finish import Ended
    from importer.sending.stop_request import StopRequest

_PATIENCE: Final = 60.0
"""Seconds until a command that does not end is ended."""

_CREDENTIALS: Final = frozenset({"SALESCHAT_API_KEY", "SALESCHAT_TOKEN"})
_STDERR: Final = 2


def words_of(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...]:  # noqa: ARG001
    """The words of the command, split as a shell would, without one."""
    try:
        words = tuple(shlex.split(value or ""))
    except ValueError as error:
        raise click.BadParameter(f"{value!r} cannot be split into words: {error}") from error
    if value is not None and not words:
        raise click.BadParameter("give a command, such as ./notify.sh")
    return words


def call_hook(
    words: tuple[str, ...], ended: Ended, console: Console, stop_request: StopRequest, *, patience: float = _PATIENCE
) -> None:
    """Run the command with summary.json on stdin. Whatever becomes of it is said and changes nothing else.

    What it prints goes to stderr: stdout belongs to the run's own result. It never sees a credential. Ctrl-C while it
    runs ends it alone.
    """
    before = stop_request.received  # the run itself may have been interrupted; it is reported all the same
    with stop_request.noting():
        _call(words, ended, console, lambda: stop_request.received > before, patience)


def _call(
    words: tuple[str, ...], ended: Ended, console: Console, interrupted: Callable[[], bool], patience: float
) -> None:
    try:
        with Path(ended.files["summary.json"]).open("rb") as summary:
            hook = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
                words, stdin=summary, stdout=_STDERR, env=_environment(ended), start_new_session=True
            )
    except OSError as error:
        console.warn(f"--on-finish {words[0]} cannot be started: {error.strerror}")
        return
    with hook:
        until = time.monotonic() + patience
        while (code := hook.poll()) is None and time.monotonic() < until and not interrupted():
            with suppress(subprocess.TimeoutExpired):
                hook.wait(0.1)
        if code is None:
            _end(hook)
    if code:
        console.warn(f"--on-finish {words[0]} failed with exit code {code}")
    elif code is None and interrupted():
        console.warn(f"--on-finish {words[0]} was interrupted")
    elif code is None:
        console.warn(f"--on-finish {words[0]} did not end within {patience:g} s and was stopped")


def _end(hook: subprocess.Popen[bytes]) -> None:
    """End the command with all that it has started."""
    with suppress(ProcessLookupError):
        if os.name == "posix":
            os.killpg(hook.pid, signal.SIGKILL)
        else:
            hook.kill()


def _environment(ended: Ended) -> dict[str, str]:
    """This process's, without the credential: neither under its own names nor as the value of any other."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in _CREDENTIALS and redacted(value) == value
    }
    report = ended.report
    return kept | {
        "IMPORTER_RUN_ID": report.run_id,
        "IMPORTER_EXIT_CODE": str(int(report.exit_code)),
        "IMPORTER_STATE": str(report.state),
    }
