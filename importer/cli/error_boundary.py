"""The one place where errors become text and exit codes."""

import gc
import json
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn, TextIO

import click

from importer.cli.console import Console
from importer.cli.hardening import harden, traceback_of
from importer.cli.program import importer, usage_tip
from importer.cli.signals import handled_signals
from importer.crm.redaction import redacted
from importer.errors import ImporterError
from importer.exit_codes import ExitCode
from importer.model.visible import visible, visible_json
from importer.sending.run_log import OneLine, place_of
from importer.sending.stop_request import StopRequest


def entry() -> NoReturn:
    """The command `importer`."""
    harden()
    # Rows are many small objects without cycles: looking for cycles takes a quarter of the time of a bad list.
    gc.set_threshold(50_000, 20, 50)
    # Two threads make columns, and other allocators keep what either frees. Arrow reads this when it is loaded.
    has_jemalloc = sys.platform == "linux" and os.uname().machine == "x86_64"  # Arrow's packages for ARM come without
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc" if has_jemalloc else "system")
    os.environ.setdefault("JE_ARROW_MALLOC_CONF", "oversize_threshold:0,dirty_decay_ms:100,muzzy_decay_ms:0,narenas:1")
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run one command; returns its exit code and raises nothing."""
    os.umask(0o077)
    _show_warnings_safely()
    with handled_signals() as stop_request:
        return _run(argv, stop_request)


def _run(argv: Sequence[str], stop_request: StopRequest) -> int:
    try:
        code = importer.main(args=list(argv), prog_name="importer", standalone_mode=False, obj=stop_request)
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
    except Exception as error:  # noqa: BLE001 - the boundary: any other error is a defect and is reported as one
        return _failed(argv, _explain_defect(error, argv), ExitCode.DEFECT)
    return int(code or ExitCode.DONE)


def _explain_usage(error: click.ClickException) -> None:
    Console().error(error.format_message(), usage_tip(error))


def _explain_defect(error: Exception, argv: Sequence[str]) -> str:
    """Where it happened, without the values that were there: they may be personal."""
    place = place_of(error)
    far = "Nothing is lost: `importer runs` shows how far the run got. " if argv[:1] in (["run"], ["resume"]) else ""
    tip = f"{far}Please report this line; -v shows more."
    Console().error(f"this is a bug in the importer: {place}", tip)
    if "-v" in argv or "--verbose" in argv:
        click.echo(visible(traceback_of(error), keep="\n", longest=None), err=True, nl=False)
    return f"defect: {place}"


def _failed(argv: Sequence[str], reason: str, code: ExitCode) -> ExitCode:
    """With --json a summary is printed on every way out, also when no run was started."""
    if "--json" in argv:
        # Before it becomes JSON, too: a secret within a `repr` would be escaped twice.
        summary = json.dumps({"state": "stopped", "exit_code": int(code), "reason": redacted(reason)})
        click.echo(redacted(visible_json(summary)))
    return code


def _show_warnings_safely() -> None:
    """Warnings and logs of libraries, which quote files and servers, are made visible and safe, too."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,  # noqa: ARG001
        lineno: int,  # noqa: ARG001
        file: TextIO | None = None,  # noqa: ARG001
        line: str | None = None,  # noqa: ARG001
    ) -> None:
        Console().warn(f"{category.__name__}: {message}")

    warnings.showwarning = show
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(OneLine())
