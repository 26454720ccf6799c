"""The options that several commands share."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from importer.cli.hook import words_of
from importer.errors import ImporterError
from importer.runs.settings import SETTINGS, load_settings

Command = TypeVar("Command", bound=Callable[..., Any])


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _count_or_share(context: click.Context, parameter: click.Parameter, value: str | None) -> str:  # noqa: ARG001
    is_share = value and re.fullmatch(r"\d+(\.\d+)?%", value)
    if value and not (float(value[:-1]) <= 100 if is_share else re.fullmatch(r"\d+", value)):
        raise click.BadParameter(f"give a number of rows (12) or a share of at most 100% (5%), not {value!r:.20}")
    return value or ""


def _settings(*names: str) -> Callable[[Command], Command]:
    """The options of the settings of these names, or used by these. `load_settings` checks their values."""
    return _together(
        *(
            click.option(
                entry.flag,
                type=click.Path(path_type=Path) if entry.is_path else entry.kind,
                metavar=entry.metavar,
                help=f"{entry.help} [{', '.join(filter(None, (entry.variable, entry.default_in_words)))}]",
            )
            for entry in SETTINGS.values()
            if entry.flag and {entry.name, entry.used_by} & {*names}
        )
    )


def _run_name(context: click.Context, parameter: click.Parameter, value: str) -> str:  # noqa: ARG001
    if value and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", value):
        raise click.BadParameter(
            "use at most 64 letters, digits, dots, dashes and underscores; do not begin with a dash"
        )
    return value


COMMON = _together(
    _settings("all"),
    click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on stdout."),
    click.option("-q", "--quiet", is_flag=True, help="Print only errors and the summary."),
    click.option("-v", "--verbose", count=True, help="Print what was detected and chosen, and why."),
    click.option("--profile", default="", help="A profile of importer.toml."),
)

ENDING = _together(
    click.option(
        "--on-finish",
        callback=words_of,
        metavar="COMMAND",
        help="Run COMMAND after the report is written, with summary.json on its stdin.",
    ),
)


def _runs_for(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """`latest` and the ids of the runs, newest first, each with its state: what a shell offers for the argument RUN.

    A shell asks at every press of Tab, so this must answer at once.
    """
    from importer.journal.database import run_ids

    given = context.params.get("reports_dir")
    try:
        settings = load_settings({"reports_dir": given}, profile=context.params.get("profile") or "")
        reports_dir = Path(settings["reports_dir"])
    except ImporterError:  # the command itself reports it; a shell can show nothing but names
        reports_dir = Path(given or "reports")
    found = run_ids(reports_dir, incomplete)
    offered = [CompletionItem(run_id, help=f"{command}, {state}") for run_id, command, state in found]
    if "latest".startswith(incomplete):
        offered.append(CompletionItem("latest", help="the newest run"))
    return offered


def run_argument(*, required: bool) -> Callable[[Command], Command]:
    """The argument RUN: a run's id, its beginning, or `latest`."""
    metavar = "RUN" if required else "[RUN]"
    return click.argument("run_id", required=required, metavar=metavar, shell_complete=_runs_for)


FORMAT = _together(
    click.option("--sheet", help='The sheet of a workbook: its name, its position from 1, or "*" for all.'),
    click.option("--header-row", type=click.IntRange(min=1), metavar="N", help="The row that holds the column names."),
    click.option("--encoding", help="The encoding of a CSV file, such as cp1252."),
    click.option("--delimiter", help="The delimiter of a CSV file: one character, or tab, or space."),
)

READING = _together(
    click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."),
    click.option(
        "-m",
        "--mapping",
        "mapping_path",
        type=click.Path(path_type=Path),
        metavar="MAPPING",
        help="The YAML mapping: how columns become leads.",
    ),
    FORMAT,
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Read only the first N rows."),
    click.option(
        "--max-invalid",
        callback=_count_or_share,
        metavar="N|N%",
        help="Send nothing if more than N rows (or N%) are invalid. [no limit]",
    ),
    click.option("--run-name", default="", callback=_run_name, help="A name that becomes part of the run id."),
    click.option("--no-progress", is_flag=True, help="No progress bar and no progress lines."),
)

DESTINATION = _settings("org", "base_url")

SERVER = _together(
    _settings("server"),
    click.option("--allow-private", is_flag=True, help="Allow a server in a private network."),
)

SENDING = _together(
    SERVER,
    click.option("--sandbox", is_flag=True, help="Start the built-in sandbox for this run and send there."),
    _settings("sending"),
    click.option(
        "--on-duplicate",
        type=click.Choice(["skip", "follow-up"]),
        default=None,
        help="What to do for a lead that already exists: skip it, or still send its assignment and events. [skip]",
    ),
    click.option("--skip-known", is_flag=True, help="Skip rows whose lead is known from an earlier run."),
    click.option(
        "--assume-new",
        is_flag=True,
        help="Treat a lead that exists after a timed-out create as created by this run.",
    ),
    click.option(
        "--no-canary",
        is_flag=True,
        help="Do not send the first create twice to learn how the server reports a duplicate.",
    ),
    click.option("--yes", is_flag=True, help="Do not ask before sending."),
)
