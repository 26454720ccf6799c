"""The one place where errors become text and exit codes."""

import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from importer.cli.commands import importer
from importer.cli.console import Console
from importer.cli.hardening import harden, traceback_of
from importer.crm.redaction import redacted
from importer.errors import ImporterError
from importer.exit_codes import ExitCode


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, which end a run like Ctrl-C does but with another exit code."""

    exit_code = ExitCode.TERMINATED


def entry() -> NoReturn:
    """The command `importer`."""
    harden()
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run one command; returns its exit code and raises nothing."""
    os.umask(0o077)
    _watch_for_termination()
    try:
        code = importer.main(args=list(argv), prog_name="importer", standalone_mode=False)
    except click.exceptions.Exit as done:
        return int(done.exit_code)
    except click.ClickException as error:
        _explain_usage(error)
        return _failed(argv, error.format_message(), ExitCode.USAGE)
    except ImporterError as error:
        Console().error(error.message, error.tip)
        return _failed(argv, error.message, error.exit_code)
    except click.Abort as stopped:  # what click makes of every KeyboardInterrupt
        return _failed(argv, "interrupted", getattr(stopped.__cause__, "exit_code", ExitCode.INTERRUPTED))
    except BrokenPipeError:
        # Whoever read stdout is gone; the interpreter must not complain about it once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except Exception as error:  # noqa: BLE001 - the edge: whatever else comes up is a defect and is called one
        return _failed(argv, _explain_defect(error, argv), ExitCode.DEFECT)
    return int(code or ExitCode.DONE)


def _explain_usage(error: click.ClickException) -> None:
    context = getattr(error, "ctx", None)
    tip = f"`{context.command_path} --help` shows every option." if context else ""
    Console().error(error.format_message(), tip)


def _explain_defect(error: Exception, argv: Sequence[str]) -> str:
    """Where it happened, without the values that were there: they may be personal."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__} in {os.path.basename(frame.filename)}:{frame.lineno}"  # noqa: PTH119
    Console().error(
        f"this is a defect of the importer: {place}",
        "Nothing is lost: `importer runs` shows how far the run came. Please report this line; -v shows more.",
    )
    if "-v" in argv or "--verbose" in argv:
        click.echo(traceback_of(error), err=True, nl=False)
    return f"defect: {place}"


def _failed(argv: Sequence[str], reason: str, code: ExitCode) -> ExitCode:
    """With --json every way out prints a summary, also where no run came into being."""
    if "--json" in argv:
        click.echo(redacted(json.dumps({"state": "stopped", "exit_code": int(code), "reason": reason})))
    return code


def _watch_for_termination() -> None:
    def terminated(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise Terminated

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), terminated)
