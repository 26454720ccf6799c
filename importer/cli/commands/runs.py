"""`importer runs`: the runs so far."""

from dataclasses import asdict
from typing import Any

import click

from importer.cli.options import COMMON


@click.command()
@COMMON
def runs(**options: Any) -> int:
    """List the runs so far, newest first, with state and counts.

    \b
    importer runs
    importer runs --json
    importer runs --reports-dir elsewhere
    """
    from importer.cli.session import session
    from importer.model.outcome import RowStatus

    here = session(options)
    with here.service() as service:
        listed = service.history()
    if here.as_json:
        documents = [
            {
                "run_id": past.run.run_id,
                "command": past.run.command,
                "state": past.run.state,
                "exit_code": past.run.exit_code,
                "counts": past.counts,
                "mends": past.parent,
                "story": asdict(past.story) if past.story else {},
            }
            for past in listed
        ]
        here.console.document(documents)
        return 0
    width = max((len(past.run.run_id) for past in listed), default=0)
    shown: set[str] = set()
    for past in listed:
        run, story = past.run, past.story
        words = ", ".join(f"{past.counts[status]:,} {status}" for status in RowStatus if past.counts.get(status))
        here.console.result(f"{run.run_id:<{width}}  {run.command:<5}  {run.state:<11}  {words}")
        if run.command == "run" and run.state in ("stopped", "interrupted") and not run.planned:
            here.console.result(f"  nothing was sent: {run.reason}")
        if story and story.first not in shown:  # once, below the newest of its runs
            shown.add(story.first)
            here.console.result(f"  in all: {story.sentence}")
    if not listed:
        here.console.say(f"no runs in {here.reports_dir} yet")
    return 0
