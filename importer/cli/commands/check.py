"""`importer check`: the dry run."""

from typing import Any

import click

from importer.cli.options import COMMON, DESTINATION, ENDING, READING


@click.command()
@READING
@DESTINATION
@ENDING
@COMMON
def check(**options: Any) -> int:
    """Read, map and validate every row; write the report; send nothing.

    \b
    importer check leads.xlsx -m mappings/weekly.yaml
    importer check list.csv -m mappings/weekly.yaml --delimiter ";" --encoding cp1252
    importer check leads.xlsx -m mappings/weekly.yaml --json
    """
    from importer.cli.run_summary import report_end
    from importer.cli.session import request_of, session

    here = session(options)
    service = here.service()
    request = request_of(options, service)
    with service:
        return report_end(here, service.check(request, name=options["run_name"]))
