"""`importer doctor`: why a run would not work, before it starts."""

from dataclasses import asdict
from typing import Any

import click

from importer.cli.options import COMMON, SERVER
from importer.model.visible import visible


@click.command()
@SERVER
@COMMON
def doctor(**options: Any) -> int:
    """Show what a run would use, where each setting comes from, and what would stop it.

    Opens a connection to the server and closes it again; never sends a request.

    \b
    importer doctor
    importer doctor --profile live
    """
    from importer.cli.session import session

    here = session(options)
    findings = list(here.service().preflight())
    if here.as_json:
        here.console.document([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "?  " if finding.unproven else "ok " if finding.fine else "NO "
            here.console.result(f"{mark} {finding.subject:<13} {visible(finding.seen)}")
            if not finding.fine and finding.tip:
                here.console.result(f"     tip: {visible(finding.tip)}")
    return 0 if all(finding.fine for finding in findings) else 2
