"""The options that several commands share."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from importer.cli.completion import runs_for
from importer.cli.hook import words_of

Command = TypeVar("Command", bound=Callable[..., Any])


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _count_or_share(context: click.Context, parameter: click.Parameter, value: str | None) -> str:  # noqa: ARG001
    if value and not re.fullmatch(r"\d+|\d+(\.\d+)?%", value):
        raise click.BadParameter("give a number of rows (12) or a share (5%)")
    return value or ""


def _delimiter(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001
    if value is None:
        return None
    character = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}.get(value, value)
    if len(character) != 1:
        raise click.BadParameter("give one character, or the word tab")
    return character


def _run_name(context: click.Context, parameter: click.Parameter, value: str) -> str:  # noqa: ARG001
    if value and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", value):
        raise click.BadParameter("at most 64 letters, digits, dots, dashes and underscores, no dash first")
    return value


COMMON = _together(
    click.option(
        "--reports-dir", type=click.Path(path_type=Path), help="Where journal and reports are kept. [reports]"
    ),
    click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on stdout."),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors and the result."),
    click.option("-v", "--verbose", count=True, help="Say what was detected and chosen, and why."),
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


def run_argument(*, required: bool) -> Callable[[Command], Command]:
    """The argument RUN: a run's id, its beginning, or `latest`."""
    metavar = "RUN" if required else "[RUN]"
    return click.argument("run_id", required=required, metavar=metavar, shell_complete=runs_for)


FORMAT = _together(
    click.option("--sheet", help='The sheet of a workbook: its name, its position from 1, or "*" for all.'),
    click.option("--header-row", type=click.IntRange(min=1), metavar="N", help="The row of the column names."),
    click.option("--encoding", help="The encoding of a CSV file, such as cp1252."),
    click.option("--delimiter", callback=_delimiter, help="The delimiter of a CSV file: one character, or tab."),
)

READING = _together(
    click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."),
    click.option(
        "-m",
        "--mapping",
        "mapping_path",
        required=True,
        type=click.Path(path_type=Path),
        metavar="MAPPING",
        help="The YAML file that says how columns become leads.",
    ),
    FORMAT,
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N rows."),
    click.option(
        "--max-invalid",
        callback=_count_or_share,
        metavar="N|N%",
        help="Stop before sending when more rows are invalid. [no limit]",
    ),
    click.option("--run-name", default="", callback=_run_name, help="The name within the run id."),
    click.option("--no-progress", is_flag=True, help="No progress bar and no progress lines."),
)

SERVER = _together(
    click.option("--org", metavar="ID", help="The organisation. [SALESCHAT_ORG_ID]"),
    click.option("--base-url", metavar="URL", help="The server. [SALESCHAT_BASE_URL, https://apis.saleschat.pro]"),
    click.option(
        "--api-key-file",
        type=click.Path(path_type=Path),
        help="A file (mode 0600) with the API key. [SALESCHAT_API_KEY or SALESCHAT_TOKEN, else the keyring]",
    ),
    click.option(
        "--ca-file",
        type=click.Path(path_type=Path),
        help="Certificates (PEM) to believe instead of the public authorities.",
    ),
    click.option("--allow-private", is_flag=True, help="Permit a server in a private network."),
)

SENDING = _together(
    SERVER,
    click.option("--sandbox", is_flag=True, help="Start the built-in sandbox for this run and send there."),
    click.option(
        "--rate",
        type=click.FloatRange(min=0),
        metavar="N",
        help="Requests per second and endpoint; 0 for no limit. [10 with an API key, 5 with a token]",
    ),
    click.option(
        "--concurrency", type=click.IntRange(1, 256), metavar="N", help="Requests in flight per endpoint. [16]"
    ),
    click.option(
        "--on-duplicate",
        type=click.Choice(["skip", "follow-up"]),
        default=None,
        help="Whether a lead that exists already gets its assignment and events. [skip]",
    ),
    click.option("--skip-known", is_flag=True, help="Do not send rows whose lead an earlier run has seen."),
    click.option(
        "--assume-new",
        is_flag=True,
        help="My word that none of these leads existed before: what exists after an unanswered create is ours.",
    ),
    click.option("--no-canary", is_flag=True, help="Do not create the first lead twice to learn the duplicate answer."),
    click.option(
        "--settle",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        help="How long an unanswered create may still take effect. [60]",
    ),
    click.option("--yes", is_flag=True, help="Do not ask before sending."),
    click.option(
        "--timeout", type=click.FloatRange(min=0.1), metavar="SECONDS", help="How long one request may take. [60]"
    ),
)
