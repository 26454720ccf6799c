"""What a shell offers for the argument RUN. It is asked at every press of Tab, so it must answer at once."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from importer.errors import ImporterError


def runs_for(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """`latest` and the ids of the runs of the reports folder, newest first, each with its state."""
    from importer.journal.run_ids import run_ids

    found = run_ids(_reports_dir(context), incomplete)
    offered = [CompletionItem(run_id, help=f"{command}, {state}") for run_id, command, state in found]
    if "latest".startswith(incomplete):
        offered.append(CompletionItem("latest", help="the newest run"))
    return offered


def _reports_dir(context: click.Context) -> Path:
    from importer.runs.settings import load_settings

    given = context.params.get("reports_dir")
    try:
        settings = load_settings({"reports_dir": given}, profile=context.params.get("profile") or "")
    except ImporterError:  # the command itself will say so; a shell can show nothing but names
        return Path(given or "reports")
    return Path(settings["reports_dir"])
