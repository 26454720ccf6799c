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
    from importer.journal.rows import status_counts
    from importer.journal.run_lineage import mends, story_of
    from importer.model.outcome import RowStatus

    here = session(options)
    with here.journal() as journal, journal.one_moment():
        listed = [(run, status_counts(journal.connection, run.id), mends(journal, run)) for run in journal.runs()]
        stories = {run.run_id: story_of(journal, run) for run, _, parent in listed if parent}
    if here.as_json:
        documents = [
            {
                "run_id": run.run_id,
                "command": run.command,
                "state": run.state,
                "exit_code": run.exit_code,
                "counts": counts,
                "mends": parent,
                "story": asdict(story) if (story := stories.get(run.run_id)) else {},
            }
            for run, counts, parent in listed
        ]
        here.console.document(documents)
        return 0
    width = max((len(run.run_id) for run, _, _ in listed), default=0)
    shown: set[str] = set()
    for run, counts, _ in listed:
        words = ", ".join(f"{counts[status]:,} {status}" for status in RowStatus if counts.get(status))
        here.console.result(f"{run.run_id:<{width}}  {run.command:<5}  {run.state:<11}  {words}")
        if run.command == "run" and run.state in ("stopped", "interrupted") and not run.planned:
            here.console.result(f"  nothing was sent: {run.reason}")
        story = stories.get(run.run_id)
        if story and story.first not in shown:  # once, below the newest of its runs
            shown.add(story.first)
            here.console.result(f"  in all: {story.sentence}")
    if not listed:
        here.console.say(f"no runs in {here.reports_dir} yet")
    return 0
