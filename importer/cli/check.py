"""`importer check`: the dry run."""

from typing import Any

import click

from importer.cli.options import COMMON, ENDING, READING


@click.command()
@READING
@click.option("--org", metavar="ID", hidden=True)
@click.option("--base-url", metavar="URL", hidden=True)
@ENDING
@COMMON
def check(**options: Any) -> int:
    """Read, map and validate every row; write the report; send nothing.

    \b
    importer check leads.xlsx -m mappings/weekly.yaml
    importer check list.csv -m mappings/weekly.yaml --delimiter ";" --encoding cp1252
    importer check leads.xlsx -m mappings/weekly.yaml --json
    """
    from importer.cli.ending import told
    from importer.cli.session import request_of, session
    from importer.crm.pacing import API_KEY_RATE

    here = session(options)
    request = request_of(options, here.settings)
    with here.job() as job:
        return told(here, job.check(request, name=options["run_name"], rate=here.settings["rate"] or API_KEY_RATE))
