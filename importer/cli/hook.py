"""`--on-finish`: a command of the user's own that is called when a run has ended."""

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
    from importer.cli.console import Console
    from importer.runs.finish import Ended
    from importer.sending.stop_request import StopRequest

_PATIENCE: Final = 60.0
"""Seconds after which a command that has not ended is killed."""

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
    """Run the command with summary.json on stdin. If it fails, that is reported and changes nothing else.

    What it prints goes to stderr: stdout belongs to the run's own result. It never sees a credential. Ctrl-C while it
    runs ends only the command.
    """
    name = f"--on-finish {words[0]}"
    before = stop_request.received  # the run itself may have been interrupted; its command is called anyway
    with stop_request.noting():
        try:
            with Path(ended.files["summary.json"]).open("rb") as summary:
                hook = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
                    words, stdin=summary, stdout=_STDERR, env=_environment(ended), start_new_session=True
                )
        except OSError as error:
            console.warn(f"{name} cannot be started: {error.strerror}")
            return
        with hook:
            until = time.monotonic() + patience
            while (code := hook.poll()) is None and time.monotonic() < until and stop_request.received == before:
                with suppress(subprocess.TimeoutExpired):
                    hook.wait(0.1)
            if code is None:
                _end(hook)
        if code:
            console.warn(f"{name} failed with exit code {code}")
        elif code is None and stop_request.received > before:
            console.warn(f"{name} was interrupted")
        elif code is None:
            console.warn(f"{name} did not end within {patience:g} s and was stopped")


def _end(hook: subprocess.Popen[bytes]) -> None:
    """Kill the command with all that it has started."""
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
